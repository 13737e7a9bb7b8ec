//! The filters of a chain as factors on bins.

use rayon::prelude::*;
use realfft::num_complex::Complex32;

use super::ChainPlan;
use crate::effects::equalizer::Equalizer;
use crate::effects::multiband::{BANDS, band_gain};
use crate::parts::fft::Framing;
use crate::parts::zero_phase::Design;
use crate::units::{Hertz, SampleRate};

/// Bands that are filtered out; the uppermost is what remains.
pub(super) const SPLITS: usize = BANDS - 1;

/// A filter as what each bin is multiplied by.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Bins {
    /// Symmetric.
    Straight(Vec<f32>),
    /// With the phase that its gain must have.
    Turned(Vec<Complex32>),
}

/// What a mid, a side, or a channel that has neither goes through.
#[derive(Clone, Default, Debug)]
pub(super) struct Filters {
    /// Tone, all bands together; none if it changes nothing.
    pub(super) whole: Option<Bins>,
    /// Tone and band in one, for each band but the uppermost; none without dynamics in bands.
    pub(super) bands: Option<[Bins; SPLITS]>,
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
        let [mid_turns, side_turns] = equalizer.turns(&design);
        let splits = plan.working_bands().map(|_| {
            let sampled = |band: usize| design.sampled(|frequency: Hertz| band_gain(band, frequency));
            let mut splits = [const { Vec::new() }; SPLITS];
            splits.par_iter_mut().enumerate().for_each(|(band, gains)| *gains = sampled(band));
            splits
        });
        let alike = mid == side && mid_turns == side_turns;
        let designed = |tone: Option<Vec<f64>>, turns: Option<Vec<f64>>| {
            Designer { design: &design, turns: turns.as_deref(), splits: splits.as_ref() }.filters(tone)
        };
        let mid = designed(mid, mid_turns);
        let side = if alike { mid.clone() } else { designed(side, side_turns) };
        [mid, side]
    }

    /// Whether any of them needs a transform.
    pub(super) fn is_empty(&self) -> bool {
        self.whole.is_none() && self.bands.is_none()
    }
}

/// What all filters of a mid or a side have in common.
struct Designer<'a> {
    design: &'a Design,
    /// Their phase, if they have one.
    turns: Option<&'a [f64]>,
    splits: Option<&'a [Vec<f64>; SPLITS]>,
}

impl Designer<'_> {
    fn filters(&self, tone: Option<Vec<f64>>) -> Filters {
        let bands = self.splits.map(|splits| {
            let mut bands = [const { Bins::Straight(Vec::new()) }; SPLITS];
            bands.par_iter_mut().zip(splits).for_each(|(bins, split)| {
                *bins = match &tone {
                    None => self.bins(split),
                    Some(tone) => {
                        let both: Vec<f64> = tone.iter().zip(split).map(|(tone, band)| tone * band).collect();
                        self.bins(&both)
                    }
                };
            });
            bands
        });
        Filters { whole: tone.map(|tone| self.bins(&tone)), bands }
    }

    fn bins(&self, gains: &[f64]) -> Bins {
        match self.turns {
            None => Bins::Straight(self.design.bin_gains(gains)),
            Some(turns) => Bins::Turned(self.design.turned_bins(gains, turns)),
        }
    }
}
