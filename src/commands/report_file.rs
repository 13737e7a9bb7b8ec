//! `--report FILE`: what was measured and decided, for programs or for people, by the name of the file.

use std::path::Path;

use domain::report::Report;
use worker::render::report_page::page;
use worker::render::report_text;

use super::local_song::{Existing, extension, write_whole_text};
use crate::exit::Failure;

/// Refuses a name that does not say which of the two.
pub fn check(path: &Path) -> Result<(), Failure> {
    match extension(path) {
        Some("json" | "html" | "htm") => Ok(()),
        _ => Err(Failure::usage(format!("--report is {}; its name ends in .json or .html", path.display()))),
    }
}

/// Writes the report whole or not at all.
pub fn write(path: &Path, existing: Existing, report: &Report, title: &str) -> Result<(), Failure> {
    let text = match extension(path) {
        Some("html" | "htm") => page(report, title),
        _ => report_text::json(report).map_err(Failure::ours)?,
    };
    write_whole_text(path, existing, &text)
}
