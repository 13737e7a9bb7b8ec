//! An old copy of the database is restored: what was deleted since is gone before anybody can ask for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use fixtures::postgres::{Durability, Postgres};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::fleet::Fleet;
use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners, song};

/// What there is when the copy is made, and what is deleted afterwards.
struct Story {
    anna: Producer,
    ben: Producer,
    kept: Value,
    deleted: Value,
    bens: Value,
}

async fn mastered(producer: &Producer, folder: &Path, seconds: f64) -> Value {
    let wav = folder.join("song.wav");
    song::wav24(&wav, seconds);
    let upload = producer.upload("song.wav", &fs::read(&wav).unwrap()).await;
    assert_eq!(producer.checked(&upload).await["state"], "ready");
    let job = producer.finished(&producer.order(&upload, json!({"deliver": ["wav24"]})).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    job
}

fn path_of(job: &Value) -> String {
    format!("/v1/jobs/{}", job["id"].as_str().unwrap())
}

impl Story {
    async fn begin(anna: Producer, ben: Producer, folder: &Path) -> Self {
        let kept = mastered(&anna, folder, 4.0).await;
        let deleted = mastered(&anna, folder, 5.0).await;
        let bens = mastered(&ben, folder, 4.0).await;
        Self { anna, ben, kept, deleted, bens }
    }

    /// One job, and one account with all it has.
    async fn delete(&self, stored: impl Fn() -> usize) {
        let Self { anna, ben, deleted, .. } = self;
        let delete = anna.http.delete(anna.url(&path_of(deleted))).bearer_auth(&anna.secret).send();
        assert_eq!(delete.await.unwrap().status(), StatusCode::NO_CONTENT);
        let erase = ben.http.delete(ben.url("/v1/account")).bearer_auth(&ben.secret);
        let erased = erase.json(&json!({"email": "ben@example.org"})).send().await.unwrap();
        assert_eq!(erased.status(), StatusCode::OK);
        // The job, and the account with its job and its upload.
        for _ in 0..300 {
            if stored() == 4 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{} removals are written down", stored());
    }

    /// After the copy was restored, wherever the service answers now.
    async fn is_over(&self, base: &str) {
        let (anna, ben) = (Producer::known(base, &self.anna.secret), Producer::known(base, &self.ben.secret));
        let answer = anna.get(&path_of(&self.deleted)).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "its owner deleted it");
        assert_eq!(anna.get_json(&path_of(&self.kept)).await["state"], "succeeded");
        assert_eq!(ben.get(&path_of(&self.bens)).await.status(), StatusCode::UNAUTHORIZED, "nobody is there");
        let receipt = self.bens["id"].as_str().unwrap();
        let receipt = anna.get_json(&format!("/v1/receipts/{receipt}")).await;
        assert_eq!((&receipt["removed"], &receipt["cause"]), (&json!("job"), &json!("erasure")));
    }
}

fn bens_key(kept: &str, place: impl AsRef<std::ffi::OsStr>, keys: Option<&Path>) -> String {
    let scopes = "uploads:write,jobs:read,jobs:write,account:write";
    let mut create = mixrunners(&["api-key", "create", "--email", "ben@example.org", "--scopes", scopes]);
    create.arg(kept).arg(place);
    if let Some(keys) = keys {
        create.env("MIXRUNNERS_KEYS", keys);
    }
    let output = create.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// How many removals are written down beside the bytes.
fn written_down(blobs: &Path) -> usize {
    let entries = fs::read_dir(blobs).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { written_down(&entry.path()) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn mx_23_a_copy_of_the_file_that_is_restored_does_not_bring_back_what_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let ben = Producer::known(&service.base, &bens_key("--data", &data, None));
    let story = Story::begin(anna, ben, folder.path()).await;
    let copy = folder.path().join("copy.sqlite3");
    // As an operator would while it runs.
    let made = Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))",
        ])
        .arg(data.join("mixrunners.sqlite3"))
        .arg(&copy)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    story.delete(|| written_down(&data.join("blobs/r"))).await;

    service.kill();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(data.join(format!("mixrunners.sqlite3{end}")));
    }
    fs::copy(&copy, data.join("mixrunners.sqlite3")).unwrap();
    let service = Service::start(&data);
    story.is_over(&service.base).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mx_23_a_copy_of_the_server_that_is_restored_does_not_bring_back_what_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(Durability::Hasty);
    let fleet = Fleet::new(folder.path(), server.database());
    let (api, anna) = fleet.api();
    let worker = fleet.worker("only");
    let keys = fleet.keys();
    let ben = Producer::known(&anna.base, &bens_key("--database", &fleet.database, Some(&keys)));
    let story = Story::begin(anna, ben, folder.path()).await;
    let copy = folder.path().join("copy");
    dump(&fleet.database, &copy);
    story.delete(|| written_down(&fleet.blob_folder().join("r"))).await;

    api.kill();
    worker.kill();
    let restored = server.database();
    restore(&restored, &copy);
    let fleet = Fleet::new(folder.path(), restored);
    let (_api, base) = fleet.api_without_key();
    story.is_over(&base).await;
}

fn dump(database: &str, file: &Path) {
    let dump = Command::new("pg_dump").args(["--format=custom", "--file"]).arg(file).arg(database).output();
    let dump = dump.expect("pg_dump comes with PostgreSQL");
    assert!(dump.status.success(), "{dump:?}");
}

fn restore(database: &str, file: &Path) {
    let restore =
        Command::new("pg_restore").args(["--exit-on-error", "--dbname", database]).arg(file).output();
    let restore = restore.expect("pg_restore comes with PostgreSQL");
    assert!(restore.status.success(), "{restore:?}");
}
