//! What finishes a master: shaped dither, another rate, colour, and shaved peaks. Judged from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dither_shaped;
mod hearing;
mod spectrum;
