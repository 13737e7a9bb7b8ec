//! The average spectrum that a page draws and that two files are compared by: one number per band of the grid.

use rayon::prelude::*;
use realfft::num_complex::Complex32;

use crate::audio::Audio;
use crate::bands::{BANDS, PerBand, edges};
use crate::parts::fft::Fft;
use crate::units::SampleRate;

/// At most so many blocks are transformed, evenly spread: two minutes without a gap, and no more work for an hour.
const BLOCKS_MAX: usize = 160;
/// What stands for a band that has nothing, or lies above half the rate.
pub const NOTHING_DB: f64 = -200.0;

/// Level of each band in dBFS: 10 log10 of the mean square within the band, averaged over channels and time. Pink
/// noise is flat. Frames are weighted by Hann windows of about 0.7 s, side by side.
#[must_use]
pub fn average_spectrum(audio: &Audio) -> PerBand {
    let block = block_frames(audio.rate());
    let powers = mean_powers(audio, block);
    std::array::from_fn(|band| {
        let power = band_power(&powers, band, audio.rate(), block);
        if power > 0.0 { (10.0 * power.log10()).max(NOTHING_DB) } else { NOTHING_DB }
    })
}

/// The same in the 31 thirds of an octave from 20 Hz to 20 kHz.
#[must_use]
pub fn thirds(spectrum: &PerBand) -> Vec<f64> {
    let power = |band: usize| 10f64.powf(spectrum[band] / 10.0);
    let third = |band: usize| {
        let beside = band.checked_sub(1).into_iter().chain((band + 1 < BANDS).then_some(band + 1));
        10.0 * (power(band) + beside.map(|neighbour| 0.5 * power(neighbour)).sum::<f64>()).log10()
    };
    (0..BANDS).step_by(2).map(third).collect()
}

/// 32768 frames up to 50 kHz, twice as many for each doubling of the rate: bins of at most 1.5 Hz.
fn block_frames(rate: SampleRate) -> usize {
    let times = (rate.as_f64() / 50_000.0).log2().ceil().max(0.0) as u32;
    32_768usize << times
}

/// Mean square per bin, one-sided, averaged over channels and blocks.
fn mean_powers(audio: &Audio, block: usize) -> Vec<f64> {
    /// Fixed, so that sums have one order on every number of threads.
    const BLOCKS_PER_TASK: usize = 16;
    let all = audio.frames().div_ceil(block);
    let used = all.min(BLOCKS_MAX);
    let window: Vec<f32> = (0..block)
        .map(|n| (0.5 - 0.5 * (std::f64::consts::TAU * (n as f64 + 0.5) / block as f64).cos()) as f32)
        .collect();
    let starts: Vec<usize> = (0..used).map(|index| index * all / used * block).collect();
    let sums: Vec<Vec<f64>> = starts
        .par_chunks(BLOCKS_PER_TASK)
        .map(|starts| {
            let mut fft = Fft::new(block);
            let (mut samples, mut bins) = (vec![0.0f32; block], vec![Complex32::ZERO; block / 2 + 1]);
            let mut sum = vec![0.0f64; block / 2 + 1];
            for (&start, channel) in starts.iter().flat_map(|s| audio.channels().iter().map(move |c| (s, c)))
            {
                let end = (start + block).min(channel.len());
                samples.fill(0.0);
                let pairs = samples.iter_mut().zip(&channel[start..end]).zip(&window);
                pairs.for_each(|((out, sample), weight)| *out = sample * weight);
                fft.forward(&samples, &mut bins);
                sum.iter_mut().zip(&bins).for_each(|(sum, bin)| *sum += f64::from(bin.norm_sqr()));
            }
            sum
        })
        .collect();
    // Hann windows pass 3/8 of the power; the last block counts for the frames that it has.
    let frames: usize = starts.iter().map(|start| block.min(audio.frames() - start)).sum();
    let scale = 2.0 / (0.375 * block as f64 * (frames.max(1) * audio.channel_count()) as f64);
    let mut total = vec![0.0; block / 2 + 1];
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum * scale);
    }
    total
}

/// Power between the edges of a band; bins on an edge are divided in proportion.
fn band_power(powers: &[f64], band: usize, rate: SampleRate, block: usize) -> f64 {
    let bin_hz = rate.as_f64() / block as f64;
    let (low, high) = edges(band);
    let last = powers.len() as f64 - 0.5;
    let (low, high) = ((low.value() / bin_hz).min(last), (high.value() / bin_hz).min(last));
    let first = (low + 0.5) as usize;
    let mut power = 0.0;
    for (bin, value) in powers.iter().enumerate().skip(first) {
        let (from, to) = (bin as f64 - 0.5, bin as f64 + 0.5);
        if from >= high {
            break;
        }
        power += value * (to.min(high) - from.max(low)).max(0.0);
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Samples;
    use crate::bands::position;
    use crate::units::Hertz;

    fn sine(hertz: f64, amplitude: f64, rate: SampleRate, seconds: f64) -> Audio {
        let frames = (seconds * rate.as_f64()) as usize;
        let step = std::f64::consts::TAU * hertz / rate.as_f64();
        let samples: Vec<f32> = (0..frames).map(|n| (amplitude * (step * n as f64).sin()) as f32).collect();
        Audio::from_channels(rate, vec![Samples::copied(&samples), Samples::copied(&samples)])
    }

    #[test]
    fn a_sine_stands_in_its_band_with_its_level() {
        for hz in [44_100, 48_000, 96_000, 192_000] {
            let rate = SampleRate::literal(hz);
            let spectrum = average_spectrum(&sine(1016.0, 0.5, rate, 6.0));
            let band = position(Hertz::literal(1016.0)).round() as usize;
            assert!((spectrum[band] + 9.03).abs() < 0.3, "{hz}: {}", spectrum[band]);
            assert!(spectrum[band + 2] < -60.0 && spectrum[band - 2] < -60.0, "{hz}: {spectrum:?}");
        }
    }

    #[test]
    fn thirds_of_an_octave_keep_the_power_of_white_noise() {
        let mut state = 7u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let samples: Vec<f32> = std::iter::repeat_with(next).take(48_000 * 20).collect();
        let audio = Audio::from_channels(SampleRate::literal(48_000), vec![Samples::copied(&samples)]);
        let spectrum = average_spectrum(&audio);
        // Mean square 1/3 over 24 kHz; a third of an octave at 1008 Hz is 233.4 Hz wide.
        let wanted = 10.0 * (233.4f64 / 24_000.0 / 3.0).log10();
        let third = thirds(&spectrum)[17];
        assert!((third - wanted).abs() < 0.3, "{third} and {wanted}");
        assert_eq!(thirds(&spectrum).len(), 31);
    }

    #[test]
    fn above_half_the_rate_there_is_nothing() {
        let spectrum = average_spectrum(&sine(440.0, 0.5, SampleRate::literal(8_000), 3.0));
        assert_eq!(spectrum[BANDS - 1], NOTHING_DB);
        let silence = Audio::silence(SampleRate::literal(44_100), crate::audio::Layout::mono(), 100);
        assert_eq!(average_spectrum(&silence), [NOTHING_DB; BANDS]);
    }
}
