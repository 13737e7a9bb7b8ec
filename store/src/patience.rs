//! How long an operation is waited for, and how long it took.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Result, StoreError};
use crate::figures;

/// How long operations of a store are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// As long as they take: whoever works in the background has time.
    Endless,
    /// Not longer: somebody waits for the answer.
    Of(Duration),
}

impl Patience {
    /// The outcome of `work`, which is the operation `name`.
    pub(crate) async fn await_for<T>(
        self,
        name: &'static str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        let outcome = match self {
            Self::Endless => work.await,
            Self::Of(longest) => match tokio::time::timeout(longest, work).await {
                Ok(outcome) => outcome,
                Err(_) => Err(StoreError::Slow(longest)),
            },
        };
        figures::operation(name, began.elapsed(), outcome.as_ref().err());
        outcome
    }
}
