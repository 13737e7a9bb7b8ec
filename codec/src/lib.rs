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
//! | [`mod@encode`] | planar floats to WAV and FLAC | [`encode()`], [`Delivery`], [`BextLoudness`] |
//! | [`mod@peaks`] | the overview that a page draws | [`peaks()`], [`Peaks`] |
//! | [`error`] | why not, with stable codes | [`DecodeError`], [`EncodeError`] |

pub mod decode;
pub mod encode;
pub mod error;
pub mod limits;
pub mod note;
pub mod peaks;
mod read;
pub mod source_format;
mod write;

pub use decode::{Decoded, decode};
pub use encode::{BextLoudness, Delivery, encode};
pub use error::{DecodeError, EncodeError};
pub use limits::Limits;
pub use note::DecodeNote;
pub use peaks::{Peaks, peaks};
pub use source_format::{Codec, Container, Depth, Fidelity, SourceFormat};
