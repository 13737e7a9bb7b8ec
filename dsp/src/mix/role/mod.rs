//! What a stem is in the music, and how it is found out: from its name and from its sound.
//!
//! | module | what | key types |
//! |---|---|---|
//! | `guess` | name and sound together | `Guess` |
//! | `names` | what a name says | `NameEvidence` |
//! | `spelling` | a name taken apart into words | `Side` |
//! | `vocabulary` | the words and phrases of `names.txt` | |
//! | `sound` | what a stem sounds like | `Sound`, `Ear` |
//! | `model`, `weights` | how likely each role is of a sound | |

mod guess;
mod model;
mod names;
mod sound;
mod spelling;
mod vocabulary;
mod weights;

pub use guess::{Guess, guess};
pub use names::{NameEvidence, of_name};
pub use sound::{Ear, Sound};
pub use spelling::Side;

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $said:literal, $group:ident;)*) => {
        /// What a stem is in the music. The names are those of the interface; they are never renamed.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Role {
            $($(#[$doc])* $name,)*
        }

        impl Role {
            /// All of them, in the order of a mixing desk.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in files and interfaces.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What people call it.
            #[must_use]
            pub const fn said(self) -> &'static str {
                match self { $(Self::$name => $said,)* }
            }

            /// The group it is mixed in.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$name => Group::$group,)* }
            }

            /// The role of that name.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|role| role.as_str() == text)
            }
        }
    };
}

roles! {
    /// Bass drum.
    Kick = "kick", "kick", Drums;
    /// Snare drum, rim, clap.
    Snare = "snare", "snare", Drums;
    /// Toms.
    Toms = "toms", "toms", Drums;
    /// Hi-hat.
    Hats = "hats", "hi-hat", Drums;
    /// Cymbals: crash, ride.
    Cymbals = "cymbals", "cymbals", Drums;
    /// Microphones above or around a kit.
    Overheads = "overheads", "overheads", Drums;
    /// A whole kit in one stem.
    Drums = "drums", "drums", Drums;
    /// Percussion besides the kit.
    Percussion = "perc", "percussion", Drums;
    /// Bass guitar, double bass, synthetic bass.
    Bass = "bass", "bass", Bass;
    /// The lowest octave by itself: sub, 808.
    Sub = "sub", "sub bass", Bass;
    /// Electric guitar that accompanies.
    RhythmGuitar = "e_gtr_rhythm", "rhythm guitar", Music;
    /// Electric guitar that leads.
    LeadGuitar = "e_gtr_lead", "lead guitar", Music;
    /// Acoustic guitar and its relatives.
    AcousticGuitar = "a_gtr", "acoustic guitar", Music;
    /// Piano, organ, electric piano.
    Keys = "keys", "keys", Music;
    /// A synthesiser, or any solo instrument, that leads.
    LeadSynth = "synth_lead", "lead instrument", Music;
    /// Sustained background.
    Pad = "pad", "pad", Music;
    /// Strings.
    Strings = "strings", "strings", Music;
    /// Brass.
    Brass = "brass", "brass", Music;
    /// Reeds, flutes, pipes.
    Winds = "winds", "winds", Music;
    /// Risers, impacts, atmospheres.
    Effects = "fx", "effects", Music;
    /// The voice in front.
    LeadVocal = "lead_vox", "lead vocal", Vocals;
    /// Doubles, harmonies, choirs.
    BackingVocal = "back_vox", "backing vocal", Vocals;
    /// A mix of all the others: left out of the sum.
    RoughMix = "ref_mix", "rough mix", Music;
    /// Anything else, or what is not known surely enough: treated gently.
    Other = "other", "other", Music;
}

/// Stems that are mixed together before they meet the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// Kit and percussion.
    Drums,
    /// Bass instruments.
    Bass,
    /// All other instruments.
    Music,
    /// Voices.
    Vocals,
}

impl Group {
    /// All of them, in the order in which they are summed.
    pub const ALL: [Self; 4] = [Self::Drums, Self::Bass, Self::Music, Self::Vocals];
}
