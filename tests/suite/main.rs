//! The whole program, as its users meet it: the command line, and the service over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its harness too")]

mod cli;
mod compare;
mod crash;
mod figures;
mod fleet;
mod harness;
mod hostile;
mod logs;
mod mastering;
mod mixing;
mod presets_doc;
mod service;
mod session_doc;
mod slow_database;
