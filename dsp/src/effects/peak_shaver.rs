//! Takes the tops off single short peaks: what clips for less than two milliseconds is heard less than a limiter that
//! ducks everything around it.
//!
//! A *needle* stands alone: over the threshold, from where it leaves the knee to where it is back no longer than
//! [`LENGTH_MAX`], nothing else beyond the knee within [`APART`], and not carried by bass. Each needle is bent by a
//! curve of its own at four times the rate, by at most [`REDUCTION_MAX`]: straight up to the knee, then a parabola that
//! ends at the threshold. Because a needle begins and ends at its knee, nothing is switched on or off. Everywhere else
//! every bit stays. The bounds are those of the design; they are not calibrated by listening yet.

use std::f64::consts::TAU;
use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::true_peak::peak_map;
use crate::parts::oversampler::{REACH_FRAMES, Residue, Scratch, add_residue};
use crate::units::{Dbtp, Decibels, Hertz, Milliseconds, SampleRate};

/// The longest needle.
pub const LENGTH_MAX: Milliseconds = Milliseconds::literal(2.0);
/// The most that a needle is lowered.
pub const REDUCTION_MAX: Decibels = Decibels::literal(1.5);
/// What lies less far apart is one thing, so that the half waves of a tone are no needles.
const APART: Milliseconds = Milliseconds::literal(3.0);
/// Where bending begins, of the threshold: with 0.8 (1.9 dB below) the parabola never turns.
const KNEE: f32 = 0.8;
/// The most of a needle's height that may come from below [`BASS`].
const BASS_SHARE_MAX: f64 = 0.25;
/// Where the average over a Hann window as long as one period is 6 dB down.
const BASS: Hertz = Hertz::literal(120.0);
/// Frames of one channel that one task does. Fixed; a cut changes nothing anyway.
const SEGMENT_FRAMES: usize = 1 << 16;
/// Frames by which the filter carries a change past a needle.
const SPREAD: usize = REACH_FRAMES / 2;

/// Shaves what stands above a threshold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PeakShaver {
    threshold: Dbtp,
}

impl PeakShaver {
    /// With the level that needles are brought down to, as far as that is allowed.
    #[must_use]
    pub fn new(threshold: Dbtp) -> Self {
        Self { threshold }
    }

    /// Shaves all of `audio` and says what was done.
    pub fn apply(&self, audio: &mut Audio) -> Needles {
        let needles = self.find(audio, &peak_map(audio));
        if needles.is_identity() {
            return needles;
        }
        let source = audio.clone();
        audio.channels_mut().par_iter_mut().zip(source.channels()).for_each(|(out, source)| {
            let segments = out.par_chunks_mut(SEGMENT_FRAMES).enumerate();
            segments.for_each_init(Scratch::new, |scratch, (segment, out)| {
                needles.process_channel(source, segment * SEGMENT_FRAMES, out, scratch);
            });
        });
        needles
    }

    /// The needles of `audio`, whose level around each frame is `map` (`meter::true_peak::peak_map`).
    #[must_use]
    pub fn find(&self, audio: &Audio, map: &[f32]) -> Needles {
        let threshold = self.threshold.amplitude() as f32;
        let (apart, longest) = (audio.rate().frames_in(APART), audio.rate().frames_in(LENGTH_MAX));
        let mut found = Vec::new();
        for frames in stretches(map, KNEE * threshold, apart) {
            let (mut at, mut peak) = (frames.start, 0.0f32);
            for frame in frames.clone() {
                if map[frame] > peak {
                    (at, peak) = (frame, map[frame]);
                }
            }
            if peak > threshold && frames.len() <= longest && bass_share(audio, at) < BASS_SHARE_MAX {
                found.push(Needle { frames, curve: Curve::new(threshold, peak), peak });
            }
        }
        Needles(found)
    }
}

/// Where `map` is above `level`, stretches less than `apart` frames from each other in one.
fn stretches(map: &[f32], level: f32, apart: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (frame, _) in map.iter().enumerate().filter(|(_, value)| **value > level) {
        match found.last_mut() {
            Some(last) if frame - last.end < apart => last.end = frame + 1,
            _ => found.push(frame..frame + 1),
        }
    }
    found
}

/// How much of the highest sample around a frame is bass.
fn bass_share(audio: &Audio, at: usize) -> f64 {
    let around = at.saturating_sub(1)..(at + 2).min(audio.frames());
    let level = |samples: &[f32]| samples[around.clone()].iter().fold(0.0f32, |a, x| a.max(x.abs()));
    let loudest = audio.channels().iter().max_by(|a, b| level(a).total_cmp(&level(b)));
    let Some(samples) = loudest.filter(|samples| level(samples) > 0.0) else { return 0.0 };
    (average(samples, at, audio.rate()) / f64::from(level(samples))).abs()
}

/// The average around a frame, under a Hann window of one period of [`BASS`].
fn average(samples: &[f32], at: usize, rate: SampleRate) -> f64 {
    let half = (0.5 * rate.as_f64() / BASS.value()).round() as usize;
    let first = at.saturating_sub(half);
    let window = |frame: usize| 1.0 + (TAU * (frame as f64 - at as f64) / (2 * half) as f64).cos();
    let around = samples[first..(at + half).min(samples.len())].iter().enumerate();
    around.map(|(n, x)| window(first + n) * f64::from(*x)).sum::<f64>() / (2 * half) as f64
}

/// One short peak.
#[derive(Clone, PartialEq, Debug)]
struct Needle {
    frames: Range<usize>,
    curve: Curve,
    peak: f32,
}

/// What is shaved, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct Needles(Vec<Needle>);

impl Needles {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is done.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// How far the most lowered one is lowered.
    #[must_use]
    pub fn deepest(&self) -> Decibels {
        Decibels::literal(self.reductions_db().fold(0.0, f64::max))
    }

    /// All that is taken off, summed over the needles.
    #[must_use]
    pub fn total(&self) -> Decibels {
        Decibels::literal(self.reductions_db().sum())
    }

    fn reductions_db(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|needle| {
            let lowered = needle.peak + needle.curve.of(needle.peak);
            Decibels::from_amplitude(f64::from(needle.peak) / f64::from(lowered)).value()
        })
    }

    /// The frames of each, in order.
    pub fn frames(&self) -> impl Iterator<Item = Range<usize>> {
        self.0.iter().map(|needle| needle.frames.clone())
    }

    /// Frames on either side of a segment that it depends on.
    #[must_use]
    pub fn reach_frames(&self) -> usize {
        if self.is_identity() { 0 } else { REACH_FRAMES }
    }

    /// Writes frames `first..` of all channels; `source` are whole channels. Where it is cut changes nothing.
    pub fn process_segment(
        &self,
        source: &[&[f32]],
        first: usize,
        out: &mut [&mut [f32]],
        scratch: &mut Scratch,
    ) {
        for (source, out) in source.iter().zip(out) {
            out.copy_from_slice(&source[first..first + out.len()]);
            self.process_channel(source, first, out, scratch);
        }
    }

    /// Shaves `out`, which holds the frames of `source` from `first` on.
    fn process_channel(&self, source: &[f32], first: usize, out: &mut [f32], scratch: &mut Scratch) {
        let end = first + out.len();
        let next = self.0.partition_point(|needle| needle.frames.end + SPREAD <= first);
        for needle in self.0[next..].iter().take_while(|needle| needle.frames.start < end + SPREAD) {
            let from = needle.frames.start.saturating_sub(SPREAD).max(first);
            let to = (needle.frames.end + SPREAD).min(end);
            let part = &mut out[from - first..to - first];
            add_residue(needle.curve, needle.frames.clone(), source, from, part, scratch);
        }
    }
}

/// `x − bend (|x| − knee)²` beyond the knee, on either side.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Curve {
    knee: f32,
    bend: f32,
    /// From the knee to the needle's peak, beyond which it goes on straight.
    width: f32,
}

impl Curve {
    /// That brings `peak` to the threshold, or as near as it may.
    fn new(threshold: f32, peak: f32) -> Self {
        let aim = threshold.max(peak / REDUCTION_MAX.amplitude() as f32);
        let knee = KNEE * threshold;
        let width = peak - knee;
        Self { knee, bend: (peak - aim) / (width * width), width }
    }
}

impl Residue for Curve {
    #[inline(always)]
    fn of(self, value: f32) -> f32 {
        let beyond = value.abs() - self.knee;
        let beyond = if beyond > 0.0 { beyond } else { 0.0 };
        let beyond = if beyond < self.width { beyond } else { self.width };
        -(self.bend * beyond * beyond).copysign(value)
    }
}
