//! What is kept of a stem to compare it with others: one channel at about 6 kHz, in pieces of four seconds at places on
//! the session's clock that are the same for all stems.

use crate::parts::window::kaiser;
use crate::units::SampleRate;

/// Pieces of one stem.
#[derive(Debug)]
pub(super) struct Archive {
    /// Samples per second in it.
    pub(super) rate: f64,
    /// Samples of each piece.
    pub(super) piece: usize,
    /// All pieces one after another; shorter than those of other stems where it has ended.
    pub(super) samples: Vec<f32>,
}

/// What samples pass on their way into an archive.
#[derive(Debug)]
pub(super) struct Archivist {
    factor: usize,
    taps: Vec<f32>,
    piece: usize,
    /// One in so many pieces is kept.
    every: usize,
    /// Waiting samples; the first has the number `first`, counted from half the filter before the clock's zero.
    waiting: Vec<f32>,
    /// The number in the archive's rate of the next sample.
    next: usize,
    archive: Archive,
}

/// Aimed-at rate of archives: twice what is compared, 40 to 2000 Hz, and room for the filter.
const RATE_HZ: f64 = 6000.0;
const PIECE_SECONDS: f64 = 4.0;
const SECONDS_MAX: f64 = 300.0;
/// Taps for each frame of the factor; with a window of 60 dB the filter falls from 2.1 to 3.5 kHz.
const TAPS_EACH: usize = 16;
const KAISER_BETA: f64 = 5.65;
const CUTOFF_HZ: f64 = 2700.0;

impl Archivist {
    /// For a stem that starts so many frames after zero, of a session of so many frames.
    pub(super) fn new(rate: SampleRate, start: usize, session_frames: usize) -> Self {
        let factor = (rate.as_f64() / RATE_HZ).round().max(1.0) as usize;
        let slow = rate.as_f64() / factor as f64;
        let piece = (PIECE_SECONDS * slow).round() as usize;
        let pieces = (session_frames / factor).div_ceil(piece).max(1);
        let every = pieces.div_ceil((SECONDS_MAX / PIECE_SECONDS) as usize);
        let taps = taps(factor, rate);
        // Silence up to the start of the stem, what the filter reaches back included: all of it but the last frames
        // that matter is skipped.
        let reach = taps.len() / 2;
        let next = start.saturating_sub(reach).div_ceil(factor);
        let mut samples = Vec::new();
        samples.resize(kept_before(next, piece, every), 0.0);
        let waiting = vec![0.0f32; start + reach - next * factor];
        Self { factor, taps, piece, every, waiting, next, archive: Archive { rate: slow, piece, samples } }
    }

    /// The next samples.
    pub(super) fn take(&mut self, samples: impl Iterator<Item = f32>) {
        self.waiting.extend(samples);
        let mut from = 0;
        while from + self.taps.len() <= self.waiting.len() {
            if (self.next / self.piece).is_multiple_of(self.every) {
                let span = &self.waiting[from..from + self.taps.len()];
                self.archive.samples.push(dot(span, &self.taps));
            }
            self.next += 1;
            from += self.factor;
        }
        self.waiting.drain(..from);
    }

    pub(super) fn finish(mut self) -> Archive {
        let reach = self.taps.len();
        self.take(std::iter::repeat_n(0.0, reach));
        self.archive
    }
}

/// How many samples of the archive lie before number `next`.
fn kept_before(next: usize, piece: usize, every: usize) -> usize {
    let (whole, part) = (next / piece, next % piece);
    whole.div_ceil(every) * piece + if whole.is_multiple_of(every) { part } else { 0 }
}

fn taps(factor: usize, rate: SampleRate) -> Vec<f32> {
    let half = (TAPS_EACH * factor / 2) as isize;
    let turn = std::f64::consts::TAU * (CUTOFF_HZ / rate.as_f64()).min(0.5);
    let tap = |index: isize| {
        let at = index as f64;
        let sinc = if index == 0 { turn } else { (turn * at).sin() / at } / std::f64::consts::PI;
        (sinc * kaiser(KAISER_BETA, at / (half + 1) as f64)) as f32
    };
    (-half..=half).map(tap).collect()
}

/// In eight lanes with a fixed order of sums.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_that_starts_later_lies_later_in_the_archive() {
        let rate = SampleRate::literal(48_000);
        for start in [0, 1, 64, 8000, 48_003, 240_000] {
            let mut early = Archivist::new(rate, 0, 480_000);
            let mut late = Archivist::new(rate, start, 480_000);
            let sound = |frame: usize| ((frame as f64 * 0.02).sin() * (frame as f64 * 1e-4).sin()) as f32;
            early.take((0..start).map(|_| 0.0).chain((0..96_000).map(sound)));
            late.take((0..96_000).map(sound));
            let (early, late) = (early.finish(), late.finish());
            assert!(early.samples.len().abs_diff(late.samples.len()) <= 1, "{start}");
            let apart =
                early.samples.iter().zip(&late.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-6, "{start}: {apart}");
            assert!(late.samples.iter().any(|sample| *sample > 0.5), "{start}");
        }
    }
}
