//! Any accepted file to planar floats.

use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use dsp::audio::Audio;
use dsp::progress::Watch;

use crate::error::DecodeError;
use crate::limits::Limits;
use crate::note::DecodeNote;
use crate::read::input::Input;
use crate::read::quiet;
use crate::read::{aiff, caf, compressed, finite, pcm, sniff, wave};
use crate::source_format::{Container, SourceFormat};

/// A file, decoded.
#[derive(Debug)]
pub struct Decoded {
    /// The samples: full scale ±1.0, every one a number, at most 10^6.
    pub audio: Audio,
    /// What the file was.
    pub source: SourceFormat,
    /// What was put right or left out.
    pub notes: Vec<DecodeNote>,
}

/// Decodes a whole file.
///
/// `hint` is the extension of its name, if it has one: it is never believed, but a contradiction is an error.
/// Integers of up to 24 bits are exact (`n / 2^(bits−1)`); what a lossy encoder put before and after the audio is
/// trimmed. Memory is bounded by `limits` and by what the file really holds, never by what its header claims.
///
/// Runs on the pool that the caller installed; the same file gives the same samples on every number of threads.
///
/// # Errors
/// Every way in which a file can be wrong is a [`DecodeError`] with a stable code; a panic of a decoder becomes
/// [`DecodeError::Malformed`], and its message is kept off the terminal. Running out of memory is no error
/// but an abort, so files of strangers are decoded in a process of their own.
pub fn decode<S: Read + Seek + Send + Sync + 'static>(
    source: S,
    hint: Option<&str>,
    limits: &Limits,
    watch: &dyn Watch,
) -> Result<Decoded, DecodeError> {
    // The decoders of others are caught one by one; a panic of our own readers would be ours, and may be heard.
    let whole = AssertUnwindSafe(|| decode_here(source, hint, limits, watch));
    catch_unwind(whole).unwrap_or_else(|_| Err(DecodeError::malformed(IMPOSSIBLE)))
}

/// What is said of a file that made a decoder panic.
const IMPOSSIBLE: &str = "its decoder stopped at a value that cannot be";

fn decode_here<S: Read + Seek + Send + Sync + 'static>(
    source: S,
    hint: Option<&str>,
    limits: &Limits,
    watch: &dyn Watch,
) -> Result<Decoded, DecodeError> {
    let mut input = Input::new(source)?;
    let bytes = input.length();
    if bytes > limits.file_bytes_max {
        return Err(DecodeError::FileTooLarge { bytes, bytes_max: limits.file_bytes_max });
    }
    if bytes == 0 {
        return Err(DecodeError::Empty { seconds: 0.0, seconds_min: limits.seconds_min });
    }
    let container = sniff::container(&mut input, hint)?;
    let plan = match container {
        Container::Wav | Container::Rf64 | Container::Bw64 | Container::W64 => {
            Some(wave::plan(&mut input, container, limits)?)
        }
        Container::Aiff | Container::Aifc => Some(aiff::plan(&mut input, container, limits)?),
        Container::Caf => caf::plan(&mut input, limits)?,
        Container::Flac | Container::Mp3 | Container::Mp4 | Container::Ogg => None,
    };
    let Some(plan) = plan else {
        let decoded = quiet::catch(|| compressed::decode(input, container, limits, watch))
            .unwrap_or_else(|quiet::Panicked| Err(DecodeError::malformed(IMPOSSIBLE)))?;
        return finish(decoded, true, limits);
    };
    let source = plan.source;
    let may_be_no_number = plan.encoding.is_float();
    let (audio, notes) = pcm::read(&mut input, plan, limits, watch)?;
    finish(Decoded { audio, source, notes }, may_be_no_number, limits)
}

/// What every file must pass at last, whatever it was.
fn finish(mut decoded: Decoded, may_be_no_number: bool, limits: &Limits) -> Result<Decoded, DecodeError> {
    let seconds = decoded.audio.seconds();
    if decoded.audio.frames() == 0 || seconds < limits.seconds_min {
        return Err(DecodeError::Empty { seconds, seconds_min: limits.seconds_min });
    }
    if may_be_no_number {
        decoded.notes.extend(finite::repair(&mut decoded.audio, limits)?);
    }
    Ok(decoded)
}
