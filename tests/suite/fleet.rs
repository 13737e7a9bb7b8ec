//! An API and two workers, each a process of its own, on a real database server.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fixtures::postgres::{Durability, Postgres};
use serde_json::{Value, json};

use crate::harness::fleet::{Fleet, Process};
use crate::harness::producer::{Producer, artifact};
use crate::harness::{mixrunners, song};

/// Long enough that a render can be caught at work.
const SONG_SECONDS: f64 = 90.0;
const TRIES: usize = 2_000;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// The promise of docs/queue.md: a lease of ten seconds, a sweep each second, and some air.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

/// A song that was checked, and what a render of it that nobody disturbs gives.
struct Session {
    anna: Producer,
    upload: String,
    sha256: Value,
    _api: Process,
}

impl Session {
    async fn new(fleet: &Fleet, folder: &Path) -> Self {
        let (api, anna) = fleet.api();
        let wav = folder.join("song.wav");
        song::wav24(&wav, SONG_SECONDS);
        let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
        assert_eq!(anna.checked(&upload).await["state"], "ready");
        let job = anna.finished(&anna.order(&upload, recipe(&["wav24"])).await).await;
        Self { anna, upload, sha256: sha256(&job), _api: api }
    }

    /// A job that is being rendered. Of two workers, the one that has it comes first.
    ///
    /// What the job says of its stage is told a few times a second and may skip a short one; the
    /// child of the worker is there as long as the render is.
    async fn rendering(&self, deliver: &[&str], workers: [Process; 2]) -> (Value, [Process; 2]) {
        let job = self.anna.order(&self.upload, recipe(deliver)).await;
        self.anna.until(&path(&job), |job| job["state"] == "running").await;
        let [first, second] = workers;
        for _ in 0..TRIES {
            match (first.renders(), second.renders()) {
                (true, false) => return (job, [first, second]),
                (false, true) => return (job, [second, first]),
                // Neither has started its child yet, or the other one still tries its cage.
                _ => tokio::time::sleep(BETWEEN_TRIES).await,
            }
        }
        panic!("nobody was seen rendering {}", self.anna.get_json(&path(&job)).await);
    }

    fn is_the_same_master(&self, job: &Value, attempt: u64) {
        assert_eq!(job["state"], "succeeded", "{job}");
        assert_eq!(sha256(job), self.sha256, "the same bits as undisturbed");
        assert_eq!(job["attempt"].as_u64(), Some(attempt), "{job}");
    }
}

fn recipe(deliver: &[&str]) -> Value {
    json!({"loudness_lufs": -12.0, "deliver": deliver})
}

fn path(job: &Value) -> String {
    format!("/v1/jobs/{}", job["id"].as_str().expect("an id"))
}

fn sha256(job: &Value) -> Value {
    artifact(job, "master", "wav24")["sha256"].clone()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is promised here is a time of the lease, not of the machine"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_in_a_render_is_replaced_and_one_that_is_told_to_stop_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    let workers = [fleet.worker("first"), fleet.worker("second")];
    let session = Session::new(&fleet, folder.path()).await;

    let (job, [busy, idle]) = session.rendering(&["wav24", "wav16"], workers).await;
    let killed = Instant::now();
    busy.kill();
    session.anna.until(&path(&job), |job| job["state"] == "queued" || job["attempt"] == 2).await;
    session.anna.until(&path(&job), |job| job["attempt"] == 2).await;
    let taken_over = killed.elapsed();
    session.is_the_same_master(&session.anna.finished(&job).await, 2);
    println!("taken over after {taken_over:.1?}, finished after {:.1?}", killed.elapsed());
    assert!(taken_over <= TAKEN_OVER_WITHIN, "{taken_over:?}");

    let workers = [idle, fleet.worker("third")];
    let (job, [busy, idle]) = session.rendering(&["wav24", "flac24"], workers).await;
    assert!(busy.stop().success(), "it ends in peace");
    session.is_the_same_master(&session.anna.finished(&job).await, 1);
    assert!(idle.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_in_a_render_costs_nobody_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(Durability::Durable);
    let fleet = Fleet::new(folder.path(), server.database());
    let workers = [fleet.worker("first"), fleet.worker("second")];
    let session = Session::new(&fleet, folder.path()).await;

    let (job, _workers) = session.rendering(&["wav24", "wav16"], workers).await;
    server.kill();
    let down = session.anna.get(&path(&job)).await.status();
    assert!(down.is_server_error(), "the case must be real: {down}");
    server.resume();
    let job = session.anna.finished(&job).await;
    session.is_the_same_master(&job, job["attempt"].as_u64().expect("a number"));
}

#[test]
fn migrating_says_what_it_did_and_an_older_program_says_that_it_is_old() {
    let server = Postgres::of_this_process();
    let database = server.database();
    let migrate = || mixrunners(&["migrate", "--database", &database]).output().unwrap();
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let first = migrate();
    assert!(first.status.success() && said(&first).contains("was empty"), "{first:?}");
    assert!(said(&migrate()).contains("already"));
    server.sql(
        &database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of tomorrow', true, '', 0)",
    );
    let refused = migrate();
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(complaint.contains("version 9999") && complaint.contains("newer mixrunners"), "{complaint}");
    assert_eq!(refused.status.code(), Some(70));
}

#[test]
fn a_second_worker_on_one_scratch_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    let _first = fleet.worker("first");
    let second = fleet.command("worker").args(["--scratch", &fleet.scratch("first")]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("--scratch"), "{second:?}");
}

#[test]
fn an_operator_minds_the_queue_from_the_command_line() {
    let database = Postgres::of_this_process().database();
    let queue = |arguments: &[&str]| {
        let output = mixrunners(&["queue", "--database", &database]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(queue(&["list"]).contains("waiting        0"));
    assert!(queue(&["pause", "--reason", "a new disk"]).contains("a new disk"));
    assert!(queue(&["list"]).contains("stands still"));
    let resume = ["resume", "--reason", "it is in"];
    assert!(queue(&resume).contains("goes on"));
    assert!(queue(&resume).contains("was not paused"));
    let nobody = format!("job_{}", "0".repeat(26));
    for action in [&["show"][..], &["cancel", "--reason", "why not"], &["retry", "--reason", "why not"]] {
        let mut command = mixrunners(&["queue", "--database", &database]);
        let output = command.args(action).arg(&nobody).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{action:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no job"), "{output:?}");
    }
}

#[test]
fn what_operators_did_is_kept_and_whoever_changes_it_is_found() {
    let server = Postgres::of_this_process();
    let database = server.database();
    let run = |arguments: &[&str]| mixrunners(arguments).args(["--database", &database]).output().unwrap();
    let said = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    for action in ["pause", "resume"] {
        let without = run(&["queue", action]);
        assert_eq!(without.status.code(), Some(2), "nothing is done without a reason: {without:?}");
        assert!(run(&["queue", action, "--reason", "a new disk"]).status.success());
    }
    let listed = said(run(&["audit", "list"]));
    assert!(listed.lines().next().unwrap().contains("terminal  resume  done: a new disk"), "{listed}");
    let sound = said(run(&["audit", "verify"]));
    let end = sound.lines().last().unwrap();
    assert!(sound.contains("All 2 rows") && end.starts_with("2:"), "{sound}");
    assert!(run(&["audit", "verify", "--noted", end]).status.success());
    server.sql(
        &database,
        "ALTER TABLE audit DISABLE TRIGGER USER; UPDATE audit SET reason = 'another' WHERE seq = 1",
    );
    let broken = run(&["audit", "verify"]);
    assert_eq!(broken.status.code(), Some(70));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("row 1 was changed"), "{broken:?}");
}

#[test]
fn a_reaper_sweeps_where_it_is_told_and_nowhere_else() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    // The first run sweeps by itself, as it does once a day; the second only because it is told to.
    for late in ["0", "1"] {
        let place = fleet.blob_folder().join("j").join(format!("job_{}", late.repeat(26))).join("1");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("0-master.wav"), "of a writer that was too late").unwrap();
        let mut reaper = fleet.command("reaper run");
        let swept =
            reaper.args(["--once", "--orphans-at-once"]).current_dir(elsewhere.path()).output().unwrap();
        let said = String::from_utf8_lossy(&swept.stdout);
        assert!(swept.status.success() && said.contains("1 unknown"), "{swept:?}");
        assert!(!place.exists(), "{late}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing was made here");
}
