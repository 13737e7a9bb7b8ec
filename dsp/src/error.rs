//! What can be wrong with a parameter. Every message names the parameter, the value and the bound.

use std::fmt;

/// A parameter that no processor can be built from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ParamError {
    /// Not a number, or infinite.
    NotFinite {
        /// The parameter, in the user's word.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// Outside its range; the bounds are part of it.
    OutOfRange {
        /// The parameter, in the user's word.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The lowest value allowed.
        low: f64,
        /// The highest value allowed.
        high: f64,
        /// The unit of all three; empty for bare numbers.
        unit: &'static str,
    },
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { name, value } => {
                write!(f, "{name} is {value}, which is not a number one can set")
            }
            Self::OutOfRange { name, value, low, high, unit: "" } => {
                write!(f, "{name} is {value}; it can be {low} to {high}")
            }
            Self::OutOfRange { name, value, low, high, unit } => {
                write!(f, "{name} is {value} {unit}; it can be {low} to {high} {unit}")
            }
        }
    }
}

impl std::error::Error for ParamError {}

/// `value` if it lies within `low..=high`, else an error in the user's unit.
pub fn within(
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
    unit: &'static str,
) -> Result<f64, ParamError> {
    if !value.is_finite() {
        Err(ParamError::NotFinite { name, value })
    } else if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(ParamError::OutOfRange { name, value, low, high, unit })
    }
}
