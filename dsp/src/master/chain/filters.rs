//! The symmetric filters of a chain as gains on bins.

use rayon::prelude::*;

use super::ChainPlan;
use crate::effects::equalizer::Equalizer;
use crate::effects::multiband::{BANDS, band_gain};
use crate::parts::fft::Framing;
use crate::parts::zero_phase::Design;
use crate::units::{Hertz, SampleRate};

/// Bands that are filtered out; the uppermost is what remains.
pub(super) const SPLITS: usize = BANDS - 1;

/// What a mid, a side, or a channel that has neither goes through.
#[derive(Clone, Default, Debug)]
pub(super) struct Filters {
    /// Tone, all bands together; none if it changes nothing.
    pub(super) whole: Option<Vec<f32>>,
    /// Tone and band in one, for each band but the uppermost; none without dynamics in bands.
    pub(super) bands: Option<[Vec<f32>; SPLITS]>,
}

impl Filters {
    /// Those of the mid and those of the side.
    pub(super) fn of_mid_and_side(
        plan: &ChainPlan,
        equalizer: &Equalizer,
        framing: &Framing,
        rate: SampleRate,
    ) -> [Self; 2] {
        let design = Design::new(framing, rate);
        let mid = equalizer.mid_gains(&design);
        let side = equalizer.side_gains(&design, mid.as_deref());
        let splits = plan.working_bands().map(|_| {
            let sampled = |band: usize| design.sampled(|frequency: Hertz| band_gain(band, frequency));
            let mut splits = [const { Vec::new() }; SPLITS];
            splits.par_iter_mut().enumerate().for_each(|(band, gains)| *gains = sampled(band));
            splits
        });
        let alike = mid == side;
        let mid = Self::designed(&design, mid, splits.as_ref());
        let side = if alike { mid.clone() } else { Self::designed(&design, side, splits.as_ref()) };
        [mid, side]
    }

    fn designed(design: &Design, tone: Option<Vec<f64>>, splits: Option<&[Vec<f64>; SPLITS]>) -> Self {
        let bands = splits.map(|splits| {
            let mut bands = [const { Vec::new() }; SPLITS];
            bands.par_iter_mut().zip(splits).for_each(|(bins, split)| {
                *bins = match &tone {
                    None => design.bin_gains(split),
                    Some(tone) => {
                        let both: Vec<f64> = tone.iter().zip(split).map(|(tone, band)| tone * band).collect();
                        design.bin_gains(&both)
                    }
                };
            });
            bands
        });
        Self { whole: tone.map(|tone| design.bin_gains(&tone)), bands }
    }

    /// Whether any of them needs a transform.
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_none() && self.bands.is_none()
    }
}
