//! Which format a file is written in: by its name, or as asked.

use std::path::Path;

use codec::Delivery;

use super::local_song::extension;
use crate::exit::Failure;

/// The format asked for, or what the name of `output` says; the two may not contradict.
pub fn of(output: &Path, asked: Option<Delivery>) -> Result<Delivery, Failure> {
    let by_name = match extension(output).map(str::to_ascii_lowercase).as_deref() {
        Some("wav") => Some(Delivery::Wav24),
        Some("flac") => Some(Delivery::Flac24),
        Some("mp3") => Some(Delivery::Mp3At320),
        Some("ogg") => Some(Delivery::VorbisQ8),
        _ => None,
    };
    match (asked, by_name) {
        (Some(asked), Some(named)) if asked.extension() != named.extension() => Err(Failure::usage(format!(
            "--format {asked} makes a .{} file, but {} ends in .{}",
            asked.extension(),
            output.display(),
            named.extension()
        ))),
        (Some(asked), _) => Ok(asked),
        (None, Some(named)) => Ok(named),
        (None, None) => Err(Failure::usage(format!("{} does not say which format", output.display()))
            .hint("end its name in .wav, .flac, .mp3 or .ogg, or give --format")),
    }
}
