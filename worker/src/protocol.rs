//! The conversation between the worker and the process that meets a stranger's file.
//!
//! The worker writes one [`Request`] as a line of JSON; the child answers with [`Line`]s, the last of which
//! is `done` or `problem`, and exits with 0. Anything else (no last line, a signal, a line that is none of
//! these) means that the process died.

use std::path::PathBuf;

use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::job::{JobKind, Stage};
use domain::problem::Problem;
use domain::recipe::Recipe;
use domain::stem::StemSettings;
use domain::upload::{AudioFacts, Finding};
use serde::{Deserialize, Serialize};

/// What the child shall do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Request {
    /// Find out what a file is.
    Check {
        /// Where it is.
        input: PathBuf,
        /// What its name ended with.
        extension: Option<String>,
        /// Where the overview goes.
        out: PathBuf,
    },
    /// Master it.
    Master {
        /// Where it is.
        input: PathBuf,
        /// What its name ended with.
        extension: Option<String>,
        /// What it is to sound like.
        references: Vec<Reference>,
        /// Where the artifacts go.
        out: PathBuf,
        /// How.
        recipe: Box<Recipe>,
        /// What the result is called.
        title: String,
    },
    /// Master songs that belong together.
    Album {
        /// In the order of the album.
        inputs: Vec<Track>,
        /// What they are to sound like.
        references: Vec<Reference>,
        /// Where the artifacts go.
        out: PathBuf,
        /// How.
        recipe: Box<Recipe>,
        /// What the album is called; empty if nobody said.
        title: String,
    },
    /// Mix stems.
    Mix {
        /// What, and how.
        #[serde(flatten)]
        order: MixOrder,
        /// Where the artifacts go.
        out: PathBuf,
    },
}

/// Stems, and what is made of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MixOrder {
    /// A mix, or its master too.
    pub kind: JobKind,
    /// The stems, no two of one name.
    pub stems: Vec<Stem>,
    /// What the master is to sound like.
    pub references: Vec<Reference>,
    /// How.
    pub recipe: Box<Recipe>,
    /// What the mix is called; empty if nobody said.
    pub title: String,
}

/// One stem of a mix.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Where it is.
    pub input: PathBuf,
    /// What its name ended with.
    pub extension: Option<String>,
    /// The name that its owner knows it by.
    pub name: String,
    /// What was decided about it.
    pub settings: StemSettings,
}

/// A song that masters are to sound like.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Where it is.
    pub input: PathBuf,
    /// What its name ended with.
    pub extension: Option<String>,
}

/// One song of an album.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Where it is.
    pub input: PathBuf,
    /// What its name ended with.
    pub extension: Option<String>,
    /// What it is called.
    pub title: String,
}

/// One line of the child.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// How far it is.
    Progress {
        /// Where.
        stage: Stage,
        /// How much of the stage, 0 to 1.
        progress: f64,
    },
    /// The last line: it worked.
    Done {
        /// What came of it.
        done: Done,
    },
    /// The last line: it did not.
    Problem {
        /// Why.
        problem: Problem,
    },
}

/// What came of a request.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Done {
    /// Of a check.
    Checked {
        /// What the file is.
        audio: AudioFacts,
        /// What its owner should know.
        findings: Vec<Finding>,
        /// The overview's file, below `out`.
        peaks_file: String,
    },
    /// Of a master, or of an album.
    Mastered {
        /// Every file made, the report among them.
        files: Vec<MadeFile>,
        /// The engine that made them.
        engine_version: String,
    },
}

/// One file below `out`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MadeFile {
    /// What it is.
    pub kind: ArtifactKind,
    /// Of an album: which track it is of, from 1.
    #[serde(default)]
    pub track: Option<u32>,
    /// The name a download gets.
    pub name: String,
    /// How it is written.
    pub format: ArtifactFormat,
    /// Its file, below `out`: a plain name.
    pub file: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length.
    pub size_bytes: u64,
    /// The overview's file, for audio that is listened to.
    pub peaks_file: Option<String>,
}
