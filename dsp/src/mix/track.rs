//! A stem on its way through the mix: what came in, what was heard, what is planned.

use super::Stem;
use super::error::MixError;
use super::finding::StemFinding;
use super::listening::Heard;
use super::plan::{Part, Polarity, StemChoice, StemPlan};
use super::prepare::Prepared;
use super::role::{Group, Role, Side};
use super::strip::Rehearsed;
use super::wish::{Pan, Touch};
use crate::analysis::Finding;
use crate::audio::{Audio, Samples};
use crate::master::choice::Decider;
use crate::progress::Watch;
use crate::units::{Decibels, Lu, Milliseconds};

/// One stem, with all that is known of it.
#[derive(Debug)]
pub(super) struct Track<'a> {
    pub(super) stem: &'a Stem<'a>,
    pub(super) plan: StemPlan,
    /// How sure the role is.
    pub(super) certainty: f64,
    /// Which of a pair it is.
    pub(super) side: Option<Side>,
    /// What its channels hold.
    pub(super) shape: Shape,
    /// Frames of silence before it.
    pub(super) starts_after: usize,
    pub(super) findings: Vec<StemFinding>,
    /// What was heard, of a stem that plays.
    pub(super) heard: Option<Heard>,
    /// What comes out of its filters, of a stem that plays.
    pub(super) rehearsed: Option<Rehearsed>,
    /// Loudness relative to the mix that is aimed at.
    pub(super) aim: Option<Lu>,
}

/// What the channels of a stem hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// One channel.
    One,
    /// One of two, by its number: the other is dead.
    OneOf(usize),
    /// Two, the same samples in both: one channel that is 3 dB louder, so that in the middle it stays as it is.
    Twin,
    /// Two.
    Two,
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
        let shape = if stem.reel.layout().count() > 1 { Shape::Two } else { Shape::One };
        Self {
            stem,
            plan,
            certainty: 0.0,
            side: None,
            shape,
            starts_after: 0,
            findings: Vec::new(),
            heard: None,
            rehearsed: None,
            aim: None,
        }
    }

    /// Takes over what was found out before anything is decided about the sound.
    pub(super) fn take(&mut self, prepared: Prepared) {
        let wish = &self.stem.wish;
        self.certainty = if wish.role.is_some() { 1.0 } else { prepared.guess.certainty };
        self.side = prepared.guess.side;
        self.starts_after = prepared.starts_after_frames;
        let is_dead = |f: &StemFinding| matches!(f, StemFinding::Alone(Finding::DeadChannel { .. }));
        self.shape = match (self.shape, prepared.mono_from) {
            (Shape::Two, Some(channel)) if prepared.findings.iter().any(is_dead) => Shape::OneOf(channel),
            (Shape::Two, Some(_)) => Shape::Twin,
            (shape, _) => shape,
        };
        let by = if wish.role.is_some() { Decider::User } else { Decider::Engine };
        let reason = match by {
            Decider::User => "as it was asked for".to_owned(),
            _ => prepared.guess.to_string(),
        };
        let plan = &mut self.plan;
        (plan.role, plan.part) = (prepared.role, prepared.part);
        (plan.polarity, plan.delay) = (prepared.polarity, prepared.delay);
        plan.choices.push(StemChoice {
            what: format!("role: {}", prepared.role.said()),
            value: Some((self.certainty * 100.0).round() / 100.0),
            unit: "",
            by,
            reason,
        });
        self.findings = prepared.findings;
    }

    /// Whether it is heard in the mix.
    pub(super) fn plays(&self) -> bool {
        self.plan.part == Part::Plays
    }

    /// Whether its sound may be changed.
    pub(super) fn is_free(&self) -> bool {
        self.stem.wish.touch == Touch::Free
    }

    /// Whether it is sung.
    pub(super) fn is_voice(&self) -> bool {
        self.plan.role.group() == Group::Vocals
    }

    /// Whether it is one channel.
    pub(super) fn is_mono(&self) -> bool {
        self.shape != Shape::Two
    }

    /// Frames from the start of the session to its end.
    pub(super) fn frames(&self) -> usize {
        self.starts_after + self.stem.reel.frames()
    }

    pub(super) fn choose(&mut self, choice: StemChoice) {
        self.plan.choices.push(choice);
    }

    /// Its samples from the start of the session on, with silence for what is no number.
    pub(super) fn load(&self, watch: &dyn Watch) -> Result<Audio, MixError> {
        const AT_ONCE: usize = 1 << 18;
        let reel = self.stem.reel;
        let wanted: &[usize] = match self.shape {
            Shape::One | Shape::Twin => &[0],
            Shape::OneOf(0) => &[0],
            Shape::OneOf(_) => &[1],
            Shape::Two => &[0, 1],
        };
        let read = |channel: &usize| {
            let mut samples = Samples::silence(self.frames());
            for (index, chunk) in samples[self.starts_after..].chunks_mut(AT_ONCE).enumerate() {
                if watch.is_cancelled() {
                    return Err(MixError::Cancelled);
                }
                reel.read(*channel, index * AT_ONCE, chunk)?;
                let broken = |sample: &&mut f32| sample.is_nan() || sample.abs() > 1e6;
                chunk.iter_mut().filter(broken).for_each(|sample| *sample = 0.0);
            }
            Ok(samples)
        };
        let channels = wanted.iter().map(read).collect::<Result<Vec<Samples>, MixError>>()?;
        Ok(Audio::from_channels(reel.rate(), channels))
    }
}
