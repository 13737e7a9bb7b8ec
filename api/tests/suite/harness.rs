//! A running service and people who call it.

use std::sync::Arc;
use std::time::Duration;

use api::listening::{Doors, listen};
use api::mailing::{self, Mailing};
use api::payments::{Payments, Terms};
use api::{App, Limits, Site};
use domain::account::{Account, Email, Role};
use domain::artifact::{ArtifactFormat, ArtifactKind};
use domain::blob::BlobKey;
use domain::clock::{Clock, HandClock, Timestamp};
use domain::digest::Digest;
use domain::ids::{JobId, SeededEntropy, UploadId};
use domain::lease::{LeaseId, WorkerName};
use domain::retention::Retention;
use domain::scope::{Scope, Scopes};
use domain::secret::{Secret, SecretKind};
use domain::task::Task;
use domain::upload::AudioFacts;
use fixtures::moto::Moto;
use fixtures::smtp::{MailServer, token};
use mail::{Carrier, ServerAddress};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::abuse::Peppers;
use store::blobs::{self, Blobs};
use store::outcome::{Checked, Completion, Leased, Made, NewAccount, NewApiKey, SameBytes};
use store::sealing::Keyring;
use store::{Place, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// When every test begins.
pub const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

pub struct Service {
    pub app: App,
    pub payments: Option<Payments>,
    pub mailing: Mailing,
    pub store: Store,
    pub blobs: Blobs,
    pub clock: Arc<HandClock>,
    pub entropy: Arc<SeededEntropy>,
    pub address: String,
    pub folder: TempDir,
}

impl Service {
    pub async fn start() -> Self {
        Self::start_with(Limits::default(), Site::Loopback).await
    }

    pub async fn start_with(limits: Limits, site: Site) -> Self {
        Self::start_behind(Doors::default(), limits, site).await
    }

    pub async fn start_behind(doors: Doors, limits: Limits, site: Site) -> Self {
        Self::start_as(doors, limits, site, None, None).await
    }

    /// The same, and it takes money.
    pub async fn start_selling(limits: Limits, site: Site, terms: Option<Terms>) -> Self {
        Self::start_as(Doors::default(), limits, site, terms, None).await
    }

    /// The same, and its mail goes to a server.
    pub async fn start_mailing(site: Site, server: &MailServer) -> Self {
        let sender = Email::parse("studio@mix.example").unwrap();
        let carrier = Carrier::server(ServerAddress::parse(&server.url()).unwrap(), sender).unwrap();
        Self::start_as(Doors::default(), Limits::default(), site, None, Some(carrier)).await
    }

    /// With its bytes in a bucket; `None` where there is no server for one.
    pub async fn start_on_bucket() -> Option<Self> {
        let server = Moto::of_this_process()?;
        let name = server.new_name();
        let made = Client::new().put(format!("{}/{name}", server.endpoint)).send().await.unwrap();
        assert!(made.status().is_success(), "{made:?}");
        let key = ("tests".to_owned(), "secret".to_owned());
        let access = blobs::Access::Given { endpoint: server.endpoint.clone(), key };
        let address = blobs::BucketAddress::parse(&format!("s3://{name}/mix")).unwrap();
        let shelf = blobs::Place::bucket(&address, access).await;
        let folder = TempDir::new().unwrap();
        let setting = (Doors::default(), Limits::default());
        Some(Self::assemble(folder, shelf, setting, Site::Loopback, None, None).await)
    }

    async fn start_as(
        doors: Doors,
        limits: Limits,
        site: Site,
        terms: Option<Terms>,
        carrier: Option<Carrier>,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let shelf = blobs::Place::folder(&folder.path().join("blobs")).unwrap();
        Self::assemble(folder, shelf, (doors, limits), site, terms, carrier).await
    }

    async fn assemble(
        folder: TempDir,
        shelf: blobs::Place,
        (doors, limits): (Doors, Limits),
        site: Site,
        terms: Option<Terms>,
        carrier: Option<Carrier>,
    ) -> Self {
        let entropy = Arc::new(SeededEntropy::new(7));
        let clock = Arc::new(HandClock::new(START));
        let place = Place::Folder(folder.path());
        let store = Store::open(place, entropy.clone(), Retention::POLICY).await.unwrap();
        let keyring = Keyring::fleeting(&*entropy);
        let base = match &site {
            Site::Loopback => BASE.to_owned(),
            Site::Public { origin } => origin.clone(),
        };
        let carrier = carrier.unwrap_or_else(|| {
            let sender = Email::parse("studio@mix.example").unwrap();
            Carrier::folder(folder.path().join("mail"), sender)
        });
        let (mail_clock, mail_entropy) = (clock.clone(), entropy.clone());
        let mailing = Mailing::new(store.clone(), keyring.clone(), mail_clock, mail_entropy, carrier, base);
        let blobs = Blobs::open(shelf, store.clone(), keyring, clock.clone(), entropy.clone()).await.unwrap();
        let mut app = App::new(store.clone(), blobs.clone(), clock.clone(), entropy.clone(), limits, site);
        app = app.with_mailing(mailing.clone());
        let payments = terms.map(|terms| Payments::new(store.clone(), clock.clone(), terms));
        if let Some(payments) = payments.clone() {
            let peppers = Peppers::of_folder(folder.path().join("peppers"), entropy.clone());
            app = app.with_payments(payments, peppers);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = api::router(app.clone());
        tokio::spawn(listen(listener, routes, doors, CancellationToken::new()));
        Self { app, payments, mailing, store, blobs, clock, entropy, address, folder }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without any credentials.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new().request(method, self.url(path))
    }

    /// A producer with this address and a key of all scopes.
    pub async fn producer(&self, name: &str) -> Person<'_> {
        let email = Email::parse(&format!("{name}@example.org")).unwrap();
        let new = NewAccount { email, roles: [Role::Producer].into() };
        let account = self.store.ensure_account(&new, self.now()).await.unwrap();
        let key = self.key(&account, Scopes::all()).await;
        Person { service: self, account, key }
    }

    /// A key of `account` that may do `scopes`.
    pub async fn key(&self, account: &Account, scopes: Scopes) -> String {
        let secret = Secret::new(SecretKind::ApiKey, self.entropy.as_ref());
        let new = NewApiKey {
            account: account.id.clone(),
            name: "test".to_owned(),
            scopes,
            hash: secret.hash(),
            expires_at: Some(self.now() + Duration::from_secs(365 * 86_400)),
        };
        self.store.create_api_key(&new, self.now()).await.unwrap();
        secret.reveal()
    }

    /// The owner of the install, who is an operator, with a key of all scopes.
    pub async fn operator(&self) -> Person<'_> {
        let account = self.store.ensure_local_owner(self.now()).await.unwrap();
        let key = self.key(&account, Scopes::all()).await;
        Person { service: self, account, key }
    }

    /// Sends what is in the outbox into the folder, and gives all mails there are, the oldest first.
    pub async fn mails(&self) -> Vec<String> {
        mailing::round(&self.mailing).await.unwrap();
        let folder = self.folder.path().join("mail");
        let mut files: Vec<_> = match folder.read_dir() {
            Ok(files) => files.map(|file| file.unwrap()).collect(),
            Err(_) => Vec::new(),
        };
        files.sort_by_key(|file| file.metadata().unwrap().modified().unwrap());
        let read =
            |file: std::fs::DirEntry| std::fs::read_to_string(file.path()).unwrap().replace("\r\n", "\n");
        files.into_iter().map(read).collect()
    }

    /// The token in the newest mail.
    pub async fn mailed_token(&self) -> String {
        let mails = self.mails().await;
        token(mails.last().expect("there is mail")).expect("a link in it")
    }

    /// The token of a fresh sign-in link.
    pub async fn link(&self, account: &Account) -> String {
        let secret = Secret::new(SecretKind::SignInLink, self.entropy.as_ref());
        let expires = self.now() + Retention::POLICY.sign_in_link;
        self.store.create_sign_in_link(&account.id, &secret.hash(), expires).await.unwrap();
        secret.reveal()
    }

    /// Does what a worker does with the next task in the queue.
    pub async fn work(&self) -> Leased {
        let leased = self.lease().await;
        match &leased.task {
            Task::Check { upload } => self.check(&leased.lease, upload).await,
            Task::Render { .. } => self.complete(&leased.lease).await,
        }
        leased
    }

    /// The same, and so long.
    pub async fn take(&self, duration: Duration) {
        let leased = self.lease().await;
        self.clock.advance(duration);
        self.complete(&leased.lease).await;
    }

    pub async fn lease(&self) -> Leased {
        let worker = WorkerName("test".to_owned());
        self.store.lease_next(&worker, self.now()).await.unwrap().expect("there is work")
    }

    async fn check(&self, lease: &LeaseId, upload: &UploadId) {
        let audio = AudioFacts {
            format: "wav".to_owned(),
            sample_rate_hz: 44_100,
            channels: 2,
            bit_depth: Some(24),
            frames: 441_000,
            duration_s: 10.0,
            lossy: false,
        };
        self.put(&BlobKey::upload_peaks(upload), PEAKS).await;
        let checked = Checked { audio, findings: Vec::new() };
        self.store.checked_upload(lease, &checked, &SameBytes::Nowhere, self.now()).await.unwrap();
    }

    async fn complete(&self, lease: &LeaseId) {
        let peaks = BlobKey::artifact(lease, "master.peaks").unwrap();
        self.put(&peaks, PEAKS).await;
        let mut artifacts = Vec::new();
        for (kind, name, format, bytes, peaks) in [
            (ArtifactKind::Master, "Déjà (master).wav", ArtifactFormat::Wav24, &master()[..], Some(peaks)),
            (ArtifactKind::Report, "Déjà (report).html", ArtifactFormat::Html, REPORT_PAGE, None),
            (ArtifactKind::Report, "report.json", ArtifactFormat::Json, REPORT, None),
        ] {
            let blob = BlobKey::artifact(lease, &format!("{kind}.{}", format.extension())).unwrap();
            self.put(&blob, bytes).await;
            let (size_bytes, sha256) = (bytes.len() as u64, sha256(bytes));
            artifacts.push(Made {
                kind,
                track: None,
                name: name.to_owned(),
                format,
                size_bytes,
                sha256,
                blob,
                peaks,
            });
        }
        let completion = Completion { artifacts, engine_version: "0.1.0".to_owned() };
        self.store.complete(lease, &completion, self.now()).await.unwrap();
    }

    async fn put(&self, key: &BlobKey, bytes: &[u8]) {
        self.blobs.put(key, bytes).await.unwrap();
    }
}

/// Where links in mails lead.
pub const BASE: &str = "http://127.0.0.1:8080";
/// The peaks of everything that has peaks here.
pub const PEAKS: &[u8] = br#"{"columns":1,"channels":[{"min":[-1],"max":[1]}]}"#;
/// The report of every job here.
pub const REPORT: &[u8] = br#"{"schema":"mixrunners.report/2"}"#;
/// The same as a page.
pub const REPORT_PAGE: &[u8] = b"<!doctype html><script>alert(1)</script>";

/// The bytes of every master here: no two stretches of them are alike.
pub fn master() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_be_bytes).collect()
}

pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Somebody with a key.
pub struct Person<'a> {
    pub service: &'a Service,
    pub account: Account,
    pub key: String,
}

impl Person<'_> {
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.service.ask(method, path).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.ask(Method::POST, path).json(&body).send().await.unwrap()
    }

    /// A tus request.
    pub fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, path).header("Tus-Resumable", "1.0.0")
    }

    /// Begins an upload of `size` bytes; gives its path.
    pub async fn begin(&self, size: usize) -> String {
        let request = self.tus(Method::POST, "/v1/uploads").header("Upload-Length", size);
        let response = request.header("Upload-Metadata", "filename U29uZy53YXY=").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    /// Sends `bytes` at `offset`.
    pub async fn send(&self, path: &str, offset: usize, bytes: impl Into<reqwest::Body>) -> Response {
        self.patch(path, offset).body(bytes).send().await.unwrap()
    }

    pub fn patch(&self, path: &str, offset: usize) -> RequestBuilder {
        let request = self.tus(Method::PATCH, path).header("Upload-Offset", offset);
        request.header("Content-Type", "application/offset+octet-stream")
    }

    /// Where the upload stands, as HEAD tells.
    pub async fn offset(&self, path: &str) -> u64 {
        let response = self.tus(Method::HEAD, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
    }

    /// An upload that a worker found good; gives its id.
    pub async fn ready_upload(&self) -> UploadId {
        let path = self.begin(5).await;
        assert_eq!(self.send(&path, 0, "RIFF!").await.status(), StatusCode::NO_CONTENT);
        self.service.work().await;
        UploadId::parse(path.rsplit('/').next().unwrap()).unwrap()
    }

    /// A queued job; gives its id.
    pub async fn order(&self) -> JobId {
        let upload = self.ready_upload().await;
        self.order_of(&upload).await
    }

    /// A queued job that masters `upload`; gives its id.
    pub async fn order_of(&self, upload: &UploadId) -> JobId {
        let body = serde_json::json!({"kind": "master", "title": "Song", "inputs": [{"upload": upload}]});
        let response = self.post("/v1/jobs", body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let job: Value = response.json().await.unwrap();
        JobId::parse(job["id"].as_str().unwrap()).unwrap()
    }

    /// A job that succeeded, as its owner sees it.
    pub async fn mastered(&self) -> Value {
        let id = self.order().await;
        self.service.work().await;
        self.json(&format!("/v1/jobs/{id}")).await
    }
}

/// A set of one.
pub fn only(scope: Scope) -> Scopes {
    [scope].into_iter().collect()
}

/// All but one.
pub fn all_but(scope: Scope) -> Scopes {
    Scope::ALL.iter().copied().filter(|other| *other != scope).collect()
}

/// Tries until `check` says yes; fails after ten seconds.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to be that {what}");
}
