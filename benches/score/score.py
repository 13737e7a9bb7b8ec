"""Masters a folder of songs with ours and with others, judges each master, and prints two tables with their verdicts.

usage: score.py FOLDER_FOR_WORK [FOLDER_OF_SONGS]
Ends with 1 if a master of ours breaks what every master must keep, else with 0.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import soundfile

import against
import masters
import matching
import measure
import promises

TARGETS = (-14.0, -11.0, -9.0)
# Others take minutes for a whole song; the loudest stretch is where limiters differ.
EXCERPT_SECONDS = 30
ENDINGS = (".wav", ".flac", ".aif", ".aiff")
WAYS = {"ours, loudness alone": ["--intensity", "0"], "ours, full chain": []}


def main(work, folder=None):
    failures = promises.selftest()
    print("the judge on known signals and spoilt masters: " + ("; ".join(failures) or "it says what it should"))
    if failures:
        return 2
    if not folder:
        folder = os.path.join(work, "songs")
        masters.made_songs(folder)
    songs = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.lower().endswith(ENDINGS))
    if not songs:
        print(f"there is no song in {folder}")
        return 2
    part = os.environ.get("PART", "all")
    with ProcessPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        rows = []
        if part in ("all", "loudness"):
            rows = loudness_table(pool.map(partial(judged, work), songs))
        if part in ("all", "matching"):
            matching.main(pool, work, songs)
    return 1 if any(row["broken"] for row in rows) else 0


def judged(work, path):
    """Every row of one song: whole with ours, its loudest stretch with all."""
    name = os.path.splitext(os.path.basename(path))[0]
    song, rate = measure.load(path)
    excerpt_path = os.path.join(work, f"{name}.excerpt.wav")
    frames = EXCERPT_SECONDS * rate
    begin = against.start(song, frames)
    soundfile.write(excerpt_path, song[begin : begin + frames], rate, subtype="PCM_24")
    rows = []
    for target in TARGETS:
        for way, options in WAYS.items():
            rows.append(promised(work, name, path, (song, rate), target, way, options))
        rows += compared(work, name, excerpt_path, target)
    return rows


def promised(work, name, path, loaded, target, way, options):
    song, rate = loaded
    out = os.path.join(work, f"{name}.out.wav")
    refusal = masters.ours(path, out, "--loudness", f"{target:g}", "--ceiling", f"{masters.CEILING:g}", *options)
    master, _ = measure.load(out)
    found = measure.figures(master, rate)
    names = promises.broken(song, master, rate, found, target, masters.CEILING, refusal)
    shown = masters.ebur128_peak(out)
    os.remove(out)
    return {"song": name, "target": target, "way": way, "whole": True, "refusal": refusal, "broken": names,
            "shown_peak": shown, "spoilt": measure.clipped(master) - measure.clipped(song), **found}


def compared(work, name, path, target):
    """The loudest stretch under each limiter, all at the loudness that was asked for."""
    song, rate = measure.load(path)
    before = measure.figures(song, rate)
    refusals = {}

    def by_ours(options, out):
        options = ["--loudness", f"{target:g}", "--force-target", *options]
        refusals[out] = masters.ours(path, out, *options)

    contenders = {way: partial(by_ours, options) for way, options in WAYS.items()}
    contenders["alimiter 4x"] = lambda out: masters.alimiter(path, out, target)
    if masters.has("libsonare"):
        contenders["libsonare loudness"] = lambda out: masters.libsonare(path, out, target)
    rows = []
    for way, make in contenders.items():
        out = os.path.join(work, f"{name}.peer.wav")
        make(out)
        master, _ = measure.load(out)
        late = against.offset(song, master, rate)
        moved = np.roll(master, -late, axis=0)[: len(song)]
        found = measure.figures(master, rate)
        rows.append({"song": name, "target": target, "way": way, "whole": False, "broken": [],
                     "refusal": refusals.get(out), "residual": against.residual(song, moved, rate),
                     "wobble": against.wobble(song, moved, rate), "range_lost": before["range"] - found["range"],
                     "late": late, **found})
        os.remove(out)
    return rows


def loudness_table(results):
    """Prints each song's rows as soon as it is judged, then the verdicts; gives all rows back."""
    print(f"\nceiling {masters.CEILING:g} dBTP. `whole`: the song with the budgets that everybody gets; the rest: its "
          f"loudest {EXCERPT_SECONDS} s, forced to the target; of residual and wobble less is better")
    print(f"{'song':<34}{'target':>7}  {'way':<28}{'LUFS':>8}{'dBTP':>8}{'range':>7}{'PLR':>7}{'resid.':>8}"
          f"{'wobble':>8}  said", flush=True)
    rows = []
    for row in (row for some in results for row in some):
        rows.append(row)
        said = ", ".join(filter(None, [row["refusal"] and f"refused: {row['refusal']}", *row["broken"]]))
        compared = f"{row['residual']:>8.1f}{row['wobble']:>8.2f}" if not row["whole"] else f"{'':>16}"
        way = row["way"] + (", whole" if row["whole"] else "")
        print(f"{row['song'][:33]:<34}{row['target']:>7.0f}  {way:<28}{row['lufs']:>8.2f}{row['peak']:>8.2f}"
              f"{row['range']:>7.1f}{row['plr']:>7.1f}{compared}  {said}", flush=True)
    promise_verdict([row for row in rows if row["whole"]])
    for target in TARGETS:
        limiter_verdict([row for row in rows if not row["whole"] and row["target"] == target], target)
    return rows


def promise_verdict(rows):
    reached = [row for row in rows if row["refusal"] is None]
    refusals = {}
    for row in rows:
        if row["refusal"]:
            refusals[row["refusal"]] = refusals.get(row["refusal"], 0) + 1
    worst = max((abs(row["lufs"] - row["target"]) for row in reached), default=0.0)
    over = max(row["peak"] - masters.CEILING for row in rows)
    shown = max(row["shown_peak"] - masters.CEILING for row in rows)
    broken = [row for row in rows if row["broken"]]
    named = ", ".join(f"{count} {name}" for name, count in sorted(refusals.items())) or "none"
    print(f"\n{len(rows)} masters of ours: {len(reached)} reached, refused: {named}")
    print(f"  farthest from a target that was reached: {worst:.3f} LU (bar {promises.MISS_LU})")
    print(f"  highest true peak over the ceiling: {over:+.3f} dB read sixteen times (bar {promises.OVER_DB:+}), "
          f"{shown:+.1f} dB as ffmpeg shows it")
    print(f"  clipped samples: {sum(max(row['spoilt'], 0) for row in rows)}; "
          f"promises broken: {len(broken)}  [{'FAILS' if broken else 'holds'}]")


def limiter_verdict(rows, target):
    """Medians of each way at one target, and on how many songs ours alone is at least as good."""
    songs = sorted({row["song"] for row in rows})
    at = {(row["song"], row["way"]): row for row in rows}
    print(f"\nat {target:g} LUFS, medians over {len(songs)} songs")
    ours = "ours, loudness alone"
    for way in dict.fromkeys(row["way"] for row in rows):
        figures = [at[song, way] for song in songs]
        middle = {key: np.median([row[key] for row in figures]) for key in ("residual", "wobble", "range_lost")}
        over = max(row["peak"] for row in figures) - masters.CEILING
        miss = max(abs(row["lufs"] - target) for row in figures)
        line = (f"  {way:<22} residual {middle['residual']:6.1f} dB, wobble {middle['wobble']:5.2f} dB, range lost "
                f"{middle['range_lost']:5.2f} LU; worst miss {miss:.2f} LU, over {max(over, 0.0):.2f} dB")
        if not way.startswith("ours"):
            lost = [song for song in songs
                    if at[song, ours]["residual"] > at[song, way]["residual"] + 0.5
                    and at[song, ours]["lufs"] < at[song, way]["lufs"] + 0.3]
            line += f"; ours has more residual on {len(lost)} of {len(songs)}"
            line += f" ({', '.join(lost[:6])})" if lost else ""
        print(line)


if __name__ == "__main__":
    if "--selftest" in sys.argv:
        said = promises.selftest()
        print("; ".join(said) or "the judge says what it should")
        sys.exit(2 if said else 0)
    sys.exit(main(*sys.argv[1:]))
