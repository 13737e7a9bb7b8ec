//! What a stem sounds like: the facts from which its role is guessed, measured in one pass of bounded memory.
//!
//! | module | what |
//! |---|---|
//! | `ear` | the pass: frames, long for pitch and colour, short for rhythm |
//! | `pitch` | the fundamental of a frame |
//! | `colour` | where energy lies |
//! | `motion` | onsets, decay, syllables |
//! | `said` | facts in words |

mod colour;
mod ear;
mod motion;
mod pitch;
mod said;

pub use ear::Ear;

use crate::audio::Layout;
use crate::mix::reel::{Reel, ReelError};
use crate::units::Hertz;

/// What a stem sounds like, over the moments in which it sounds.
///
/// A default one has heard nothing, and nothing is concluded from it.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Sound {
    /// How long it sounds, in seconds.
    pub active_seconds: f64,
    /// Share of the time in which it sounds.
    pub duty: f64,
    /// Share of its energy in each of [`Self::BAND_EDGES_HZ`], in dB, −80 at the least.
    pub bands_db: [f64; Self::BANDS],
    /// The mean of the spectrum's centre of energy over the frames, in octaves above 1 kHz.
    pub centroid_octaves: f64,
    /// How far that centre moves: its standard deviation in octaves.
    pub centroid_spread_octaves: f64,
    /// Geometric over arithmetic mean of the power of 0.2 to 8 kHz, in dB: 0 is noise, −30 tones.
    pub flatness_db: f64,
    /// How periodic frames are, 0 to 1: the mean of the highest peak of their autocorrelation.
    pub harmonicity: f64,
    /// Share of the frames that are clearly periodic.
    pub voiced: f64,
    /// The 10th, 50th and 90th percentile of the fundamental of periodic frames, in octaves above 55 Hz.
    pub pitch_octaves: [f64; 3],
    /// How well fundamentals lie on one grid of semitones, 0 to 1: near 1 for tuned instruments, low for speech.
    pub on_grid: f64,
    /// The median movement of the fundamental between neighbouring periodic frames, in semitones.
    pub glide_semitones: f64,
    /// Share of neighbouring periodic frames between which the fundamental stays within a tenth of a semitone.
    pub held: f64,
    /// Rises of more than 6 dB within 10 ms, per second of sound.
    pub onsets_per_second: f64,
    /// The median of those rises, in dB.
    pub attack_db: f64,
    /// The median time in which the level falls 20 dB after a rise, in milliseconds; 1000 if it does not.
    pub decay_ms: f64,
    /// 95th less 50th percentile of the level of 5 ms over the time in which it sounds, in dB.
    pub crest_db: f64,
    /// Shares of the time in which the level falls 4 to 100 dB in a second, stays within 4, and rises more.
    pub level_trend: [f64; 3],
    /// Share of the modulation of 4 to 8 kHz that has the rate of syllables, 3 to 8 Hz, in 0.5 to 20 Hz.
    pub syllabic: f64,
    /// The same of 0.5 to 2 kHz.
    pub syllabic_middle: f64,
    /// The 95th less the 50th percentile of the level of 5 to 9 kHz over that of 0.3 to 4 kHz, in dB: sibilants come
    /// and go.
    pub sibilance_db: f64,
    /// Level of the side over that of the middle in dB; −60 at the least, and for one channel.
    pub width_db: f64,
}

impl Sound {
    /// How many bands.
    pub const BANDS: usize = 11;
    /// The lowest edge of each band; the last one reaches up to the end.
    pub const BAND_EDGES_HZ: [f64; Self::BANDS] =
        [0.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 6000.0, 9000.0, 13_000.0];
    /// From what is shorter than this nothing is concluded.
    pub const SECONDS_MIN: f64 = 0.3;

    /// Listens to a whole reel, piece by piece.
    pub fn of(reel: &dyn Reel) -> Result<Self, ReelError> {
        const PIECE: usize = 1 << 16;
        let mut ear = Ear::new(reel.rate());
        let is_stereo = reel.layout().count() > Layout::mono().count();
        let mut pieces = [vec![0.0f32; PIECE], vec![0.0f32; PIECE]];
        for from in (0..reel.frames()).step_by(PIECE) {
            let count = PIECE.min(reel.frames() - from);
            let [left, right] = &mut pieces;
            reel.read(0, from, &mut left[..count])?;
            if is_stereo {
                reel.read(1, from, &mut right[..count])?;
            }
            ear.hear(&left[..count], is_stereo.then_some(&right[..count]));
        }
        Ok(ear.finish())
    }

    /// Whether there is enough of it to conclude anything.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.active_seconds >= Self::SECONDS_MIN
    }

    /// Share of its energy below 120 Hz, 0 to 1.
    #[must_use]
    pub fn low_share(&self) -> f64 {
        self.bands_db[..2].iter().map(|share_db| 10f64.powf(share_db / 10.0)).sum()
    }

    /// The median fundamental.
    #[must_use]
    pub fn pitch(&self) -> Hertz {
        Hertz::literal(55.0 * self.pitch_octaves[1].exp2())
    }

    /// The number of [`Self::features`].
    pub const FEATURES: usize = Self::BANDS + 22;

    /// What the model of roles looks at, each of the order of 1.
    #[must_use]
    pub fn features(&self) -> [f64; Self::FEATURES] {
        let mut features = [0.0; Self::FEATURES];
        let (bands, rest) = features.split_at_mut(Self::BANDS);
        bands.iter_mut().zip(self.bands_db).for_each(|(to, share_db)| *to = share_db.max(-50.0) / 10.0);
        rest.copy_from_slice(&[
            self.duty,
            self.centroid_octaves,
            self.centroid_spread_octaves,
            self.flatness_db / 10.0,
            self.harmonicity,
            self.voiced,
            self.pitch_octaves[0],
            self.pitch_octaves[1],
            self.pitch_octaves[2],
            self.on_grid,
            self.glide_semitones.min(1.0),
            self.held,
            (self.onsets_per_second + 0.05).log2(),
            self.attack_db / 10.0,
            self.decay_ms.max(5.0).log2(),
            self.crest_db / 10.0,
            self.level_trend[0],
            self.level_trend[1],
            self.level_trend[2],
            self.syllabic,
            self.syllabic_middle,
            self.sibilance_db / 10.0,
        ]);
        features
    }
}
