//! From a file to a master: what the child `mixrunners render` does for the worker, and `mixrunners master` for a
//! producer at a terminal. Both take exactly this path, so that both get the same bits.
//!
//! | module | what |
//! |---|---|
//! | [`song`] | a file, decoded, with what there is to say about it |
//! | [`mastering`] | a song on the desk: its sound made once, its masters any number of times |
//! | [`master`] | one master for one kind of file, and its report |
//! | [`album`] | songs that belong together |
//! | [`mix`] | stems to a mix |
//! | [`report`] | the engine's values as the report's words and numbers |
//! | [`report_page`] | the same as one page of HTML |
//! | [`compared`] | two files beside each other |
//! | [`report_text`], [`certificate`] | the report as JSON, and the hashes of what was made |
//! | [`child`] | the conversation with the worker, one line of JSON at a time |
//! | `album_job` | the files of an album |
//! | `files` | the files of one song |
//! | `preview` | a part of a master, to be heard before it is ordered |
//! | `aim` | what a recipe leaves to the references |
//! | `teller` | progress, one line of JSON at a time |
//! | [`error`] | why not, and whose fault it is |

pub mod aim;
pub mod album;
mod album_job;
pub mod certificate;
pub mod child;
pub mod compared;
pub mod error;
mod files;
mod findings;
pub mod master;
pub mod mastering;
pub mod mix;
mod preview;
pub mod report;
pub mod report_page;
pub mod report_text;
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
