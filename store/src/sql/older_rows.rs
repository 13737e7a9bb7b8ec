//! Rows of a database that a program without seals made: what people wrote stands in them in plain text.
//!
//! A page of rows is one transaction, so a start that dies in the middle is followed by one that goes on. Nobody
//! reads or writes before it has come to its end: see [`crate::Store::unlock`].

use std::collections::BTreeMap;

use domain::device::Device;
use domain::ids::AccountId;
use domain::tags::Tags;
use serde_json::{Value, json};

use super::{Db, Write, texts};
use crate::error::Result;
use crate::rows::{JobTexts, PROBLEM, UploadTexts, json_text, parse};
use crate::sealing::texts::AccountCipher;

const PAGE: i64 = 200;

/// Seals what is not sealed yet, then sees to it that the plain text does not stay behind in the database's files.
pub(crate) async fn seal(store: &Db) -> Result<()> {
    shorten_devices(store).await?;
    if !is_anything_plain(store).await? {
        return Ok(());
    }
    let mut count = 0;
    for table in
        [Table::Accounts, Table::ApiKeys, Table::Uploads, Table::Jobs, Table::Inputs, Table::Artifacts]
    {
        loop {
            let mut write = store.write().await?;
            let some = page(&mut write, table).await?;
            write.commit().await?;
            if some == 0 {
                break;
            }
            count += some;
        }
    }
    if count > 0 {
        tracing::warn!(
            rows = count,
            "what people wrote is sealed from now on; copies of this database from before, and for a while its \
             server's write-ahead log, still show it in plain text"
        );
        store.forget_deleted_rows().await;
    }
    Ok(())
}

/// Whether a page of any table would seal something. Read without writing: a start of a database that is sealed must
/// not wait for a writer that stands still.
async fn is_anything_plain(store: &Db) -> Result<bool> {
    let plain = sqlx::query(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM accounts WHERE sealed IS NULL)
            OR EXISTS (SELECT 1 FROM api_keys WHERE sealed IS NULL AND name <> '')
            OR EXISTS (SELECT 1 FROM uploads WHERE sealed IS NULL)
            OR EXISTS (SELECT 1 FROM jobs WHERE sealed IS NULL AND kind <> 'check')
            OR EXISTS (SELECT 1 FROM job_inputs WHERE sealed IS NULL AND title <> '')
            OR EXISTS (SELECT 1 FROM artifacts WHERE sealed IS NULL AND name <> '')",
    );
    Ok(plain.fetch_optional(&store.reader).await?.is_some())
}

#[derive(Clone, Copy)]
enum Table {
    Accounts,
    ApiKeys,
    Uploads,
    Jobs,
    Inputs,
    Artifacts,
}

async fn page(write: &mut Write<'_>, table: Table) -> Result<usize> {
    // Of processes that start at once one seals a page, and the next one then looks anew.
    sqlx::query(held!("SELECT 1 FROM lookup_key")).execute(write.connection()).await?;
    match table {
        Table::Accounts => accounts(write).await,
        Table::ApiKeys => names(write, "api_keys", API_KEYS, SEAL_API_KEY).await,
        Table::Uploads => uploads(write).await,
        Table::Jobs => jobs(write).await,
        Table::Inputs => inputs(write).await,
        Table::Artifacts => names(write, "artifacts", ARTIFACTS, SEAL_ARTIFACT).await,
    }
}

async fn accounts(write: &mut Write<'_>) -> Result<usize> {
    let store = write.store;
    let rows: Vec<(String, String)> =
        sqlx::query_as(held!("SELECT id, email_tag FROM accounts WHERE sealed IS NULL ORDER BY id LIMIT $1"))
            .bind(PAGE)
            .fetch_all(write.connection())
            .await?;
    for (id, email) in &rows {
        let (cipher, key) = store.texts.vault()?.new_account(id, &*store.entropy)?;
        sqlx::query("UPDATE accounts SET email_tag = $2, sealed = $3 WHERE id = $1")
            .bind(id)
            .bind(store.texts.vault()?.tag("address", "", email))
            .bind(cipher.seal("accounts", id, email, &*store.entropy))
            .execute(write.connection())
            .await?;
        texts::insert_key(write, id, &key).await?;
    }
    Ok(rows.len())
}

const API_KEYS: &str = held!(
    "SELECT id, account_id, name FROM api_keys WHERE sealed IS NULL AND name <> '' ORDER BY id LIMIT $1"
);
const SEAL_API_KEY: &str = "UPDATE api_keys SET name = '', sealed = $2 WHERE id = $1";
const ARTIFACTS: &str = "SELECT artifacts.id, jobs.account_id, artifacts.name
     FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id
     WHERE artifacts.sealed IS NULL AND artifacts.name <> '' ORDER BY artifacts.id LIMIT $1";
const SEAL_ARTIFACT: &str = "UPDATE artifacts SET name = '', sealed = $2 WHERE id = $1";

async fn names(
    write: &mut Write<'_>,
    table: &str,
    select: &'static str,
    update: &'static str,
) -> Result<usize> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(select).bind(PAGE).fetch_all(write.connection()).await?;
    let mut ciphers = Ciphers::default();
    for (id, account, name) in &rows {
        let cipher = ciphers.of(write, account).await?;
        let sealed = cipher.seal(table, id, name, &*write.store.entropy);
        sqlx::query(update).bind(id).bind(sealed).execute(write.connection()).await?;
    }
    Ok(rows.len())
}

async fn uploads(write: &mut Write<'_>) -> Result<usize> {
    let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(held!(
        "SELECT id, account_id, name, filetype FROM uploads WHERE sealed IS NULL ORDER BY id LIMIT $1"
    ))
    .bind(PAGE)
    .fetch_all(write.connection())
    .await?;
    let count = rows.len();
    let mut ciphers = Ciphers::default();
    for (id, account, name, filetype) in rows {
        let cipher = ciphers.of(write, &account).await?;
        let said = json_text(&UploadTexts { name, filetype })?;
        let sealed = cipher.seal("uploads", &id, &said, &*write.store.entropy);
        sqlx::query("UPDATE uploads SET name = '', filetype = NULL, sealed = $2 WHERE id = $1")
            .bind(&id)
            .bind(sealed)
            .execute(write.connection())
            .await?;
    }
    Ok(count)
}

#[derive(sqlx::FromRow)]
struct PlainJob {
    id: String,
    account_id: String,
    title: String,
    recipe: String,
    problem: Option<String>,
    idempotency_tag: Option<String>,
}

async fn jobs(write: &mut Write<'_>) -> Result<usize> {
    let rows: Vec<PlainJob> = sqlx::query_as(held!(
        "SELECT id, account_id, title, recipe, problem, idempotency_tag FROM jobs
         WHERE sealed IS NULL AND kind <> 'check' ORDER BY id LIMIT $1"
    ))
    .bind(PAGE)
    .fetch_all(write.connection())
    .await?;
    let mut ciphers = Ciphers::default();
    for row in &rows {
        let (store, id) = (write.store, row.id.as_str());
        let cipher = ciphers.of(write, &row.account_id).await?;
        // As JSON, whatever else it is: one row that means nothing must not keep the service from starting.
        let mut recipe: Value = parse("jobs", id, &row.recipe, |text| serde_json::from_str(text))?;
        // The oldest form has none, and knows no such field.
        let tags = recipe.get_mut("tags").map(|tags| std::mem::replace(tags, json!({})));
        let tags: Tags = tags.and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default();
        let said = JobTexts { title: row.title.clone(), tags };
        let (problem, detail) = match row.problem.as_deref() {
            None => (None, None),
            Some(text) => {
                let mut problem: Value = parse("jobs", id, text, |text| serde_json::from_str(text))?;
                let detail =
                    problem.as_object_mut().and_then(|all| all.insert("detail".to_owned(), json!("")));
                let detail = detail.as_ref().and_then(Value::as_str).unwrap_or_default();
                (Some(problem.to_string()), Some(cipher.seal(PROBLEM, id, detail, &*store.entropy)))
            }
        };
        let account = parse("jobs", id, &row.account_id, AccountId::parse)?;
        sqlx::query(
            "UPDATE jobs SET title = '', sealed = $2, recipe = $3, problem = $4, problem_sealed = $5,
                    idempotency_tag = $6
             WHERE id = $1",
        )
        .bind(id)
        .bind(cipher.seal("jobs", id, &json_text(&said)?, &*store.entropy))
        .bind(recipe.to_string())
        .bind(problem)
        .bind(detail)
        .bind(texts::order_tag(store, &account, row.idempotency_tag.as_deref())?)
        .execute(write.connection())
        .await?;
    }
    Ok(rows.len())
}

async fn inputs(write: &mut Write<'_>) -> Result<usize> {
    let rows: Vec<(String, i64, String, String)> = sqlx::query_as(
        "SELECT job_inputs.job_id, job_inputs.position, jobs.account_id, job_inputs.title
         FROM job_inputs JOIN jobs ON jobs.id = job_inputs.job_id
         WHERE job_inputs.sealed IS NULL AND job_inputs.title <> ''
         ORDER BY job_inputs.job_id, job_inputs.position LIMIT $1",
    )
    .bind(PAGE)
    .fetch_all(write.connection())
    .await?;
    let mut ciphers = Ciphers::default();
    for (job, position, account, title) in &rows {
        let cipher = ciphers.of(write, account).await?;
        let row = super::jobs::input_row(job, *position);
        let sealed = cipher.seal("job_inputs", &row, title, &*write.store.entropy);
        sqlx::query(
            "UPDATE job_inputs SET title = '', sealed = $3 WHERE job_id = $1 AND position = $2 AND part = 'input'",
        )
        .bind(job)
        .bind(position)
        .bind(sealed)
        .execute(write.connection())
        .await?;
    }
    Ok(rows.len())
}

/// Of what a browser said of itself no more is kept than tells one session from another.
async fn shorten_devices(store: &Db) -> Result<()> {
    let devices: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT device FROM sessions").fetch_all(&store.reader).await?;
    let short = |device: &String| Device::of_user_agent(device).to_string();
    let long: Vec<_> = devices.into_iter().filter(|device| short(device) != *device).collect();
    if long.is_empty() {
        return Ok(());
    }
    let mut write = store.write().await?;
    for device in long {
        sqlx::query("UPDATE sessions SET device = $2 WHERE device = $1")
            .bind(&device)
            .bind(short(&device))
            .execute(write.connection())
            .await?;
    }
    write.commit().await
}

/// The ciphers of the accounts on one page.
#[derive(Default)]
struct Ciphers(BTreeMap<String, AccountCipher>);

impl Ciphers {
    async fn of(&mut self, write: &mut Write<'_>, account: &str) -> Result<&AccountCipher> {
        if !self.0.contains_key(account) {
            let store = write.store;
            let cipher = texts::cipher(store, write.connection(), account).await?;
            self.0.insert(account.to_owned(), cipher);
        }
        Ok(&self.0[account])
    }
}
