//! The worker with a scripted child that can do what a good child would never do.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test they are assertions")]

mod interrupted;
mod proof;
mod reaped;
mod rendered;
mod service;
mod wayward;
