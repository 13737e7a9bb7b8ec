//! An account is erased from the whole program, and then every byte that it left anywhere is looked at. Each canary
//! is a word that is found nowhere else.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::SeededEntropy;
use domain::retention::Retention;
use fixtures::moto::Moto;
use fixtures::postgres::{Durability, Postgres};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use store::sealing::Keyring;
use store::{Place, Store};

use crate::harness::bucket::{keys_of_sound, versioned};
use crate::harness::fleet::Fleet;
use crate::harness::mailbox::mailed_token;
use crate::harness::producer::Producer;
use crate::harness::{mixrunners, song, words_of};

const MAIL: &str = "canarymail@canarydomain.example";
const FILE: &str = "canaryfile.wav";
const TITLE: &str = "canarytitle";
const ARTIST: &str = "canaryartist";
const COMMENT: &str = "canarycomment";
const KEY_NAME: &str = "canarykeyname";
const AGENT: &str = "canaryagent/7.0 (X11; Linux x86_64) Firefox/142.0";
const ORDER: &str = "canaryorderkey";
/// In the samples themselves.
const SOUND: &str = "canarysamplescanarysamples";
/// What is written where a search must find it.
const PLANTED: &str = "planted4canaryhunters";

/// A process whose log goes into a file; killed when dropped.
struct Logged(Child);

impl Logged {
    fn start(mut command: Command, log: &Path, part: &'static str) -> (Self, String) {
        let mut process =
            command.stdout(Stdio::piped()).stderr(File::create(log).unwrap()).spawn().expect("it starts");
        let word = words_of(&mut process, &[part]).remove(0);
        (Self(process), word)
    }

    /// As the power would.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An installation, and every place in which it writes.
struct Site {
    processes: Vec<Logged>,
    base: String,
    /// `--data DIR` or `--database URL`, with what else a command needs.
    rows: Vec<String>,
    reaper: Vec<String>,
    store: Store,
    blobs: PathBuf,
    /// The address of the bucket, if the bytes lie in one.
    bucket: Option<String>,
    variables: Vec<(String, String)>,
    mails: PathBuf,
    scratch: PathBuf,
    places: Vec<PathBuf>,
    server: Option<Postgres>,
}

impl Site {
    async fn embedded(folder: &Path) -> Self {
        let data = folder.join("data");
        let mut command = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--data"]);
        command.arg(&data);
        let (service, link) = Logged::start(command, &folder.join("serve.log"), "/sign-in#");
        let rows = vec!["--data".to_owned(), data.display().to_string()];
        Self {
            processes: vec![service],
            base: link.split("/sign-in#").next().unwrap().to_owned(),
            store: opened(Place::Folder(&data), &data.join("keys")).await,
            reaper: rows.clone(),
            rows,
            blobs: data.join("blobs"),
            bucket: None,
            variables: Vec::new(),
            mails: data.join("mail"),
            scratch: data.join("scratch"),
            places: vec![folder.to_owned()],
            server: None,
        }
    }

    async fn apart(folder: &Path) -> Self {
        let server = Postgres::start(Durability::Durable);
        let fleet = Fleet::new(folder, server.database());
        Self::of_fleet(folder, server, &fleet).await
    }

    /// The same with its bytes in a bucket, which keeps every version of them.
    async fn on_bucket(folder: &Path, moto: &Moto) -> Self {
        let bucket = versioned(moto).await;
        let server = Postgres::start(Durability::Durable);
        let fleet = Fleet::on_bucket(folder, server.database(), &moto.endpoint, &bucket);
        let bucket = Some(format!("{}/{bucket}", moto.endpoint));
        Self { bucket, ..Self::of_fleet(folder, server, &fleet).await }
    }

    async fn of_fleet(folder: &Path, server: Postgres, fleet: &Fleet) -> Self {
        let database = fleet.database.clone();
        let mut api = fleet.command("api");
        api.args(["--listen", "127.0.0.1:0", "--log", "json", "--log-level", "debug"]);
        api.arg("--mail-folder").arg(folder.join("mail"));
        let (api, base) = Logged::start(api, &folder.join("api.log"), "http://");
        let mut worker = fleet.command("worker");
        worker.args(["--scratch", &fleet.scratch("scratch"), "--log", "text", "--log-level", "debug"]);
        let (worker, _) = Logged::start(worker, &folder.join("worker.log"), "works");
        let owned = |arguments: &[&str]| arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let keys = fleet.keys().display().to_string();
        let rows = owned(&["--database", &database, "--keys", &keys]);
        Self {
            processes: vec![api, worker],
            base,
            store: opened(Place::Server(&database), &fleet.keys()).await,
            reaper: [rows.clone(), owned(&["--blobs", &fleet.blobs])].concat(),
            rows,
            blobs: fleet.blob_folder(),
            bucket: None,
            variables: fleet.variables.clone(),
            mails: folder.join("mail"),
            scratch: folder.join("scratch"),
            places: vec![folder.to_owned(), server.data()],
            server: Some(server),
        }
    }

    fn run(&self, words: &[&str], place: &[String]) -> String {
        let output = mixrunners(words).args(place).envs(self.variables.iter().cloned()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whatever the database holds in memory is in its files after this.
    fn flush(&self) {
        if let Some(server) = &self.server {
            server.sql(&self.rows[1], "CHECKPOINT");
        }
    }

    /// The files that hold one of these, anywhere.
    fn files_with(&self, patterns: &[&[u8]]) -> Vec<String> {
        self.flush();
        let list = tempfile::NamedTempFile::new().unwrap();
        fs::write(list.path(), patterns.join(&b'\n')).unwrap();
        // Fixed strings, of bytes, whatever the file is.
        let mut grep = Command::new("grep");
        grep.env("LC_ALL", "C").args(["-rlaF", "-f"]).arg(list.path()).args(&self.places);
        let output = grep.output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    /// The search is real: what is written into the database in plain text is found there.
    fn shows_that_rows_are_searched(&self) {
        self.run(&["queue", "pause", "--reason", PLANTED], &self.rows);
        let planted = self.files_with(&[PLANTED.as_bytes()]);
        let is_of_database = |file: &String| file.contains("sqlite3") || file.contains("/data/base/");
        assert!(planted.iter().any(is_of_database), "a row is found: {planted:?}");
        if self.server.is_some() {
            assert!(
                planted.iter().any(|file| file.contains("pg_wal")),
                "and in the server's log: {planted:?}"
            );
        }
        self.run(&["queue", "resume", "--reason", "it was found"], &self.rows);
    }

    /// Neither among the blobs nor in the scratch, which the worker wipes when it hears that it lost its lease.
    async fn lies_nothing(&self) -> bool {
        if let Some(bucket) = &self.bucket {
            // Former versions, marks of deletion and unfinished uploads bear a key too.
            for all in ["versions", "uploads"] {
                let answer = reqwest::get(format!("{bucket}?{all}")).await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK, "{all}");
                if !keys_of_sound(&answer.text().await.unwrap()).is_empty() {
                    return false;
                }
            }
        }
        let sound = ["j", "u"].map(|of| bytes_below(&self.blobs.join(of)));
        sound == [0, 0] && bytes_below(&self.scratch) == 0
    }
}

/// How much lies in the files below, each counted as one byte more than it has.
fn bytes_below(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(of) if of.is_dir() => folders.push(entry.path()),
                _ if entry.file_name() == "worker.lock" => {}
                of => bytes += of.map_or(0, |of| of.len()) + 1,
            }
        }
    }
    bytes
}

async fn opened(place: Place<'_>, keys: &Path) -> Store {
    let store = Store::open(place, Arc::new(SeededEntropy::new(77)), Retention::POLICY).await.unwrap();
    store.unlock(&Keyring::of_folder(keys).unwrap()).await.unwrap();
    store
}

/// A browser that signs in; gives its cookie.
async fn signed_in(site: &Site, http: &Client) -> String {
    let token = mailed_token(http, &site.base, MAIL, &site.mails).await;
    assert!(!site.files_with(&[MAIL.as_bytes()]).is_empty(), "the case must be real: a mail lies here");
    let token = json!({"token": token});
    let answer = http.post(format!("{}/v1/sessions", site.base)).json(&token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let sessions = http.get(format!("{}/v1/sessions", site.base)).header("cookie", &cookie).send().await;
    let sessions: Value = sessions.unwrap().json().await.unwrap();
    assert_eq!(sessions["data"][0]["device"], "Firefox on Linux", "all that is kept of it");
    cookie
}

/// Every feature that takes something from a person. Gives a stretch of the master's own bytes.
async fn used(anna: &Producer, folder: &Path) -> Vec<u8> {
    let wav = folder.join("song.wav");
    song::wav24(&wav, 4.0);
    let mut song = fs::read(&wav).unwrap();
    fs::remove_file(&wav).unwrap();
    song[60_000..60_000 + SOUND.len()].copy_from_slice(SOUND.as_bytes());
    let upload = anna.upload(FILE, &song).await;
    let checked = anna.checked(&upload).await;
    assert_eq!((&checked["state"], &checked["name"]), (&json!("ready"), &json!(FILE)));
    let body = |deliver: Value| {
        json!({
            "kind": "master", "title": TITLE, "inputs": [{"upload": upload}],
            "recipe": {"deliver": deliver, "tags": {"artist": ARTIST, "comment": COMMENT}},
        })
    };
    let job = anna.finished(&anna.order_body(ORDER, body(json!(["wav24", "flac24"]))).await).await;
    assert_eq!((&job["state"], &job["title"]), (&json!("succeeded"), &json!(TITLE)), "{job}");
    let master = anna.download(&job, "master", "wav24").await;
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&master, ARTIST) && has(&master, COMMENT), "the case must be real: the file has its tags");
    let page = anna.download(&job, "report", "html").await;
    assert!(has(&page, TITLE), "the case must be real: the report has its title");
    // One upload that never ends, one that cannot be used, and a job that is at work when everything goes.
    let open = anna.create_upload(FILE, 1000).await;
    let sent = anna.patch(&open, 0, SOUND.as_bytes()).await.unwrap();
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    let noise = anna.upload(FILE, format!("RIFF{SOUND}").as_bytes()).await;
    assert_eq!(anna.checked(&noise).await["state"], "rejected");
    anna.order_body("canaryorderkey two", body(json!(["wav24"]))).await;
    stretch(&master)
}

/// Some bytes of a file's middle, such as a search by lines can look for.
fn stretch(file: &[u8]) -> Vec<u8> {
    let fits = |window: &&[u8]| !window.contains(&b'\n') && !window.contains(&0);
    file[file.len() / 2..].windows(16).find(fits).expect("sound is no silence").to_vec()
}

/// The account is there, its jobs are over, and its sound can be had: from the service alone.
async fn sound_lies_among_the_blobs_alone(site: Site, folder: &Path) {
    let scopes = "uploads:write,jobs:read,jobs:write,artifacts:read";
    let secret = site.run(&["api-key", "create", "--email", MAIL, "--scopes", scopes], &site.rows);
    let anna = Producer::known(&site.base, secret.trim());
    let mut sounds = vec![SOUND.as_bytes().to_vec(), used(&anna, folder).await];
    let jobs = anna.get_json("/v1/jobs").await;
    for job in jobs["data"].as_array().unwrap() {
        let job = anna.finished(job).await;
        for artifact in job["artifacts"].as_array().unwrap().iter().filter(|made| made["kind"] != "report") {
            let content = format!("/v1/artifacts/{}/content", artifact["id"].as_str().unwrap());
            sounds.push(stretch(&anna.get(&content).await.bytes().await.unwrap()));
        }
    }
    assert!(sounds.len() > 6, "the case must be real: two jobs made files of several kinds");
    let sounds: Vec<&[u8]> = sounds.iter().map(Vec::as_slice).collect();
    if site.bucket.is_none() {
        assert!(bytes_below(&site.blobs) > 1_000_000, "the case must be real: they lie among the blobs");
    }
    // A job is over a moment before its folder is wiped.
    for _ in 0..600 {
        if bytes_below(&site.scratch) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(bytes_below(&site.scratch), 0, "a job leaves nothing behind");
    site.shows_that_rows_are_searched();
    let planted = folder.join("planted");
    for sound in &sounds {
        fs::write(&planted, [b"before", *sound, b"after"].concat()).unwrap();
        assert_eq!(site.files_with(&[sound]), [planted.display().to_string()], "it is found there alone");
    }
    fs::remove_file(&planted).unwrap();
    assert!(site.files_with(&sounds).is_empty());
    assert!(!site.files_with(&[b"attempt over"]).is_empty(), "the logs are among what is searched");
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_3c_audio_lies_among_the_blobs_of_one_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).await;
    sound_lies_among_the_blobs_alone(site, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_3c_audio_lies_in_the_bucket_and_not_in_the_server_its_log_or_the_scratch() {
    let Some(moto) = Moto::of_this_process() else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_bucket(folder.path(), moto).await;
    sound_lies_among_the_blobs_alone(site, folder.path()).await;
}

async fn nothing_stays(mut site: Site, folder: &Path) {
    let scopes = "uploads:write,jobs:read,jobs:write,artifacts:read,account:read,account:write";
    let create = ["api-key", "create", "--email", MAIL, "--name", KEY_NAME, "--scopes", scopes];
    let secret = site.run(&create, &site.rows).trim().to_owned();
    let http = Client::builder().user_agent(AGENT).build().unwrap();
    let anna = Producer { http: http.clone(), base: site.base.clone(), secret };
    let cookie = signed_in(&site, &http).await;
    let keys: Value = anna.get_json("/v1/api-keys").await;
    assert_eq!(keys["data"][0]["name"], KEY_NAME, "the case must be real");
    let me = anna.get_json("/v1/account").await;
    assert_eq!(me["email"], MAIL, "the case must be real");
    let master = used(&anna, folder).await;

    site.shows_that_rows_are_searched();
    assert!(!site.lies_nothing().await, "the case must be real: there are bytes");
    let account = format!("{}/v1/account", site.base);
    let erase = |email: &str| {
        http.delete(&account)
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .json(&json!({"email": email}))
            .send()
    };
    let slip = erase("somebody@else.example").await.unwrap();
    assert_eq!(slip.status(), StatusCode::UNPROCESSABLE_ENTITY, "nobody erases by accident");
    let erased = erase(MAIL).await.unwrap();
    assert_eq!(erased.status(), StatusCode::OK);
    assert!(erased.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let erased: Value = erased.json().await.unwrap();
    assert_eq!((&erased["jobs"], &erased["uploads"]), (&json!(2), &json!(3)), "{erased}");
    assert_eq!(erase(MAIL).await.unwrap().status(), StatusCode::UNAUTHORIZED, "signed out");
    assert_eq!(anna.get("/v1/jobs").await.status(), StatusCode::UNAUTHORIZED, "the key is gone");
    let receipt = http.get(format!("{}/v1/receipts/{}", site.base, me["id"].as_str().unwrap()));
    let receipt: Value = receipt.send().await.unwrap().json().await.unwrap();
    assert_eq!((&receipt["removed"], &receipt["cause"]), (&json!("account"), &json!("erasure")), "{receipt}");

    for _ in 0..600 {
        site.run(&["reaper", "run", "--once"], &site.reaper);
        if site.lies_nothing().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(site.lies_nothing().await, "the last bytes are gone");
    for process in site.processes.drain(..) {
        process.kill();
    }
    site.store.close().await;
    let agent = AGENT.split('/').next().unwrap();
    let words = [MAIL, "canarydomain", "canaryfile", TITLE, ARTIST, COMMENT, KEY_NAME, agent, ORDER, SOUND];
    let mut canaries: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    canaries.push(&master);
    let left = site.files_with(&canaries);
    assert!(left.is_empty(), "something of the person is left in {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7c_no_byte_of_an_erased_account_is_left_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).await;
    nothing_stays(site, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7c_no_byte_of_an_erased_account_is_left_in_a_server_or_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::apart(folder.path()).await;
    nothing_stays(site, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_7c_no_byte_of_an_erased_account_is_left_in_a_bucket_or_any_version_of_it() {
    let Some(moto) = Moto::of_this_process() else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = Site::on_bucket(folder.path(), moto).await;
    nothing_stays(site, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_13c_an_operator_erases_an_account_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::embedded(folder.path()).await;
    let create = ["api-key", "create", "--email", MAIL, "--scopes", "account:read"];
    let secret = site.run(&create, &site.rows).trim().to_owned();
    let anna = Producer::known(&site.base, &secret);
    assert_eq!(anna.get_json("/v1/account").await["email"], MAIL);
    mailed_token(&anna.http, &site.base, MAIL, &site.mails).await;
    let mails = || fs::read_dir(&site.mails).unwrap().count();
    assert_eq!(mails(), 1, "the case must be real");
    let said = site.run(&["account", "erase", "--email", MAIL], &site.rows);
    assert_eq!(mails(), 0, "mails in a folder go with it");
    assert!(said.contains("0 jobs, 0 uploads") && said.contains("/v1/receipts/acc_"), "{said}");
    assert_eq!(anna.get("/v1/account").await.status(), StatusCode::UNAUTHORIZED);
    let again = mixrunners(&["account", "erase", "--email", MAIL]).args(&site.rows).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("no account"), "{again:?}");
}
