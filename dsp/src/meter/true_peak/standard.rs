//! The true peak as the standard's own filter reads it, so that users find the number their other meter
//! shows.

use std::ops::Range;
use std::sync::LazyLock;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::meter::true_peak::bound::Bound;
use crate::meter::true_peak::grid::{chunk, highest_sample, max};
use crate::simd::{Kernel, dispatch};
use crate::units::Dbtp;

const RUN: usize = 64;

/// The 48-tap filter of ITU-R BS.1770-5, annex 2: for each sample in reach, oldest first, what it counts in
/// phases 0 and 1. Phases 3 and 2 are their mirror images.
const TAPS: [[f32; 2]; 12] = [
    [0.001_708_984_4, -0.029_174_805],
    [0.010_986_328, 0.029_296_875],
    [-0.019_653_32, -0.051_757_812],
    [0.033_203_125, 0.089_111_33],
    [-0.059_448_242, -0.166_503_9],
    [0.137_329_1, 0.465_087_9],
    [0.972_167_97, 0.779_785_16],
    [-0.102_294_92, -0.200_317_38],
    [0.047_607_42, 0.101_562_5],
    [-0.026_611_328, -0.058_227_54],
    [0.014_892_578, 0.033_081_055],
    [-0.008_300_781, -0.018_920_898],
];

/// What no output exceeds.
static BOUND: LazyLock<Bound> = LazyLock::new(|| {
    let phase = |phase: usize| TAPS.map(|tap| f64::from(tap[phase]));
    let phases = [phase(0), phase(1)];
    Bound::of(phases.iter().map(<[f64; 12]>::as_slice))
});

/// True peak by the 48-tap filter of the standard at four times the rate, without refinement. It reads up to
/// 0.7 dB high near the Nyquist frequency and as much low between its points; [`super::certify`] does
/// neither.
#[must_use]
pub fn standard(audio: &Audio) -> Dbtp {
    const SEGMENT_FRAMES: usize = 1 << 16;
    let segments = audio.frames().div_ceil(SEGMENT_FRAMES);
    let highest = (0..segments)
        .into_par_iter()
        .map(|segment| {
            let first = segment * SEGMENT_FRAMES;
            let frames = first..(first + SEGMENT_FRAMES).min(audio.frames());
            let mut excerpt = Excerpt::default();
            audio.channels().iter().fold(0.0, |best, channel| {
                excerpt.read(channel, frames.clone());
                highest(&excerpt, MARGIN..MARGIN + frames.len(), best)
            })
        })
        .reduce(|| 0.0, f32::max);
    Dbtp::from_amplitude(f64::from(highest))
}

/// The highest output for `frames` of an excerpt, or `floor` if none exceeds it.
pub(crate) fn highest(excerpt: &Excerpt, frames: Range<usize>, floor: f32) -> f32 {
    dispatch(Highest { bound: *BOUND, excerpt, frames, floor })
}

struct Highest<'a> {
    bound: Bound,
    excerpt: &'a Excerpt,
    frames: Range<usize>,
    floor: f32,
}

impl Kernel for Highest<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut best = self.floor;
        for first in self.frames.clone().step_by(RUN) {
            if self.bound.over(&self.excerpt.outline::<RUN>(first)) > best {
                best = max(self.highest_of_run(first), best);
            }
        }
        best
    }
}

impl Highest<'_> {
    /// All four phases of a run.
    #[inline(always)]
    fn highest_of_run(&self, first: usize) -> f32 {
        const TAPS_AT_ONCE: usize = 4;
        let x: &[f32; TAPS.len() - 1 + RUN] = chunk(self.excerpt.whole(), first + 1 - TAPS.len() / 2);
        let mut outputs = [[0.0f32; RUN]; 4];
        for pass in 0..TAPS.len() / TAPS_AT_ONCE {
            let first = pass * TAPS_AT_ONCE;
            let x: &[f32; TAPS_AT_ONCE - 1 + RUN] = chunk(x, first);
            for n in 0..RUN {
                for k in 0..TAPS_AT_ONCE {
                    let (tap, mirror) = (TAPS[first + k], TAPS[TAPS.len() - 1 - first - k]);
                    outputs[0][n] += tap[0] * x[n + k];
                    outputs[1][n] += tap[1] * x[n + k];
                    outputs[2][n] += mirror[1] * x[n + k];
                    outputs[3][n] += mirror[0] * x[n + k];
                }
            }
        }
        outputs.iter().fold(0.0, |highest, output| max(highest, highest_sample(output)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;
    use crate::units::SampleRate;

    #[test]
    fn one_sample_reads_as_the_largest_tap_of_the_standard() {
        for at in [0, 500, 999] {
            let audio =
                signal::from_frames(SampleRate::literal(48_000), 1_000, |n| f64::from(u8::from(n == at)));
            assert!((standard(&audio).amplitude() - 0.972_167_968_75).abs() < 1e-6, "frame {at}");
        }
    }
}
