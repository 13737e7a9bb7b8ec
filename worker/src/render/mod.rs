//! From a file to a master: what the child `mixrunners render` does for the worker, and `mixrunners master` for a
//! producer at a terminal. Both take exactly this path, so that both get the same bits.
//!
//! | module | what |
//! |---|---|
//! | [`song`] | a file, decoded, with what there is to say about it |
//! | [`master`] | one master of it, and its report |
//! | [`child`] | the conversation with the worker, one line of JSON at a time |
//! | `album` | the masters of several songs that belong together |
//! | `files` | the files of one song |
//! | `aim` | what a recipe leaves to the references |
//! | `teller` | progress, one line of JSON at a time |
//! | [`error`] | why not, and whose fault it is |

mod aim;
mod album;
pub mod child;
pub mod error;
mod files;
mod findings;
pub mod master;
mod report;
pub mod song;
mod teller;

use domain::job::Stage;
use dsp::progress::Watch;

pub use error::RenderError;
pub use song::Song;

/// Follows a render through its stages.
pub trait Listener: Watch {
    /// A stage begins; `done` counts from 0 again.
    fn enter(&self, stage: Stage);
}
