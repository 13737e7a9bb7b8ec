//! What a chain is made of. Each effect sees the whole signal, so none has latency.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`limiter`] | holds a ceiling between samples too | `Limiter`, `BlockPeaks`, `GainCurve` |
//! | [`dither`] | brings samples onto the grid of a file format | `Depth`, `Quantiser` |
//! | [`noise_shaper`] | moves the noise of rounding to where the ear hears least | `NoiseShaper` |
//! | [`equalizer`] | a tone curve as recursive sections and symmetric filters | `Equalizer` |
//! | [`compressor`] | how far a compressor comes down, from levels | `reduction`, `solve_threshold` |
//! | [`multiband`] | the four bands of dynamics | `CROSSOVERS_HZ`, `band_gain` |
//! | [`pcg`] | the random numbers of dither | `Pcg32` |
//! | [`peak_shaver`] | takes the tops off single short peaks | `PeakShaver`, `Needles` |
//! | [`saturator`] | colour: a second and a third harmonic | `Saturator` |

pub mod compressor;
pub mod dither;
pub mod equalizer;
pub mod limiter;
pub mod multiband;
pub mod noise_shaper;
pub mod pcg;
pub mod peak_shaver;
pub mod saturator;
