//! How well the machine is protected from strangers' files.

use serde::{Deserialize, Serialize};

use crate::artifact::closed_words;

closed_words! {
    /// The walls around the processes that decode files, from strong to weak.
    Sandbox {
        /// All of them, tried at the start.
        Full = "full",
        /// What the system has, as its operator allowed.
        Weak = "weak",
    }
}
