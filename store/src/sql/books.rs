//! Whether rows agree with the ledger. Every operation keeps them so; this looks at what is there, not at the program.

use domain::money::Book;
use domain::money::purchase::Due;

use super::Db;
use super::purchases::{Written, purchases_where};
use crate::error::Result;
use crate::money::BookBalance;
use crate::money_rows::PurchaseRow;
use crate::rows::word;

pub(crate) async fn balances(store: &Db) -> Result<Vec<BookBalance>> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT unit, book, CAST(sum(amount) AS BIGINT) FROM (
             SELECT unit, source AS book, -amount AS amount FROM ledger
             UNION ALL SELECT unit, target, amount FROM ledger
         ) AS sides GROUP BY unit, book ORDER BY unit, book",
    )
    .fetch_all(&store.reader)
    .await?;
    let read = |(unit, book, amount): (String, String, i64)| {
        Ok(BookBalance { book: word("ledger", &unit, &book, Book::parse)?, unit, amount })
    };
    rows.into_iter().map(read).collect()
}

/// What jobs say and what the ledger says of them, for jobs that are still there.
const JOBS: &str = "
    SELECT jobs.id, jobs.state, jobs.money, coalesce(hold.amount, 0) AS held, coalesce(settled.kind, '-') AS settled
    FROM jobs
    LEFT JOIN ledger AS hold ON hold.key = 'hold:' || jobs.id
    LEFT JOIN ledger AS settled ON settled.key = 'settle:' || jobs.id
    LEFT JOIN ledger AS refund ON refund.key = 'refund:' || jobs.id
    WHERE jobs.credits <> coalesce(hold.amount, 0)
       OR coalesce(settled.kind, '-') <> CASE jobs.money
              WHEN 'captured' THEN 'capture' WHEN 'refunded' THEN 'capture' WHEN 'released' THEN 'release' ELSE '-' END
       OR (jobs.money = 'refunded') <> (refund.id IS NOT NULL)";

pub(crate) async fn faults(store: &Db) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let jobs: Vec<(String, String, String, i64, String)> =
        sqlx::query_as(JOBS).fetch_all(&store.reader).await?;
    for (id, state, money, held, settled) in jobs {
        faults.push(format!(
            "{id} is {state} and its money {money}; the ledger holds {held} and settled {settled}"
        ));
    }
    let open: Vec<(String,)> = sqlx::query_as(
        "SELECT hold.job_id FROM ledger AS hold
         WHERE hold.kind = 'hold'
           AND NOT EXISTS (SELECT 1 FROM ledger AS settled WHERE settled.key = 'settle:' || hold.job_id)
           AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = hold.job_id)",
    )
    .fetch_all(&store.reader)
    .await?;
    faults.extend(open.into_iter().map(|(job,)| format!("{job} is gone and its credits are still held")));
    let sql = purchases_where!("1 = 1 ORDER BY purchases.id");
    let purchases: Vec<PurchaseRow> = sqlx::query_as(sql).fetch_all(&store.reader).await?;
    let mut reader = store.reader.acquire().await?;
    for row in purchases {
        let (due, said): (Due, Due) = (row.known()?.due(), Written::of(&mut reader, &row.id).await?.due());
        if due != said {
            faults.push(format!("{}: due is {due:?}; the ledger says {said:?}", row.id));
        }
    }
    for unit in balances(store).await?.chunk_by(|one, other| one.unit == other.unit) {
        let sum: i64 = unit.iter().map(|book| book.amount).sum();
        if sum != 0 {
            faults.push(format!("the sum over all books of {} is {sum}", unit[0].unit));
        }
    }
    Ok(faults)
}
