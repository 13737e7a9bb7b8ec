//! The whole program, as its users meet it: the command line, and the service over HTTP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its harness too")]

mod buckets;
mod chaos;
mod cli;
mod compare;
mod crash;
mod disk;
mod erasure;
mod figures;
mod fleet;
mod harness;
mod hostile;
mod keys;
mod logs;
mod mail;
mod mastering;
mod mixing;
mod paying;
mod presets_doc;
mod restored;
mod service;
mod session_doc;
mod slow_database;
mod tus_clients;
mod twins;
mod two_apis;
mod upload_kills;
mod years;
