"""What one file measures, computed here from the standards and by nothing of ours.

Audio is an array of frames by channels, in 64-bit floats.
"""

import numpy as np
import soundfile
from scipy import signal

# ITU-R BS.1770-4, tables 1 and 2: the two filters at 48 kHz, and the frequency that each is about.
SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585], 1682.0)
HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621], 38.1)
FLOOR = 1e-20
# Taps on either side of the true-peak kernel, and how many points it reads between two samples.
HALF, POINTS = 64, 16
WIDTH_BANDS = [(20.0, 120.0), (120.0, 1000.0), (1000.0, 5000.0), (5000.0, 16000.0)]


def load(path):
    """The audio and its rate in Hz."""
    return soundfile.read(path, dtype="float64", always_2d=True)


def decibels(power):
    return 10.0 * np.log10(np.maximum(power, FLOOR))


def at_rate(table, rate):
    """A biquad of the standard at another rate: the bilinear transform undone at 48 kHz and done again at `rate`, so
    that the frequency it is about stays where it is."""
    numerator, denominator, about = table
    stretch = np.tan(np.pi * about / rate) / np.tan(np.pi * about / 48000.0)

    def moved(c):
        # c0 + c1/z + c2/z^2 with z = (1 + s)/(1 - s), as a polynomial in s; then s = s'/stretch and back to z.
        s = np.array([c[0] + c[1] + c[2], 2.0 * (c[0] - c[2]), c[0] - c[1] + c[2]]) / stretch ** np.arange(3)
        return np.array([s[0] + s[1] + s[2], 2.0 * (s[0] - s[2]), s[0] - s[1] + s[2]])

    b, a = moved(numerator), moved(denominator)
    if table is HIGH_PASS:
        # The standard's numerator is 1, -2, 1 whatever the rate.
        return np.concatenate([numerator, a / a[0]])
    return np.concatenate([b / a[0], a / a[0]])


def weighted_cells(audio, rate, seconds):
    """K-weighted power of all channels together, in one cell after another."""
    sos = np.array([at_rate(SHELF, rate), at_rate(HIGH_PASS, rate)])
    frames = round(rate * seconds)
    count = len(audio) // frames
    heard = signal.sosfilt(sos, audio, axis=0)[: count * frames]
    return np.mean(heard.reshape(count, frames, -1) ** 2, axis=1).sum(axis=1)


def running(cells, width):
    if len(cells) < width:
        return np.zeros(0)
    return np.convolve(cells, np.full(width, 1.0 / width), "valid")


def lufs(power):
    return -0.691 + decibels(power)


def loudness(cells):
    """Integrated loudness of cells of 100 ms: blocks of 400 ms, gated at -70 LUFS and at 10 LU below the rest."""
    blocks = running(cells, 4)
    blocks = blocks[lufs(blocks) > -70.0]
    if len(blocks) == 0:
        return -np.inf
    blocks = blocks[lufs(blocks) > lufs(blocks.mean()) - 10.0]
    return float(lufs(blocks.mean()))


def loudness_range(cells):
    """EBU Tech 3342: 10 % to 95 % of 3 s windows, gated at -70 LUFS and at 20 LU below the rest."""
    windows = running(cells, 30)
    windows = windows[lufs(windows) > -70.0]
    if len(windows) == 0:
        return 0.0
    windows = windows[lufs(windows) > lufs(windows.mean()) - 20.0]
    low, high = np.percentile(lufs(windows), [10.0, 95.0])
    return float(high - low)


def true_peak(audio):
    """The highest point of the waveform in dBTP, at sixteen points between any two samples.

    Only places are read of which a sample within five reaches half of the highest: a band-limited waveform that is
    twice as high as all of ten samples around it is none that music makes."""
    offsets = np.arange(-HALF + 1, HALF + 1)
    points = np.arange(1, POINTS) / POINTS
    distance = points[None, :] - offsets[:, None]
    window = np.i0(11.0 * np.sqrt(np.maximum(1.0 - (distance / HALF) ** 2, 0.0))) / np.i0(11.0)
    kernel = (np.sinc(distance) * window).astype(np.float32)
    top = float(np.max(np.abs(audio), initial=0.0))
    for channel in np.ascontiguousarray(audio.T):
        near = np.abs(channel)
        reach = 0.5 * top
        loud = np.flatnonzero(near >= reach)
        if len(loud) == 0:
            continue
        marks = np.zeros(len(channel), dtype=bool)
        for shift in range(-5, 5):
            marks[np.clip(loud + shift, 0, len(channel) - 1)] = True
        padded = np.pad(channel, (HALF, HALF + 1)).astype(np.float32)
        views = np.lib.stride_tricks.sliding_window_view(padded, 2 * HALF)
        places = np.flatnonzero(marks)
        for start in range(0, len(places), 65536):
            # Offset -HALF+1 of sample i is at i+1 of the padded channel.
            between = views[places[start : start + 65536] + 1] @ kernel
            top = max(top, float(np.max(np.abs(between))))
    return float(20.0 * np.log10(max(top, 1e-10)))


def clipped(audio):
    """Samples at full scale, or in runs of three and more that are equal within 0.1 dB of the file's peak."""
    top = np.max(np.abs(audio), initial=0.0)
    if top == 0.0:
        return 0
    count = 0
    for channel in audio.T:
        is_flat = (channel[1:] == channel[:-1]) & (np.abs(channel[1:]) > 0.9886 * top)
        edges = np.diff(np.concatenate([[0], is_flat.astype(np.int8), [0]]))
        lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1) + 1
        full = np.abs(channel) >= 32767.0 / 32768.0
        count += int(lengths[lengths >= 3].sum()) + int(full.sum())
    return count


def spectrum(audio, rate):
    """Mean power of mid and of side over the whole, and the frequencies."""
    mid = audio.mean(axis=1)
    side = (audio[:, 0] - audio[:, -1]) / 2.0
    frequencies, powers = signal.welch(np.stack([mid, side]), rate, nperseg=16384)
    return frequencies, powers[0], powers[1]


def band_sum(frequencies, powers, low, high):
    inside = (frequencies >= low) & (frequencies < high)
    return float(decibels(powers[inside].sum())) if inside.any() else float(decibels(0.0))


def widths(audio, rate):
    """Side over mid in four bands, in dB, not below -40."""
    frequencies, mid, side = spectrum(audio, rate)
    return np.array([
        max(band_sum(frequencies, side, *band) - band_sum(frequencies, mid, *band), -40.0) for band in WIDTH_BANDS
    ])


def figures(audio, rate):
    """Loudness, range, true peak and peak to loudness."""
    cells = weighted_cells(audio, rate, 0.1)
    integrated, peak = loudness(cells), true_peak(audio)
    return {
        "lufs": integrated,
        "range": loudness_range(cells),
        "peak": peak,
        "plr": peak - integrated,
    }
