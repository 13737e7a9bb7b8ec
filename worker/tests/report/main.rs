//! The report as programs read it and as people see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its harness too")]

mod form;
mod page;
mod schema;
mod song;
