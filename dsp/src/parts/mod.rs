//! Small parts that meters and effects are made of.
//!
//! | module | what |
//! |---|---|
//! | [`fft`] | the transform of real blocks, and how a signal is cut for it |
//! | [`zero_phase`] | symmetric filters from a wanted gain |
//! | [`minimum_phase`](mod@minimum_phase) | the phase that a gain must have |
//! | [`biquad`] | second-order sections: coefficients, response, matched design |
//! | [`cascade`] | up to ten sections at once for two channels |
//! | [`decibels`] | levels and gains in dB, many at a time |
//! | [`downmix`] | more than two channels to left and right |
//! | [`window`] | the Kaiser window |
//! | [`interpolator`] | band-limited interpolation: filter tables |
//! | [`oversampler`] | four times the rate for what bends a waveform |
//! | [`resampler`] | whole signals at another rate |

pub mod biquad;
pub mod cascade;
pub mod decibels;
pub mod downmix;
pub mod fft;
pub mod interpolator;
mod irregular;
pub mod minimum_phase;
pub mod oversampler;
pub mod resampler;
pub mod window;
pub mod zero_phase;
