//! The way from the outbox to whoever carries mail.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::ids::MailId;
use futures_util::future::join_all;
use mail::{MailError, Posted};
use store::mail::DueMail;
use store::{Result, StoreError};
use tokio_util::sync::CancellationToken;

use super::{Mailing, Written, notices};
use crate::figures;

/// How long there is between two looks when nobody says that there is something.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// So many are on their way at the same time, all begun at once: what was taken is tried before others may take it.
const AT_A_TIME: u32 = 4;

/// Sends what is in the outbox until `stop`, and ends what it began. Any number of processes may do so.
pub async fn keep_posting(mailing: Mailing, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&mailing).await {
            tracing::warn!(%error, "the outbox cannot be read");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = mailing.0.wake.notified() => {}
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
        }
    }
}

/// Writes what is to be told, and tries everything that is due; gives how many tries there were.
pub async fn round(mailing: &Mailing) -> Result<usize> {
    let swept = mailing.0.store.sweep_mail(mailing.now()).await?;
    figures::mailed("too_late", swept.mails);
    notices::write(mailing).await?;
    let mut tries = 0;
    loop {
        let due = mailing.0.store.take_mails(AT_A_TIME, mailing.now()).await?;
        if due.is_empty() {
            return Ok(tries);
        }
        tries += due.len();
        for outcome in join_all(due.iter().map(|mail| post(mailing, mail))).await {
            outcome?;
        }
    }
}

async fn post(mailing: &Mailing, mail: &DueMail) -> Result<()> {
    let Some((at, letter)) = opened(mailing, mail) else {
        // Another process may have a newer key than this one.
        figures::mailed("unreadable", 1);
        return mailing.0.store.postpone_mail(&mail.id, mailing.now()).await.map(drop);
    };
    let posted = Posted { id: mail.id.clone(), at };
    match mailing.0.carrier.carry(&letter, &posted).await {
        Ok(()) => {
            figures::mailed("sent", 1);
            gone(mailing, &mail.id).await
        }
        Err(error @ MailError::Refused(_)) => {
            tracing::warn!(mail.id = %mail.id, %error, "a mail can never be delivered");
            figures::mailed("refused", 1);
            gone(mailing, &mail.id).await
        }
        Err(error) => {
            let is_tried_again = mailing.0.store.postpone_mail(&mail.id, mailing.now()).await?;
            tracing::warn!(mail.id = %mail.id, %error, tries = mail.tries, is_tried_again, "a mail was not taken");
            figures::mailed(if is_tried_again { "postponed" } else { "given_up" }, 1);
            Ok(())
        }
    }
}

/// What it says, if the key that sealed it is here.
fn opened(mailing: &Mailing, mail: &DueMail) -> Option<(Timestamp, mail::Letter)> {
    let plain = mailing.0.keyring.open_note(mail.id.as_str(), &mail.sealed);
    let plain = plain.inspect_err(|error| tracing::error!(%error, "a mail cannot be opened")).ok()?;
    let Written { at_micros, letter } = serde_json::from_slice(&plain).ok()?;
    Some((Timestamp::from_micros(at_micros), letter))
}

/// A mail that was taken must not be sent again because the database was away for a moment.
async fn gone(mailing: &Mailing, id: &MailId) -> Result<()> {
    let mut last: Option<StoreError> = None;
    for wait in [0, 200, 1000, 5000] {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        match mailing.0.store.end_mail(id).await {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(()), Err)
}
