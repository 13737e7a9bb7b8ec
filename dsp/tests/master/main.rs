//! The master and its parts, judged from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ceiling;
mod limiter_gain;
mod limiter_sound;
mod oracle;
mod programmes;
mod spectrum;
