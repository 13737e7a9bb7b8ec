//! The keys that seal all audio: made once, missed loudly.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use fixtures::postgres::Postgres;

use crate::harness::fleet::Fleet;
use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners};

/// What a start says that is refused.
fn refusal(data: &Path) -> String {
    let output = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).output().unwrap();
    assert_eq!(output.status.code(), Some(70), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn run(arguments: &[&str], keys: &Path) -> Output {
    mixrunners(arguments).arg("--keys").arg(keys).output().unwrap()
}

fn key_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_makes_its_key_once_and_never_another_for_what_it_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let upload = anna.upload("noise.wav", &[7; 5000]).await;
    service.kill();
    let [key] = key_files(&data.join("keys")).try_into().unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

    let kept = folder.path().join("kept.kek");
    fs::rename(&key, &kept).unwrap();
    let said = refusal(&data);
    assert!(said.contains("there is no key in") && said.contains("from a copy"), "{said}");
    assert_eq!(key_files(&data.join("keys")), Vec::<PathBuf>::new(), "none is made");
    assert!(run(&["keys", "init"], &data.join("keys")).status.success());
    let said = refusal(&data);
    let id = key.file_stem().unwrap().to_str().unwrap();
    assert!(said.contains(&format!("the database needs the key {id}")), "{said}");

    fs::remove_dir_all(data.join("keys")).unwrap();
    fs::create_dir(data.join("keys")).unwrap();
    fs::copy(&kept, &key).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let said = refusal(&data);
    assert!(said.contains("0644") && said.contains("chmod 600"), "{said}");
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let service = Service::start(&data);
    let anna = Producer { base: service.base.clone(), ..anna };
    assert_eq!(anna.checked(&upload).await["state"], "rejected", "it could be read, and is no audio");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_while_the_audio_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    let (api, anna) = fleet.api();
    let upload = anna.upload("noise.wav", &[7; 5000]).await;
    assert!(run(&["keys", "rotate"], &fleet.keys()).status.success());
    let rewrap = run(&["keys", "rewrap", "--database", &fleet.database], &fleet.keys());
    let said = String::from_utf8(rewrap.stdout).unwrap();
    assert_eq!(
        said.trim(),
        "Wrapped 3 keys of blobs and accounts with the newest key.",
        "of the upload, of Anna, of the tags"
    );
    let again = run(&["keys", "init"], &fleet.keys());
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && said.contains("keys rotate"), "{said}");
    let there = key_files(&fleet.keys());
    assert!(run(&["keys", "init", "--if-missing"], &fleet.keys()).status.success());
    assert_eq!(key_files(&fleet.keys()), there, "those that are there stay as they are");
    drop(api);
    fs::remove_file(&key_files(&fleet.keys())[0]).unwrap();
    let _worker = fleet.worker("only");
    let (_api, after) = fleet.api();
    let anna = Producer { base: after.base, ..anna };
    assert_eq!(anna.checked(&upload).await["state"], "rejected", "it could be read, and is no audio");
}

#[test]
fn without_keys_nothing_of_a_fleet_starts() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(folder.path(), Postgres::of_this_process().database());
    let blobs = format!("file://{}", folder.path().join("blobs").display());
    let start = |keys: &[&str]| {
        let mut command = mixrunners(&["worker", "--database", &fleet.database, "--blobs", &blobs]);
        command.args(keys).arg("--scratch").arg(fleet.scratch("first")).output().unwrap()
    };
    let none = start(&[]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
    assert!(String::from_utf8(none.stderr).unwrap().contains("keys init"));
    let empty = folder.path().join("empty").display().to_string();
    let said = String::from_utf8(start(&["--keys", &empty]).stderr).unwrap();
    assert!(said.contains("there is no key in") && said.contains("keys init"), "{said}");
    assert!(!Path::new(&empty).exists(), "none is made");
}
