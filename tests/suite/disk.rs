//! A disk that is full, and a disk that fails: nothing is acknowledged that is not there, and nothing is lost.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::producer::Producer;
use crate::harness::{Service, song};

const SONG_SECONDS: f64 = 12.0;

fn song_bytes(folder: &Path) -> Vec<u8> {
    let wav = folder.join("song.wav");
    song::wav24(&wav, SONG_SECONDS);
    fs::read(wav).unwrap()
}

fn recipe() -> Value {
    json!({"loudness_lufs": -12.0, "deliver": ["wav24", "wav32f"]})
}

/// Sees what a process syncs while this lives.
struct Syncs {
    tracer: Child,
    log: PathBuf,
}

impl Syncs {
    /// And lets it all fail.
    fn failing(service: &Service, folder: &Path) -> Option<Self> {
        Self::traced(service, folder, &["-e", "inject=fsync,fdatasync:error=EIO"])
    }

    /// `None` where the system lets nobody trace a process of his own, as some containers do.
    fn traced(service: &Service, folder: &Path, more: &[&str]) -> Option<Self> {
        let log = folder.join("injected");
        let said = folder.join("said");
        let mut tracer = Command::new("strace")
            .args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-o"])
            .arg(&log)
            .args(more)
            .args(["-p", &service.id().to_string()])
            // A file takes all it says; a pipe that nobody reads on would end it.
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .expect("strace is installed: `make test` sees to it");
        while !all_are_traced(service.id()) {
            if tracer.try_wait().unwrap().is_some() {
                let said = fs::read_to_string(&said).unwrap();
                assert!(said.contains("not permitted"), "{said}");
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { tracer, log })
    }

    /// The disk works again; gives the paths of what was to be synced, in order.
    fn end(mut self) -> Vec<String> {
        // On this signal it lets go of the process.
        let told = Command::new("kill").arg("-TERM").arg(self.tracer.id().to_string()).status();
        assert!(told.expect("kill starts").success());
        let _ = self.tracer.wait();
        let log = fs::read_to_string(&self.log).expect("its log");
        // `123 fsync(9</path/of/it>) = 0`
        let path =
            |line: &str| Some(line.split_once("sync(")?.1.split_once('<')?.1.split_once('>')?.0.to_owned());
        log.lines().filter_map(path).collect()
    }
}

/// Whether every thread of a process is: one after the other is taken.
fn all_are_traced(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a living process").flatten();
    let mut states = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    states.all(|state| state.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_synced_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = song_bytes(folder.path());
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let ready = anna.upload("first.wav", &bytes).await;
    assert_eq!(anna.checked(&ready).await["state"], "ready");
    let location = anna.create_upload("second.wav", bytes.len()).await;
    let half = bytes.len() / 2;
    anna.patch(&location, 0, &bytes[..half]).await.expect("an answer");
    assert_eq!(anna.offset(&location).await, half, "the case must be real: this half is acknowledged");

    let Some(failing) = Syncs::failing(&service, folder.path()) else {
        return println!("SKIPPED: this system lets nobody trace a process");
    };
    let patched = anna.patch(&location, half, &bytes[half..]).await;
    assert!(patched.as_ref().is_ok_and(|answer| answer.status().is_server_error()), "{patched:?}");
    let order = json!({"kind": "master", "inputs": [{"upload": ready}], "recipe": recipe()});
    let post = || anna.http.post(anna.url("/v1/jobs")).bearer_auth(&anna.secret);
    let ordered = post().header("Idempotency-Key", "once").json(&order).send().await;
    assert!(ordered.as_ref().is_ok_and(|answer| answer.status().is_server_error()), "{ordered:?}");
    assert!(failing.end().len() >= 2, "the case must be real: syncs did fail");

    assert_eq!(anna.offset(&location).await, half);
    let patched = anna.patch(&location, half, &bytes[half..]).await.expect("an answer");
    assert_eq!(patched.status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.checked(location.rsplit('/').next().unwrap()).await["state"], "ready");
    let job = anna.finished(&anna.order_body("once", order).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    assert_eq!(anna.get_json("/v1/jobs").await["data"].as_array().map(Vec::len), Some(1), "ordered once");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_on_the_disk_before_their_row_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = song_bytes(folder.path());
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let location = anna.create_upload("song.wav", 2 * bytes.len()).await;
    let Some(syncs) = Syncs::traced(&service, folder.path(), &[]) else {
        return println!("SKIPPED: this system lets nobody trace a process");
    };
    anna.patch(&location, 0, &bytes).await.expect("an answer");
    let synced = syncs.end();
    assert_eq!(anna.offset(&location).await, bytes.len(), "the case must be real: they are acknowledged");
    let last = |what: &str| synced.iter().rposition(|path| path.contains(what));
    let (file, names, row) = (last("/pieces/."), last("/pieces"), last("-wal"));
    assert!(file.is_some() && file < names && names < row, "the bytes, their name, their row: {synced:#?}");
}

/// A service whose data lie on a disk of so many bytes.
struct SmallDisk {
    service: Service,
    /// The same folder, as others see it.
    data: PathBuf,
    /// And as the service does.
    inside: PathBuf,
}

impl SmallDisk {
    /// `None` where the system lets nobody mount a disk in memory, as some containers do.
    fn of(megabytes: u32, folder: &Path) -> Option<Self> {
        let data = folder.join("data");
        fs::create_dir(&data).unwrap();
        let mount = format!("mount -t tmpfs -o size={megabytes}m,mode=700 none \"$0\"");
        // Seen by nobody else, and gone with the service.
        let inside = |script: &str| {
            let mut command = Command::new("unshare");
            command.args(["--mount", "--map-root-user", "sh", "-c", script]).arg(&data);
            command
        };
        if !inside(&mount).output().expect("unshare starts").status.success() {
            return None;
        }
        let serve = format!(r#"{mount} && exec "$1" serve --keep-free 8 --listen 127.0.0.1:0 --data "$0""#);
        let mut command = inside(&serve);
        command.arg(crate::harness::PROGRAM);
        let (service, _) = Service::start_by(command, &data, &["/sign-in#"]);
        let inside = data.clone();
        let data = Path::new(&format!("/proc/{}/root", service.id())).join(data.strip_prefix("/").unwrap());
        Some(Self { service, data, inside })
    }

    /// Made by a process that sees the disk as the service does: SQLite's locks and its shared memory are by path.
    fn producer(&self) -> Producer {
        let mut enter = Command::new("nsenter");
        enter.args([
            "--mount",
            "--user",
            "--preserve-credentials",
            "--target",
            &self.service.id().to_string(),
        ]);
        enter.arg(crate::harness::PROGRAM);
        Producer::with_key_by(enter, &self.service.base, "--data", &self.inside)
    }

    /// Fills the disk until so many bytes are left.
    fn fill_but(&self, left: usize) {
        let mut ballast = fs::File::create(self.data.join("ballast")).unwrap();
        let block = vec![0; 64 * 1024];
        let mut filled = 0;
        while ballast.write_all(&block).is_ok() {
            filled += block.len();
        }
        ballast.set_len(filled.saturating_sub(left) as u64).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.data.join("ballast")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = song_bytes(folder.path());
    let Some(disk) = SmallDisk::of(96, folder.path()) else {
        return println!("SKIPPED: this system lets nobody mount a disk");
    };
    let anna = disk.producer();
    let ready = anna.upload("first.wav", &bytes).await;
    assert_eq!(anna.checked(&ready).await["state"], "ready");
    let location = anna.create_upload("second.wav", bytes.len()).await;
    let half = bytes.len() / 2;
    anna.patch(&location, 0, &bytes[..half]).await.expect("an answer");

    disk.fill_but(0);
    let refused = anna.patch(&location, half, &bytes[half..]).await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    assert!(refused.headers().contains_key("retry-after"), "{refused:?}");
    assert_eq!(anna.get("/healthz").await.status(), StatusCode::OK, "it lives");
    assert_eq!(anna.offset(&location).await, half, "and knows what it has");

    // Rows still fit, a master does not: that is not the song's fault, so its job waits.
    disk.fill_but(1 << 20);
    let job = anna.order(&ready, recipe()).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let waiting = anna.get_json(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await;
    assert!(["queued", "running"].iter().any(|state| waiting["state"] == *state), "{waiting}");

    disk.make_room();
    let patched = anna.patch(&location, half, &bytes[half..]).await.expect("an answer");
    assert_eq!(patched.status(), StatusCode::NO_CONTENT);
    assert_eq!(anna.checked(location.rsplit('/').next().unwrap()).await["state"], "ready");
    assert_eq!(anna.finished(&job).await["state"], "succeeded");
}
