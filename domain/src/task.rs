//! What the holder of a lease has to do.

use crate::ids::UploadId;
use crate::job::JobKind;
use crate::order::Input;
use crate::recipe::Recipe;

/// One task. `check` is internal: no list of jobs shows it.
#[derive(Clone, PartialEq, Debug)]
pub enum Task {
    /// Find out what an upload is, and whether it can be used.
    Check {
        /// Which.
        upload: UploadId,
    },
    /// Turn inputs into masters.
    Render {
        /// What is made of them: one master of the one input, or an album.
        kind: JobKind,
        /// The inputs, in the order they were given.
        inputs: Vec<Input>,
        /// What it is to sound like.
        references: Vec<UploadId>,
        /// How.
        recipe: Box<Recipe>,
        /// What the result is called.
        title: String,
    },
}
