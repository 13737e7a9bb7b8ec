//! What the provider tells: believed if it is signed, applied once, looked up before anything follows from it.

use billing::{Event, SignatureError, StripeError};
use domain::digest::Digest;
use sha2::{Digest as _, Sha256};
use store::money::{Applied, NewEvent};

use super::{PaymentError, Payments, look};
use crate::error::{ApiError, ApiResult};

/// Takes one event. Whatever is well answered is never told again; an error makes the provider tell it later.
pub(crate) async fn hear(payments: &Payments, signature: &str, body: &[u8]) -> ApiResult<()> {
    billing::verify(&payments.terms.webhook_secret, signature, body, payments.now()).map_err(|error| {
        match error {
            SignatureError::Invalid => ApiError::SignatureInvalid,
            SignatureError::Stale => ApiError::SignatureStale,
        }
    })?;
    let not_one = || ApiError::MalformedJson("it is no event".to_owned());
    let event = Event::read(body).ok_or_else(not_one)?;
    if event.mode != payments.stripe().mode() {
        return Err(ApiError::WrongMode);
    }
    let new = NewEvent {
        id: event.id.clone(),
        kind: event.kind.clone(),
        object: event.object.clone(),
        digest: Digest::from_bytes(Sha256::digest(body).into()),
    };
    if let Some(known) = payments.store.known_event(&new.id).await? {
        if known.digest != new.digest {
            tracing::error!(event.id = new.id, "an event was told again with another body");
        }
        if !known.is_parked {
            return Ok(());
        }
    }
    if !event.is_followed() {
        tracing::info!(event.kind = new.kind, "an event of a kind that is not followed");
        return Ok(payments.store.ignore_event(&new, payments.now()).await?);
    }
    if event.other_account.is_some() || follow(payments, &new).await?.is_none() {
        tracing::warn!(
            event.id = new.id,
            event.kind = new.kind,
            "an event about something that is not known"
        );
        payments.store.park_event(&new, payments.now()).await?;
    }
    Ok(())
}

/// Looks up what an event is about, and merges what is seen; `None` if it cannot be found.
pub(super) async fn follow(payments: &Payments, event: &NewEvent) -> Result<Option<Applied>, PaymentError> {
    let Some(object) = &event.object else { return Ok(None) };
    if object.starts_with("cs_") {
        return look(payments, object, Some(event)).await;
    }
    let known = payments.store.purchase_of_payment(object).await?.and_then(|purchase| purchase.session);
    let session = match known {
        Some(session) => Some(session),
        None => match payments.stripe().checkout_of(object).await {
            Err(StripeError::Refused { .. }) => None,
            other => other?.map(|opened| opened.session),
        },
    };
    match session {
        Some(session) => look(payments, &session, Some(event)).await,
        None => Ok(None),
    }
}
