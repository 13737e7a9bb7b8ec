//! A stem on its way through the mix: what came in, what was heard, what is planned.

use super::Stem;
use super::finding::StemFinding;
use super::listening::Heard;
use super::plan::{Part, Polarity, StemChoice, StemPlan};
use super::role::{Group, Role};
use super::strip::Rehearsed;
use super::wish::Pan;
use crate::audio::{Audio, Samples};
use crate::mix::reel::ReelError;
use crate::units::{Decibels, Lu, Milliseconds};

/// One stem, with all that is known of it.
#[derive(Debug)]
pub(super) struct Track<'a> {
    pub(super) stem: &'a Stem<'a>,
    pub(super) plan: StemPlan,
    /// How sure the role is.
    pub(super) certainty: f64,
    pub(super) findings: Vec<StemFinding>,
    /// What was heard, of a stem that plays.
    pub(super) heard: Option<Heard>,
    /// What comes out of its filters, of a stem that plays.
    pub(super) rehearsed: Option<Rehearsed>,
    /// Loudness relative to the mix that is aimed at.
    pub(super) aim: Option<Lu>,
}

impl<'a> Track<'a> {
    /// A stem of which nothing is known but its wishes.
    pub(super) fn new(stem: &'a Stem<'a>, part: Part) -> Self {
        let plan = StemPlan {
            name: stem.name.clone(),
            role: stem.wish.role.unwrap_or(Role::Other),
            part,
            polarity: Polarity::Kept,
            delay: Milliseconds::literal(0.0),
            high_pass: None,
            eq: Vec::new(),
            compressor: None,
            de_esser: None,
            width: Decibels::ZERO,
            fader: Decibels::ZERO,
            ride: Vec::new(),
            pan: Pan::CENTRE,
            send: None,
            choices: Vec::new(),
        };
        Self { stem, plan, certainty: 0.0, findings: Vec::new(), heard: None, rehearsed: None, aim: None }
    }

    /// Whether it is heard in the mix.
    pub(super) fn plays(&self) -> bool {
        self.plan.part == Part::Plays
    }

    /// Whether its sound may be changed.
    pub(super) fn is_free(&self) -> bool {
        self.stem.wish.touch == super::wish::Touch::Free
    }

    /// Whether it is sung.
    pub(super) fn is_voice(&self) -> bool {
        self.plan.role.group() == Group::Vocals
    }

    /// Whether it is one channel.
    pub(super) fn is_mono(&self) -> bool {
        self.stem.reel.layout().count() < 2
    }

    pub(super) fn choose(&mut self, choice: StemChoice) {
        self.plan.choices.push(choice);
    }

    /// Its samples, with silence for what is no number.
    pub(super) fn load(&self) -> Result<Audio, ReelError> {
        const AT_ONCE: usize = 1 << 18;
        let reel = self.stem.reel;
        let channels = (0..reel.layout().count().clamp(1, 2)).map(|channel| {
            let mut samples = Samples::silence(reel.frames());
            for (index, chunk) in samples.chunks_mut(AT_ONCE).enumerate() {
                reel.read(channel, index * AT_ONCE, chunk)?;
                chunk.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
            }
            Ok(samples)
        });
        let channels = channels.collect::<Result<Vec<Samples>, ReelError>>()?;
        Ok(Audio::from_channels(reel.rate(), channels))
    }
}
