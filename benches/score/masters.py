"""Masters of ours and of others, by a process of their own or in this one; and songs to master where there are none."""

import json
import os
import subprocess

import numpy as np
import soundfile

import measure

OURS = os.environ.get("MIXRUNNERS", "target/release/mixrunners")
CEILING = -1.0
REFUSED = 4
LIBSONARE_SOUND = ["dynamics.compressor", "dynamics.transientShaper", "eq.tilt", "saturation.exciter", "stereo.imager"]


def ours(song, out, *options):
    """Ours: none if the loudness asked for was reached, else the refusal by its name."""
    report = out + ".json"
    command = [OURS, "master", song, "-o", out, "--report", report, "--threads", "1", "--force", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, REFUSED):
        raise RuntimeError(f"{song}: {done.stderr.strip()}")
    with open(report, encoding="utf-8") as file:
        outcome = json.load(file)["outcome"]
    if done.returncode == 0:
        return None
    limit = outcome.get("limit")
    return (limit.get("kind") if isinstance(limit, dict) else limit) or outcome["kind"]


def alimiter(song, out, target):
    """ffmpeg's limiter at four times the rate, its gain searched until the target is met by the meter here."""
    audio, rate = measure.load(song)
    gain = target - measure.loudness(measure.weighted_cells(audio, rate, 0.1))
    for _ in range(6):
        chain = f"volume={gain:.3f}dB,aresample={4 * rate},alimiter=limit={10 ** (CEILING / 20):.6f}:level=false"
        command = ["ffmpeg", "-v", "error", "-y", "-i", song, "-af", f"{chain},aresample={rate}", "-c:a", "pcm_s24le"]
        subprocess.run(command + [out], check=True)
        audio, rate = measure.load(out)
        miss = measure.loudness(measure.weighted_cells(audio, rate, 0.1)) - target
        if abs(miss) < 0.03:
            return
        gain -= 1.3 * miss


def libsonare(song, out, target):
    """libsonare's loudness stage alone, with its preset's sound switched off."""
    import libsonare as library

    audio, rate = measure.load(song)
    left, right = (np.ascontiguousarray(audio[:, channel], dtype=np.float32) for channel in (0, -1))
    wanted = {f"{stage}.enabled": False for stage in LIBSONARE_SOUND}
    wanted |= {"loudness.targetLufs": target, "loudness.ceilingDb": CEILING}
    made = library.master_audio_stereo(left, right, rate, "streaming", wanted)
    soundfile.write(out, np.column_stack([made.left, made.right]), rate, subtype="PCM_24")


def matchering(song, reference, out):
    import matchering as library

    config = library.Config(threshold=10 ** (CEILING / 20))
    library.process(target=song, reference=reference, results=[library.pcm24(out)], config=config)


def has(library):
    try:
        __import__(library)
    except ImportError:
        return False
    return True


def ebur128_peak(path):
    """The true peak that ffmpeg's meter shows, to a tenth of a dB."""
    filters = "ebur128=peak=true:framelog=verbose"
    command = ["ffmpeg", "-nostats", "-i", path, "-af", filters, "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(said[said.rindex("Peak:") + 5 :].split()[0])


def made_songs(folder):
    """Four songs of 40 s, each with a beat, a bass, chords and air in other proportions. Always the same."""
    os.makedirs(folder, exist_ok=True)
    rate = 44100
    time = np.arange(40 * rate) / rate
    recipes = [("beat", 60.0, 0.9, 0.15, 0.1, 1.0), ("chords", 110.0, 0.2, 0.5, 0.03, 0.2),
               ("air", 82.0, 0.5, 0.25, 0.4, 2.0), ("quiet", 49.0, 0.05, 0.08, 0.02, 0.5)]
    for seed, (name, root, kick, voices, air, pace) in enumerate(recipes):
        path = os.path.join(folder, f"made_{name}.wav")
        if os.path.exists(path):
            continue
        chance = np.random.default_rng(seed)
        beat = np.mod(time, 0.5)
        drum = kick * np.exp(-25.0 * beat) * np.sin(2 * np.pi * root * beat)
        bass = 0.2 * np.sin(2 * np.pi * root * time * (1 + np.floor(time / 8) % 3 / 4))
        swell = 0.3 + 0.7 * np.sin(np.pi * time * pace / 20.0) ** 2
        chord = [sum(np.sin(2 * np.pi * root * 4 * r * time + c) / r for r in (1, 1.25, 1.5, 3)) for c in (0.0, 0.9)]
        snare = air * np.exp(-18.0 * np.mod(time + 0.25, 0.5))
        sides = [0.5 * (drum + bass + voices * swell * voice / 3 + snare * chance.standard_normal(len(time)) / 3)
                 for voice in chord]
        audio = np.column_stack(sides)
        soundfile.write(path, 0.7 * audio / np.abs(audio).max(), rate, subtype="PCM_24")
