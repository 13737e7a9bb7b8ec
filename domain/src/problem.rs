//! Why something could not be done, in words a producer understands. What a failed job and a rejected upload
//! carry.

use serde::{Deserialize, Serialize};

use crate::artifact::closed_words;
use crate::job::{Stage, StateName};

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

/// What became of the credits of a job.
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

impl Money {
    /// Every one there is.
    pub const ALL: [Self; 5] = [Self::None, Self::Held, Self::Captured, Self::Released, Self::Refunded];

    /// As on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Refunded => "refunded",
        }
    }

    /// The one with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|money| money.as_str() == text)
    }

    /// What becomes of held credits when a job comes into this state. What is not held stays as it is.
    #[must_use]
    pub const fn when_job_is(self, state: StateName) -> Self {
        match (self, state) {
            (Self::Held, StateName::Succeeded) => Self::Captured,
            (Self::Held, StateName::Failed | StateName::Cancelled) => Self::Released,
            _ => self,
        }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_credits_are_settled_by_the_end_of_the_job_and_by_nothing_else() {
        let ends = [StateName::Succeeded, StateName::Failed, StateName::Cancelled];
        let settled = ends.map(|end| Money::Held.when_job_is(end));
        assert_eq!(settled, [Money::Captured, Money::Released, Money::Released]);
        for state in StateName::ALL {
            let is_end = ends.contains(state);
            assert_eq!(Money::Held.when_job_is(*state) == Money::Held, !is_end, "{state}");
            for money in Money::ALL.into_iter().filter(|money| *money != Money::Held) {
                assert_eq!(money.when_job_is(*state), money);
            }
        }
    }
}
