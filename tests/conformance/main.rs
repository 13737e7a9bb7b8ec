//! The meters against the standards they claim to follow, and against other meters.
//!
//! Every case of EBU Tech 3341 and 3342 that is made of tones is built here from its description; the cases
//! that are recordings (3341: 7 and 8, 3342: 5 and 6) may not be shipped. Each reading is compared with the
//! value the standard expects, then with ffmpeg's meter and with the `ebur128` crate, neither of which shares
//! code with ours.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed, helpers included"
)]

mod agreement;
mod judges;
mod k_response;
mod reference;
mod tech_3341;
mod tech_3341_true_peak;
mod tech_3342;
mod true_peak_accuracy;
