"""What a master did to its song: its delay, what it added, how its gain moves."""

import numpy as np
from scipy import signal

import measure


def offset(song, master, rate):
    """By how many frames the master is late, from the cross-correlation of both with their lows taken out."""
    frames = min(len(song), len(master), 30 * rate)
    a, b = (np.diff(audio.mean(axis=1)[start(song, frames) :][:frames]) for audio in (song, master))
    size = 1 << int(np.ceil(np.log2(2 * frames)))
    product = np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size)
    late = int(np.argmax(np.abs(np.fft.irfft(product, size))))
    return late if late < size // 2 else late - size


def start(audio, frames):
    """Where the loudest stretch of so many frames begins."""
    energy = np.cumsum((audio ** 2).sum(axis=1))
    if len(audio) <= frames:
        return 0
    return int(np.argmax(energy[frames:] - energy[:-frames]))


def residual(song, master, rate):
    """What of the master neither one linear filter nor a gain per tenth of a second makes of the song, in dB below it.

    Both see the mid. The filter is the least-squares gain of each bin of a short-time transform; the gain is that of
    each tenth of a second, by least squares over all bins."""
    settings = {"nperseg": 4096, "noverlap": 3072}
    frames = min(len(song), len(master))
    a, b = (signal.stft(audio[:frames].mean(axis=1), rate, **settings)[2] for audio in (song, master))
    filtered = a * ((b * a.conj()).sum(axis=1) / ((np.abs(a) ** 2).sum(axis=1) + measure.FLOOR))[:, None]
    over = np.ones(max(1, round(0.1 * rate / 1024)))
    cross = np.convolve((b * filtered.conj()).real.sum(axis=0), over, "same")
    power = np.convolve((np.abs(filtered) ** 2).sum(axis=0), over, "same")
    rest = b - filtered * (cross / (power + measure.FLOOR))
    return float(measure.decibels((np.abs(rest) ** 2).sum()) - measure.decibels((np.abs(b) ** 2).sum()))


def wobble(song, master, rate):
    """How the gain moves within three seconds: its deviation in dB, in K-weighted tenths of a second of music."""
    a, b = (measure.weighted_cells(audio, rate, 0.1) for audio in (song, master))
    count = min(len(a), len(b))
    a, b = measure.decibels(a[:count]), measure.decibels(b[:count])
    music = a > max(a.max() - 30.0, -60.0)
    if music.sum() < 40:
        return 0.0
    gain = (b - a)[music]
    slow = np.convolve(np.pad(gain, 15, mode="edge"), np.full(31, 1.0 / 31.0), "valid")
    return float(np.std(gain - slow))
