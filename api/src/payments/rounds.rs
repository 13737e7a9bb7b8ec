//! What goes on by itself: calls that are still to be made, looks at what may have changed without anybody telling, and
//! events whose object was not there yet.

use std::time::Duration;

use store::money::{Call, CallEnd, CallKind, NewEvent, Purchase};
use tokio_util::sync::CancellationToken;

use super::{PaymentError, Payments, hearing, is_too_old, look, open, send_back};

/// How long there is between two rounds, and how much one takes on.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(10);
const AT_A_TIME: u32 = 20;

/// Keeps up with the provider until `stop`. Any number of processes may do so.
pub async fn keep_up(payments: Payments, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(BETWEEN_ROUNDS) => {}
        }
        if let Err(error) = round(&payments).await {
            tracing::warn!(%error, "a round of payments came to nothing");
        }
    }
}

/// One round.
pub async fn round(payments: &Payments) -> Result<(), PaymentError> {
    for call in payments.store.take_calls(AT_A_TIME, payments.now()).await? {
        if let Err(error) = make(payments, &call).await {
            tracing::warn!(order.id = %call.purchase, %error, "a call did not come through; it is made again");
        }
    }
    for purchase in payments.store.take_purchases_to_look_at(AT_A_TIME, payments.now()).await? {
        if let Err(error) = look_at(payments, &purchase).await {
            tracing::warn!(order.id = %purchase.id, %error, "a purchase could not be looked at");
        }
    }
    for event in payments.store.take_parked_events(AT_A_TIME, payments.now()).await? {
        if let Err(error) = look_up(payments, &event).await {
            tracing::warn!(event.id = event.id, %error, "an event could not be looked up");
        }
    }
    Ok(())
}

async fn make(payments: &Payments, call: &Call) -> Result<(), PaymentError> {
    if is_too_old(call.created_at, payments.now()) {
        tracing::error!(order.id = %call.purchase, "a call was tried for 20 hours; somebody has to look");
        return Ok(payments.store.end_call(&call.key, CallEnd::GivenUp, payments.now()).await?);
    }
    match call.kind {
        CallKind::Refund => send_back(payments, &call.purchase).await,
        CallKind::Checkout => match payments.store.anyones_purchase(&call.purchase).await? {
            Some(purchase) => open(payments, purchase).await.map(drop),
            None => Ok(()),
        },
    }
}

async fn look_at(payments: &Payments, purchase: &Purchase) -> Result<(), PaymentError> {
    match &purchase.session {
        Some(session) => look(payments, session, None).await.map(drop),
        None => Ok(()),
    }
}

async fn look_up(payments: &Payments, event: &NewEvent) -> Result<(), PaymentError> {
    hearing::follow(payments, event).await.map(drop)
}
