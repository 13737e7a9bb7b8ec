//! The true peak as the standard's own filter reads it, so that users find the number their other meter shows.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::simd::{Kernel, dispatch};
use crate::units::Dbtp;

const TAPS: usize = 12;
const LANES: usize = 8;
const RUN: usize = 64;

/// Phases 0 and 1 of the 48-tap filter of ITU-R BS.1770-5, annex 2; phases 3 and 2 are their mirror images.
const PHASES: [[f32; TAPS]; 2] = [
    [
        0.001_708_984_4,
        0.010_986_328,
        -0.019_653_32,
        0.033_203_125,
        -0.059_448_242,
        0.137_329_1,
        0.972_167_97,
        -0.102_294_92,
        0.047_607_42,
        -0.026_611_328,
        0.014_892_578,
        -0.008_300_781,
    ],
    [
        -0.029_174_805,
        0.029_296_875,
        -0.051_757_812,
        0.089_111_33,
        -0.166_503_9,
        0.465_087_9,
        0.779_785_16,
        -0.200_317_38,
        0.101_562_5,
        -0.058_227_54,
        0.033_081_055,
        -0.018_920_898,
    ],
];

/// No output of either phase exceeds the largest input times this.
const GAIN_BOUND: f32 = 2.05;

/// True peak by the 48-tap filter of the standard at four times the rate, without refinement. It reads up to
/// 0.7 dB high near the Nyquist frequency and as much low between its points; [`super::certify`] does neither.
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
    dispatch(Highest { window: excerpt.whole(), frames, floor })
}

struct Highest<'a> {
    window: &'a [f32],
    frames: Range<usize>,
    floor: f32,
}

impl Kernel for Highest<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut best = self.floor;
        let mut first = self.frames.start;
        while first < self.frames.end {
            let count = RUN.min(self.frames.end - first);
            let reach = &self.window[first - TAPS..first + count + TAPS];
            if super::grid::highest_sample(reach) * GAIN_BOUND > best {
                let mut highest = [best; LANES];
                for group in (first..first + count).step_by(LANES) {
                    highest_of_group(self.window, group, &mut highest);
                }
                best = highest.iter().fold(best, |a, &b| a.max(b));
            }
            first += count;
        }
        best
    }
}

/// All four phases of eight frames.
#[inline(always)]
fn highest_of_group(window: &[f32], first: usize, highest: &mut [f32; LANES]) {
    const REACH: usize = TAPS - 1 + LANES;
    let Some(x) = window.get(first + 1 - TAPS / 2..).and_then(|w| w.first_chunk::<REACH>()) else { return };
    for taps in &PHASES {
        let (mut forward, mut mirrored) = ([0.0f32; LANES], [0.0f32; LANES]);
        for k in 0..TAPS {
            for lane in 0..LANES {
                forward[lane] += taps[k] * x[k + lane];
                mirrored[lane] += taps[TAPS - 1 - k] * x[k + lane];
            }
        }
        for lane in 0..LANES {
            let higher = super::grid::max(forward[lane].abs(), mirrored[lane].abs());
            highest[lane] = super::grid::max(highest[lane], higher);
        }
    }
}
