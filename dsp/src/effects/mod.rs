//! What a chain is made of. Each effect sees the whole signal, so none has latency.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`limiter`] | holds a ceiling between samples too | `Limiter`, `BlockPeaks`, `GainCurve` |
//! | [`dither`] | brings samples onto the grid of a file format | `Depth`, `Quantiser` |
//! | [`multiband`] | the four bands of dynamics | `CROSSOVERS_HZ`, `band_gain` |
//! | [`pcg`] | the random numbers of dither | `Pcg32` |

pub mod dither;
pub mod limiter;
pub mod multiband;
pub mod pcg;
