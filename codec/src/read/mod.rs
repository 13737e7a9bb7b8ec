//! From bytes to audio.
//!
//! | module | what |
//! |---|---|
//! | [`input`] | the bytes, with a length that is known and a start behind any tag |
//! | [`sniff`] | which container the first bytes are, and whether the file's name agrees |
//! | [`chunks`] | the one walk over RIFF, RF64, W64 and FORM chunks |
//! | [`wave`], [`aiff`], [`caf`] | headers into a [`plan::PcmPlan`] |
//! | [`plan`] | what is known of uncompressed samples before they are read |
//! | [`pcm`] | uncompressed samples into planar floats |
//! | [`compressed`] | everything that has a decoder |
//! | [`finite`] | the repair of samples that are no numbers |
//! | [`quiet`] | a decoder's panic becomes an error |

pub(crate) mod aiff;
pub(crate) mod caf;
pub(crate) mod chunks;
pub(crate) mod compressed;
pub(crate) mod finite;
pub(crate) mod input;
pub(crate) mod pcm;
pub(crate) mod plan;
pub(crate) mod quiet;
pub(crate) mod sniff;
pub(crate) mod wave;
