//! Spectra by a textbook transform in double precision, which shares nothing with what it judges.

use std::f64::consts::{PI, TAU};

/// The power at each frequency below the Nyquist frequency, averaged over Hann-windowed stretches of `size` frames
/// (a power of two), half overlapping. White noise of variance 1 gives 1 in each bin, a sine its
/// power times `size / 3` in its three bins together.
pub fn averaged(samples: &[f64], size: usize) -> Vec<f64> {
    let window: Vec<f64> = (0..size).map(|n| 0.5 - 0.5 * (TAU * n as f64 / size as f64).cos()).collect();
    let scale: f64 = window.iter().map(|w| w * w).sum();
    let mut sums = vec![0.0; size / 2];
    let mut count = 0.0;
    let mut from = 0;
    while from + size <= samples.len() {
        let mut re: Vec<f64> = samples[from..from + size].iter().zip(&window).map(|(x, w)| x * w).collect();
        let mut im = vec![0.0; size];
        transform(&mut re, &mut im);
        for (sum, (re, im)) in sums.iter_mut().zip(re.iter().zip(&im)) {
            *sum += re * re + im * im;
        }
        count += 1.0;
        from += size / 2;
    }
    sums.iter().map(|sum| sum / (scale * count)).collect()
}

/// How far the highest bin from `first` on stands above the median of its 64 neighbours, in dB, and which it is;
/// bins in `except` do not count.
pub fn worst_spur(spectrum: &[f64], first: usize, except: &[usize]) -> (f64, usize) {
    let mut worst = (f64::NEG_INFINITY, 0);
    for bin in first..spectrum.len() {
        if except.contains(&bin) {
            continue;
        }
        let low = bin.saturating_sub(32).max(first);
        let mut around = spectrum[low..(bin + 33).min(spectrum.len())].to_vec();
        around.sort_by(f64::total_cmp);
        let over = 10.0 * (spectrum[bin] / around[around.len() / 2]).log10();
        if over > worst.0 {
            worst = (over, bin);
        }
    }
    worst
}

/// The amplitude of the sinusoid of a frequency (in cycles per frame), under a window that lets nothing else through
/// (four-term Blackman and Harris, 92 dB; squared, for twice that).
pub fn amplitude(samples: &[f64], cycles_per_frame: f64) -> f64 {
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    for (n, x) in samples.iter().enumerate() {
        let at = TAU * (n as f64 + 0.5) / samples.len() as f64;
        let window =
            0.358_75 - 0.488_29 * at.cos() + 0.141_28 * (2.0 * at).cos() - 0.011_68 * (3.0 * at).cos();
        let window = window * window;
        let phase = TAU * (cycles_per_frame * n as f64).fract();
        re += window * x * phase.cos();
        im += window * x * phase.sin();
        sum += window;
    }
    2.0 * re.hypot(im) / sum
}

/// The discrete Fourier transform in place, for lengths that are powers of two (Cooley and Tukey 1965).
pub fn transform(re: &mut [f64], im: &mut [f64]) {
    let size = re.len();
    assert!(size.is_power_of_two());
    let bits = size.trailing_zeros();
    for n in 0..size {
        let mirrored = n.reverse_bits() >> (usize::BITS - bits);
        if mirrored > n {
            re.swap(n, mirrored);
            im.swap(n, mirrored);
        }
    }
    let mut half = 1;
    while half < size {
        let turns: Vec<(f64, f64)> =
            (0..half).map(|k| (-PI * k as f64 / half as f64).sin_cos()).map(|(s, c)| (c, s)).collect();
        for start in (0..size).step_by(2 * half) {
            for (k, (c, s)) in turns.iter().enumerate() {
                let (a, b) = (start + k, start + k + half);
                let (turned_re, turned_im) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - turned_re, im[a] - turned_im);
                (re[a], im[a]) = (re[a] + turned_re, im[a] + turned_im);
            }
        }
        half *= 2;
    }
}
