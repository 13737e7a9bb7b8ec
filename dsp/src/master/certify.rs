//! Makes sure of the ceiling on the samples that are delivered.

use super::analysis::Analysis;
use super::outcome::MasterError;
use super::renderer::Renderer;
use crate::audio::Audio;
use crate::effects::limiter::dips::{self, Dip};
use crate::meter::true_peak::{self, Over};
use crate::meter::{Measurements, measure_certified};
use crate::progress::Watch;
use crate::units::{Dbtp, Decibels};

/// Rounds of dips before everything is turned down.
const ROUNDS_MAX: usize = 2;
/// The deepest dip. What is further over was no small thing that a smooth gain missed.
const DIP_MAX: Decibels = Decibels::literal(-3.0);
/// Times that everything is turned down before the certificate is refused; one is the rule.
const TRIMS_MAX: usize = 8;

/// Rendered samples whose true peak is at or below the ceiling.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) audio: Audio,
    pub(crate) after: Measurements,
    pub(crate) dips: usize,
    pub(crate) trim: Decibels,
    /// Renders of everything.
    pub(crate) renders: usize,
}

/// Renders, and brings down what the certifying meter finds above the ceiling: single peaks by smooth dips, and
/// if that is not enough, everything by a gain.
pub(crate) fn render(
    mix: &Audio,
    analysis: &Analysis,
    renderer: &mut Renderer<'_>,
    levels: Levels,
    watch: &dyn Watch,
) -> Result<Certified, MasterError> {
    let mut audio = renderer.render(mix, watch)?;
    let mut dips = 0;
    for _ in 0..ROUNDS_MAX {
        let overs = true_peak::overs(&audio, levels.ceiling);
        if overs.is_empty() || watch.is_cancelled() {
            break;
        }
        dips += overs.len();
        let cuts: Vec<Dip> = overs.iter().map(|over| levels.dip(over)).collect();
        let curve = renderer.curve.get_or_insert_with(|| analysis.programme.open_curve());
        let ranges = dips::cut(curve, &cuts, mix.rate(), mix.frames());
        renderer.render_again(mix, &ranges, &mut audio);
    }
    let mut after = measure_certified(&audio, levels.ceiling);
    let (mut trim, mut renders) = (Decibels::ZERO, 1);
    while after.true_peak > levels.ceiling {
        if renders > TRIMS_MAX {
            return Err(MasterError::NotCertified { peak: after.true_peak, ceiling: levels.ceiling });
        }
        // The first time by what is missing; should rounding get in the way, each time by a little more.
        let gain = levels.ceiling - after.true_peak - Decibels::literal(0.001 * renders as f64);
        trim = trim + gain;
        renderer.drive *= gain.amplitude() as f32;
        audio = renderer.render(mix, watch)?;
        renders += 1;
        after = measure_certified(&audio, levels.ceiling);
    }
    Ok(Certified { audio, after, dips, trim, renders })
}

/// Where peaks may and shall end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    /// What the certificate promises.
    pub(crate) ceiling: Dbtp,
    /// What is aimed at, a little lower.
    pub(crate) aim: Dbtp,
}

impl Levels {
    fn dip(&self, over: &Over) -> Dip {
        let gain = self.aim - over.peak;
        Dip { frame: over.frame, gain: if gain > DIP_MAX { gain } else { DIP_MAX }.amplitude() }
    }
}
