//! Free previews: as many as anybody likes where everything is free, and a few a day where it is not.

use std::sync::Arc;
use std::time::Duration;

use domain::abuse::Signal;
use domain::account::Account;
use domain::clock::Clock;
use domain::order::Order;
use store::Store;
use store::abuse::{PepperError, Peppers, PreviewQuota};
use store::outcome::Enqueued;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Takes an order in, of a preview or of anything else.
pub(crate) async fn admit(app: &App, account: &Account, order: &Order) -> ApiResult<Enqueued> {
    let (room, now) = (app.limits.room, app.now());
    if order.wish.recipe.preview.is_none() {
        return Ok(app.store.admit(order, room, app.prices(), now).await?);
    }
    let quota = quota(app, account).await?;
    Ok(app.store.admit_preview(order, room, quota.as_ref(), now).await?)
}

/// How many previews there are for an account; `None` for as many as it likes.
async fn quota(app: &App, account: &Account) -> ApiResult<Option<PreviewQuota>> {
    let Some((prices, peppers)) = app.prices().zip(app.peppers.as_ref()) else { return Ok(None) };
    let tags = peppers.tags(&app.store, &Signal::email(&account.email), app.now()).await?;
    Ok(Some(PreviewQuota { per_day: prices.previews_per_day(), tags }))
}

/// How often old peppers are looked for.
const OLD_PEPPERS_EVERY: Duration = Duration::from_secs(3600);

/// Destroys peppers when their time is up, until `stop`.
pub async fn destroy_old_peppers(
    peppers: Peppers,
    store: Store,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut timer = tokio::time::interval(OLD_PEPPERS_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        // By the clock that decides: a host's own may be anywhere.
        let destroyed = match store.time(clock.now()).await {
            Ok(now) => peppers.destroy_old(now),
            Err(error) => Err(error.into()),
        };
        match destroyed {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "peppers were destroyed: what they hashed is noise now"),
            Err(error) => tracing::error!(%error, "old peppers could not be destroyed; it is tried again"),
        }
    }
}

impl From<PepperError> for ApiError {
    fn from(error: PepperError) -> Self {
        match error {
            PepperError::Store(cause) => cause.into(),
            cause => {
                tracing::error!(%cause, "no preview can be counted, so none is made");
                Self::PreviewsAway
            }
        }
    }
}
