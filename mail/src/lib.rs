//! What is said to a mail server, and in which words.
//!
//! **Invariants**: nothing is kept here but files in the folder that stands for a server; nothing is decided here; a
//! password never goes over a network in clear, unless the configuration says so.

mod carrier;
mod folder;
mod letter;
mod server;

use std::io;

pub use carrier::{Carrier, Posted};
pub use folder::forget;
pub use letter::{Block, Letter};
pub use server::{ServerAddress, ServerAddressError};

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It will not be taken later either. The reason does not name the address.
    #[error("the mail is refused: {0}")]
    Refused(String),
    /// It may be taken later, and perhaps it was taken: the answer can be lost.
    #[error("the mail server does not take it now: {0}")]
    Away(String),
    /// The folder.
    #[error("the mail cannot be written: {0}")]
    Folder(#[from] io::Error),
}
