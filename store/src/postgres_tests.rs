//! What only a server can do wrong.

use std::collections::BTreeSet;

use domain::account::Email;
use domain::audit::{Act, Actor, Reason};
use domain::ids::{JobId, SeededEntropy};
use domain::lease::{LEASE, WorkerName};
use fixtures::postgres::{Durability, Postgres as Server};
use sqlx::AssertSqlSafe;

use super::*;
use crate::auditing::Verified;
use crate::contract::older::{CANARY, Older, PLAIN};
use crate::contract::world::keyring;
use crate::contract::{tables, tampering};
use crate::outcome::NewAccount;
use crate::rows::json_text;

async fn open(url: &str, seed: u64, time: Time) -> Postgres {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let store = Postgres::open(url, time, entropy, Retention::POLICY).await.unwrap();
    texts::unlock(&store, &keyring()).await.unwrap();
    store
}

async fn store() -> Postgres {
    open(&Server::of_this_process().database(), 1, Time::OfCaller).await
}

async fn account(store: &Postgres) -> AccountId {
    let new = NewAccount { email: Email::parse("a@b.org").unwrap(), roles: [].into() };
    accounts::ensure_account(store, &new, Timestamp::from_micros(1)).await.unwrap().id
}

/// A queued job that this program can read.
async fn queued(store: &Postgres, account: &AccountId, seed: u64) -> JobId {
    let id = JobId::new(&SeededEntropy::new(seed));
    sqlx::query(
        "INSERT INTO jobs (id, account_id, kind, title, recipe, state, not_before, created_at)
         VALUES ($1, $2, 'master', '', $3, 'queued', 2, 2)",
    )
    .bind(id.as_str())
    .bind(account.as_str())
    .bind(json_text(&domain::recipe::Recipe::default()).unwrap())
    .execute(&store.reader)
    .await
    .unwrap();
    id
}

async fn lease(store: &Postgres, micros: i64) -> Result<Option<crate::outcome::Leased>> {
    queue::lease_next(store, &WorkerName("w1".into()), Timestamp::from_micros(micros)).await
}

#[tokio::test]
async fn the_tables_refuse_every_state_the_program_does_not_know_and_take_its_moves() {
    let store = store().await;
    let account = account(&store).await;
    let link =
        domain::secret::Secret::new(domain::secret::SecretKind::SignInLink, &SeededEntropy::new(4)).hash();
    accounts::create_sign_in_link(&store, &account, &link, Timestamp::from_micros(9)).await.unwrap();
    for sql in tables::rows(&account).into_iter().chain(tables::money_rows(&account)) {
        sqlx::query(AssertSqlSafe(sql)).execute(&store.reader).await.unwrap();
    }
    for sql in tables::REFUSED
        .into_iter()
        .chain(tables::MONEY_REFUSED)
        .chain(tables::MAIL_REFUSED)
        .chain(["TRUNCATE ledger CASCADE"])
    {
        let answer = sqlx::query(sql).execute(&store.reader).await;
        assert!(matches!(answer, Err(sqlx::Error::Database(_))), "{sql}: {answer:?}");
    }
    for sql in tables::TAKEN.into_iter().chain(tables::MONEY_TAKEN) {
        assert_eq!(sqlx::query(sql).execute(&store.reader).await.unwrap().rows_affected(), 1, "{sql}");
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let (server, folder) = (store().await, tempfile::tempdir().unwrap());
    let here: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, is_nullable = 'YES' FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&server.reader)
    .await
    .unwrap();
    crate::sqlite::Sqlite::migrate(folder.path()).await.unwrap();
    let file = sqlx::SqlitePool::connect_with(crate::sqlite::options(folder.path()).unwrap()).await.unwrap();
    let there: Vec<(String, String, bool)> = sqlx::query_as(
        "SELECT tables.name, columns.name, columns.\"notnull\" = 0 AND columns.pk = 0
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name <> '_sqlx_migrations'",
    )
    .fetch_all(&file)
    .await
    .unwrap();
    assert!(here.len() > 60, "the case must be real");
    let (here, there): (BTreeSet<_>, BTreeSet<_>) = (here.into_iter().collect(), there.into_iter().collect());
    let differences: Vec<_> = here.symmetric_difference(&there).collect();
    assert!(differences.is_empty(), "{differences:?}");
}

#[tokio::test]
async fn a_row_that_means_nothing_is_named_and_stops_no_row_behind_it() {
    let store = store().await;
    let account = account(&store).await;
    for sql in tables::rows(&account) {
        sqlx::query(AssertSqlSafe(sql)).execute(&store.reader).await.unwrap();
    }
    let error = lease(&store, 9).await.unwrap_err().to_string();
    assert!(error.contains("jobs row queued"), "{error}");
    let sound = queued(&store, &account, 5).await;
    assert_eq!(lease(&store, 9).await.unwrap().unwrap().lease.job, sound);
}

#[tokio::test]
async fn the_servers_clock_decides_and_no_other() {
    let url = Server::of_this_process().database();
    let store = open(&url, 1, Time::OfServer).await;
    let job = queued(&store, &account(&store).await, 5).await;
    let server_now = async || {
        let mut write = store.write().await.unwrap();
        write.time(Timestamp::from_micros(0)).await.unwrap()
    };
    // A worker whose clock is in 1970 gets a lease of ten seconds of the server.
    let before = server_now().await;
    let leased = lease(&store, 0).await.unwrap().unwrap();
    let after = server_now().await;
    assert!((before + LEASE..=after + LEASE).contains(&leased.until), "{}", leased.until);
    // One whose clock is a century ahead takes nothing from it.
    let ahead = after + Duration::from_secs(100 * 365 * 86_400);
    assert_eq!(queue::sweep_expired_leases(&store, ahead).await.unwrap(), []);
    queue::release(&store, &leased.lease, ahead).await.unwrap();
    assert_eq!(lease(&store, 0).await.unwrap().unwrap().lease.job, job, "it waits for no century");
}

#[tokio::test]
async fn another_process_hears_of_work_and_of_every_change() {
    let url = Server::of_this_process().database();
    let (here, there) = (open(&url, 1, Time::OfCaller).await, open(&url, 2, Time::OfCaller).await);
    let job = queued(&here, &account(&here).await, 5).await;
    let mut heard = there.signals.changes.subscribe();
    let mut heard_here = here.signals.changes.subscribe();
    let leased = lease(&here, 9).await.unwrap().unwrap();
    queue::release(&here, &leased.lease, Timestamp::from_micros(10)).await.unwrap();
    let minute = Duration::from_secs(60);
    tokio::time::timeout(minute, there.signals.wake.notified()).await.expect("it is woken");
    for changes in [&mut heard, &mut heard_here] {
        for state in ["running", "queued"] {
            let change = tokio::time::timeout(minute, changes.recv()).await.expect("it hears").unwrap();
            assert_eq!((change.job, change.state.as_str()), (job.clone(), state));
        }
    }
    // Its own voice does not come back: another's is the next it hears.
    let by_the_other = lease(&there, 11).await.unwrap().unwrap();
    assert_eq!(by_the_other.lease.fence, 2);
    let next = tokio::time::timeout(minute, heard_here.recv()).await.expect("it hears").unwrap();
    assert_eq!(next.state.as_str(), "running");
    assert!(heard_here.is_empty());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_server_was_killed_and_work_goes_on() {
    let server = Server::start(Durability::Durable);
    let store = open(&server.database(), 1, Time::OfCaller).await;
    let account = account(&store).await;
    queued(&store, &account, 5).await;
    let leased = lease(&store, 9).await.unwrap().unwrap();
    server.kill();
    let down = lease(&store, 10).await;
    assert!(matches!(down, Err(StoreError::Database(_))), "the case must be real: {down:?}");
    server.resume();
    queue::heartbeat(&store, &leased.lease, None, Timestamp::from_micros(11)).await.unwrap();
    let mut heard = store.signals.changes.subscribe();
    queue::release(&store, &leased.lease, Timestamp::from_micros(12)).await.unwrap();
    assert_eq!(heard.recv().await.unwrap().state.as_str(), "queued");
}

#[tokio::test]
async fn of_processes_that_start_at_once_one_makes_the_tables() {
    let url = Server::of_this_process().database();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        starts.spawn(async move { Postgres::migrate(&url).await.unwrap().from });
    }
    let mut from = starts.join_all().await;
    from.sort_unstable();
    let newest = MIGRATIONS.iter().last().unwrap().version;
    assert_eq!(from, [0, newest, newest, newest]);
}

#[tokio::test]
async fn a_program_that_is_too_old_says_so_and_touches_nothing() {
    let url = Server::of_this_process().database();
    let store = open(&url, 1, Time::OfCaller).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of tomorrow', true, '', 0)",
    )
    .execute(&store.reader)
    .await
    .unwrap();
    let error = Postgres::migrate(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
}

#[test]
fn nothing_crosses_a_network_in_plain_text_unless_the_address_says_so() {
    let mode = |url: &str| format!("{:?}", options(url).unwrap().get_ssl_mode());
    assert_eq!(mode("postgres://u:p@db.example.org/mix"), "Require");
    assert_eq!(mode("postgres://u:p@db.example.org/mix?sslmode=disable"), "Disable");
    assert_eq!(mode("postgres://u:p@db.example.org/mix?sslmode=verify-full"), "VerifyFull");
    assert_eq!(mode("postgres://u:p@127.0.0.1/mix"), "Prefer");
    assert_eq!(mode("postgres://u@localhost/mix?host=/run/postgresql"), "Prefer");
}

#[tokio::test]
async fn whoever_takes_the_triggers_away_and_tampers_with_the_audit_is_found() {
    for (sql, found) in tampering::tamperings() {
        let url = Server::of_this_process().database();
        let place = crate::Place::Server(&url);
        let store =
            crate::Store::open(place, Arc::new(SeededEntropy::new(1)), Retention::POLICY).await.unwrap();
        let crate::Engine::Postgres(db) = &store.0 else { panic!("it is a server") };
        for _ in 0..tampering::ROWS {
            let act = Act { actor: Actor::Terminal, reason: Reason::parse("a reason").unwrap() };
            store.pause(&act, Timestamp::from_micros(5)).await.unwrap();
        }
        for refused in tampering::REFUSED.into_iter().chain(["TRUNCATE audit"]) {
            let answer = sqlx::query(refused).execute(&db.reader).await;
            assert!(matches!(answer, Err(sqlx::Error::Database(_))), "{refused}: {answer:?}");
        }
        assert!(
            matches!(store.verify_audit(None).await.unwrap(), Verified::Sound(_)),
            "the case must be real"
        );
        for table in ["audit", "audit_head"] {
            let sql = format!("ALTER TABLE {table} DISABLE TRIGGER USER");
            sqlx::query(AssertSqlSafe(sql)).execute(&db.reader).await.unwrap();
        }
        assert!(sqlx::query(sql).execute(&db.reader).await.unwrap().rows_affected() > 0, "{sql}");
        assert_eq!(store.verify_audit(None).await.unwrap(), Verified::Broken(found), "{sql}");
        store.close().await;
    }
}

#[tokio::test]
async fn what_operators_ask_is_answered_from_an_index() {
    let store = store().await;
    account(&store).await;
    sqlx::query(tables::MANY_THAT_ARE_OVER).execute(&store.reader).await.unwrap();
    sqlx::query("VACUUM ANALYZE jobs").execute(&store.reader).await.unwrap();
    for sql in overview::QUESTIONS.into_iter().chain(operators::QUESTIONS) {
        let explain = format!("EXPLAIN {}", tables::with_numbers(sql));
        let plan: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&store.reader).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("Scan"), "the case must be real: {plan}");
        assert!(!plan.contains("Seq Scan on jobs"), "{sql}: {plan}");
    }
}

#[tokio::test]
async fn mr_8d_what_stood_in_plain_text_is_sealed_at_the_start_and_no_byte_of_it_stays_in_the_tables() {
    let server = Server::start(Durability::Durable);
    let url = server.database();
    let mut before = options(&url).unwrap().connect().await.unwrap();
    let older = MIGRATIONS.iter().filter(|one| one.version <= PLAIN).cloned().collect();
    Migrator::with_migrations(older).run_direct(None, &mut before, false).await.unwrap();
    let older = Older::new();
    let rows = older.rows("decode(repeat('00', 32), 'hex')");
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut before).await.unwrap();
    let mut holds = async || {
        sqlx::query("CHECKPOINT").execute(&mut before).await.unwrap();
        let mut grep = std::process::Command::new("grep");
        grep.args(["-rlaF", CANARY]).arg(server.data().join("base"));
        String::from_utf8(grep.output().unwrap().stdout).unwrap()
    };
    assert_ne!(holds().await, "", "the case must be real");
    let entropy = Arc::new(SeededEntropy::new(1));
    let store = crate::Store::open(crate::Place::Server(&url), entropy, Retention::POLICY).await.unwrap();
    store.unlock(&keyring()).await.unwrap();
    older.is_read_by(&store).await;
    assert_eq!(holds().await, "", "in no table; the server's log goes round by itself");
    store.close().await;
}

#[tokio::test]
async fn neither_the_place_of_a_tag_nor_its_transaction_tells_who_came_when() {
    let store = store().await;
    let tag = |byte: u8| {
        let (kind, epoch) = (domain::abuse::AbuseKind::Email, domain::abuse::Epoch::of_number(1).unwrap());
        domain::abuse::AbuseTag { kind, epoch, bits: [byte; 16] }
    };
    for byte in [9, 3, 7, 1] {
        let tags = crate::abuse::AbuseTags { newest: tag(byte), older: Vec::new() };
        let reason = domain::abuse::AbuseReason::PreviewUsed;
        abuse::record_abuse(&store, &tags, reason, Timestamp::from_micros(1)).await.unwrap();
    }
    let written = async || -> (Vec<Vec<u8>>, i64) {
        let by_place = "SELECT tag FROM abuse_tags ORDER BY ctid";
        let tags = sqlx::query_scalar(by_place).fetch_all(&store.reader).await.unwrap();
        let transactions = "SELECT count(DISTINCT xmin::text) FROM abuse_tags";
        (tags, sqlx::query_scalar(transactions).fetch_one(&store.reader).await.unwrap())
    };
    let in_order = [1, 3, 7, 9].map(|byte| vec![byte; 16]).to_vec();
    assert_ne!(written().await, (in_order.clone(), 1), "the case must be real");
    reaping::orphans_swept(&store, Timestamp::from_micros(2)).await.unwrap();
    assert_eq!(written().await, (in_order, 1));
}
