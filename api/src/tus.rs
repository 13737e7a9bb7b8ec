//! Resumable uploads: tus 1.0.0 with creation, creation-with-upload, creation-defer-length, expiration,
//! checksum, termination and concatenation.
//!
//! The rule of this module: **`Upload-Offset` never exceeds what a power cut would leave.** Bytes become a
//! durable piece, then they are recorded, in this order, and only the recorded number is ever told. A
//! connection that breaks keeps what it brought; a body with a checksum is kept whole or not at all.

mod checksum;
mod concat;
mod headers;
mod joining;
mod locks;
mod metadata;
mod method;
mod rate;
mod receive;

pub(crate) use checksum::{ALGORITHMS, Checksum};
pub(crate) use concat::Wish;
pub(crate) use headers::{
    Length, OFFSET_STREAM, Sender, TusVersion, account_full, add_version, file_too_large, http_date,
    offset_moved,
};
pub(crate) use joining::join;
pub(crate) use locks::Lock;
pub(crate) use metadata::{Metadata, keep_metadata, metadata_of};
pub(crate) use method::meant;
pub(crate) use receive::{beyond_length, finish_if_complete, receive};

/// The value of `Tus-Extension`.
pub(crate) const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation";
/// The version spoken.
pub(crate) const VERSION: &str = "1.0.0";
