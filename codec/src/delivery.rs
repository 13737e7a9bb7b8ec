//! The forms in which audio is delivered, and what each can hold.

use std::fmt;
use std::str::FromStr;

use dsp::units::SampleRate;

use crate::error::EncodeError;

/// A form in which audio is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Delivery {
    /// WAV, 16 bits.
    Wav16,
    /// WAV, 24 bits.
    Wav24,
    /// WAV, floats of 32 bits.
    Wav32f,
    /// FLAC, 16 bits.
    Flac16,
    /// FLAC, 24 bits.
    Flac24,
    /// MP3, 320 kbit/s throughout.
    Mp3At320,
    /// MP3, as many bits as each moment needs for LAME's highest quality of that kind, V0: about 245 kbit/s.
    Mp3V0,
    /// Ogg Vorbis of quality 8: about 256 kbit/s.
    VorbisQ8,
}

impl Delivery {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Wav16,
        Self::Wav24,
        Self::Wav32f,
        Self::Flac16,
        Self::Flac24,
        Self::Mp3At320,
        Self::Mp3V0,
        Self::VorbisQ8,
    ];

    /// Its name: `wav16`, `wav24`, `wav32f`, `flac16`, `flac24`, `mp3_320`, `mp3_v0`, `vorbis_q8`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav16 => "wav16",
            Self::Wav24 => "wav24",
            Self::Wav32f => "wav32f",
            Self::Flac16 => "flac16",
            Self::Flac24 => "flac24",
            Self::Mp3At320 => "mp3_320",
            Self::Mp3V0 => "mp3_v0",
            Self::VorbisQ8 => "vorbis_q8",
        }
    }

    /// The extension of its file names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f => "wav",
            Self::Flac16 | Self::Flac24 => "flac",
            Self::Mp3At320 | Self::Mp3V0 => "mp3",
            Self::VorbisQ8 => "ogg",
        }
    }

    /// The media type it is served as.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f => "audio/wav",
            Self::Flac16 | Self::Flac24 => "audio/flac",
            Self::Mp3At320 | Self::Mp3V0 => "audio/mpeg",
            Self::VorbisQ8 => "audio/ogg",
        }
    }

    /// The bits of its integers, to whose grid the audio must be brought before; none for floats, which the lossy
    /// forms take as well.
    #[must_use]
    pub fn integer_bits(self) -> Option<u32> {
        match self {
            Self::Wav16 | Self::Flac16 => Some(16),
            Self::Wav24 | Self::Flac24 => Some(24),
            Self::Wav32f | Self::Mp3At320 | Self::Mp3V0 | Self::VorbisQ8 => None,
        }
    }

    /// Whether listeners hear something other than what was encoded: other samples, and another true peak.
    #[must_use]
    pub fn is_lossy(self) -> bool {
        matches!(self, Self::Mp3At320 | Self::Mp3V0 | Self::VorbisQ8)
    }

    /// Whether this build can write it: one without the feature `mp3` has no encoder for MP3.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        cfg!(feature = "mp3") || !matches!(self, Self::Mp3At320 | Self::Mp3V0)
    }

    /// Whether it can hold audio of this rate. Where not, [`Self::nearest_rate`] is what to resample to.
    #[must_use]
    pub fn accepts(self, rate: SampleRate) -> bool {
        match self.rates() {
            Rates::Any => true,
            Rates::OneOf(rates) => rates.contains(&rate.hertz()),
            Rates::UpTo(hertz_max) => rate.hertz() <= hertz_max,
        }
    }

    /// `rate` if it can hold that; else the rate to resample to first. Of the rates that stand in a whole ratio to
    /// it that is the one closest; without such a one the lowest above it, which loses nothing, or the highest.
    #[must_use]
    pub fn nearest_rate(self, rate: SampleRate) -> SampleRate {
        if self.accepts(rate) {
            return rate;
        }
        let hertz = rate.hertz();
        match self.rates() {
            Rates::Any => rate,
            Rates::OneOf(rates) => {
                let in_ratio = |other: u32| other.is_multiple_of(hertz) || hertz.is_multiple_of(other);
                // A whole ratio downwards may skip a rate that keeps more: 64 kHz go to 48, not to 32.
                let highest = rates.iter().copied().max().unwrap_or(hertz);
                let keeps = |other: u32| other >= hertz.min(44_100);
                let best = rates.iter().copied().filter(|other| in_ratio(*other) && keeps(*other));
                let above = rates.iter().copied().filter(|other| *other > hertz);
                let found = best.min_by_key(|other| other.abs_diff(hertz)).or_else(|| above.min());
                SampleRate::new(found.unwrap_or(highest)).unwrap_or(rate)
            }
            Rates::UpTo(hertz_max) => {
                let of_cd = hertz.is_multiple_of(44_100) && hertz_max >= 176_400;
                SampleRate::new(if of_cd { 176_400 } else { hertz_max }).unwrap_or(rate)
            }
        }
    }

    /// Refuses what it can never hold before anything is computed.
    pub(crate) fn check(self, rate: SampleRate, channels: usize, frames: usize) -> Result<(), EncodeError> {
        let (format, frames_max) = match self {
            Self::Mp3At320 | Self::Mp3V0 => ("MP3", u64::from(u32::MAX)),
            Self::VorbisQ8 => ("Ogg Vorbis", i64::MAX as u64),
            _ => return Ok(()), // WAV and FLAC know their own bounds
        };
        if !self.is_built_in() {
            return Err(EncodeError::NotBuiltIn { format });
        }
        if !self.accepts(rate) {
            return Err(EncodeError::Rate { format, hertz: rate.hertz(), rates: self.rates().to_string() });
        }
        if !(1..=2).contains(&channels) {
            return Err(EncodeError::Channels { format, channels, channels_max: 2 });
        }
        if frames == 0 || frames as u64 > frames_max {
            return Err(EncodeError::Frames { format, frames, frames_max });
        }
        Ok(())
    }

    fn rates(self) -> Rates {
        match self {
            Self::Wav16 | Self::Wav24 | Self::Wav32f | Self::Flac16 | Self::Flac24 => Rates::Any,
            // MPEG-1 layer III (ISO/IEC 11172-3, 2.4.2.3). The lower rates of MPEG-2 end at 160 kbit/s.
            Self::Mp3At320 | Self::Mp3V0 => Rates::OneOf(&[32_000, 44_100, 48_000]),
            // What the encoder has been tuned for; its tables end at 200 kHz.
            Self::VorbisQ8 => Rates::UpTo(192_000),
        }
    }
}

/// The rates that a form can hold, in hertz.
enum Rates {
    Any,
    OneOf(&'static [u32]),
    UpTo(u32),
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any rate"),
            Self::OneOf([first @ .., last]) if !first.is_empty() => {
                let first: Vec<String> = first.iter().map(u32::to_string).collect();
                write!(f, "{} or {last} Hz", first.join(", "))
            }
            Self::OneOf(rates) => write!(f, "{rates:?} Hz"),
            Self::UpTo(hertz_max) => write!(f, "{} to {hertz_max} Hz", SampleRate::MIN_HZ),
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Delivery {
    type Err = UnknownDelivery;

    fn from_str(name: &str) -> Result<Self, UnknownDelivery> {
        let known = Self::ALL.into_iter().find(|delivery| delivery.name() == name);
        known.ok_or_else(|| UnknownDelivery { name: name.to_owned() })
    }
}

/// No form of delivery has this name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{name:?} is no form of delivery; there are wav16, wav24, wav32f, flac16, flac24, mp3_320, mp3_v0 and vorbis_q8"
)]
pub struct UnknownDelivery {
    /// What was asked for.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(form: Delivery, hertz: u32) -> u32 {
        let rate = form.nearest_rate(SampleRate::literal(hertz));
        assert!(form.accepts(rate), "{form} of {hertz} Hz goes to {rate}, which it does not accept");
        rate.hertz()
    }

    #[test]
    fn mp3_of_other_rates_goes_to_a_whole_ratio_or_to_what_keeps_the_treble() {
        let expected = [
            (44_100, 44_100),
            (48_000, 48_000),
            (32_000, 32_000),
            (88_200, 44_100),
            (96_000, 48_000),
            (176_400, 44_100),
            (192_000, 48_000),
            (352_800, 44_100),
            (384_000, 48_000),
            (22_050, 44_100),
            (24_000, 48_000),
            (16_000, 32_000),
            (11_025, 44_100),
            (8_000, 32_000),
            (64_000, 48_000),
            (50_000, 48_000),
            (37_800, 44_100),
            (47_999, 48_000),
        ];
        for (hertz, to) in expected {
            assert_eq!(nearest(Delivery::Mp3At320, hertz), to, "{hertz} Hz");
            assert_eq!(nearest(Delivery::Mp3V0, hertz), to, "{hertz} Hz");
        }
    }

    #[test]
    fn every_form_names_a_rate_that_it_accepts() {
        for form in Delivery::ALL {
            for hertz in [8_000, 44_100, 96_000, 176_400, 192_000, 192_001, 352_800, 384_000] {
                nearest(form, hertz);
            }
        }
        assert_eq!(nearest(Delivery::VorbisQ8, 352_800), 176_400);
        assert_eq!(nearest(Delivery::VorbisQ8, 96_000), 96_000);
        assert_eq!(nearest(Delivery::Wav24, 384_000), 384_000);
    }

    #[test]
    fn what_cannot_be_held_is_refused_with_what_can() {
        let refusal = |form: Delivery, hertz, channels, frames| {
            form.check(SampleRate::literal(hertz), channels, frames).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(Delivery::Mp3V0, 96_000, 2, 10),
            "MP3 can hold 32000, 44100 or 48000 Hz, not 96000 Hz"
        );
        assert_eq!(
            refusal(Delivery::VorbisQ8, 384_000, 2, 10),
            "Ogg Vorbis can hold 8000 to 192000 Hz, not 384000 Hz"
        );
        assert_eq!(refusal(Delivery::Mp3At320, 48_000, 6, 10), "MP3 can hold 1 to 2 channels, not 6");
        assert!(refusal(Delivery::VorbisQ8, 48_000, 1, 0).contains("not 0"));
    }
}
