//! The processed stems as files of 32-bit floats: they add up to the mix.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use codec::{Delivery, EncodeOptions};
use dsp::audio::Audio;
use dsp::mix::{ReelError, StemSink};
use dsp::progress::Unwatched;

/// Writes each stem into a folder, under its own name with `.wav`.
#[derive(Debug)]
pub struct FolderSink {
    folder: PathBuf,
    written: Mutex<Vec<(String, PathBuf)>>,
}

impl FolderSink {
    /// Into `folder`, which exists.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), written: Mutex::default() }
    }

    /// The stems that were written and where, in the order of their names.
    #[must_use]
    pub fn written(self) -> Vec<(String, PathBuf)> {
        let mut written = self.written.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        written.sort();
        written
    }
}

/// The name of a processed stem's file: that of the stem, as WAV. Two stems of one name but for their endings stay
/// apart, because the ending stays a part of the name unless it was `.wav`.
#[must_use]
pub fn file_name(stem: &str) -> String {
    let plain: String = stem.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).collect();
    match plain.to_ascii_lowercase().strip_suffix(".wav") {
        Some(base) => format!("{}.wav", &plain[..base.len()]),
        None => format!("{plain}.wav"),
    }
}

impl StemSink for FolderSink {
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError> {
        let path = self.folder.join(file_name(stem));
        let failed = |error: &dyn std::fmt::Display| ReelError(format!("{}: {error}", path.display()));
        let file = File::create(&path).map_err(|error| failed(&error))?;
        let out = BufWriter::with_capacity(1 << 20, file);
        codec::encode(audio, Delivery::Wav32f, &EncodeOptions::default(), out, &Unwatched)
            .map_err(|error| failed(&error))?;
        let mut written = self.written.lock().map_err(|_| ReelError("a thread panicked".to_owned()))?;
        written.push((stem.to_owned(), path));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stems_file_keeps_its_name_and_leaves_no_folder() {
        for (stem, file) in [
            ("kick.wav", "kick.wav"),
            ("KICK.WAV", "KICK.wav"),
            ("kick.flac", "kick.flac.wav"),
            ("../kick", ".._kick.wav"),
            ("näppäimet", "näppäimet.wav"),
        ] {
            assert_eq!(file_name(stem), file);
        }
    }
}
