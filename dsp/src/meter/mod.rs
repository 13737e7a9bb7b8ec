//! What is true of audio: loudness, its range, peaks.
//!
//! Meters never change audio. A sample that is not a number, infinite, or more than 180 dB above full scale
//! reads as 0 in every meter; callers repair such samples first, and [`Measurements::broken_samples`] counts
//! those left. All results are the same, bit for bit, on every number of threads.
//!
//! | module | what | standard |
//! |---|---|---|
//! | [`k_weighting`] | the two filters before loudness | ITU-R BS.1770-5, annex 1 |
//! | [`loudness`] | momentary, short-term, integrated | ITU-R BS.1770-5, EBU Tech 3341 |
//! | [`loudness_range`] | how far loudness moves | EBU Tech 3342 |
//! | [`true_peak`] | the highest level between samples | ITU-R BS.1770-5, annex 2 |
//! | [`report`] | all of these in one pass | |

pub mod k_weighting;
pub mod loudness;
pub mod loudness_range;
pub mod report;
pub mod true_peak;

mod energies;
pub(crate) mod excerpt;

pub use report::{Detail, Measurements, measure, measure_certified, measure_in_detail};
