"""mixes.py PROGRAM SESSIONS WORK [key=value ...]   judges mixes of sessions whose good balance is known.

PROGRAM is the example `mix_session` of the crate `codec`; each session is a folder with stems and a `session.json` that
names, for each file, its `role` (an instrument) and `offset_db`, the error that was put on its fader. What follows is
computed here, from the stems as they went into the sum: how far faders are from undoing the errors, how the lead stands
against the rest, sides, correlation, and how much stems hide each other, beside the plain sum of the files.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
from scipy import signal

from measure import decibels, load, loudness, weighted_cells

ROLES = {"hihat": "hats", "guitar": "e_gtr_rhythm", "piano": "keys", "organ": "keys", "ensemble": "strings",
         "reed": "winds", "pipe": "winds", "vocal": "lead_vox", "silent": "fx", "band": "other", "lead": "synth_lead",
         "chromatic": "keys", "ethnic": "other", "percussion": "perc", "sfx": "fx"}
# Who must be heard before whom, and where each is understood, in Hz.
RANK = {"lead_vox": 6, "kick": 5, "snare": 5, "bass": 4, "synth_lead": 3, "e_gtr_rhythm": 2, "keys": 2, "brass": 2,
        "winds": 2, "strings": 2, "toms": 2, "hats": 1, "cymbals": 1, "perc": 1}
ESSENTIAL = {"lead_vox": [(1000, 5000)], "kick": [(50, 90), (2000, 5000)], "snare": [(180, 240), (2000, 5000)],
             "bass": [(50, 160), (700, 1500)], "synth_lead": [(800, 4000)], "e_gtr_rhythm": [(400, 3000)],
             "keys": [(300, 2500)], "brass": [(300, 2500)], "winds": [(300, 2500)], "strings": [(300, 2500)],
             "toms": [(80, 200), (2000, 4000)]}
MONO_DB = 10.0 * np.log10(2.0)


def role_of(name):
    return ROLES.get(name, name)


def stereo(audio):
    return audio if audio.shape[1] == 2 else np.repeat(audio, 2, axis=1)


def erb_bands():
    """Edges of bands one equivalent rectangular bandwidth wide (Glasberg and Moore 1990), 45 Hz to 16 kHz."""
    number = np.arange(21.4 * np.log10(4.37 * 0.045 + 1), 21.4 * np.log10(4.37 * 16 + 1))
    return (10 ** (number / 21.4) - 1) / 4.37 * 1000


def excitation(audio, rate, edges):
    """Power per band and tenth of a second, both channels."""
    frames = int(2 ** np.round(np.log2(rate * 0.1)))
    power = 0.0
    for channel in audio.T:
        frequencies, _, spectrum = signal.stft(channel, rate, nperseg=frames, noverlap=frames // 2)
        power = power + np.abs(spectrum) ** 2
    place = np.digitize(frequencies, edges) - 1
    return np.stack([power[place == band].sum(axis=0) for band in range(len(edges) - 1)])


def masking(stems, edges):
    """Mean excess in dB of less important stems over 4 dB under a more important one, where that is understood."""
    middle = np.sqrt(edges[1:] * edges[:-1])
    sums, count = 0.0, 0
    for name, (role, own) in stems.items():
        lesser = [power for other, power in stems.values() if RANK.get(other, 0) < RANK.get(role, 0)]
        if not lesser or role not in ESSENTIAL:
            continue
        width = min([own.shape[1]] + [power.shape[1] for power in lesser])
        rest = sum(power[:, :width] for power in lesser)
        for band, centre in enumerate(middle):
            if not any(low <= centre < high for low, high in ESSENTIAL[role]):
                continue
            sounds = own[band, :width] > 0.06 * own[band].mean()
            if sounds.any():
                excess = decibels(rest[band, :width][sounds] / own[band, :width][sounds]) + 4.0
                sums, count = sums + np.maximum(excess, 0.0).mean(), count + 1
    return sums / max(count, 1)


def lead_over_rest(stems, rate):
    """Loudness of the lead over that of all others while it sings; none without a lead."""
    lead = [audio for role, audio in stems if role == "lead_vox"]
    rest = [audio for role, audio in stems if role != "lead_vox"]
    if not lead or not rest:
        return None
    frames = max(len(audio) for _, audio in stems)

    def cells(parts):
        whole = np.zeros((frames, 2))
        for part in parts:
            whole[: len(part)] += part
        return np.convolve(weighted_cells(whole, rate, 0.1), np.full(4, 0.25), "valid")

    lead, rest = cells(lead), cells(rest)
    sung = lead > 0.1 * lead[lead > lead.max() * 10 ** -4.5].mean()
    return decibels(lead[sung].mean() / rest[sung].mean())


def judged(program, folder, work, options):
    session = json.loads((folder / "session.json").read_text())
    out, stems_at = work / f"{folder.name}.wav", work / f"{folder.name}-stems"
    wishes = []
    if "names=1" not in options:
        wishes = [f"role:{stem['file'].rsplit('.', 1)[0]}={role_of(stem['role'])}" for stem in session["stems"]]
    told = subprocess.run([program, folder, out, f"stems={stems_at}", *wishes, *options],
                          check=True, capture_output=True, text=True).stdout
    told = json.loads(told)
    plans = {plan["name"]: plan for plan in told["stems"]}
    mix, rate = load(out)
    edges = erb_bands()
    errors, given, came, stands, sums = [], [], {}, [], np.zeros_like(mix)
    processed = {}
    for stem in session["stems"]:
        name = stem["file"].rsplit(".", 1)[0]
        plan = plans[name]
        if plan["part"] != "Plays":
            continue
        # A session sums one channel into both at full level; a pan law puts 3 dB less into each.
        errors.append(plan["fader"] + stem["offset_db"] - (MONO_DB if stem["channels"] == 1 else 0.0))
        given.append(stem["offset_db"])
        role = role_of(stem["role"])
        raw, own_rate = load(folder / stem["file"])
        raw = stereo(raw if own_rate == rate else signal.resample_poly(raw, rate // np.gcd(rate, own_rate), own_rate // np.gcd(rate, own_rate)))
        came[name] = (role, excitation(raw, rate, edges))
        audio, _ = load(stems_at / f"{name}.wav")
        processed[name] = (role, excitation(audio, rate, edges))
        sums[: len(audio)] += audio[: len(mix)]
        stands.append((role, audio))
    before, after = masking(came, edges), masking(processed, edges)
    left, right = (mix ** 2).mean(axis=0)
    over = lead_over_rest(stands, rate)
    standing = [plan["standing"] - plan["aim"] for plan in plans.values()
                if plan["standing"] is not None and plan["aim"] is not None]
    return {
        "session": folder.name, "stems": len(errors), "given std": np.std(given), "fader std": np.std(errors),
        "lead over rest": over, "aim missed": max(map(abs, standing), default=0.0),
        "LUFS": loudness(weighted_cells(mix, rate, 0.1)), "L-R dB": decibels(left) - decibels(right),
        "correlation": (mix[:, 0] * mix[:, 1]).mean() / np.sqrt(left * right),
        "masking %": 100.0 * (after / before - 1.0), "own %": 100.0 * (told["masking"][1] / told["masking"][0] - 1.0)
        if told["masking"][0] else 0.0,
        "sum apart dB": decibels(((mix - sums) ** 2).max()), "seconds": told["seconds"],
    }


def main():
    program, sessions, work, *options = sys.argv[1:]
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    only = [option.split("=", 1)[1] for option in options if option.startswith("only=")]
    options = [option for option in options if not option.startswith("only=")]
    for folder in sorted(path.parent for path in pathlib.Path(sessions).glob("*/session.json")):
        if only and folder.name not in only:
            continue
        row = judged(program, folder, work, options)
        shown = [f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()]
        print("; ".join(shown), flush=True)


main()
