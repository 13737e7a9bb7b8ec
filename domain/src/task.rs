//! What the holder of a lease has to do.

use crate::ids::UploadId;
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
        /// The inputs, in the order they were given.
        inputs: Vec<UploadId>,
        /// How.
        recipe: Recipe,
        /// What the result is called.
        title: String,
    },
}
