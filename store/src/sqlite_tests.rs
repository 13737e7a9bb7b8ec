//! What the tables themselves refuse, should the program ever be wrong.

use domain::account::Email;
use domain::audit::{Act, Actor, Reason};
use domain::clock::Timestamp;
use domain::ids::SeededEntropy;

use super::*;
use crate::auditing::Verified;
use crate::contract::older::{CANARY, Older, PLAIN};
use crate::contract::world::keyring;
use crate::contract::{tables, tampering};
use crate::outcome::NewAccount;
use crate::rows::json_text;

async fn unlocked(folder: &Path, entropy: SeededEntropy) -> Sqlite {
    let store = Sqlite::open(folder, Arc::new(entropy), Retention::POLICY).await.unwrap();
    texts::unlock(&store, &keyring()).await.unwrap();
    older_rows::seal(&store).await.unwrap();
    store
}

/// A store with one job in each interesting state, written by hand.
async fn store() -> (tempfile::TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = unlocked(folder.path(), SeededEntropy::new(1)).await;
    let new = NewAccount { email: Email::parse("a@b.org").unwrap(), roles: [].into() };
    let account = accounts::ensure_account(&store, &new, Timestamp::from_micros(1)).await.unwrap().id;
    let link =
        domain::secret::Secret::new(domain::secret::SecretKind::SignInLink, &SeededEntropy::new(4)).hash();
    accounts::create_sign_in_link(&store, &account, &link, Timestamp::from_micros(9)).await.unwrap();
    for sql in tables::rows(&account).into_iter().chain(tables::money_rows(&account)) {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&store.writer).await.unwrap();
    }
    (folder, store)
}

#[tokio::test]
async fn the_tables_refuse_every_state_the_program_does_not_know() {
    let (_folder, store) = store().await;
    for sql in tables::REFUSED.into_iter().chain(tables::MONEY_REFUSED).chain(tables::MAIL_REFUSED) {
        let answer = sqlx::query(sql).execute(&store.writer).await;
        assert!(matches!(answer, Err(sqlx::Error::Database(_))), "{sql}: {answer:?}");
    }
}

#[tokio::test]
async fn the_tables_take_the_moves_the_program_makes() {
    let (_folder, store) = store().await;
    for sql in tables::TAKEN.into_iter().chain(tables::MONEY_TAKEN) {
        assert_eq!(sqlx::query(sql).execute(&store.writer).await.unwrap().rows_affected(), 1, "{sql}");
    }
}

#[tokio::test]
async fn readers_cannot_write_and_commits_are_synchronous() {
    let (_folder, store) = store().await;
    assert!(sqlx::query("DELETE FROM jobs").execute(&store.reader).await.is_err());
    let pragma = async |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&store.writer).await.unwrap()
    };
    const FULL: &str = "2";
    assert_eq!((pragma("journal_mode").await.as_str(), pragma("synchronous").await.as_str()), ("wal", FULL));
    assert_eq!((pragma("foreign_keys").await.as_str(), pragma("secure_delete").await.as_str()), ("1", "1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_folder_never_lease_the_same_job() {
    let (folder, first) = store().await;
    let entropy = Arc::new(SeededEntropy::new(2));
    let second = unlocked(folder.path(), SeededEntropy::new(2)).await;
    sqlx::query("DELETE FROM jobs").execute(&first.writer).await.unwrap();
    for number in 0..20 {
        let email = Email::parse(&format!("a{number}@b.org")).unwrap();
        let new = NewAccount { email, roles: [].into() };
        let account = accounts::ensure_account(&first, &new, Timestamp::from_micros(1)).await.unwrap().id;
        sqlx::query(
            "INSERT INTO jobs (id, account_id, kind, title, recipe, state, not_before, created_at)
             VALUES ($1, $2, 'master', '', $3, 'queued', 2, 2)",
        )
        .bind(domain::ids::JobId::new(&*entropy).as_str())
        .bind(account.as_str())
        .bind(json_text(&domain::recipe::Recipe::default()).unwrap())
        .execute(&first.writer)
        .await
        .unwrap();
    }
    let (worker, now) = (domain::lease::WorkerName("w1".into()), Timestamp::from_micros(9));
    let mut all = Vec::new();
    for _ in 0..10 {
        let (one, other) =
            tokio::join!(queue::lease_next(&first, &worker, now), queue::lease_next(&second, &worker, now));
        all.extend([one, other].map(|leased| leased.unwrap().expect("jobs are left").lease.job));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 20);
}

#[tokio::test]
async fn a_row_that_means_nothing_is_named_and_stops_no_row_behind_it() {
    let (_folder, store) = store().await;
    let worker = domain::lease::WorkerName("w1".into());
    let lease_next = async || queue::lease_next(&store, &worker, Timestamp::from_micros(9)).await;
    let error = lease_next().await.unwrap_err().to_string();
    assert!(error.contains("jobs row queued"), "{error}");
    let sound = domain::ids::JobId::new(&SeededEntropy::new(5));
    sqlx::query(
        "INSERT INTO jobs (id, account_id, kind, title, recipe, state, not_before, created_at)
         SELECT $1, id, 'master', '', $2, 'queued', 2, 2 FROM accounts",
    )
    .bind(sound.as_str())
    .bind(json_text(&domain::recipe::Recipe::default()).unwrap())
    .execute(&store.writer)
    .await
    .unwrap();
    assert_eq!(lease_next().await.unwrap().unwrap().lease.job, sound);
}

#[tokio::test]
async fn what_was_kept_before_albums_is_kept_and_means_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME)).create_if_missing(true);
    let before = SqlitePool::connect_with(options.foreign_keys(true)).await.unwrap();
    let first = MIGRATIONS.iter().take(1).cloned().collect();
    Migrator::with_migrations(first).run(&before).await.unwrap();
    let entropy = SeededEntropy::new(3);
    let job = domain::ids::JobId::new(&entropy);
    let account = domain::ids::AccountId::new(&entropy);
    let (upload, artifact) = (domain::ids::UploadId::new(&entropy), domain::ids::ArtifactId::new(&entropy));
    let lease = domain::lease::LeaseId { job: job.clone(), fence: 1 };
    let blob = domain::blob::BlobKey::artifact(&lease, "0-master.wav").unwrap();
    let recipe = r#"{"version":1,"preset":"streaming","loudness_lufs":-11.0,"ceiling_dbtp":-1.0,
                     "deliver":["wav24"]}"#;
    let rows = format!(
        "INSERT INTO accounts (id, email, roles, created_at) VALUES ('{account}', 'a@b.org', '[]', 1);
         INSERT INTO jobs (id, account_id, kind, title, recipe, state, fence, attempt, engine_version,
                           created_at, finished_at, delete_at)
         VALUES ('{job}', '{account}', 'master', 'Old', '{recipe}', 'succeeded', 1, 1, '0.1.0', 1, 5, 600);
         INSERT INTO job_inputs (job_id, position, upload_id) VALUES ('{job}', 0, '{upload}');
         INSERT INTO job_events (job_id, seq, at, state, progress) VALUES ('{job}', 1, 1, 'queued', 0);
         INSERT INTO artifacts (id, job_id, position, kind, name, format, size_bytes, sha256, blob, created_at,
                                delete_at)
         VALUES ('{artifact}', '{job}', 0, 'master', 'Old.wav', 'wav24', 4, zeroblob(32), '{blob}', 5, 600);"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&before).await.unwrap();
    before.close().await;

    let store = unlocked(folder.path(), entropy).await;
    let kept = jobs::job(&store, &account, &job).await.unwrap().expect("the job is there");
    assert_eq!((kept.inputs, kept.references), (vec![upload.into()], Vec::new()));
    assert_eq!((kept.recipe.amounts.intensity, kept.recipe.loudness.map(|l| l.value())), (0.0, Some(-11.0)));
    assert_eq!((kept.artifacts[0].id.clone(), kept.artifacts[0].track), (artifact, None));
    assert_eq!(jobs::job_events(&store, &account, &job, 0, 9).await.unwrap().len(), 1);
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&store.writer).await.unwrap();
    assert!(broken.is_empty(), "{} rows point nowhere", broken.len());
    let sql = "UPDATE jobs SET state = 'queued', not_before = 1, finished_at = NULL, delete_at = NULL";
    assert!(sqlx::query(sql).execute(&store.writer).await.is_err(), "the triggers are there too");
    sqlx::query("DELETE FROM jobs").execute(&store.writer).await.unwrap();
    for table in ["job_inputs", "job_events", "artifacts"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&store.writer).await.unwrap();
        assert_eq!(left, 0, "{table} goes with its job");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_processes_that_start_at_once_one_makes_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let folder = folder.path().to_owned();
        starts.spawn(async move { Sqlite::migrate(&folder).await.unwrap().from });
    }
    let mut from = starts.join_all().await;
    from.sort_unstable();
    let newest = MIGRATIONS.iter().last().unwrap().version;
    assert_eq!(from, [0, newest, newest, newest]);
}

#[tokio::test]
async fn a_program_that_is_too_old_says_so_and_touches_nothing() {
    let (folder, store) = store().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of tomorrow', true, '', 0)",
    )
    .execute(&store.writer)
    .await
    .unwrap();
    let error = Sqlite::migrate(folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
}

#[tokio::test]
async fn whoever_takes_the_triggers_away_and_tampers_with_the_audit_is_found() {
    for (sql, found) in tampering::tamperings() {
        let folder = tempfile::tempdir().unwrap();
        let place = crate::Place::Folder(folder.path());
        let store =
            crate::Store::open(place, Arc::new(SeededEntropy::new(1)), Retention::POLICY).await.unwrap();
        let crate::Engine::Sqlite(db) = &store.0 else { panic!("it is a folder") };
        for _ in 0..tampering::ROWS {
            let act = Act { actor: Actor::Terminal, reason: Reason::parse("a reason").unwrap() };
            store.pause(&act, Timestamp::from_micros(5)).await.unwrap();
        }
        for refused in tampering::REFUSED {
            let answer = sqlx::query(refused).execute(&db.writer).await;
            assert!(matches!(answer, Err(sqlx::Error::Database(_))), "{refused}: {answer:?}");
        }
        assert!(
            matches!(store.verify_audit(None).await.unwrap(), Verified::Sound(_)),
            "the case must be real"
        );
        for trigger in ["audit_is_not_edited", "audit_is_not_deleted", "audit_head_rises"] {
            let sql = format!("DROP TRIGGER {trigger}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&db.writer).await.unwrap();
        }
        assert!(sqlx::query(sql).execute(&db.writer).await.unwrap().rows_affected() > 0, "{sql}");
        assert_eq!(store.verify_audit(None).await.unwrap(), Verified::Broken(found), "{sql}");
    }
}

#[tokio::test]
async fn what_operators_ask_is_answered_from_an_index() {
    let (_folder, store) = store().await;
    sqlx::query(tables::MANY_THAT_ARE_OVER).execute(&store.writer).await.unwrap();
    sqlx::query("ANALYZE").execute(&store.writer).await.unwrap();
    for sql in overview::QUESTIONS.into_iter().chain(operators::QUESTIONS) {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(explain)).fetch_all(&store.writer).await.unwrap();
        let tables: Vec<&str> = plan
            .iter()
            .map(|(_, _, _, step)| step.as_str())
            .filter(|step| ["jobs", "uploads", "doomed_blobs"].iter().any(|table| step.contains(table)))
            .collect();
        assert!(!tables.is_empty(), "the case must be real: {plan:?}");
        for step in tables {
            assert!(step.contains("INDEX"), "{sql}: {step}");
        }
        assert!(plan.iter().all(|(.., step)| !step.contains("TEMP B-TREE FOR ORDER BY")), "{sql}: {plan:?}");
    }
}

/// Every byte of a folder's files.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn mr_8d_what_stood_in_plain_text_is_sealed_at_the_start_and_no_byte_of_it_stays_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let before = SqlitePool::connect_with(options(folder.path()).unwrap()).await.unwrap();
    let older = MIGRATIONS.iter().filter(|one| one.version <= PLAIN).cloned().collect();
    Migrator::with_migrations(older).run(&before).await.unwrap();
    let older = Older::new();
    sqlx::raw_sql(sqlx::AssertSqlSafe(older.rows("zeroblob(32)"))).execute(&before).await.unwrap();
    before.close().await;
    let holds = || bytes_of(folder.path()).windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes());
    assert!(holds(), "the case must be real");

    let place = crate::Place::Folder(folder.path());
    let entropy = Arc::new(SeededEntropy::new(1));
    let store = crate::Store::open(place, entropy, Retention::POLICY).await.unwrap();
    assert!(holds(), "without keys it stays as it is");
    store.unlock(&keyring()).await.unwrap();
    older.is_read_by(&store).await;
    store.unlock(&keyring()).await.unwrap();
    older.is_read_by(&store).await;
    assert!(!holds(), "neither in the file nor in its log, while it is open");
    store.close().await;
    assert!(!holds());
}
