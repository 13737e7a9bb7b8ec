//! The mixing engine: what a mix promises, judged on sessions made here, by computations that are not the engine's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its harness too")]
#![expect(clippy::disallowed_methods, reason = "a test owns its pool")]

mod balance;
mod exactness;
mod plan;
mod refusals;
mod session;
mod sound;
