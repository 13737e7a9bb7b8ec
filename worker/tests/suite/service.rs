//! A store, blobs, a scripted child, and workers that come and go. Dropping it fails if anything is left
//! over.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::blob::BlobKey;
use domain::clock::{Clock, HandClock, Timestamp};
use domain::digest::Digest;
use domain::ids::{AccountId, SeededEntropy, UploadId};
use domain::job::{Job, JobKind, Stage, StateName};
use domain::order::{Input, Order, Wish};
use domain::recipe::Recipe;
use domain::retention::Retention;
use domain::sandbox::Sandbox;
use domain::upload::{Concat, MetadataKept, Upload, UploadState};
use store::outcome::{Enqueued, NewAccount, NewUpload};
use store::sealing::Keyring;
use store::uploading::Taken;
use store::{Blobs, Place, Store};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::room::{Disk, Space};

/// Nothing here takes seconds unless it is broken.
/// While less is free, nothing is claimed.
pub const KEEP_FREE: u64 = 1 << 30;
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Service {
    pub store: Store,
    pub blobs: Blobs,
    pub clock: Arc<HandClock>,
    pub disk: Arc<Glass>,
    entropy: Arc<SeededEntropy>,
    folder: tempfile::TempDir,
}

/// A disk with as much room as a test says.
pub struct Glass(pub AtomicU64);

impl Disk for Glass {
    fn space(&self, _path: &Path) -> std::io::Result<Space> {
        Ok(Space { free: self.0.load(Ordering::Relaxed), total: 1 << 40 })
    }
}

pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it stops").unwrap();
    }

    /// As a `kill -9` would: nothing is written back.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

impl Service {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let entropy = Arc::new(SeededEntropy::new(1));
        let place = folder.path().join("data");
        let store = Store::open(Place::Folder(&place), entropy.clone(), Retention::POLICY).await.unwrap();
        std::fs::create_dir(folder.path().join("pids")).unwrap();
        let pids = folder.path().join("pids");
        let script = include_str!("child.sh").replace("PIDS", pids.to_str().unwrap());
        let program = folder.path().join("child.sh");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let clock = Arc::new(HandClock::new(Timestamp::from_micros(1_800_000_000_000_000)));
        let shelf = store::blobs::Place::folder(&folder.path().join("blobs")).unwrap();
        let keyring = Keyring::fleeting(&*entropy);
        let blobs = Blobs::open(shelf, store.clone(), keyring, clock.clone(), entropy.clone()).await.unwrap();
        let disk = Arc::new(Glass(AtomicU64::new(1 << 40)));
        Self { store, blobs, clock, disk, entropy, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn worker(&self) -> Worker {
        Worker {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            program: self.path("child.sh"),
            scratch: self.path("scratch"),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            slots: 2,
            attempt_max: worker::ATTEMPT_MAX,
            disk: self.disk.clone(),
            keep_free: KEEP_FREE,
            sandbox: Sandbox::Weak,
        }
    }

    pub fn start(&self) -> Running {
        self.start_worker(self.worker())
    }

    pub fn start_worker(&self, worker: Worker) -> Running {
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker::run(worker, stop.clone()));
        Running { stop, task }
    }

    pub async fn account(&self, name: &str) -> AccountId {
        let email = domain::account::Email::parse(&format!("{name}@example.org")).unwrap();
        let new = NewAccount { email, roles: [domain::account::Role::Producer].into() };
        self.store.ensure_account(&new, self.clock.now()).await.unwrap().id
    }

    /// An upload whose bytes are all here, to be checked.
    pub async fn upload(&self, account: &AccountId, bytes: &[u8]) -> UploadId {
        let id = UploadId::new(&*self.entropy);
        let new = NewUpload {
            id: id.clone(),
            account: account.clone(),
            name: "Untitled take.wav".into(),
            filetype: None,
            concat: Concat::Whole,
            metadata: MetadataKept::NameAndType,
            size_bytes: Some(bytes.len() as u64),
            expires_at: Retention::POLICY.of_new_upload(self.clock.now()),
        };
        self.store.create_upload(&new, self.clock.now()).await.unwrap();
        let stored = self.blobs.put(&BlobKey::upload_source(&id), bytes).await.unwrap();
        let Taken::Taken(lock) = self.store.take_upload_lock(&id, self.clock.now()).await.unwrap() else {
            panic!("nobody else sends {id}");
        };
        assert!(self.store.advance_upload(&lock, 0, stored.size_bytes).await.unwrap());
        assert!(self.store.finish_upload(&lock, &digest(1), self.clock.now()).await.unwrap());
        id
    }

    pub async fn checked(&self, account: &AccountId, id: &UploadId) -> Upload {
        let see = async || self.store.upload(account, id).await.unwrap().expect("the upload");
        until("the upload is checked", see, |upload| upload.state != UploadState::Checking).await
    }

    /// A job of a new account, over a fresh upload that a worker checks first.
    pub async fn job(&self, title: &str) -> Job {
        self.job_of(&self.account("anna").await, title).await
    }

    pub async fn job_of(&self, account: &AccountId, title: &str) -> Job {
        let upload = self.upload(account, b"song").await;
        assert_eq!(self.checked(account, &upload).await.state, UploadState::Ready);
        self.order(account, JobKind::Master, title, vec![upload.into()], Vec::new()).await
    }

    pub async fn order(
        &self,
        account: &AccountId,
        kind: JobKind,
        title: &str,
        inputs: Vec<Input>,
        references: Vec<UploadId>,
    ) -> Job {
        let wish = Wish { kind, title: title.into(), inputs, references, recipe: Recipe::default() };
        let order = Order { account: account.clone(), wish, idempotency_key: None, body_hash: digest(2) };
        match self.store.enqueue(&order, self.clock.now()).await.unwrap() {
            Enqueued::New(job) => job,
            other => panic!("{other:?}"),
        }
    }

    pub async fn when(&self, job: &Job, what: &str, is_so: impl Fn(&Job) -> bool) -> Job {
        let see = async || self.store.job(&job.account, &job.id).await.unwrap().expect("the job");
        until(what, see, is_so).await
    }

    pub async fn ended(&self, job: &Job) -> Job {
        self.when(job, "the job is over", |job| job.state.finished_at().is_some()).await
    }

    /// The job of a child that hangs, and the child's process id.
    pub async fn hanging(&self, job: &Job) -> u32 {
        let is_there = |job: &Job| job.stage == Some(Stage::Master);
        self.when(job, "the child hangs", is_there).await;
        let pids = files(&self.path("pids"));
        let pids = pids.iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok());
        pids.filter(|pid| is_alive(*pid)).max().expect("a child hangs")
    }

    pub fn let_it_go_on(&self) {
        std::fs::write(self.path("pids/go"), "").unwrap();
    }

    pub async fn history(&self, job: &Job) -> Vec<StateName> {
        let events = self.store.job_events(&job.account, &job.id, 0, 10_000).await.unwrap();
        let mut states: Vec<StateName> = events.iter().map(|event| event.state).collect();
        states.dedup();
        states
    }

    /// Files below the job's blobs, by their keys, in order.
    pub fn blobs_of(&self, job: &Job) -> Vec<String> {
        let root = self.path("blobs");
        let mut keys: Vec<String> = files(&root.join("j").join(job.id.as_str()))
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    }

    pub async fn text(&self, key: &BlobKey) -> String {
        let mut blob = self.blobs.read(key, 0, u64::MAX).await.unwrap().expect("a blob");
        let mut text = String::new();
        blob.reader.read_to_string(&mut text).await.unwrap();
        text
    }

    /// Waits until nothing is doomed any more.
    pub async fn swept(&self) {
        let see = async || self.store.doomed_blobs(self.clock.now(), 100).await.unwrap();
        until("all doomed blobs are gone", see, Vec::is_empty).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let scratch = files(&self.path("scratch"));
            assert!(scratch.is_empty(), "left in scratch: {scratch:?}");
            let parts: Vec<_> = files(&self.path("blobs"))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|end| end == "part"))
                .collect();
            assert!(parts.is_empty(), "left in blobs: {parts:?}");
        }
    }
}

pub async fn until<T: std::fmt::Debug>(
    what: &str,
    see: impl AsyncFn() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let look = async {
        loop {
            let seen = see().await;
            if is_so(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(seen) => seen,
        Err(_) => panic!("waited in vain until {what}; it is {:?}", see().await),
    }
}

pub async fn until_dead(pid: u32) {
    until("the child is dead", async || is_alive(pid), |alive| !alive).await;
}

/// A process that is not there, or only waits to be buried, is not alive.
pub fn is_alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

pub fn files(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}
