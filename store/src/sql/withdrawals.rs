//! Purchases that are taken back.

use domain::clock::Timestamp;
use domain::ids::{AccountId, PurchaseId, PurseId};
use domain::money::purchase::{PurchaseState, Withdrawal};

use super::purchases::{gone, held_row, row as row_of, settle};
use super::{Db, Write, ledger, provider};
use crate::error::Result;
use crate::money::{CallKind, Withdrawn};
use crate::money_rows::PurchaseRow;
use crate::rows::parse;

pub(crate) async fn withdraw(
    store: &Db,
    account: &AccountId,
    id: &PurchaseId,
    now: Timestamp,
) -> Result<Withdrawn> {
    let mut write = store.write().await?;
    let now = write.hold_account(account, now).await?;
    let Some(purse) = ledger::purse_of(write.connection(), account).await? else {
        return Ok(Withdrawn::Unknown);
    };
    let row = held_row(write.connection(), id).await?;
    let Some(row) = row.filter(|row| row.purse().is_ok_and(|own| own == purse)) else {
        return Ok(Withdrawn::Unknown);
    };
    let withdrawn = withdraw_in(&mut write, &row, now).await?;
    if matches!(withdrawn, Withdrawn::Asked(_)) {
        write.commit().await?;
    }
    Ok(withdrawn)
}

/// The same in a transaction that does more, for a purchase that is held. Anything but [`Withdrawn::Asked`] has changed
/// nothing.
pub(super) async fn withdraw_in(
    write: &mut Write<'_>,
    row: &PurchaseRow,
    now: Timestamp,
) -> Result<Withdrawn> {
    let (id, purse, known) = (row.id()?, row.purse()?, row.known()?);
    match known.withdrawal {
        Withdrawal::Asked => return Ok(Withdrawn::Asked(row.clone().read()?)),
        Withdrawal::Refused => return Ok(Withdrawn::RefusedBefore),
        Withdrawal::None => {}
    }
    if ledger::is_frozen(write.connection(), &purse).await? {
        return Ok(Withdrawn::Frozen);
    }
    // Whatever went back before, in part or on its way, is for an operator to sort out.
    if known.state != PurchaseState::Paid || row.refunds > 0 || row.disputes > 0 {
        return Ok(Withdrawn::NothingToReturn);
    }
    let available = ledger::balance(write.connection(), &purse).await?.available;
    if available < known.credits.count() {
        return Ok(Withdrawn::Delivered { available });
    }
    sqlx::query("UPDATE purchases SET withdrawal = 'asked' WHERE id = $1")
        .bind(id.as_str())
        .execute(write.connection())
        .await?;
    let asked = row_of(write.connection(), &id).await?.ok_or_else(|| gone(&id))?;
    settle(write, &asked, now).await?;
    provider::insert_call(write, CallKind::Refund, &id, now).await?;
    Ok(Withdrawn::Asked(asked.read()?))
}

/// What is bought by an account that is about to go, or comes for one that has gone: of what can be given back, all is.
/// Whatever else its customer might have done with the purse, nobody can any more.
pub(super) async fn give_back(write: &mut Write<'_>, purse: &PurseId, now: Timestamp) -> Result<u32> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM purchases WHERE purse_id = $1 ORDER BY created_at DESC, id DESC")
            .bind(purse.as_str())
            .fetch_all(write.connection())
            .await?;
    let mut given_back = 0;
    for id in ids {
        let id = parse("purchases", &id, &id, PurchaseId::parse)?;
        let row = held_row(write.connection(), &id).await?.ok_or_else(|| gone(&id))?;
        let is_new = row.known()?.withdrawal == Withdrawal::None;
        if is_new && matches!(withdraw_in(write, &row, now).await?, Withdrawn::Asked(_)) {
            given_back += 1;
        }
    }
    Ok(given_back)
}
