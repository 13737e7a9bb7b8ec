//! The chain before the loudness, judged from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dynamics;
mod listening;
mod rendering;
mod tone;
