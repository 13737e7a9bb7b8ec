"""How near a master comes to a reference: tone, width, loudness and peaks, ours beside Matchering on the same pairs."""

import os
import subprocess
from functools import partial

import numpy as np
import soundfile

import against
import masters
import measure

SECONDS = 40
RATE = 44100
REFERENCE_LUFS = -9.0
WAYS = {
    "ours, defaults": [],
    "ours, tone 1": ["--tone", "1"],
    "ours, all 1": ["--tone", "1", "--width", "1", "--dynamics", "1"],
}
OTHER = "Matchering 2.0.6"
AS_LOUD = "ours, as loud"


def main(pool, work, songs):
    """Each song beside the loud master of the one half a list away."""
    if len(songs) < 2:
        print("one song alone has no reference")
        return
    excerpts = list(pool.map(partial(excerpt, work), songs))
    loud = list(pool.map(partial(loud_master, work), excerpts))
    shift = len(songs) // 2
    pairs = [(song, loud[(index + shift) % len(songs)]) for index, song in enumerate(excerpts)]
    verdicts(table(pool.map(partial(matched, work), pairs)))


def excerpt(work, path):
    """The loudest stretch at the rate that Matchering works at."""
    song, rate = measure.load(path)
    frames = SECONDS * rate
    begin = against.start(song, frames)
    name = os.path.splitext(os.path.basename(path))[0]
    cut, out = (os.path.join(work, f"{name}.{what}.wav") for what in ("cut", "part"))
    soundfile.write(cut, song[begin : begin + frames], rate, subtype="PCM_24")
    command = ["ffmpeg", "-v", "error", "-y", "-i", cut, "-ar", str(RATE), "-ac", "2", "-c:a", "pcm_s24le", out]
    subprocess.run(command, check=True)
    os.remove(cut)
    return out


def loud_master(work, path):
    out = path.replace(".part.wav", ".loud.wav")
    masters.alimiter(path, out, REFERENCE_LUFS)
    return out


def matched(work, pair):
    song, reference = pair
    name, other = (os.path.basename(path).split(".")[0] for path in pair)
    wanted = sounds(reference)
    rows = [compare(name, other, "before", sounds(song), wanted)]
    for way, options in WAYS.items():
        out = os.path.join(work, f"{name}.matched.wav")
        refusal = masters.ours(song, out, "--reference", reference, *options)
        rows.append(compare(name, other, way, sounds(out), wanted, refusal))
    if masters.has("matchering"):
        masters.matchering(song, reference, out)
        theirs = sounds(out)
        rows.append(compare(name, other, OTHER, theirs, wanted))
        options = ["--tone", "1", "--loudness", f"{theirs['lufs']:.2f}"]
        refusal = masters.ours(song, out, "--reference", reference, *options)
        rows.append(compare(name, other, AS_LOUD, sounds(out), wanted, refusal))
    return rows


def sounds(path):
    audio, rate = measure.load(path)
    return {"thirds": measure.third_octaves(audio, rate), "widths": measure.widths(audio, rate),
            **measure.figures(audio, rate)}


def compare(song, reference, way, found, wanted, refusal=None):
    tone = against.tone_distance(found["thirds"], wanted["thirds"])
    return {"song": song, "reference": reference, "way": way, "tone": tone[0], "parts": tone[1:],
            "width": float(np.abs(found["widths"] - wanted["widths"]).mean()), "refusal": refusal,
            "louder": found["lufs"] - wanted["lufs"], "plr": found["plr"], "peak": found["peak"]}


def table(results):
    """Prints each pair as soon as it is judged; gives all back."""
    print(f"\nthe loudest {SECONDS} s of each song towards the loud master of another; tone and width: how far, in dB")
    print(f"{'song':<30}{'reference':<30}{'way':<18}{'tone':>6}{'<100':>6}{'mid':>6}{'>5k':>6}{'width':>7}"
          f"{'LU off':>8}{'PLR':>6}{'dBTP':>7}  said", flush=True)
    seen = []
    for rows in results:
        seen.append(rows)
        for row in rows:
            parts = "".join(f"{part:>6.1f}" for part in row["parts"])
            said = f"refused: {row['refusal']}" if row["refusal"] else ""
            print(f"{row['song'][:29]:<30}{row['reference'][:29]:<30}{row['way']:<18}{row['tone']:>6.2f}{parts}"
                  f"{row['width']:>7.1f}{row['louder']:>+8.1f}{row['plr']:>6.1f}{row['peak']:>7.2f}  {said}",
                  flush=True)
    return seen


def verdicts(results):
    print(f"\nmeans over {len(results)} pairs")
    ways = list(dict.fromkeys(row["way"] for rows in results for row in rows))
    at = [{row["way"]: row for row in rows} for rows in results]
    for way in ways:
        rows = [pair[way] for pair in at]
        mean = {key: np.mean([row[key] for row in rows]) for key in ("tone", "width", "louder", "plr")}
        parts = np.mean([row["parts"] for row in rows], axis=0)
        over = max(row["peak"] for row in rows) - masters.CEILING
        print(f"  {way:<18} tone {mean['tone']:5.2f} dB (below 100 Hz {parts[0]:.2f}, middle {parts[1]:.2f}, "
              f"above 5 kHz {parts[2]:.2f}), width {mean['width']:5.2f} dB, loudness {mean['louder']:+5.2f} LU, PLR "
              f"{mean['plr']:5.2f} LU, highest {over:+.2f} dB over")
    if OTHER not in ways:
        return
    for way in [*WAYS, AS_LOUD]:
        near = [pair for pair in at if pair[way]["tone"] <= pair[OTHER]["tone"]]
        both = [pair for pair in near if within_ceiling(pair[way]) >= within_ceiling(pair[OTHER]) - 0.1]
        lost = sorted((p for p in at if p[way]["tone"] > p[OTHER]["tone"]),
                      key=lambda p: p[OTHER]["tone"] - p[way]["tone"])
        worst = ", ".join(f"{p[way]['song']} {p[way]['tone']:.1f} to {p[OTHER]['tone']:.1f}" for p in lost[:4])
        verdict = "wins" if len(both) == len(at) else "LOSES"
        print(f"  {way}: as near as Matchering or nearer on {len(near)} of {len(at)}, with at least its PLR on "
              f"{len(both)}  [{verdict}]" + (f"; farthest behind: {worst}" if lost else ""))


def within_ceiling(row):
    """Peak to loudness without what is over the ceiling: a peak that nobody may deliver is no dynamics."""
    return row["plr"] - max(row["peak"] - masters.CEILING, 0.0)
