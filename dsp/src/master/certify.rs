//! Makes sure of the ceiling on the samples that are delivered.

use super::outcome::MasterError;
use super::renderer::Renderer;
use crate::audio::Audio;
use crate::effects::limiter::GainCurve;
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

/// Renders and certifies. While the meter finds the ceiling exceeded: first brings single peaks down by smooth dips,
/// and if that is not enough, everything by a gain. `room` is what the samples may be written to.
pub(crate) fn render(
    mix: &Audio,
    room: Option<Audio>,
    renderer: &mut Renderer<'_>,
    levels: Levels,
    watch: &dyn Watch,
) -> Result<Certified, MasterError> {
    let mut audio = renderer.render(mix, room, watch)?;
    let (mut rounds, mut renders, mut dips, mut trim) = (0, 1, 0, Decibels::ZERO);
    loop {
        let after = measure_certified(&audio, levels.ceiling);
        if after.true_peak <= levels.ceiling {
            return Ok(Certified { audio, after, dips, trim, renders });
        }
        if watch.is_cancelled() {
            return Err(MasterError::Cancelled);
        }
        if rounds < ROUNDS_MAX {
            rounds += 1;
            dips += cut_dips(mix, renderer, levels, &mut audio);
        } else if renders <= TRIMS_MAX {
            // The first time by what is missing; should rounding get in the way, each time by a little more.
            let gain = levels.ceiling - after.true_peak - Decibels::literal(0.001 * renders as f64);
            trim = trim + gain;
            renderer.drive *= gain.amplitude() as f32;
            audio = renderer.render(mix, Some(audio), watch)?;
            renders += 1;
        } else {
            return Err(MasterError::NotCertified { peak: after.true_peak, ceiling: levels.ceiling });
        }
    }
}

/// Cuts a dip into the gain at every peak above the ceiling, and renders what that changes. Says how many.
fn cut_dips(mix: &Audio, renderer: &mut Renderer<'_>, levels: Levels, audio: &mut Audio) -> usize {
    let overs = true_peak::overs(audio, levels.ceiling);
    let cuts: Vec<Dip> = overs.iter().map(|over| levels.dip(over)).collect();
    let curve = renderer.curve.get_or_insert_with(|| GainCurve::open(mix.frames()));
    let ranges = dips::cut(curve, &cuts, mix.rate(), mix.frames());
    renderer.render_again(mix, &ranges, audio);
    overs.len()
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
