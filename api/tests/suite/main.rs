//! The service on a real socket, over real SQLite and a real folder.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at its first surprise"
)]

mod access;
mod billing;
mod contract;
mod deletion_notices;
mod downloads;
mod erasing;
mod events;
mod harness;
mod health;
mod jobs;
mod ops;
mod overload;
mod overview;
mod sessions;
mod signing_in;
mod tus;
mod tus_concat;
mod tus_protocol;
mod tus_refusals;
