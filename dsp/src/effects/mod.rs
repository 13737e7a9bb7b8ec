//! What a chain is made of. Each effect sees the whole signal, so none has latency.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`limiter`] | holds a ceiling between samples too | `Limiter`, `BlockPeaks`, `GainCurve` |
//! | [`dither`] | brings samples onto the grid of a file format | `Depth`, `Quantiser` |
//! | [`noise_shaper`] | moves the noise of rounding to where the ear hears least | `NoiseShaper` |
//! | [`pcg`] | the random numbers of dither | `Pcg32` |

pub mod dither;
pub mod limiter;
pub mod noise_shaper;
pub mod pcg;
