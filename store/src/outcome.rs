//! What the operations of the store take and give, beyond the nouns of `domain`.

use std::collections::BTreeSet;

use domain::account::{Email, Role};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::blob::{BlobKey, BlobPrefix};
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::fields::FieldError;
use domain::ids::{AccountId, JobId, KeyId, SessionId, UploadId};
use domain::job::{Job, Stage, StateName};
use domain::lease::LeaseId;
use domain::money::Credits;
use domain::removal::Receipt;
use domain::scope::Scopes;
use domain::secret::SecretHash;
use domain::task::Task;
use domain::upload::{AudioFacts, Concat, Finding, MetadataKept, Upload};

/// An account to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAccount {
    /// Where its sign-in links go.
    pub email: Email,
    /// What it is here for.
    pub roles: BTreeSet<Role>,
}

impl NewAccount {
    /// The owner of an embedded install. `localhost` needs no mail to be sent.
    pub(crate) fn local_owner() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that a test of this crate reads at each run")]
        let email = Email::parse("owner@localhost").expect("an address");
        Self { email, roles: [Role::Producer, Role::Operator].into() }
    }
}

/// A signed-in browser.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser calls itself.
    pub device: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose.
    pub account: AccountId,
    /// Of the secret in the cookie.
    pub hash: SecretHash,
    /// What the browser calls itself.
    pub device: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An API key, without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; `None` is until revoked.
    pub expires_at: Option<Timestamp>,
}

/// An API key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Whose.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Of its secret.
    pub hash: SecretHash,
    /// Until when; `None` is until revoked.
    pub expires_at: Option<Timestamp>,
}

/// An upload to be made.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id; blobs may be prepared under it before the row exists.
    pub id: UploadId,
    /// Whose.
    pub account: AccountId,
    /// The file's name as the user knows it.
    pub name: String,
    /// The media type the user's program claimed.
    pub filetype: Option<String>,
    /// Whether it is a part of a file, or made of such parts.
    pub concat: Concat,
    /// What its metadata can be told from.
    pub metadata: MetadataKept,
    /// How long it will be, if the sender said.
    pub size_bytes: Option<u64>,
    /// When it goes if it is not complete by then.
    pub expires_at: Timestamp,
}

/// What a check found out about a file that can be used.
#[derive(Clone, PartialEq, Debug)]
pub struct Checked {
    /// What it is.
    pub audio: AudioFacts,
    /// What its owner should know.
    pub findings: Vec<Finding>,
}

/// What became of the wish to upload something.
#[derive(Clone, PartialEq, Debug)]
pub enum Admitted {
    /// It can come.
    New(Box<Upload>),
    /// The account has no room for it: its uploads take so much already.
    Full {
        /// In bytes; what came twice counts once, and what was not told its length as the longest there is.
        taken_bytes: u64,
    },
}

/// How much uploads may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UploadRoom {
    /// All of an account, in bytes.
    pub account_bytes: u64,
    /// One of which the length is not known yet counts as so many.
    pub longest_bytes: u64,
}

/// The same file, byte for byte, that the account has here already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Twin {
    /// At whose place it lies.
    pub place: UploadId,
    /// Of its bytes.
    pub sha256: Digest,
}

/// What whoever checked an upload knows of its twin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SameBytes {
    /// Nothing yet. If there is a twin, the check does not end, and it is told.
    Unknown,
    /// It was read, and is whole. The upload gets these bytes.
    At(UploadId),
    /// There is none that can be read. The upload keeps its own bytes.
    Nowhere,
}

/// What became of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erased {
    /// What is remembered of it.
    pub receipt: Receipt,
    /// How many jobs went with it, running ones included.
    pub jobs: u64,
    /// How many uploads.
    pub uploads: u64,
    /// How many purchases are paid back, because nothing of them was used.
    pub purchases_returned: u32,
    /// Credits that were left after that, and are lost.
    pub credits_lost: i64,
}

/// What became of a wish to remove something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// Its rows are gone; its blobs are doomed and go within seconds.
    Removed,
    /// A job that is not over needs it.
    InUse,
    /// There is none, or it is somebody else's.
    Unknown,
}

/// What became of an order.
#[derive(Clone, PartialEq, Debug)]
pub enum Enqueued {
    /// A new job.
    New(Job),
    /// The same order was given before, and this is its job as it is now.
    Existing(Job),
    /// The idempotency key was used with another body.
    Conflict,
    /// An input cannot be used; pointers are from the root of the order's body.
    Refused(Vec<FieldError>),
    /// It costs more than there is.
    Insufficient {
        /// What it costs.
        needed: Credits,
        /// What there is.
        available: i64,
    },
    /// A payment of this account is disputed; nothing is spent until that is decided.
    Frozen,
    /// As many free previews were made today as there are.
    PreviewsUsed {
        /// How many there are on a day.
        per_day: u32,
        /// When there are some again.
        again_at: Timestamp,
    },
    /// As many of this account's jobs wait as may.
    AccountFull,
    /// As many jobs wait as may.
    QueueFull,
}

/// Work, and the right to write back about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Leased {
    /// What to show with every write back.
    pub lease: LeaseId,
    /// Whose work it is.
    pub account: AccountId,
    /// What to do.
    pub task: Task,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// When the lease ends unless renewed.
    pub until: Timestamp,
}

/// Where an attempt is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// In which stage.
    pub stage: Stage,
    /// How much of it is done, 0 to 1; values outside are brought to the nearer end.
    pub fraction: f64,
}

/// What an attempt made. Its blobs are stored already.
#[derive(Clone, PartialEq, Debug)]
pub struct Completion {
    /// In the order they are to be shown.
    pub artifacts: Vec<Made>,
    /// What made them.
    pub engine_version: String,
}

/// One file an attempt made.
#[derive(Clone, PartialEq, Debug)]
pub struct Made {
    /// What it is.
    pub kind: ArtifactKind,
    /// Of an album: which track it is of, from 1.
    pub track: Option<u32>,
    /// The name a download gets.
    pub name: String,
    /// How it is written.
    pub format: ArtifactFormat,
    /// Its length.
    pub size_bytes: u64,
    /// Of its bytes.
    pub sha256: Digest,
    /// Where its bytes are.
    pub blob: BlobKey,
    /// Where the overview of its waveform is.
    pub peaks: Option<BlobKey>,
}

/// A lease that a sweep ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expired {
    /// Which it was.
    pub lease: LeaseId,
    /// Where the job is now.
    pub state: StateName,
}

/// Blobs that no row knows any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doomed {
    /// Which.
    pub prefix: BlobPrefix,
    /// Since when; later, if somebody stored more under it and doomed it again.
    pub since: Timestamp,
}

/// A job has a new line in its history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobChange {
    /// Which.
    pub job: JobId,
    /// Where it is now.
    pub state: StateName,
}
