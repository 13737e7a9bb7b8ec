//! Rows as they are read, and what they mean. A row that means nothing is an error that names it.

use std::fmt::Display;

use domain::artifact::{Artifact, ArtifactFormat, ArtifactKind};
use domain::audit::{AuditRow, Deed};
use domain::blob::BlobKey;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, ArtifactId, JobId, UploadId};
use domain::job::{Job, JobEvent, JobKind, JobState, Stage, StateName};
use domain::lease::{Lease, LeaseId, WorkerName};
use domain::money::Credits;
use domain::problem::{Money, Problem};
use domain::recipe::Recipe;
use domain::retention::Retention;
use domain::tags::Tags;
use domain::upload::{Concat, MetadataKept, Upload, UploadState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::blob_keys::WrappedKey;
use crate::error::{Result, StoreError};
use crate::sealing::texts::AccountCipher;
use crate::sealing::{KekId, SealId};

/// What the detail of a job's problem is bound to.
pub(crate) const PROBLEM: &str = "jobs.problem";

/// Reads one text of a row by its own parser.
pub(crate) fn parse<T, E: Display>(
    table: &'static str,
    row: &str,
    text: &str,
    parser: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T> {
    parser(text).map_err(|error| StoreError::unreadable(table, row, error))
}

/// As a column of JSON keeps it.
pub(crate) fn json_text<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(sqlx::Error::Encode(error.into())))
}

pub(crate) fn json<T: DeserializeOwned>(table: &'static str, row: &str, text: &str) -> Result<T> {
    parse(table, row, text, |text| serde_json::from_str(text))
}

/// Reads one text of a row that is a word of a closed list.
pub(crate) fn word<T>(
    table: &'static str,
    row: &str,
    text: &str,
    parser: fn(&str) -> Option<T>,
) -> Result<T> {
    parser(text).ok_or_else(|| StoreError::unreadable(table, row, format!("unknown word {text:?}")))
}

pub(crate) fn digest(table: &'static str, row: &str, bytes: &[u8]) -> Result<Digest> {
    let bytes = <[u8; 32]>::try_from(bytes);
    bytes.map(Digest::from_bytes).map_err(|error| StoreError::unreadable(table, row, error))
}

/// Bytes are counted from zero in the program and kept as a signed number in the table, whose CHECK keeps it
/// so.
fn bytes(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

pub(crate) fn time(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

#[derive(sqlx::FromRow)]
pub(crate) struct UploadRow {
    id: String,
    account_id: String,
    name: String,
    filetype: Option<String>,
    sealed: Option<Vec<u8>>,
    concat: Option<String>,
    metadata: i64,
    state: String,
    size_bytes: Option<i64>,
    received_bytes: i64,
    sha256: Option<Vec<u8>>,
    bytes_of: Option<String>,
    audio: Option<String>,
    findings: String,
    problem: Option<String>,
    created_at: i64,
    delete_at: Option<i64>,
}

impl UploadRow {
    pub(crate) fn read(self, cipher: &AccountCipher) -> Result<Upload> {
        const TABLE: &str = "uploads";
        let row = &self.id;
        let UploadTexts { name, filetype } = match &self.sealed {
            Some(sealed) => json(TABLE, row, &cipher.open(TABLE, row, sealed)?)?,
            None => UploadTexts { name: self.name.clone(), filetype: self.filetype.clone() },
        };
        Ok(Upload {
            id: parse(TABLE, row, row, UploadId::parse)?,
            account: parse(TABLE, row, &self.account_id, AccountId::parse)?,
            state: self.state()?,
            metadata: word(TABLE, row, &self.metadata.to_string(), |number| match number {
                "0" => Some(MetadataKept::None),
                "1" => Some(MetadataKept::NameAndType),
                "2" => Some(MetadataKept::Blob),
                _ => None,
            })?,
            concat: match self.concat {
                None => Concat::Whole,
                Some(word) if word == "partial" => Concat::Partial,
                Some(header) => Concat::Final { header },
            },
            size_bytes: self.size_bytes.map(bytes),
            received_bytes: bytes(self.received_bytes),
            sha256: self.sha256.as_deref().map(|sum| digest(TABLE, row, sum)).transpose()?,
            place: {
                let place = self.bytes_of.as_deref().unwrap_or(row);
                parse(TABLE, row, place, UploadId::parse)?
            },
            audio: self.audio.as_deref().map(|text| json(TABLE, row, text)).transpose()?,
            findings: json(TABLE, row, &self.findings)?,
            problem: self.problem.as_deref().map(|text| json(TABLE, row, text)).transpose()?,
            created_at: Timestamp::from_micros(self.created_at),
            delete_at: time(self.delete_at),
            name,
            filetype,
        })
    }

    pub(crate) fn state(&self) -> Result<UploadState> {
        word("uploads", &self.id, &self.state, |text| match text {
            "receiving" => Some(UploadState::Receiving),
            "checking" => Some(UploadState::Checking),
            "ready" => Some(UploadState::Ready),
            "rejected" => Some(UploadState::Rejected),
            _ => None,
        })
    }
}

/// What is sealed in the row of an upload.
#[derive(Serialize, Deserialize)]
pub(crate) struct UploadTexts {
    pub(crate) name: String,
    pub(crate) filetype: Option<String>,
}

/// What is sealed in the row of a job.
#[derive(Serialize, Deserialize, Default)]
pub(crate) struct JobTexts {
    pub(crate) title: String,
    pub(crate) tags: Tags,
}

#[derive(sqlx::FromRow)]
pub(crate) struct JobRow {
    pub(crate) id: String,
    pub(crate) account_id: String,
    pub(crate) kind: String,
    title: String,
    recipe: Option<String>,
    sealed: Option<Vec<u8>>,
    problem_sealed: Option<Vec<u8>>,
    state: String,
    not_before: Option<i64>,
    worker: Option<String>,
    lease_until: Option<i64>,
    pub(crate) fence: i64,
    pub(crate) attempt: i64,
    pub(crate) crash_count: i64,
    pub(crate) fail_count: i64,
    pub(crate) stage: Option<String>,
    pub(crate) progress: f64,
    problem: Option<String>,
    engine_version: Option<String>,
    pub(crate) body_hash: Option<Vec<u8>>,
    created_at: i64,
    finished_at: Option<i64>,
    delete_at: Option<i64>,
    pub(crate) credits: i64,
    money: String,
}

impl JobRow {
    /// The kind of a row that looks at an upload.
    pub(crate) const CHECK: &str = "check";

    pub(crate) fn is_check(&self) -> bool {
        self.kind == Self::CHECK
    }

    pub(crate) fn delete_at(&self) -> Option<Timestamp> {
        time(self.delete_at)
    }

    pub(crate) fn id(&self) -> Result<JobId> {
        parse("jobs", &self.id, &self.id, JobId::parse)
    }

    pub(crate) fn account(&self) -> Result<AccountId> {
        parse("jobs", &self.id, &self.account_id, AccountId::parse)
    }

    pub(crate) fn lease_id(&self) -> Result<LeaseId> {
        Ok(LeaseId { job: self.id()?, fence: self.fence })
    }

    pub(crate) fn state_name(&self) -> Result<StateName> {
        word("jobs", &self.id, &self.state, StateName::parse)
    }

    pub(crate) fn stage(&self) -> Result<Option<Stage>> {
        self.stage.as_deref().map(|text| word("jobs", &self.id, text, Stage::parse)).transpose()
    }

    pub(crate) fn kind(&self) -> Result<JobKind> {
        word("jobs", &self.id, &self.kind, JobKind::parse)
    }

    /// Its title and its tags. Without keys there are none.
    pub(crate) fn texts(&self, cipher: Option<&AccountCipher>) -> Result<JobTexts> {
        match (&self.sealed, cipher) {
            (Some(sealed), Some(cipher)) => json("jobs", &self.id, &cipher.open("jobs", &self.id, sealed)?),
            (Some(_), None) => Ok(JobTexts::default()),
            (None, _) => Ok(JobTexts { title: self.title.clone(), tags: self.recipe()?.tags }),
        }
    }

    /// How it is done, without its tags.
    pub(crate) fn recipe(&self) -> Result<Recipe> {
        let text = self.recipe.as_deref().ok_or_else(|| self.lacks("recipe"))?;
        json("jobs", &self.id, text)
    }

    /// Whether it makes a preview. What cannot be read makes nothing, and must come to its end all the same.
    pub(crate) fn is_preview(&self) -> bool {
        self.recipe().is_ok_and(|recipe| recipe.preview.is_some())
    }

    /// When it goes, and all it made, if it ends now.
    pub(crate) fn goes_at(&self, retention: &Retention, now: Timestamp) -> Timestamp {
        if self.is_preview() { retention.of_ended_preview(now) } else { retention.of_ended_job(now) }
    }

    pub(crate) fn money(&self) -> Result<Money> {
        word("jobs", &self.id, &self.money, Money::parse)
    }

    fn lacks(&self, column: &str) -> StoreError {
        StoreError::unreadable("jobs", &self.id, format!("{} without {column}", self.state))
    }

    /// Where it is. What a problem says of the song is not in it.
    pub(crate) fn state(&self) -> Result<JobState> {
        let at = || time(self.finished_at).ok_or_else(|| self.lacks("finished_at"));
        Ok(match self.state_name()? {
            StateName::AwaitingPayment => JobState::AwaitingPayment,
            StateName::Queued => {
                let not_before = time(self.not_before).ok_or_else(|| self.lacks("not_before"))?;
                JobState::Queued { not_before }
            }
            StateName::Running => {
                let worker = self.worker.clone().ok_or_else(|| self.lacks("worker"))?;
                let until = time(self.lease_until).ok_or_else(|| self.lacks("lease_until"))?;
                JobState::Running { lease: Lease { worker: WorkerName(worker), fence: self.fence, until } }
            }
            StateName::Succeeded => JobState::Succeeded { at: at()? },
            StateName::Failed => {
                let text = self.problem.as_deref().ok_or_else(|| self.lacks("problem"))?;
                let problem = Problem { money: self.money()?, ..json("jobs", &self.id, text)? };
                JobState::Failed { at: at()?, problem }
            }
            StateName::Cancelled => JobState::Cancelled { at: at()? },
        })
    }

    /// The job without what lies in other tables.
    pub(crate) fn read(&self, cipher: Option<&AccountCipher>) -> Result<Job> {
        let JobTexts { title, tags } = self.texts(cipher)?;
        let mut state = self.state()?;
        if let (JobState::Failed { problem, .. }, Some(sealed), Some(cipher)) =
            (&mut state, &self.problem_sealed, cipher)
        {
            problem.detail = cipher.open(PROBLEM, &self.id, sealed)?;
        }
        Ok(Job {
            id: self.id()?,
            account: self.account()?,
            kind: self.kind()?,
            title,
            inputs: Vec::new(),
            references: Vec::new(),
            recipe: Recipe { tags, ..self.recipe()? },
            state,
            stage: self.stage()?,
            progress: self.progress,
            queue_position: None,
            own_ahead: None,
            attempt: u32::try_from(self.attempt).unwrap_or(0),
            credits: Credits::new(self.credits)
                .map_err(|error| StoreError::unreadable("jobs", &self.id, error))?,
            money: self.money()?,
            engine_version: self.engine_version.clone(),
            artifacts: Vec::new(),
            created_at: Timestamp::from_micros(self.created_at),
            delete_at: time(self.delete_at),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct JobEventRow {
    job_id: String,
    seq: i64,
    at: i64,
    state: String,
    stage: Option<String>,
    progress: f64,
}

impl JobEventRow {
    pub(crate) fn read(self) -> Result<JobEvent> {
        const TABLE: &str = "job_events";
        let stage = self.stage.as_deref().map(|text| word(TABLE, &self.job_id, text, Stage::parse));
        Ok(JobEvent {
            seq: self.seq,
            at: Timestamp::from_micros(self.at),
            state: word(TABLE, &self.job_id, &self.state, StateName::parse)?,
            stage: stage.transpose()?,
            progress: self.progress,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct ArtifactRow {
    id: String,
    job_id: String,
    kind: String,
    track: Option<i64>,
    name: String,
    sealed: Option<Vec<u8>>,
    format: String,
    size_bytes: i64,
    sha256: Vec<u8>,
    blob: String,
    peaks: Option<String>,
    created_at: i64,
    delete_at: i64,
}

impl ArtifactRow {
    /// Without keys it has no name.
    pub(crate) fn read(self, cipher: Option<&AccountCipher>) -> Result<Artifact> {
        const TABLE: &str = "artifacts";
        let row = &self.id;
        let name = match (&self.sealed, cipher) {
            (Some(sealed), Some(cipher)) => cipher.open(TABLE, row, sealed)?,
            (Some(_), None) => String::new(),
            (None, _) => self.name.clone(),
        };
        let number = |track| u32::try_from(track).map_err(|error| StoreError::unreadable(TABLE, row, error));
        let track = self.track.map(number);
        let peaks = self.peaks.as_deref().map(|text| parse(TABLE, row, text, BlobKey::parse));
        Ok(Artifact {
            id: parse(TABLE, row, row, ArtifactId::parse)?,
            job: parse(TABLE, row, &self.job_id, JobId::parse)?,
            kind: word(TABLE, row, &self.kind, ArtifactKind::parse)?,
            track: track.transpose()?,
            format: word(TABLE, row, &self.format, ArtifactFormat::parse)?,
            size_bytes: bytes(self.size_bytes),
            sha256: digest(TABLE, row, &self.sha256)?,
            blob: parse(TABLE, row, &self.blob, BlobKey::parse)?,
            peaks: peaks.transpose()?,
            created_at: Timestamp::from_micros(self.created_at),
            delete_at: Timestamp::from_micros(self.delete_at),
            name,
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct WrappedKeyRow {
    blob: String,
    seal: Vec<u8>,
    kek: String,
    wrapped: Vec<u8>,
}

impl WrappedKeyRow {
    pub(crate) fn read(self) -> Result<(BlobKey, WrappedKey)> {
        let (table, row) = ("blob_keys", &self.blob);
        let blob = parse(table, row, &self.blob, BlobKey::parse)?;
        let kek = word(table, row, &self.kek, KekId::parse)?;
        let seal = self.seal.try_into().map(SealId);
        let seal = seal.map_err(|_| StoreError::unreadable(table, row, "a seal has 16 bytes"))?;
        Ok((blob, WrappedKey { seal, kek, wrapped: self.wrapped }))
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct AuditRowRead {
    seq: i64,
    at: i64,
    actor: String,
    action: String,
    job_id: Option<String>,
    reason: String,
    outcome: String,
    hash: Vec<u8>,
}

impl AuditRowRead {
    pub(crate) fn digest(seq: i64, bytes: &[u8]) -> Result<Digest> {
        digest("audit", &seq.to_string(), bytes)
    }

    pub(crate) fn read(self) -> Result<AuditRow> {
        let Self { seq, actor, action, job_id, reason, outcome, .. } = self;
        let at = Timestamp::from_micros(self.at);
        let deed = Deed { at, actor, action, job: job_id, reason, outcome };
        Ok(AuditRow { seq, deed, hash: Self::digest(seq, &self.hash)? })
    }
}
