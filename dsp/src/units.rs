//! Units as types, so that a gain can never be taken for a level. Bare floats live inside loops only.

use std::fmt;

use crate::error::ParamError;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $suffix:literal, $decimals:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
        pub struct $name(f64);

        impl $name {
            /// A value known to be finite, as constants and measured results are.
            #[must_use]
            pub const fn literal(value: f64) -> Self {
                Self(value)
            }

            /// A value from outside: finite, or an error that names it.
            pub fn new(name: &'static str, value: f64) -> Result<Self, ParamError> {
                if value.is_finite() { Ok(Self(value)) } else { Err(ParamError::NotFinite { name, value }) }
            }

            /// The bare number, in this unit.
            #[must_use]
            pub const fn value(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            /// One decimal (unless asked for another precision), a true minus sign, the unit after a thin space.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let decimals = f.precision().unwrap_or($decimals);
                let text = format!("{:.*}", decimals, self.0);
                match text.strip_prefix('-') {
                    // A rounded zero has no sign.
                    Some(digits) if digits.bytes().all(|b| b == b'0' || b == b'.') => f.write_str(digits)?,
                    Some(digits) => write!(f, "−{digits}")?,
                    None => f.write_str(&text)?,
                }
                f.write_str(concat!("\u{2009}", $suffix))
            }
        }
    };
}

unit!(
    /// A gain: a ratio of two amplitudes, 20 log10.
    Decibels, "dB", 1
);
unit!(
    /// Sample level relative to full scale (±1.0).
    Dbfs, "dBFS", 1
);
unit!(
    /// Highest level between samples too, relative to full scale (ITU-R BS.1770-5, annex 2).
    Dbtp, "dBTP", 1
);
unit!(
    /// Programme loudness (ITU-R BS.1770-5, annex 1). Silence is `f64::NEG_INFINITY`.
    Lufs, "LUFS", 1
);
unit!(
    /// A difference of two loudnesses; also loudness range (EBU Tech 3342).
    Lu, "LU", 1
);
unit!(
    /// Frequency.
    Hertz, "Hz", 1
);
unit!(
    /// A short time.
    Milliseconds, "ms", 1
);

impl Decibels {
    /// No change.
    pub const ZERO: Self = Self(0.0);

    /// The gain that turns `from` into `to`, both linear amplitudes above zero.
    #[must_use]
    pub fn from_amplitude(ratio: f64) -> Self {
        Self(20.0 * ratio.log10())
    }

    /// As a factor on amplitudes.
    #[must_use]
    pub fn amplitude(self) -> f64 {
        10f64.powf(self.0 / 20.0)
    }
}

impl Dbfs {
    /// From a linear amplitude; zero gives negative infinity.
    #[must_use]
    pub fn from_amplitude(amplitude: f64) -> Self {
        Self(20.0 * amplitude.log10())
    }

    /// As a linear amplitude.
    #[must_use]
    pub fn amplitude(self) -> f64 {
        10f64.powf(self.0 / 20.0)
    }
}

impl Dbtp {
    /// Full scale, 0 dBTP.
    pub const FULL_SCALE: Self = Self(0.0);

    /// From a linear amplitude; zero gives negative infinity.
    #[must_use]
    pub fn from_amplitude(amplitude: f64) -> Self {
        Self(20.0 * amplitude.log10())
    }

    /// As a linear amplitude.
    #[must_use]
    pub fn amplitude(self) -> f64 {
        10f64.powf(self.0 / 20.0)
    }
}

impl std::ops::Sub for Lufs {
    type Output = Lu;
    fn sub(self, other: Self) -> Lu {
        Lu(self.0 - other.0)
    }
}

impl std::ops::Add<Decibels> for Lufs {
    type Output = Self;
    fn add(self, gain: Decibels) -> Self {
        Self(self.0 + gain.0)
    }
}

impl std::ops::Add<Decibels> for Dbtp {
    type Output = Self;
    fn add(self, gain: Decibels) -> Self {
        Self(self.0 + gain.0)
    }
}

impl std::ops::Sub<Decibels> for Dbtp {
    type Output = Self;
    fn sub(self, gain: Decibels) -> Self {
        Self(self.0 - gain.0)
    }
}

impl std::ops::Sub for Dbtp {
    type Output = Decibels;
    fn sub(self, other: Self) -> Decibels {
        Decibels(self.0 - other.0)
    }
}

impl std::ops::Add for Decibels {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Sub for Decibels {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::ops::Neg for Decibels {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// Frames per second, 8 000 to 384 000: what a service must take, and what every stage is built for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SampleRate(u32);

impl SampleRate {
    /// The lowest rate taken, in hertz.
    pub const MIN_HZ: u32 = 8_000;
    /// The highest rate taken, in hertz.
    pub const MAX_HZ: u32 = 384_000;

    /// A rate from outside.
    pub fn new(hertz: u32) -> Result<Self, ParamError> {
        if (Self::MIN_HZ..=Self::MAX_HZ).contains(&hertz) {
            Ok(Self(hertz))
        } else {
            Err(ParamError::OutOfRange {
                name: "sample rate",
                value: f64::from(hertz),
                low: f64::from(Self::MIN_HZ),
                high: f64::from(Self::MAX_HZ),
                unit: "Hz",
            })
        }
    }

    /// A rate written in the code; a wrong one does not compile where it is a constant.
    #[must_use]
    pub const fn literal(hertz: u32) -> Self {
        assert!(hertz >= Self::MIN_HZ && hertz <= Self::MAX_HZ, "a rate of 8 000 to 384 000 Hz");
        Self(hertz)
    }

    /// In hertz.
    #[must_use]
    pub const fn hertz(self) -> u32 {
        self.0
    }

    /// In hertz, as a float.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0)
    }

    /// The number of whole frames nearest to a time.
    #[must_use]
    pub fn frames_in(self, time: Milliseconds) -> usize {
        (time.0 * self.as_f64() / 1000.0).round().max(0.0) as usize
    }

    /// The time that so many frames last, in seconds.
    #[must_use]
    pub fn seconds(self, frames: usize) -> f64 {
        frames as f64 / self.as_f64()
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilohertz = self.as_f64() / 1000.0;
        write!(f, "{kilohertz}\u{2009}kHz")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_a_true_minus_and_their_unit() {
        assert_eq!(Lufs::literal(-14.04).to_string(), "−14.0\u{2009}LUFS");
        assert_eq!(Dbtp::literal(-0.04).to_string(), "0.0\u{2009}dBTP");
        assert_eq!(format!("{:.2}", Dbtp::literal(-0.04)), "−0.04\u{2009}dBTP");
        assert_eq!(SampleRate::literal(44_100).to_string(), "44.1\u{2009}kHz");
    }

    #[test]
    fn a_rate_out_of_range_names_value_and_bounds() {
        let error = SampleRate::new(0).unwrap_err().to_string();
        assert!(error.contains("sample rate") && error.contains('0') && error.contains("384000"), "{error}");
    }

    #[test]
    fn not_a_number_is_refused() {
        assert!(Lufs::new("loudness", f64::NAN).is_err());
        assert!(Lufs::new("loudness", -14.0).is_ok());
    }
}
