"""What every master of ours must keep, whatever the song; and the proof that this judge can say no."""

import numpy as np

import against
import measure

MISS_LU = 0.1
OVER_DB = 0.02


def broken(song, master, rate, found, target, ceiling, refusal):
    """The promises that a master breaks, each by name; `found` are its figures."""
    names = []
    if not np.isfinite(master).all():
        return ["not a number"]
    if len(master) != len(song) or master.shape[1] != song.shape[1]:
        names.append(f"length {len(master) - len(song):+d} frames")
    late = against.offset(song, master, rate)
    if late != 0:
        names.append(f"late by {late} frames")
    if refusal is None and abs(found["lufs"] - target) > MISS_LU:
        names.append(f"misses by {found['lufs'] - target:+.2f} LU")
    if refusal is not None and found["lufs"] > target + MISS_LU:
        names.append(f"refused, and {found['lufs'] - target:+.2f} LU too loud")
    if found["peak"] > ceiling + OVER_DB:
        names.append(f"over by {found['peak'] - ceiling:.2f} dB")
    spoilt = measure.clipped(master) - measure.clipped(song)
    if spoilt > 0:
        names.append(f"{spoilt} clipped samples")
    return names


def selftest():
    """Known figures, and a spoilt master for each promise; the names of what fails."""
    failures = meter_failures()
    rate = 48000
    chance = np.random.default_rng(1)
    music = np.cumsum(chance.standard_normal((10 * rate, 2)), axis=0)
    music -= np.stack([np.convolve(side, np.full(481, 1 / 481), "same") for side in music.T], axis=1)
    song = music / np.abs(music).max() * 0.5
    target = measure.figures(song, rate)["lufs"]

    def judged(master, refusal=None, wanted=target):
        finite = np.nan_to_num(master)
        return broken(song, master, rate, measure.figures(finite, rate), wanted, -1.0, refusal)

    spoilt = song.copy()
    spoilt[1000, 0] = np.nan
    louder = song * 10 ** (0.15 / 20)
    cases = [
        ("a clean master passes", judged(song), None),
        ("a named refusal may be quieter", judged(song, "limiter", target + 3.0), None),
        ("a clipped master", judged(np.clip(song * 3.0, -0.85, 0.85), None, target + 9.0), "clipped"),
        ("one clipped at full scale", judged(np.clip(song * 4.0, -1.0, 1.0)), "over by"),
        ("one that is not a number somewhere", judged(spoilt), "not a number"),
        ("one that lost a frame", judged(song[:-1]), "length"),
        ("one that is late", judged(np.roll(song, 7, axis=0)), "late by 7"),
        ("one 0.15 LU too loud", judged(louder), "misses"),
        ("one whose refusal is too loud", judged(louder, "limiter"), "refused, and"),
    ]
    for name, said, wanted in cases:
        if (wanted is None and said) or (wanted is not None and not any(wanted in word for word in said)):
            failures.append(f"{name}: {said or 'nothing found'}")
    return failures


def meter_failures():
    failures = []

    def near(name, value, wanted, within):
        if not abs(value - wanted) <= within:
            failures.append(f"{name}: {value:.3f}, wanted {wanted:.3f}")

    for rate in (44100, 48000, 96000):
        time = np.arange(20 * rate) / rate
        sine = np.sin(2 * np.pi * 997.0 * time)
        one = np.column_stack([sine, 0.0 * sine])
        near(f"997 Hz in one channel at {rate} Hz", measure.figures(one, rate)["lufs"], -3.01, 0.02)
        quarter = (np.hanning(rate) * np.sin(np.pi / 2 * np.arange(rate) + np.pi / 4))[:, None] * 0.5
        near(f"true peak of a quarter of {rate} Hz", measure.true_peak(quarter), -6.02, 0.005)
    time = np.arange(40 * 48000) / 48000
    steps = np.where(time < 20.0, 10 ** (-20 / 20), 10 ** (-30 / 20)) * np.sin(2 * np.pi * 1000.0 * time)
    near("range of two steps", measure.figures(np.column_stack([steps, steps]), 48000)["range"], 10.0, 0.1)
    return failures
