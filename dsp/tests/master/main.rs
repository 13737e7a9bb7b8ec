//! The master and its parts, judged from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ceiling;
mod dither;
mod hostile;
mod invariance;
mod limiter_gain;
mod limiter_onsets;
mod limiter_sound;
mod loudness;
mod oracle;
mod programmes;
mod spectrum;
