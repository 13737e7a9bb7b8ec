//! What makes a blob unreadable to whoever has its bytes alone, and a person's words to whoever has the rows alone.
//!
//! Every write of a blob has a key of its own, fresh and random. That key is wrapped by a key-encryption key (KEK) and
//! kept in the database; KEKs are kept outside of it. So three things together read a blob: its bytes, its row, and the
//! KEK. Whoever deletes the row has deleted the blob, wherever copies of its bytes may lie.
//!
//! | module | what |
//! |---|---|
//! | `segments` | the form of a sealed blob: which byte lies where, and under which key |
//! | `stream` | sealing on the way in, opening on the way out, one segment in memory |
//! | `keyring` | the KEKs of an installation |
//! | `key_file` | a KEK in a folder |
//! | `note` | short texts in rows |
//! | `vault` | the keys of blobs, wrapped and unwrapped |
//! | `texts` | what a person wrote, sealed in the rows under a key of the account |

mod key_file;
mod keyring;
mod note;
pub(crate) mod segments;
pub(crate) mod stream;
pub(crate) mod texts;
pub(crate) mod vault;

pub use self::keyring::{KekId, Keyring, KeyringError};
pub use self::note::{open_under, seal_under};
pub use self::segments::SealId;
pub use self::vault::rewrap;
