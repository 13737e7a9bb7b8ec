//! The whole program under another clock: 120 days pass, and a clock is wrong by 130.
//!
//! libfaketime (Debian: faketime) stands between the processes and their wall clock, that of the database server
//! included. The monotonic clock and the machine's uptime are the true ones, as where somebody sets a clock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use domain::clock::Timestamp;
use fixtures::moto::Moto;
use fixtures::postgres::{Durability, Postgres};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::bucket::{keys_of_sound, versioned};
use crate::harness::fleet::{Fleet, Process};
use crate::harness::producer::{Producer, artifact};
use crate::harness::{Service, mixrunners, song};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
/// The reaper of `serve` looks every half minute.
const TICKS: Duration = Duration::from_secs(90);
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// A wall clock that can be set, for every process that has it in its environment.
struct WallClock(PathBuf);

impl WallClock {
    fn new(folder: &Path) -> Self {
        // The database server is another user.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let clock = Self(folder.join("clock"));
        clock.set(0);
        clock
    }

    /// So many seconds ahead of the true one.
    fn set(&self, ahead_s: i64) {
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{ahead_s:+}")).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    fn environment(&self) -> Vec<(String, String)> {
        let library = [
            "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
            "/usr/lib/faketime/libfaketimeMT.so.1",
        ];
        let library = library.into_iter().find(|path| Path::new(path).exists());
        let library =
            library.expect("these tests need libfaketime; on Debian: sudo apt-get install faketime");
        [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", self.0.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}

/// A process that is killed leaves what libfaketime had for it in shared memory.
impl Drop for WallClock {
    fn drop(&mut self) {
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let process = name.split_once("faketime_").and_then(|(_, rest)| rest.split_once('_'));
            if process.is_some_and(|(_, id)| !Path::new("/proc").join(id).exists()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Where a service runs.
enum Site {
    /// `serve`: SQLite and a folder.
    OneFolder(PathBuf),
    /// PostgreSQL, and a bucket that keeps versions at this address.
    Apart { fleet: Box<Fleet>, bucket: String, _server: Box<Postgres> },
}

/// What of it is up.
enum Running {
    Service { _all: Service },
    Fleet { _api: Process, _worker: Process },
}

struct Installation {
    clock: WallClock,
    site: Site,
}

impl Installation {
    /// Starts it, and makes a key at it if `secret` is none.
    fn start(&self, secret: Option<&str>) -> (Running, Producer) {
        match &self.site {
            Site::OneFolder(data) => {
                let environment = self.clock.environment();
                let environment: Vec<_> =
                    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let log = fs::File::create(self.log()).unwrap();
                let mut command = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--data"]);
                command.arg(data).envs(environment).stderr(log);
                let (service, _) = Service::start_by(command, data, &["/sign-in#"]);
                let anna = match secret {
                    Some(secret) => Producer::known(&service.base, secret),
                    None => Producer::with_key_by(self.program(), &service.base, "--data", data),
                };
                (Running::Service { _all: service }, anna)
            }
            Site::Apart { fleet, .. } => {
                let (api, base) = fleet.api_without_key();
                let anna = match secret {
                    Some(secret) => Producer::known(&base, secret),
                    None => {
                        let mut program = self.program();
                        program.env("MIXRUNNERS_KEYS", fleet.keys());
                        Producer::with_key_by(program, &base, "--database", &fleet.database)
                    }
                };
                (Running::Fleet { _api: api, _worker: fleet.worker("only") }, anna)
            }
        }
    }

    fn log(&self) -> PathBuf {
        self.clock.0.with_extension("log")
    }

    fn program(&self) -> Command {
        let mut program = mixrunners(&[]);
        program.envs(self.clock.environment());
        program
    }

    /// `mixrunners reaper …` at it.
    fn reaper(&self, arguments: &[&str]) -> Output {
        self.reaper_command(arguments).output().unwrap()
    }

    fn reaper_command(&self, arguments: &[&str]) -> Command {
        match &self.site {
            Site::OneFolder(data) => {
                let mut command = self.program();
                command.arg("reaper").args(arguments).arg("--data").arg(data);
                command
            }
            Site::Apart { fleet, .. } => {
                let mut command = fleet.command(&format!("reaper {}", arguments[0]));
                command.args(&arguments[1..]);
                command
            }
        }
    }

    /// A run of the reaper, which is killed when one of its threads is about to write or send for the `step`th time;
    /// true if it came to its end before.
    fn sweeps_in_less_than(&self, step: usize) -> bool {
        let reaper = self.reaper_command(&["run", "--once"]);
        let kill = format!("inject={STEPS}:signal=SIGKILL:when={step}");
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={STEPS}"), "-e", &kill]);
        traced.arg(reaper.get_program()).args(reaper.get_args());
        traced.envs(reaper.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = traced.output().expect("strace is installed: `make test` sees to it");
        let is_killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
        assert!(output.status.success() != is_killed, "neither killed nor well: {output:?}");
        !is_killed
    }

    /// How many jobs and uploads wait to be removed.
    fn due(&self) -> usize {
        let plan = self.reaper(&["plan", "--json"]);
        let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
        plan["due"].as_array().unwrap().len()
    }

    fn confirm_clock(&self) {
        let output = self.reaper(&["confirm-clock"]);
        assert!(output.status.success(), "{output:?}");
    }

    fn sweep(&self) {
        let output = self.reaper(&["run", "--once"]);
        assert!(output.status.success(), "{output:?}");
    }

    /// The names of all that is stored, older versions and unfinished uploads included. Removals that are written down
    /// beside it are no audio.
    async fn stored(&self) -> Vec<String> {
        match &self.site {
            Site::OneFolder(data) => {
                ["j", "u"].iter().flat_map(|of| files_below(&data.join("blobs").join(of))).collect()
            }
            Site::Apart { bucket, .. } => {
                let mut names = Vec::new();
                for what in ["versions", "uploads"] {
                    let list = reqwest::get(format!("{bucket}?{what}")).await.unwrap().text().await.unwrap();
                    names.extend(keys_of_sound(&list));
                }
                names.sort();
                names
            }
        }
    }

    /// Waits until the reaper, whoever runs it, has seen that the clock cannot be right.
    async fn is_frozen(&self) {
        if let Site::Apart { .. } = &self.site {
            let output = self.reaper(&["run", "--once"]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(70) && said.contains("the clock was set by +"), "{said}");
            return;
        }
        let tries = TICKS.as_millis() / BETWEEN_TRIES.as_millis();
        for _ in 0..tries {
            let log = fs::read_to_string(self.log()).unwrap();
            if log.contains("the reaper is frozen") {
                assert!(log.contains("the clock was set by +"), "{log}");
                return;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("no alarm within {TICKS:?}");
    }
}

/// What a reaper does that lasts: to a file, to a folder, to a server.
const STEPS: &str = "pwrite64,fsync,fdatasync,unlink,unlinkat,rmdir,sendto,sendmsg,writev";

fn files_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.path().display().to_string());
            }
        }
    }
    names.sort();
    names
}

/// Everything that a producer can ask of one file: the answer's status and, if it is a problem, its code.
async fn of_the_master(anna: &Producer, job: &Value) -> (StatusCode, Value) {
    let id = artifact(job, "master", "wav24")["id"].as_str().unwrap();
    let answer = anna.get(&format!("/v1/artifacts/{id}/content")).await;
    let status = answer.status();
    let bytes = answer.bytes().await.unwrap();
    (status, serde_json::from_slice::<Value>(&bytes).map(|body| body["code"].clone()).unwrap_or_default())
}

const SERVED: (StatusCode, Value) = (StatusCode::OK, Value::Null);

fn gone() -> (StatusCode, Value) {
    (StatusCode::GONE, "gone_retention".into())
}

async fn a_song_and_its_master(anna: &Producer, folder: &Path) -> Value {
    let wav = folder.join("song.wav");
    song::wav24(&wav, 6.0);
    let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
    assert_eq!(anna.checked(&upload).await["state"], "ready");
    let job = anna.finished(&anna.order(&upload, json!({"deliver": ["wav24"]})).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    job
}

/// In seconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "the clock that the others are set against")]
fn true_time() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// What the story tells of one installation.
async fn years_pass(installation: Installation, folder: &Path) {
    let Installation { clock, .. } = &installation;
    let (running, anna) = installation.start(None);
    let job = a_song_and_its_master(&anna, folder).await;
    assert_eq!(of_the_master(&anna, &job).await, SERVED);
    installation.confirm_clock();
    installation.sweep();
    let stored = installation.stored().await;
    assert!(!stored.is_empty(), "the case must be real");

    // Somebody sets the clock 130 days ahead while everything runs.
    clock.set(130 * DAY);
    installation.is_frozen().await;
    assert_eq!(of_the_master(&anna, &job).await, SERVED, "what runs counts on from where it began");
    drop(running);
    let (running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, gone(), "what starts has no other clock: it refuses");
    assert_eq!(installation.stored().await, stored, "and nothing is deleted by it");
    drop(running);
    clock.set(0);
    installation.confirm_clock();
    installation.sweep();
    let (running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, SERVED, "it was a mistake, and nothing is lost");
    drop(running);

    // 120 days do pass, for a machine that slept; its operator says that the date is right.
    let finished = Timestamp::try_from(job["finished_at"].as_str().unwrap().to_owned()).unwrap();
    let due_in = 120 * DAY - (true_time() - finished.micros() / 1_000_000);
    clock.set(due_in - MINUTE);
    installation.confirm_clock();
    let (running, anna) = installation.start(Some(&anna.secret));
    installation.sweep();
    assert_eq!(of_the_master(&anna, &job).await, SERVED, "120 days less a minute");
    assert_eq!(installation.stored().await, stored);
    drop(running);

    // It was believed to be due, and then the clock falls back by a month, over a start: what was past stays past, and
    // the reaper removes nothing by such a clock.
    clock.set(due_in + 1);
    installation.confirm_clock();
    clock.set(due_in - 30 * DAY);
    let (running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, gone(), "it was believed to be due");
    assert_eq!(installation.stored().await, stored);
    drop(running);
    clock.set(due_in + 1);
    let (running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, gone(), "120 days");
    assert_eq!(installation.stored().await, stored, "refused before it is removed");
    drop(running);

    clock.set(due_in + MINUTE);
    installation.confirm_clock();
    installation.sweep();
    clock.set(due_in + 3 * MINUTE);
    installation.sweep();
    assert_eq!(installation.stored().await, Vec::<String>::new(), "nothing is left of it, in any version");
    let (_running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, gone());
    let id = job["id"].as_str().unwrap();
    assert_eq!(anna.get(&format!("/v1/jobs/{id}")).await.status(), StatusCode::GONE);
}

/// What the story tells of a reaper that never gets far.
async fn reaper_dies(installation: Installation, folder: &Path) {
    let Installation { clock, .. } = &installation;
    let (running, anna) = installation.start(None);
    let job = a_song_and_its_master(&anna, folder).await;
    drop(running);
    clock.set(121 * DAY);
    installation.confirm_clock();
    let stored = installation.stored().await.len();
    assert_eq!((installation.due(), stored > 3), (2, true), "the case must be real: a job and its input");
    let (mut step, mut kills, mut half_done) = (1, 0, 0);
    while !installation.sweeps_in_less_than(step) {
        kills += 1;
        if installation.due() == 0 && !installation.stored().await.is_empty() {
            // Rows are gone, and something lies there still: from here on step by step again.
            step = if half_done == 0 { 1 } else { step };
            half_done += 1;
        }
        step += 1 + step / 8;
        assert!(step < 10_000, "it never comes to its end");
    }
    println!("killed {kills} times, {half_done} times between the rows and the last byte");
    assert!(kills > 9 && half_done > 3, "the case must be real");
    clock.set(121 * DAY + 3 * MINUTE);
    installation.sweep();
    assert_eq!((installation.due(), installation.stored().await), (0, Vec::new()));
    let (_running, anna) = installation.start(Some(&anna.secret));
    assert_eq!(of_the_master(&anna, &job).await, gone());
    let receipt = anna.get_json(&format!("/v1/receipts/{}", job["id"].as_str().unwrap())).await;
    assert_eq!((&receipt["removed"], receipt["verified_on"].is_string()), (&json!("job"), true), "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7f_a_reaper_that_is_killed_at_its_steps_ends_the_same_on_sqlite_and_a_folder() {
    if !may_trace() {
        return println!("SKIPPED: this system lets nobody trace a process");
    }
    let folder = tempfile::tempdir().unwrap();
    let clock = WallClock::new(folder.path());
    let site = Site::OneFolder(folder.path().join("data"));
    reaper_dies(Installation { clock, site }, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7f_a_reaper_that_is_killed_at_its_steps_ends_the_same_on_postgres_and_a_bucket() {
    let Some(moto) = Moto::of_this_process().filter(|_| may_trace()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let installation = on_postgres_and_a_bucket(moto, folder.path()).await;
    reaper_dies(installation, folder.path()).await;
}

/// Some containers forbid it.
fn may_trace() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    traced.expect("strace is installed: `make test` sees to it").status.success()
}

async fn on_postgres_and_a_bucket(moto: &Moto, folder: &Path) -> Installation {
    let clock = WallClock::new(folder);
    let server = Postgres::start_with(Durability::Hasty, clock.environment());
    let bucket = versioned(moto).await;
    let fleet = Fleet::on_bucket(folder, server.database(), &moto.endpoint, &bucket);
    let fleet = fleet.with_environment(clock.environment());
    let bucket = format!("{}/{bucket}", moto.endpoint);
    let site = Site::Apart { fleet: Box::new(fleet), bucket, _server: Box::new(server) };
    Installation { clock, site }
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7f_120_days_pass_on_sqlite_and_a_folder_and_a_wrong_clock_deletes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = WallClock::new(folder.path());
    let site = Site::OneFolder(folder.path().join("data"));
    years_pass(Installation { clock, site }, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7f_120_days_pass_on_postgres_and_a_bucket_and_a_wrong_clock_deletes_nothing() {
    let Some(moto) = Moto::of_this_process() else { return };
    let folder = tempfile::tempdir().unwrap();
    let installation = on_postgres_and_a_bucket(moto, folder.path()).await;
    years_pass(installation, folder.path()).await;
}
