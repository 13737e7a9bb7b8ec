//! The image: what left and right have in common.

use crate::analysis::activity::Activity;
use crate::analysis::blocks::Blocks;
use crate::analysis::features::Stereo;
use crate::analysis::level::level_db;
use crate::analysis::windows::Windows;
use crate::units::Decibels;

/// A channel so far below the other carries nothing: with 16 bits it could be the noise of rounding.
const DEAD_DB: f64 = -80.0;

pub(super) fn of(blocks: &Blocks, windows: &Windows, activity: &Activity) -> Stereo {
    let whole = windows.image(activity);
    let bands = std::array::from_fn(|band| {
        Image::sum(activity.counted().map(|block| blocks.blocks[block].bands[band]))
    });
    Stereo {
        correlation: whole.correlation(),
        band_correlation: bands.map(|image: Image| image.correlation()),
        band_width: bands.map(|image: Image| image.width()),
        balance: Decibels::literal(level_db(whole.left) - level_db(whole.right)),
        dead_channels: dead_channels(windows),
        is_mono: blocks.channels == 1 || windows.is_mono(),
    }
}

fn dead_channels(windows: &Windows) -> Vec<usize> {
    let everything = windows.everything();
    let levels = [level_db(everything.left), level_db(everything.right)];
    (0..2).filter(|&channel| levels[channel] < levels[1 - channel] + DEAD_DB).collect()
}

/// Left and right as a pair: their powers, and that of what they have in common.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Image {
    pub(super) left: f64,
    pub(super) right: f64,
    /// Mean of left times right.
    pub(super) product: f64,
}

impl Image {
    #[inline(always)]
    pub(super) fn add(&mut self, left: f64, right: f64, product: f64) {
        self.left += left;
        self.right += right;
        self.product += product;
    }

    pub(super) fn sum(images: impl Iterator<Item = Self>) -> Self {
        images.fold(Self::default(), |mut sum, image| {
            sum.add(image.left, image.right, image.product);
            sum
        })
    }

    pub(super) fn divided_by(self, count: f64) -> Self {
        Self { left: self.left / count, right: self.right / count, product: self.product / count }
    }

    /// −1 to 1. Where a channel is silent, nothing contradicts: 1 if both are, else 0.
    pub(super) fn correlation(&self) -> f64 {
        let scale = (self.left * self.right).sqrt();
        if scale > 0.0 {
            (self.product / scale).clamp(-1.0, 1.0)
        } else if self.left + self.right > 0.0 {
            0.0
        } else {
            1.0
        }
    }

    /// Power of (L + R) / 2.
    pub(super) fn mid(&self) -> f64 {
        (0.25 * (self.left + self.right + 2.0 * self.product)).max(0.0)
    }

    /// Power of (L − R) / 2.
    pub(super) fn side(&self) -> f64 {
        (0.25 * (self.left + self.right - 2.0 * self.product)).max(0.0)
    }

    /// Power of the side over that of the mid, from 0; 1e6 where there is no mid to speak of.
    pub(super) fn width(&self) -> f64 {
        const WIDEST: f64 = 1e6;
        let (mid, side) = (self.mid(), self.side());
        if side <= 0.0 { 0.0 } else { (side / mid).min(WIDEST) }
    }
}
