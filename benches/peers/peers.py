"""Masters one song with several programs, each a process of its own on one core, and prints one table.

usage: peers.py SONG FOLDER MIXRUNNERS
Judged by a meter that belongs to none of them: ffmpeg's ebur128 with true peaks.
"""

import os
import re
import shutil
import subprocess
import sys
import time

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
RUNS = 3
# What takes longer than this runs once.
SLOW_SECONDS = 8.0
CORE = "0"


def main(song, folder, mixrunners):
    before = judge(song)
    seconds = duration(song)
    gain = TARGET_LUFS - before["lufs"]
    reference = os.path.join(folder, "reference.wav")
    make_reference(song, reference, before)
    rows = []
    for name, wanted, command in contenders(song, folder, mixrunners, gain, reference):
        out = os.path.join(folder, re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") + ".wav")
        rows.append(row(name, [part.replace("{out}", out) for part in command], out, seconds, wanted))
    print(f"{os.path.basename(song)}, {seconds:.0f} s, {before['lufs']:.1f} LUFS, {before['peak']:+.1f} dBTP; "
          f"wanted {TARGET_LUFS:.0f} LUFS, at most {CEILING_DBTP:.0f} dBTP; one core, whole processes")
    table(["", "x real time", "CPU s", "peak MB", "LUFS off", "dBTP over"], rows)
    print()
    meters = [
        ("mixrunners analyze", [mixrunners, "analyze", song, "--threads", "1"]),
        ("ffmpeg ebur128, true peaks",
         ["ffmpeg", "-nostats", "-i", song, "-af", "ebur128=peak=true", "-f", "null", "-"]),
    ]
    table(["loudness, range and true peak", "x real time", "CPU s", "peak MB"],
          [row(name, command, None, seconds, None)[:4] for name, command in meters])


def contenders(song, folder, mixrunners, gain, reference):
    """Name, loudness wanted, command; {out} stands for the file to write."""
    ffmpeg = ["ffmpeg", "-v", "error", "-y", "-i", song]
    wav = ["-ar", str(rate(song)), "-c:a", "pcm_s24le", "{out}"]
    four_times = 4 * rate(song)
    limit = 10 ** (CEILING_DBTP / 20)
    limiter = f"alimiter=limit={limit:.6f}:level=false"
    python = [sys.executable, os.path.abspath(__file__)]
    ours = [mixrunners, "master", song, "-o", "{out}", "--loudness", f"{TARGET_LUFS:g}", "--threads", "1", "--force"]
    return [
        ("mixrunners master, the whole chain", TARGET_LUFS, ours),
        ("mixrunners master --intensity 0", TARGET_LUFS, ours + ["--intensity", "0"]),
        ("ffmpeg loudnorm, one pass", TARGET_LUFS,
         ffmpeg + ["-af", f"loudnorm=I={TARGET_LUFS:g}:TP={CEILING_DBTP:g}:LRA=20"] + wav),
        ("ffmpeg gain and alimiter, 4x", TARGET_LUFS,
         ffmpeg + ["-af", f"volume={gain:.2f}dB,aresample={four_times},{limiter},aresample={rate(song)}"] + wav),
        ("sox compand and limiter", TARGET_LUFS,
         ["sox", song, "-b", "24", "{out}", "compand", "0.005,0.1", "6:-90,-90,-12,-12,0,-6",
          "gain", "-l", f"{gain:.2f}"]),
        ("Matchering 2.0.6, loud reference", judge(reference)["lufs"],
         python + ["--peer", "matchering", song, reference, "{out}"]),
        ("libsonare, preset streaming", TARGET_LUFS, python + ["--peer", "libsonare", song, "{out}"]),
        ("pedalboard gain and Limiter", TARGET_LUFS, python + ["--peer", "pedalboard", song, f"{gain:.2f}", "{out}"]),
    ]


def row(name, command, out, seconds, wanted):
    if shutil.which(command[0]) is None:
        return [name, "not installed"]
    runs = []
    for _ in range(RUNS):
        if out and os.path.exists(out):
            os.remove(out)
        runs.append(timed(command))
        if runs[-1]["failed"] or runs[-1]["wall"] > SLOW_SECONDS:
            break
    if runs[-1]["failed"]:
        return [name, runs[-1]["failed"]]
    best = min(runs, key=lambda run: run["wall"])
    cells = [name, f"{seconds / best['wall']:.0f}", f"{min(r['cpu'] for r in runs):.2f}", f"{best['mb']:.0f}"]
    if out:
        after = judge(out)
        over = after["peak"] - CEILING_DBTP
        cells += [f"{after['lufs'] - wanted:+.1f}", f"{over:+.1f}" if over > 0.05 else "no"]
    return cells


def timed(command):
    """One process from start to end: wall and processor time in seconds, memory at its highest in MB."""
    pinned = ["taskset", "-c", CORE] if shutil.which("taskset") else []
    started = time.monotonic()
    child = subprocess.Popen(pinned + command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # 4: ours wrote the loudest clean master and says that it is short of the target.
    is_done = child.returncode in (0, 4)
    return {
        "wall": time.monotonic() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "mb": usage.ru_maxrss / (1024 if sys.platform.startswith("linux") else 1024 * 1024),
        "failed": None if is_done else (said.strip().splitlines() or ["fails"])[-1][:60],
    }


def judge(path):
    """Integrated loudness and true peak, by ffmpeg."""
    command = ["ffmpeg", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:"):]
    return {
        "lufs": float(re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)[1]),
        "peak": float(re.search(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)[1]),
    }


def probe(path, entry):
    command = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", f"stream={entry}"]
    command += ["-of", "csv=p=0", path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().rstrip(",")


def duration(path):
    return float(probe(path, "duration"))


def rate(path):
    return int(probe(path, "sample_rate"))


def make_reference(song, reference, before):
    """What Matchering matches: the same song, 5 LU louder than the target under a limiter."""
    gain = TARGET_LUFS + 5.0 - before["lufs"]
    filters = f"volume={gain:.2f}dB,alimiter=limit=0.891:level=false"
    command = ["ffmpeg", "-v", "error", "-y", "-i", song, "-af", filters, "-c:a", "pcm_s24le", reference]
    subprocess.run(command, check=True)


def table(head, rows):
    width = max(len(r[0]) for r in [head] + rows)
    for cells in [head] + rows:
        print(f"{cells[0]:<{width}}" + "".join(f"{cell:>13}" for cell in cells[1:]))


def peer_matchering(song, reference, out):
    import matchering

    config = matchering.Config(threshold=10 ** (CEILING_DBTP / 20))
    matchering.process(target=song, reference=reference, results=[matchering.pcm24(out)], config=config)


def peer_libsonare(song, out):
    import libsonare
    import numpy
    import soundfile

    audio, hertz = soundfile.read(song, dtype="float32", always_2d=True)
    left, right = (numpy.ascontiguousarray(audio[:, channel]) for channel in (0, -1))
    result = libsonare.master_audio_stereo(left, right, hertz, "streaming")
    soundfile.write(out, numpy.column_stack([result.left, result.right]), hertz, subtype="PCM_24")


def peer_pedalboard(song, gain, out):
    from pedalboard import Gain, Limiter, Pedalboard
    from pedalboard.io import AudioFile

    board = Pedalboard([Gain(float(gain)), Limiter(threshold_db=CEILING_DBTP, release_ms=100)])
    with AudioFile(song) as source:
        audio, hertz, channels = source.read(source.frames), source.samplerate, source.num_channels
    with AudioFile(out, "w", hertz, channels, bit_depth=24) as sink:
        sink.write(board(audio, hertz))


if __name__ == "__main__":
    if sys.argv[1] == "--peer":
        peers = {"matchering": peer_matchering, "libsonare": peer_libsonare, "pedalboard": peer_pedalboard}
        peers[sys.argv[2]](*sys.argv[3:])
    else:
        main(*sys.argv[1:])
