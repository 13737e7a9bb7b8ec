//! Whoever has results that go is told so before.

use domain::ids::AccountId;
use domain::mailing::NOTICE_WITHIN;
use mail::Letter;
use store::Result;
use store::notices::DeletionNotice;

use super::Mailing;
use crate::error::ApiError;

/// More wait for the next round.
const AT_A_TIME: u32 = 100;

/// Writes the notices that are due into the outbox. An account that cannot be read keeps nobody else from hearing.
pub(super) async fn write(mailing: &Mailing) -> Result<()> {
    for account in mailing.0.store.accounts_to_notify(AT_A_TIME, mailing.now()).await? {
        if let Err(error) = write_one(mailing, &account).await {
            tracing::error!(account.id = %account, ?error, "an account cannot be told of what goes");
        }
    }
    Ok(())
}

async fn write_one(mailing: &Mailing, id: &AccountId) -> std::result::Result<(), ApiError> {
    let (store, now) = (&mailing.0.store, mailing.now());
    let Some(account) = store.account(id).await? else { return Ok(()) };
    let Some(notice) = store.deletion_notice(id, now).await? else { return Ok(()) };
    // The owner of one machine alone has no mailbox; noted all the same, so that it is not looked at again.
    let letter =
        (!account.email.is_local()).then(|| letter(mailing, account.email.clone(), &notice)).flatten();
    let mail = letter.map(|letter| mailing.seal(letter, now + NOTICE_WITHIN)).transpose()?;
    store.give_deletion_notice(&notice, mail.as_ref(), now).await?;
    Ok(())
}

fn letter(mailing: &Mailing, to: domain::account::Email, notice: &DeletionNotice) -> Option<Letter> {
    let (first, last) = (notice.results.first()?, notice.results.last()?);
    let base = &mailing.0.base;
    Some(Letter::deletion_notice(to, base, notice.results.len(), first.delete_at, last.delete_at))
}
