//! The pass over samples: levels, peaks and means of every 50 ms.

use rayon::prelude::*;

use crate::analysis::activity::Activity;
use crate::analysis::blocks::clean;
use crate::analysis::stereo::Image;
use crate::audio::Audio;
use crate::progress::{Cancelled, Watch};
use crate::simd::{Kernel, dispatch};
use crate::units::Milliseconds;

/// The signal in windows of 50 ms, the last of which may be shorter.
#[derive(Debug)]
pub(super) struct Windows {
    /// Frames in each.
    pub(super) window_frames: usize,
    channels: usize,
    frames: usize,
    pub(super) windows: Vec<Window>,
}

/// What one window holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Sums of squares.
    pub(super) energy: Image,
    /// Highest magnitude of each channel.
    pub(super) peaks: [f32; 2],
    /// Sum of each channel's samples.
    sums: [f64; 2],
    /// Whether a sample differs between the channels.
    differs: bool,
    pub(super) first: usize,
    pub(super) frames: usize,
}

impl Windows {
    pub(super) fn of(audio: &Audio, watch: &dyn Watch) -> Result<Self, Cancelled> {
        let window_frames = audio.rate().frames_in(Milliseconds::literal(50.0));
        let left = audio.channel(0);
        let right = audio.channel(1.min(audio.channel_count() - 1));
        let windows = left
            .par_chunks(window_frames)
            .zip(right.par_chunks(window_frames))
            .enumerate()
            .with_min_len(32)
            .map(|(index, (left, right))| {
                if watch.is_cancelled() {
                    return Err(Cancelled);
                }
                Ok(dispatch(Measured { left, right, first: index * window_frames }))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let channels = audio.channel_count().min(2);
        Ok(Self { window_frames, channels, frames: audio.frames(), windows })
    }

    /// Mean of each channel.
    pub(super) fn dc(&self) -> Vec<f64> {
        let mean = |channel: usize| {
            self.windows.iter().map(|window| window.sums[channel]).sum::<f64>() / self.frames.max(1) as f64
        };
        (0..self.channels).map(mean).collect()
    }

    /// Whether both channels hold the same samples.
    pub(super) fn is_mono(&self) -> bool {
        self.windows.iter().all(|window| !window.differs)
    }

    /// Mean squares of everything.
    pub(super) fn everything(&self) -> Image {
        let sum = Image::sum(self.windows.iter().map(|window| window.energy));
        sum.divided_by(self.frames.max(1) as f64)
    }

    /// Mean squares of what is active; of everything if nothing is.
    pub(super) fn image(&self, activity: &Activity) -> Image {
        let active: Vec<&Window> = self.active(activity).collect();
        let frames: usize = active.iter().map(|window| window.frames).sum();
        if frames == 0 {
            return self.everything();
        }
        Image::sum(active.iter().map(|window| window.energy)).divided_by(frames as f64)
    }

    /// The windows whose middle lies in an active block.
    pub(super) fn active<'a>(&'a self, activity: &'a Activity) -> impl Iterator<Item = &'a Window> {
        self.windows.iter().filter(|window| activity.at(window.first + window.frames / 2))
    }
}

impl Window {
    /// Mean square, the mean of both channels.
    pub(super) fn power(&self) -> f64 {
        0.5 * (self.energy.left + self.energy.right) / self.frames as f64
    }
}

struct Measured<'a> {
    left: &'a [f32],
    right: &'a [f32],
    first: usize,
}

impl Kernel for Measured<'_> {
    type Output = Window;

    #[inline(always)]
    fn run(self) -> Window {
        let mut lanes = [Lane::default(); 8];
        let whole = self.left.len() / 8 * 8;
        for (left, right) in self.left.chunks_exact(8).zip(self.right.chunks_exact(8)) {
            for lane in 0..8 {
                lanes[lane].add(left[lane], right[lane]);
            }
        }
        for (left, right) in self.left[whole..].iter().zip(&self.right[whole..]) {
            lanes[0].add(*left, *right);
        }
        let sum = |value: fn(&Lane) -> f32| lanes.iter().map(|lane| f64::from(value(lane))).sum::<f64>();
        let highest = |value: fn(&Lane) -> f32| lanes.iter().map(value).fold(0.0f32, f32::max);
        Window {
            energy: Image { left: sum(|l| l.left), right: sum(|l| l.right), product: sum(|l| l.product) },
            peaks: [highest(|l| l.left_peak), highest(|l| l.right_peak)],
            sums: [sum(|l| l.left_sum), sum(|l| l.right_sum)],
            differs: highest(|l| l.difference) > 0.0,
            first: self.first,
            frames: self.left.len(),
        }
    }
}

/// Every eighth frame of a window.
#[derive(Clone, Copy, Default)]
struct Lane {
    left: f32,
    right: f32,
    product: f32,
    left_peak: f32,
    right_peak: f32,
    left_sum: f32,
    right_sum: f32,
    difference: f32,
}

impl Lane {
    #[inline(always)]
    fn add(&mut self, left: f32, right: f32) {
        let (left, right) = (clean(left), clean(right));
        self.left += left * left;
        self.right += right * right;
        self.product += left * right;
        self.left_peak = self.left_peak.max(left.abs());
        self.right_peak = self.right_peak.max(right.abs());
        self.left_sum += left;
        self.right_sum += right;
        self.difference = self.difference.max((left - right).abs());
    }
}
