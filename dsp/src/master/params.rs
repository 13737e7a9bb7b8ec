//! What is asked of a master. Checked here, once.

use crate::effects::dither::Depth;
use crate::error::{ParamError, within};
use crate::units::{Dbtp, Lufs};

use super::budgets::Budgets;

/// What is asked of a master.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MasterParams {
    target: Target,
    ceiling: Dbtp,
    depth: Depth,
    source: SourceDepth,
    budgets: Budgets,
    force: Force,
}

impl MasterParams {
    /// The quietest loudness one can ask for. Cinema dialogue, the quietest delivery in use, is at −31 LUFS.
    pub const LOUDNESS_MIN: Lufs = Lufs::literal(-36.0);
    /// The loudest. With a ceiling of 0 dBTP it leaves 5 dB between peaks and loudness, less than a sine
    /// wave's share of music can take; the loudest records reach about −5 LUFS.
    pub const LOUDNESS_MAX: Lufs = Lufs::literal(-5.0);
    /// The lowest ceiling. Nothing is delivered lower; it exists so that a mistyped −100 is refused.
    pub const CEILING_MIN: Dbtp = Dbtp::literal(-20.0);

    /// A master of so much loudness, with peaks of at most `ceiling`, in files of `depth`.
    ///
    /// `loudness` can be −36 to −5 LUFS, `ceiling` −20 to 0 dBTP. Budgets are [`Budgets::LOUD`], not forced, the
    /// source is taken for floats.
    pub fn new(loudness: Lufs, ceiling: Dbtp, depth: Depth) -> Result<Self, ParamError> {
        let (low, high) = (Self::LOUDNESS_MIN.value(), Self::LOUDNESS_MAX.value());
        within("loudness", loudness.value(), low, high, "LUFS")?;
        Self::keeping_loudness(ceiling, depth)
            .map(|params| Self { target: Target::Loudness(loudness), ..params })
    }

    /// A master as loud as the mix, with peaks of at most `ceiling` (−20 to 0 dBTP).
    pub fn keeping_loudness(ceiling: Dbtp, depth: Depth) -> Result<Self, ParamError> {
        within("ceiling", ceiling.value(), Self::CEILING_MIN.value(), Dbtp::FULL_SCALE.value(), "dBTP")?;
        Ok(Self {
            target: Target::AsTheMix,
            ceiling,
            depth,
            source: SourceDepth::Float,
            budgets: Budgets::LOUD,
            force: Force::WithinBudgets,
        })
    }

    /// The same, of a file whose samples were of this kind.
    #[must_use]
    pub fn of_source(self, source: SourceDepth) -> Self {
        Self { source, ..self }
    }

    /// The same, with other limits to what the limiter may do.
    #[must_use]
    pub fn with_budgets(self, budgets: Budgets) -> Self {
        Self { budgets, ..self }
    }

    /// The same, keeping to the budgets or not.
    #[must_use]
    pub fn with_force(self, force: Force) -> Self {
        Self { force, ..self }
    }

    /// How loud.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The highest level between samples.
    #[must_use]
    pub fn ceiling(&self) -> Dbtp {
        self.ceiling
    }

    /// What the file will hold.
    #[must_use]
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// What the samples of the mix were before they became floats.
    #[must_use]
    pub fn source(&self) -> SourceDepth {
        self.source
    }

    /// What the limiter may do.
    #[must_use]
    pub fn budgets(&self) -> Budgets {
        self.budgets
    }

    /// Whether the budgets hold.
    #[must_use]
    pub fn force(&self) -> Force {
        self.force
    }

    /// Whether samples that nothing changed can be delivered bit for bit.
    pub(crate) fn can_copy_bits(&self) -> bool {
        match (self.source, self.depth.bits()) {
            (_, None) => true,
            (SourceDepth::Int { bits }, Some(delivered)) => bits <= delivered,
            (SourceDepth::Float, Some(_)) => false,
        }
    }
}

/// How loud the master shall be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Target {
    /// So loud (integrated).
    Loudness(Lufs),
    /// As loud as the mix is.
    AsTheMix,
}

/// What the samples of the mix were in its file: whether they lie on a grid already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceDepth {
    /// Integers of so many bits, exact in f32 up to 24.
    Int {
        /// Bits that count.
        bits: u32,
    },
    /// Floats, or a lossy format, or a mix made here.
    Float,
}

/// Whether a target that costs too much is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Force {
    /// Go as loud as the budgets allow, and say which one ended it.
    WithinBudgets,
    /// Reach the target whatever it does to the sound. The ceiling holds all the same.
    BeyondBudgets,
}
