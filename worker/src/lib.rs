//! `worker`.
pub mod render;
