//! The whole mastering engine: what it decides, what must not matter to it, what it must leave alone.

mod decisions;
mod music;
mod plan;
mod properties;
mod references;
