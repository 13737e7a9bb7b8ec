//! Turns samples into samples.
//!
//! **Invariants**: knows no file, clock, account or JSON; makes no thread (rayon runs on the pool that the caller
//! installed); the same input and parameters give the same output, bit for bit, on every number of threads.
//! Between kinds of processors plans are the same, and samples agree to −130 dBFS where they passed a transform.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`units`] | decibels, loudness, rates as types | `Lufs`, `Dbtp`, `Decibels`, `SampleRate` |
//! | [`audio`] | planar samples | `Audio`, `Layout` |
//! | [`analysis`] | what is true of a mix besides its loudness | `Features` |
//! | [`bands`] | the grid of spectra and tone curves | `Curve`, `PerBand` |
//! | [`processor`] | the one life cycle | `Processor`, `run` |
//! | [`progress`] | watching and stopping | `Watch`, `Cancelled` |
//! | [`master`] | a mix to its sound and its loudness | `Premaster`, `Character`, `MasterParams`, `Mastered` |
//! | [`effects`] | what a chain is made of | `Equalizer`, `Limiter`, `Quantiser` |
//! | [`mix`] | stems to a mix | `Stem`, `MixPlan` |
//! | [`meter`] | loudness, its range, peaks | `measure`, `Measurements` |
//! | [`parts`] | what meters and effects are made of | `Biquad` |
//! | [`signal`] | seeded test signals | |
//! | [`simd`] | one kernel for each instruction set | `Kernel`, `dispatch` |

pub mod analysis;
pub mod audio;
pub mod bands;
pub mod effects;
pub mod error;
pub mod master;
pub mod meter;
pub mod mix;
pub mod parts;
pub mod processor;
pub mod progress;
pub mod signal;
pub mod simd;
pub mod units;

/// Sound is versioned behaviour: whatever changes a rendered sample raises this, in the same commit.
pub const ENGINE_VERSION: &str = "0.3.0";
