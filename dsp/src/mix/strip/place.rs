//! Where a stem stands: moving gains, fader, width and pan, to two channels.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4, SQRT_2};

use crate::analysis::CONTROL_FRAMES;
use crate::audio::{Audio, Samples};
use crate::mix::listening::Image;
use crate::mix::plan::StemPlan;
use crate::mix::track::Shape;
use crate::mix::wish::Pan;
use crate::simd::{Kernel, dispatch};
use crate::units::Decibels;

/// `audio` in stereo, `frames` long, through `gains` (at the control rate), width, fader and pan. What does nothing
/// is left out: with none of them two channels stay as they are.
pub(super) fn placed(
    mut audio: Audio,
    plan: &StemPlan,
    shape: Shape,
    gains: Option<&[f32]>,
    mix_gain_db: f64,
    frames: usize,
) -> Audio {
    let mono = audio.channel_count() == 1;
    if plan.width != Decibels::ZERO && !mono {
        let [left, right] = audio.channels_mut() else { return audio };
        dispatch(Widen { left, right, side: plan.width.amplitude() as f32 });
    }
    if let Some(gains) = gains {
        moved(&mut audio, gains);
    }
    let fader = Decibels::literal(plan.fader.value() + mix_gain_db).amplitude();
    let factors = law(plan.pan, shape).map(|side| (side * fader) as f32);
    if !mono && audio.frames() == frames {
        for (channel, factor) in audio.channels_mut().iter_mut().zip(factors).filter(|(_, f)| *f != 1.0) {
            channel.iter_mut().for_each(|sample| *sample *= factor);
        }
        return audio;
    }
    let rate = audio.rate();
    let channels = [0, 1].map(|side| {
        let source = audio.channel(if mono { 0 } else { side });
        let mut out = Samples::silence(frames);
        let count = source.len().min(frames);
        if factors[side] == 1.0 {
            out[..count].copy_from_slice(&source[..count]);
        } else {
            out.iter_mut().zip(source).for_each(|(out, sample)| *out = sample * factors[side]);
        }
        out
    });
    Audio::from_channels(rate, channels.into())
}

/// Multiplies all channels by `gains` at the control rate.
pub(in crate::mix) fn moved(audio: &mut Audio, gains: &[f32]) {
    audio.channels_mut().iter_mut().for_each(|samples| dispatch(Move { samples, gains }));
}

/// Gains of left and right. One channel: sine and cosine, −3 dB each in the middle; 3 dB more if it came twice. Two:
/// the farther one is turned down by a cosine.
pub(in crate::mix) fn law(pan: Pan, shape: Shape) -> [f64; 2] {
    let place = pan.value();
    let angle = (place + 1.0) * FRAC_PI_4;
    match (shape, place) {
        (Shape::Two | Shape::Twin, 0.0) => [1.0; 2],
        (Shape::One | Shape::OneOf(_), 0.0) => [FRAC_1_SQRT_2; 2],
        (Shape::One | Shape::OneOf(_), _) => [angle.cos(), angle.sin()],
        (Shape::Twin, _) => [SQRT_2 * angle.cos(), SQRT_2 * angle.sin()],
        (Shape::Two, _) if place > 0.0 => [(place * FRAC_PI_2).cos(), 1.0],
        (Shape::Two, _) => [1.0, (place * FRAC_PI_2).cos()],
    }
}

/// What width and pan make of the energies of a stem.
pub(in crate::mix) fn image_after(image: Image, pan: Pan, width: Decibels, shape: Shape) -> Image {
    let [left, right] = law(pan, shape);
    let side = if shape == Shape::Two { width.amplitude() } else { 1.0 };
    // L' = a L + b R with a = (1 + side) / 2 and b = (1 − side) / 2.
    let (a, b) = (0.5 * (1.0 + side), 0.5 * (1.0 - side));
    let own = |x: f64, y: f64| a * a * x + b * b * y + 2.0 * a * b * image.product;
    let product = a * b * (image.left + image.right) + (a * a + b * b) * image.product;
    Image {
        left: left * left * own(image.left, image.right),
        right: right * right * own(image.right, image.left),
        product: left * right * product,
    }
}

struct Widen<'a> {
    left: &'a mut [f32],
    right: &'a mut [f32],
    side: f32,
}

impl Kernel for Widen<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (left, right) in self.left.iter_mut().zip(self.right) {
            let (mid, side) = (0.5 * (*left + *right), 0.5 * self.side * (*left - *right));
            (*left, *right) = (mid + side, mid - side);
        }
    }
}

/// Multiplies by gains in straight lines from the middle of one run to the middle of the next.
struct Move<'a> {
    samples: &'a mut [f32],
    gains: &'a [f32],
}

impl Kernel for Move<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        const HALF: usize = CONTROL_FRAMES / 2;
        let last = self.gains.len().saturating_sub(1);
        for (half, samples) in self.samples.chunks_mut(HALF).enumerate() {
            let run = (half / 2).min(last);
            let at = self.gains[run];
            // In the first half of a run the line comes from the run before, in the second it goes to the next.
            let (from, to, start) = if half % 2 == 0 {
                (self.gains[run.saturating_sub(1)], at, HALF)
            } else {
                (at, self.gains[(run + 1).min(last)], 0)
            };
            if from == to {
                samples.iter_mut().for_each(|sample| *sample *= at);
                continue;
            }
            let step = (to - from) / CONTROL_FRAMES as f32;
            let first = from + step * (start as f32 + 0.5);
            samples.iter_mut().enumerate().for_each(|(n, sample)| *sample *= first + step * n as f32);
        }
    }
}
