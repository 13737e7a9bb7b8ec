//! Bytes to audio and back, for files that may lie.
//!
//! **Invariants**: a header is a hint, never a reservation; every limit is counted while decoding; a file can cause
//! an error with a code, never a panic; what was put right is said in a note, never passed over.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`mod@decode`] | any accepted file to planar floats | [`decode()`], [`Decoded`] |
//! | [`limits`] | what a file may ask of us | [`Limits`] |
//! | [`note`] | what was accepted, but should be known | [`DecodeNote`] |
//! | [`source_format`] | what a file was | [`SourceFormat`], [`Fidelity`] |
//! | [`mod@encode`] | planar floats to WAV, FLAC, MP3 and Ogg Vorbis | [`encode()`], [`EncodeOptions`], [`BextLoudness`] |
//! | [`delivery`] | the forms, and what each can hold | [`Delivery`] |
//! | [`tags`], [`cover`] | what a file says about its music | [`Tags`], [`TagFields`], [`Cover`] |
//! | [`round_trip`] | what listeners of a lossy form will hear | [`lossy_round_trip`] |
//! | [`mod@peaks`] | the overview that a page draws | [`peaks()`], [`Peaks`] |
//! | [`error`] | why not, with stable codes | [`DecodeError`], [`EncodeError`] |

pub mod cover;
pub mod decode;
pub mod delivery;
pub mod encode;
pub mod error;
pub mod limits;
pub mod note;
pub mod peaks;
mod read;
pub mod round_trip;
pub mod source_format;
pub mod tags;
mod write;

pub use cover::{Cover, CoverError, CoverKind};
pub use decode::{Decoded, decode};
pub use delivery::Delivery;
pub use encode::{BextLoudness, EncodeOptions, encode};
pub use error::{DecodeError, EncodeError};
pub use limits::Limits;
pub use note::DecodeNote;
pub use peaks::{Peaks, peaks};
pub use round_trip::{RoundTripError, lossy_round_trip};
pub use source_format::{Codec, Container, Depth, Fidelity, SourceFormat};
pub use tags::{TagError, TagFields, Tags};
