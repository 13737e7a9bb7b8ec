//! A small service: one store, one clock, a few people.

use std::sync::Arc;
use std::time::Duration;

use domain::account::{Account, Email, Role};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::attempt::Room;
use domain::audit::{Act, Actor, Reason};
use domain::blob::BlobKey;
use domain::clock::{Clock, HandClock, Timestamp};
use domain::digest::Digest;
use domain::ids::{AccountId, Entropy, JobId, SeededEntropy, UploadId};
use domain::job::{Job, JobKind, StateName};
use domain::lease::{LeaseId, WorkerName};
use domain::money::{Balance, Credits, PriceList};
use domain::order::{Order, Wish};
use domain::problem::Problem;
use domain::recipe::Recipe;
use domain::removal::BETWEEN_LOOKS;
use domain::retention::Retention;
use domain::secret::{Secret, SecretKind};
use domain::task::Task;
use domain::upload::{AudioFacts, Concat, MetadataKept};
use sqlx::{PgPool, SqlitePool};

use crate::outcome::{Checked, Completion, Doomed, Enqueued, Leased, Made, NewAccount, NewUpload, SameBytes};
use crate::patience::Patience;
use crate::reaping::Look;
use crate::sealing::Keyring;
use crate::uploading::{Taken, UploadLock};
use crate::{Engine, Place, Store, postgres, sqlite};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct World {
    pub(super) store: Store,
    pub(super) clock: HandClock,
    pub(super) entropy: Arc<SeededEntropy>,
    home: Home,
}

/// Where the rows are.
enum Home {
    Folder(tempfile::TempDir),
    Database(String),
}

impl Home {
    async fn open(&self, entropy: Arc<SeededEntropy>) -> Store {
        let store = self.open_locked(entropy).await;
        store.unlock(&keyring()).await.unwrap();
        store
    }

    async fn open_locked(&self, entropy: Arc<SeededEntropy>) -> Store {
        let retention = Retention::POLICY;
        match self {
            Self::Folder(folder) => {
                Store::open(Place::Folder(folder.path()), entropy, retention).await.unwrap()
            }
            Self::Database(url) => {
                let time = postgres::Time::OfCaller;
                let opened = postgres::Postgres::open(url, time, entropy, retention).await.unwrap();
                Store(Engine::Postgres(Arc::new(opened)), Patience::Endless)
            }
        }
    }
}

impl World {
    pub(super) async fn on_sqlite() -> Self {
        Self::at(Home::Folder(tempfile::tempdir().unwrap())).await
    }

    pub(super) async fn on_postgres() -> Self {
        Self::at(Home::Database(fixtures::postgres::Postgres::of_this_process().database())).await
    }

    async fn at(home: Home) -> Self {
        let entropy = Arc::new(SeededEntropy::new(1));
        let store = home.open(entropy.clone()).await;
        let clock = HandClock::new(Timestamp::from_micros(1_800_000_000_000_000));
        Self { store, clock, entropy, home }
    }

    /// As another process sees the same rows.
    pub(super) async fn beside(&self) -> Store {
        self.home.open(Arc::new(SeededEntropy::new(2))).await
    }

    /// The same, by a process that was given no keys.
    pub(super) async fn beside_without_keys(&self) -> Store {
        self.home.open_locked(Arc::new(SeededEntropy::new(3))).await
    }

    /// As after a restart of the process.
    pub(super) async fn reopened(self) -> Self {
        self.store.close().await;
        let store = self.home.open(self.entropy.clone()).await;
        Self { store, ..self }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn secret(&self, kind: SecretKind) -> Secret {
        Secret::new(kind, &*self.entropy)
    }

    pub(super) async fn account(&self, name: &str) -> Account {
        let email = Email::parse(&format!("{name}@example.org")).unwrap();
        let new = NewAccount { email, roles: [Role::Producer].into() };
        self.store.ensure_account(&new, self.now()).await.unwrap()
    }

    pub(super) async fn receiving_upload(&self, account: &AccountId, size_bytes: Option<u64>) -> UploadId {
        let new = self.new_upload(account, size_bytes);
        self.store.create_upload(&new, self.now()).await.unwrap().id
    }

    pub(super) fn new_upload(&self, account: &AccountId, size_bytes: Option<u64>) -> NewUpload {
        NewUpload {
            id: UploadId::new(&*self.entropy),
            account: account.clone(),
            name: "Song.wav".into(),
            filetype: Some("audio/wav".into()),
            concat: Concat::Whole,
            metadata: MetadataKept::NameAndType,
            size_bytes,
            expires_at: Retention::POLICY.of_new_upload(self.now()),
        }
    }

    /// The right to send an upload that nobody else sends.
    pub(super) async fn upload_lock(&self, id: &UploadId) -> UploadLock {
        match self.store.take_upload_lock(id, self.now()).await.unwrap() {
            Taken::Taken(lock) => lock,
            other => panic!("{id}: {other:?}"),
        }
    }

    pub(super) async fn checking_upload(&self, account: &AccountId) -> UploadId {
        let id = self.receiving_upload(account, Some(100)).await;
        let lock = self.upload_lock(&id).await;
        assert!(self.store.advance_upload(&lock, 0, 100).await.unwrap());
        assert!(self.store.finish_upload(&lock, &digest(1), self.now()).await.unwrap());
        id
    }

    /// An upload that can be ordered. No other work may wait at the same time.
    pub(super) async fn ready_upload(&self, account: &AccountId) -> UploadId {
        let id = self.checking_upload(account).await;
        let check = self.lease("checker").await.expect("a check waits");
        assert_eq!(check.task, Task::Check { upload: id.clone() });
        self.store.checked_upload(&check.lease, &checked(), &SameBytes::Nowhere, self.now()).await.unwrap();
        id
    }

    pub(super) fn order(&self, account: &AccountId, upload: &UploadId) -> Order {
        let wish = Wish {
            kind: JobKind::Master,
            title: "Song".into(),
            inputs: vec![upload.clone().into()],
            references: Vec::new(),
            recipe: Recipe::default(),
        };
        Order { account: account.clone(), wish, idempotency_key: None, body_hash: digest(7) }
    }

    pub(super) async fn enqueue(&self, order: &Order) -> Job {
        match self.store.enqueue(order, self.now()).await.unwrap() {
            Enqueued::New(job) => job,
            other => panic!("expected a new job, got {other:?}"),
        }
    }

    /// The same at a price, whatever becomes of it.
    pub(super) async fn priced(&self, order: &Order) -> Enqueued {
        self.store.admit(order, Room::ENDLESS, Some(&PriceList::default()), self.now()).await.unwrap()
    }

    /// A job that was paid for.
    pub(super) async fn enqueue_priced(&self, order: &Order) -> Job {
        match self.priced(order).await {
            Enqueued::New(job) => job,
            other => panic!("expected a new job, got {other:?}"),
        }
    }

    /// Credits for nothing.
    pub(super) async fn give(&self, account: &AccountId, credits: i64) {
        let key = format!("gift-{}", self.pick(u64::MAX));
        let credits = Credits::new(credits).unwrap();
        assert!(self.store.grant(account, credits, &key, self.now()).await.unwrap());
    }

    pub(super) async fn balance(&self, account: &AccountId) -> Balance {
        self.store.purse(account).await.unwrap().balance
    }

    /// One queued job of a new account.
    pub(super) async fn queued_job(&self) -> Job {
        let anna = self.account("anna").await;
        let upload = self.ready_upload(&anna.id).await;
        self.enqueue(&self.order(&anna.id, &upload)).await
    }

    pub(super) async fn lease(&self, worker: &str) -> Option<Leased> {
        self.store.lease_next(&WorkerName(worker.into()), self.now()).await.unwrap()
    }

    pub(super) async fn again(&self, job: &Job) -> Job {
        self.store.job(&job.account, &job.id).await.unwrap().expect("the job is there")
    }

    /// The names of the states in a job's history, in order, without repetition.
    pub(super) async fn history(&self, account: &AccountId, job: &JobId) -> Vec<StateName> {
        let events = self.store.job_events(account, job, 0, 10_000).await.unwrap();
        let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=events.len() as i64).collect::<Vec<_>>(), "no line is missing");
        let mut states: Vec<StateName> = events.iter().map(|event| event.state).collect();
        states.dedup();
        states
    }

    /// All places that are doomed, whenever they are looked at next.
    pub(super) async fn doomed_places(&self) -> Vec<Doomed> {
        self.store.doomed_blobs(self.now() + DAY, 1000).await.unwrap()
    }

    pub(super) async fn doomed(&self) -> Vec<String> {
        self.doomed_places().await.iter().map(|one| one.prefix.to_string()).collect()
    }

    /// Every doomed place is found empty twice, after `files` were deleted in each.
    pub(super) async fn emptied(&self, files: u64) {
        for deleted in [files, 0] {
            for doomed in self.doomed_places().await {
                self.store.looked(&doomed, Look::Empty { deleted }, self.now()).await.unwrap();
            }
            self.clock.advance(BETWEEN_LOOKS);
        }
    }

    /// What somebody does who has the database and not this program. Tells how many rows it touched.
    pub(super) async fn by_hand(&self, sql: &'static str) -> Result<u64, sqlx::Error> {
        match &self.home {
            Home::Folder(folder) => {
                let file = SqlitePool::connect_with(sqlite::options(folder.path()).unwrap()).await?;
                sqlx::query(sql).execute(&file).await.map(|done| done.rows_affected())
            }
            Home::Database(url) => {
                let server = PgPool::connect(url).await?;
                sqlx::query(sql).execute(&server).await.map(|done| done.rows_affected())
            }
        }
    }

    /// Bytes of a column, row by row.
    pub(super) async fn bytes(&self, sql: &'static str) -> Vec<Vec<u8>> {
        match &self.home {
            Home::Folder(folder) => {
                let file = SqlitePool::connect_with(sqlite::options(folder.path()).unwrap()).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&file).await.unwrap()
            }
            Home::Database(url) => {
                let server = PgPool::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&server).await.unwrap()
            }
        }
    }

    /// The files of the database, with its log, where they are ours to read.
    pub(super) fn files(&self) -> Option<Vec<u8>> {
        let Home::Folder(folder) = &self.home else { return None };
        let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        Some(entries.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect())
    }

    /// A number below `bound`.
    pub(super) fn pick(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }
}

/// The same for every process and every start.
pub(crate) fn keyring() -> Keyring {
    Keyring::parse("1:0101010101010101010101010101010101010101010101010101010101010101").unwrap()
}

pub(super) fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

pub(super) fn checked() -> Checked {
    let audio = AudioFacts {
        format: "wav".into(),
        sample_rate_hz: 44_100,
        channels: 2,
        bit_depth: Some(24),
        frames: 441_000,
        duration_s: 10.0,
        lossy: false,
    };
    Checked { audio, findings: Vec::new() }
}

pub(super) fn made(lease: &LeaseId) -> Completion {
    let master = Made {
        kind: ArtifactKind::Master,
        track: None,
        name: "Song (master).wav".into(),
        format: ArtifactFormat::Wav24,
        size_bytes: 44,
        sha256: digest(9),
        blob: BlobKey::artifact(lease, "0-master.wav").unwrap(),
        peaks: None,
    };
    Completion { artifacts: vec![master], engine_version: "0.1.0".into() }
}

pub(super) fn our_problem() -> Problem {
    Problem::ours("disk_full", "The disk is full", "0 bytes are left")
}

pub(super) fn input_problem() -> Problem {
    Problem {
        fault: domain::problem::Fault::Input,
        retryable: false,
        ..Problem::ours("audio_silent", "The file is silent", "no sample is above -90 dBFS")
    }
}

/// What somebody at the terminal does.
pub(super) fn act(why: &str) -> Act {
    Act { actor: Actor::Terminal, reason: Reason::parse(why).unwrap() }
}
