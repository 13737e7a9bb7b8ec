"""How near a master comes to a reference: tone, width, dynamics, loudness and peaks, ours beside Matchering.

Every figure is computed here from the samples. Songs are cut into two halves by family, so that rules can be tuned on
the one and told by the other; a song is never sent towards its own family, nor across the halves. HALF="held out" runs
that half alone.
"""

import os
import subprocess
from functools import partial

import numpy as np
import soundfile
from scipy import signal

import against
import masters
import measure

SECONDS = 40
RATE = 44100
REFERENCE_LUFS = -9.0
# Thirds of an octave from 40 Hz to 16 kHz.
THIRDS = 1000.0 * 2.0 ** (np.arange(-14, 13) / 3.0)
# Where levels are followed over time: the same bands as the side's.
BANDS = measure.WIDTH_BANDS
OURS = "ours"
WAYS = {OURS: []}
OTHER = "Matchering 2.0.6"
AS_LOUD = "ours, as loud"
HALVES = ("tuned on", "held out")
# How many places down the list a song's references are.
STEPS = (1, 3, 5)
SHOWN = {"tone": "tone", "width": "width", "moves": "dynamics"}


def main(pool, work, songs):
    excerpts = dict(zip(songs, pool.map(partial(excerpt, work), songs)))
    loud = dict(zip(songs, pool.map(partial(loud_master, work), excerpts.values())))
    pairs = [(half, excerpts[song], loud[other]) for half, song, other in pairs_of(songs)]
    if not pairs:
        print("songs of one family alone have no reference")
        return
    wanted_half = os.environ.get("HALF")
    pairs = [pair for pair in pairs if wanted_half in (None, pair[0])]
    verdicts(table(pool.map(partial(matched, work), pairs)))


def family(path):
    """What two mixes of one session have in common."""
    name = os.path.splitext(os.path.basename(path))[0]
    for ending in ("_rough_mix", "_reference_mix"):
        name = name.removesuffix(ending)
    return name


def pairs_of(songs):
    """Half, song and the song that its reference is made of: others of the same half, never of the same family."""
    families = sorted({family(song) for song in songs})
    found = []
    for index, half in enumerate(HALVES):
        members = [song for song in songs if families.index(family(song)) % 2 == index]
        for place, song in enumerate(members):
            others = dict.fromkeys(members[(place + step) % len(members)] for step in STEPS)
            found += [(half, song, other) for other in others if family(other) != family(song)]
    return found


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
    half, song, reference = pair
    name, other = (os.path.basename(path).split(".")[0] for path in (song, reference))
    wanted = sounds(reference)
    row = partial(compare, half, name, other, wanted)
    rows = [row("before", sounds(song))]
    out = os.path.join(work, f"{name}.to.{other}.wav")
    for way, options in WAYS.items():
        refusal = masters.ours(song, out, "--reference", reference, *options)
        rows.append(row(way, sounds(out), refusal))
    if masters.has("matchering"):
        masters.matchering(song, reference, out)
        theirs = sounds(out)
        rows.append(row(OTHER, theirs))
        refusal = masters.ours(song, out, "--reference", reference, "--loudness", f"{theirs['lufs']:.2f}")
        rows.append(row(AS_LOUD, sounds(out), refusal))
    for path in (out, out + ".json"):
        if os.path.exists(path):
            os.remove(path)
    return rows


def sounds(path):
    audio, rate = measure.load(path)
    found = measure.figures(audio, rate)
    return {"levels": levels(audio, rate) - found["lufs"], "widths": measure.widths(audio, rate),
            "spans": spans(audio, rate), **found}


def levels(audio, rate):
    """Long-term average of left and right in the thirds of an octave, in dB."""
    frequencies, powers = signal.welch(audio.T, rate, nperseg=16384)
    edge = 2.0 ** (1.0 / 6.0)
    mean = powers.mean(axis=0)
    return np.array([measure.band_sum(frequencies, mean, at / edge, at * edge) for at in THIRDS])


def spans(audio, rate):
    """How far the loud moments (95 %) of each band stand above the usual ones (50 %): levels of 50 ms, in dB."""
    found = []
    frames = round(0.05 * rate)
    for low, high in BANDS:
        sos = signal.butter(4, (low, high), "bandpass", fs=rate, output="sos")
        heard = signal.sosfilt(sos, audio, axis=0)
        count = len(heard) // frames
        cells = measure.decibels((heard[: count * frames].reshape(count, -1) ** 2).mean(axis=1))
        cells = cells[cells > cells.max() - 60.0]
        low_level, high_level = np.percentile(cells, [50.0, 95.0])
        found.append(high_level - low_level)
    return np.array(found)


def compare(half, song, reference, wanted, way, found, refusal=None):
    """One row: how far from the reference, by loudness-aligned spectra, side over mid, and spans."""
    apart = np.abs(found["levels"] - wanted["levels"])
    low, high = THIRDS < 100.0, THIRDS > 5000.0
    over = max(found["peak"] - masters.CEILING, 0.0)
    return {"half": half, "song": song, "reference": reference, "way": way, "refusal": refusal,
            "tone": float(apart.mean()), "worst": float(apart.max()),
            "parts": [float(apart[where].mean()) for where in (low, ~(low | high), high)],
            "width": float(np.abs(found["widths"] - wanted["widths"]).mean()),
            "moves": float(np.abs(found["spans"] - wanted["spans"]).mean()),
            "louder": found["lufs"] - wanted["lufs"], "peak": found["peak"], "over": over,
            # A peak that nobody may deliver is no dynamics.
            "plr": found["plr"] - over}


def table(results):
    """Prints each pair as soon as it is judged; gives all back."""
    print(f"\nthe loudest {SECONDS} s of each song towards the {REFERENCE_LUFS:g} LUFS master of another. tone: mean "
          f"distance in dB of the thirds of an octave from 40 Hz to 16 kHz at equal loudness (and below 100 Hz, "
          f"between, above 5 kHz); width: of side over mid in four bands; dyn: of 95 % over 50 % in four bands; PLR under "
          f"{masters.CEILING:g} dBTP")
    print(f"{'half':<9}{'song':<27}{'reference':<27}{'way':<17}{'tone':>6}{'<100':>6}{'mid':>6}{'>5k':>6}"
          f"{'width':>7}{'dyn':>6}{'LU off':>8}{'PLR':>6}{'dBTP':>7}  said", flush=True)
    seen = []
    for rows in results:
        seen.append(rows)
        for row in rows:
            parts = "".join(f"{part:>6.1f}" for part in row["parts"])
            said = f"refused: {row['refusal']}" if row["refusal"] else ""
            print(f"{row['half']:<9}{row['song'][:26]:<27}{row['reference'][:26]:<27}{row['way']:<17}"
                  f"{row['tone']:>6.2f}{parts}{row['width']:>7.1f}{row['moves']:>6.1f}{row['louder']:>+8.2f}"
                  f"{row['plr']:>6.1f}{row['peak']:>7.2f}  {said}", flush=True)
    return seen


def verdicts(results):
    for half in HALVES:
        pairs = [{row["way"]: row for row in rows} for rows in results if rows[0]["half"] == half]
        if pairs:
            verdict(half, pairs)


def verdict(half, pairs):
    print(f"\n{half}: medians over {len(pairs)} pairs")
    for way in pairs[0]:
        rows = [pair[way] for pair in pairs]
        middle = {key: np.median([row[key] for row in rows]) for key in (*SHOWN, "louder", "plr")}
        parts = np.median([row["parts"] for row in rows], axis=0)
        refused = sum(row["refusal"] is not None for row in rows)
        print(f"  {way:<17} tone {middle['tone']:5.2f} dB (below 100 Hz {parts[0]:.2f}, middle {parts[1]:.2f}, above "
              f"5 kHz {parts[2]:.2f}), width {middle['width']:5.2f} dB, dynamics {middle['moves']:4.2f} dB, loudness "
              f"{middle['louder']:+5.2f} LU, PLR {middle['plr']:5.2f} LU; most over {max(r['over'] for r in rows):.2f} "
              f"dB; refused {refused}")
    if OTHER not in pairs[0]:
        return
    for way in (OURS, AS_LOUD):
        cells = []
        for key, name in SHOWN.items():
            ours, theirs = (np.median([pair[w][key] for pair in pairs]) for w in (way, OTHER))
            near = sum(pair[way][key] <= pair[OTHER][key] for pair in pairs)
            cells.append(f"{name} {100.0 * (ours / theirs - 1.0):+.0f} %, nearer on {near}")
        kept = sum(pair[way]["plr"] >= pair[OTHER]["plr"] - 0.1 for pair in pairs)
        lost = sorted(pairs, key=lambda pair: pair[OTHER]["tone"] - pair[way]["tone"])[:3]
        worst = ", ".join(f"{pair[way]['song']} {pair[way]['tone']:.1f} to {pair[OTHER]['tone']:.1f}" for pair in lost
                          if pair[way]["tone"] > pair[OTHER]["tone"])
        print(f"  {way} beside Matchering: {'; '.join(cells)}; at least its PLR on {kept} of {len(pairs)}"
              + (f"; farthest behind: {worst}" if worst else ""))
