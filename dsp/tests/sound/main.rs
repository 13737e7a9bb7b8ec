//! The whole mastering engine: what it decides, what must not matter to it, what it must leave alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its harness too")]

mod decisions;
mod music;
mod plan;
mod properties;
mod references;
