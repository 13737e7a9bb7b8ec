//! Why something could not be done, in words a producer understands. What a failed job and a rejected upload
//! carry.

use serde::{Deserialize, Serialize};

use crate::artifact::closed_words;
use crate::job::Stage;

/// One reason. The HTTP answer is made from it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, for programs: `audio_too_long`.
    pub code: String,
    /// The same for every problem of this code.
    pub title: String,
    /// This one: names the thing, the value and the bound.
    pub detail: String,
    /// Where in the work it appeared.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// Whose doing it is.
    pub fault: Fault,
    /// Whether the same order could succeed later.
    pub retryable: bool,
    /// What became of the money.
    #[serde(default)]
    pub money: Money,
}

impl Problem {
    /// One that is our fault: nothing the user sent or did caused it.
    #[must_use]
    pub fn ours(code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            title: title.to_owned(),
            detail: detail.into(),
            stage: None,
            fault: Fault::Ours,
            retryable: true,
            money: Money::None,
        }
    }

    /// The process that rendered the job died too often; nobody tries it again by itself.
    #[must_use]
    pub fn quarantined(process_deaths: u32) -> Self {
        Self::ours(
            "job_quarantined",
            "Rendering crashed",
            format!(
                "Rendering ended without a result {process_deaths} times, so we stopped trying. \
                 This is our fault."
            ),
        )
    }
}

closed_words! {
    /// Whose fault a problem is.
    Fault {
        /// The audio cannot be used.
        Input = "input",
        /// The service failed.
        Ours = "ours",
        /// What was asked for cannot be.
        User = "user",
    }
}

/// What became of the credits of a job. Payments are off in this version: `none`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Money {
    /// No credits are involved.
    #[default]
    None,
    /// Reserved for the job.
    Held,
    /// Spent.
    Captured,
    /// Given back before they were spent.
    Released,
    /// Given back after they were spent.
    Refunded,
}
