//! From audio to bytes.
//!
//! | module | what |
//! |---|---|
//! | [`quantise`] | planar floats into interleaved bytes, exactly on the grid |
//! | [`wave`] | WAV, and RF64 beyond 4 GiB |
//! | [`bext`] | the broadcast extension with its loudness fields |
//! | [`flac`], [`flac_header`], [`flac_frame`] | FLAC, its frames coded in parallel |
//! | [`mp3`], [`vorbis`] | the lossy forms, by the encoders of others |
//! | [`id3`], [`comments`], [`info`] | tags, in the words of each container |

pub(crate) mod bext;
pub(crate) mod comments;
pub(crate) mod flac;
pub(crate) mod flac_frame;
pub(crate) mod flac_header;
pub(crate) mod id3;
pub(crate) mod info;
pub(crate) mod mp3;
pub(crate) mod quantise;
pub(crate) mod vorbis;
pub(crate) mod wave;
