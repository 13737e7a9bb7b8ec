//! A database that was made before anything in it was sealed: the same rows for every engine.

use domain::account::Email;
use domain::blob::BlobKey;
use domain::digest::Digest;
use domain::ids::{AccountId, ArtifactId, JobId, KeyId, SeededEntropy, SessionId, UploadId};
use domain::job::{JobKind, JobState};
use domain::lease::LeaseId;
use domain::order::{Order, Wish};
use domain::recipe::Recipe;

use super::world::digest;
use crate::Store;
use crate::outcome::Enqueued;

/// The newest version whose rows are in plain text.
pub(crate) const PLAIN: i64 = 12;
/// Found nowhere but in what people wrote.
pub(crate) const CANARY: &str = "canary";

/// Ids of what is in it.
pub(crate) struct Older {
    account: AccountId,
    upload: UploadId,
    job: JobId,
    key: KeyId,
    session: SessionId,
    artifact: ArtifactId,
}

impl Older {
    pub(crate) fn new() -> Self {
        let entropy = SeededEntropy::new(11);
        Self {
            account: AccountId::new(&entropy),
            upload: UploadId::new(&entropy),
            job: JobId::new(&entropy),
            key: KeyId::new(&entropy),
            session: SessionId::new(&entropy),
            artifact: ArtifactId::new(&entropy),
        }
    }

    /// Its rows; `bytes` is how the engine writes 32 bytes.
    pub(crate) fn rows(&self, bytes: &str) -> String {
        let Self { account, upload, job, key, session, artifact } = self;
        let blob = BlobKey::artifact(&LeaseId { job: job.clone(), fence: 1 }, "0-master.wav").unwrap();
        let mut recipe = serde_json::to_value(Recipe::default()).unwrap();
        recipe["tags"]["artist"] = "canaryartist".into();
        let problem = r#"{"code":"audio_silent","title":"The file is silent","detail":"track 1, «canarydetail»",
                          "stage":"decode","fault":"input","retryable":false}"#;
        format!(
            "INSERT INTO accounts (id, email, roles, created_at)
             VALUES ('{account}', 'canary@example.org', '[\"producer\"]', 1);
             INSERT INTO api_keys (id, hash, account_id, name, scopes, created_at)
             VALUES ('{key}', {bytes}, '{account}', 'canaryname', '[\"jobs:read\"]', 1);
             INSERT INTO sessions (id, hash, account_id, device, created_at, expires_at)
             VALUES ('{session}', {bytes}, '{account}', 'Mozilla/5.0 (X11; Linux) canaryagent Firefox/1.0', 1, 99);
             INSERT INTO uploads (id, account_id, name, filetype, state, created_at)
             VALUES ('{upload}', '{account}', 'canaryfile.wav', 'audio/canary', 'receiving', 1);
             INSERT INTO jobs (id, account_id, kind, title, recipe, state, fence, attempt, problem, problem_code,
                               idempotency_key, body_hash, created_at, finished_at, delete_at)
             VALUES ('{job}', '{account}', 'album', 'canarytitle', '{recipe}', 'failed', 1, 1, '{problem}',
                     'audio_silent', 'canarykey', {bytes}, 1, 5, 600);
             INSERT INTO job_inputs (job_id, part, position, upload_id, title)
             VALUES ('{job}', 'input', 0, '{upload}', 'canaryside'), ('{job}', 'reference', 0, '{upload}', '');
             INSERT INTO artifacts (id, job_id, position, kind, name, format, size_bytes, sha256, blob, created_at,
                                    delete_at)
             VALUES ('{artifact}', '{job}', 0, 'master', 'canaryside.wav', 'wav24', 4, {bytes}, '{blob}', 5, 600);"
        )
    }

    /// All of it is there, and means what it did.
    pub(crate) async fn is_read_by(&self, store: &Store) {
        let (account, now) = (&self.account, domain::clock::Timestamp::from_micros(9));
        let email = Email::parse("canary@example.org").unwrap();
        assert_eq!(store.account_by_email(&email).await.unwrap().expect("it is found").id, *account);
        assert_eq!(store.account(account).await.unwrap().unwrap().email, email);
        assert_eq!(store.list_api_keys(account).await.unwrap()[0].name, "canaryname");
        assert_eq!(store.list_sessions(account, now).await.unwrap()[0].device, "Firefox on Linux");
        let upload = store.upload(account, &self.upload).await.unwrap().unwrap();
        assert_eq!(
            (upload.name.as_str(), upload.filetype.as_deref()),
            ("canaryfile.wav", Some("audio/canary"))
        );
        let job = store.job(account, &self.job).await.unwrap().unwrap();
        assert_eq!(
            (job.title.as_str(), job.recipe.tags.artist.as_deref()),
            ("canarytitle", Some("canaryartist"))
        );
        assert_eq!(job.inputs[0].title, "canaryside");
        let JobState::Failed { problem, .. } = &job.state else { panic!("{:?}", job.state) };
        assert_eq!(problem.detail, "track 1, «canarydetail»");
        let artifact = store.artifact(account, &self.artifact).await.unwrap().unwrap();
        assert_eq!(artifact.name, "canaryside.wav");
        let wish = Wish {
            kind: JobKind::Album,
            title: String::new(),
            inputs: Vec::new(),
            references: Vec::new(),
            recipe: Recipe::default(),
        };
        let order = |body_hash: Digest| Order {
            account: account.clone(),
            wish: wish.clone(),
            idempotency_key: Some("canarykey".to_owned()),
            body_hash,
        };
        let again = store.enqueue(&order(digest(0)), now).await.unwrap();
        assert!(matches!(&again, Enqueued::Existing(job) if job.id == self.job), "{again:?}");
        assert_eq!(store.enqueue(&order(digest(1)), now).await.unwrap(), Enqueued::Conflict);
    }
}
