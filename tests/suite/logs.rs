//! What the log must never hold, whatever is sent: each of these is a word that is found nowhere else, and is sent.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use fixtures::postgres::Postgres;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::harness::fleet::Fleet;
use crate::harness::mailbox::mailed_token;
use crate::harness::producer::Producer;
use crate::harness::{mixrunners, song, words_of};

const MAIL: &str = "canarymail@example.org";
const OPERATOR: &str = "canaryoperator@example.org";
const FILE: &str = "canaryfile.wav";
const TITLE: &str = "canarytitle";
const TAG: &str = "canarytag";
const REASON: &str = "canaryreason";
const PASSWORD: &str = "canarypassword";
/// In the path, the query, headers and bodies that mean nothing.
const NOISE: &str = "canarynoise";
/// Where the caller is; the service itself is on 127.0.0.1.
const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 77));

/// A process whose log goes into a file; killed when dropped.
struct Logged(Child);

impl Logged {
    /// Gives the process, and the words with `parts` that it prints.
    fn start(arguments: &[&str], log: &Path, parts: &[&'static str]) -> (Self, Vec<String>) {
        let mut command = mixrunners(arguments);
        command.stdout(Stdio::piped()).stderr(File::create(log).unwrap());
        let mut process = command.spawn().unwrap();
        let words = words_of(&mut process, parts);
        (Self(process), words)
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_3d_nobodys_name_address_token_or_file_reaches_the_log_of_any_process() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let plain = Postgres::of_this_process().database();
    let database = plain.replace("postgres@", &format!("postgres:{PASSWORD}@"));
    let blobs = format!("file://{}", at("blobs"));
    let keys = Fleet::new(folder.path(), database.clone()).keys().display().to_string();
    let shared = ["--database", &database, "--blobs", &blobs, "--keys", &keys, "--log-level", "debug"];
    let (api_log, worker_log) = (folder.path().join("api.log"), folder.path().join("worker.log"));
    let mails = at("mail");
    let api =
        [&["api", "--listen", "127.0.0.1:0", "--log", "json", "--mail-folder", &mails][..], &shared].concat();
    let (_api, words) = Logged::start(&api, &api_log, &["http://"]);
    let scratch = at("scratch");
    let worker = [&["worker", "--scratch", &scratch, "--log", "text"][..], &shared].concat();
    let (_worker, _) = Logged::start(&worker, &worker_log, &["postgres://"]);

    let key = |email: &str, more: &[&str]| {
        let key = mixrunners(&["api-key", "create", "--email", email, "--scopes"])
            .args(["uploads:write,jobs:read,jobs:write,artifacts:read,account:read", "--database", &database])
            .args(["--keys", &keys])
            .args(more)
            .output()
            .unwrap();
        String::from_utf8(key.stdout).unwrap().trim().to_owned()
    };
    let secret = key(MAIL, &[]);
    assert!(key(OPERATOR, &["--operator"]).starts_with("mxk_"));
    let anna = Producer { http: caller(), base: words[0].clone(), secret: secret.clone() };
    let token = mailed_token(&anna.http, &anna.base, OPERATOR, Path::new(&mails)).await;
    let cookie = sign_in(&anna, &token).await;
    whole_journey(&anna, folder.path()).await;
    what_is_refused(&anna, &cookie).await;

    let (api, worker) = (fs::read_to_string(&api_log).unwrap(), fs::read_to_string(&worker_log).unwrap());
    let answered: Vec<Value> = api.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let is_answer =
        |line: &&Value| line["fields"]["request.id"].as_str().is_some_and(|id| id.starts_with("req_"));
    assert!(answered.iter().filter(is_answer).count() > 20, "the case must be real: {api}");
    assert!(worker.contains("attempt over"), "the case must be real: {worker}");
    let canaries =
        [&secret, &token, &cookie, MAIL, OPERATOR, FILE, TITLE, TAG, REASON, PASSWORD, NOISE, "127.0.0.77"];
    for (name, log) in [("api", api), ("worker", worker)] {
        let log = log.to_lowercase();
        for canary in canaries {
            assert!(
                canary.len() > 8 && !log.contains(&canary.to_lowercase()),
                "{canary} is in the log of {name}"
            );
        }
        for part in ["canary", "secret song"] {
            assert!(!log.contains(part), "{part} is in the log of {name}");
        }
    }
}

fn caller() -> Client {
    let agent = format!("Mozilla/5.0 {NOISE}");
    Client::builder()
        .local_address(CALLER)
        .user_agent(agent)
        .timeout(Duration::from_secs(120))
        .build()
        .unwrap()
}

/// Asks for a link as the operator, and reads the mail; gives the token in it.
/// With a link that was mailed to the operator; gives the session's secret.
async fn sign_in(anna: &Producer, token: &str) -> String {
    let answer =
        anna.http.post(anna.url("/v1/sessions")).json(&json!({"token": token})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
}

async fn whole_journey(anna: &Producer, folder: &Path) {
    let wav = folder.join("song.wav");
    song::wav24(&wav, 3.0);
    let upload = anna.upload(FILE, &fs::read(&wav).unwrap()).await;
    let checked = anna.checked(&upload).await;
    assert_eq!((&checked["state"], &checked["name"]), (&json!("ready"), &json!(FILE)));
    let body = json!({
        "kind": "master", "title": TITLE, "inputs": [{"upload": upload}],
        "recipe": {"deliver": ["wav24"], "tags": {"artist": TAG}},
    });
    let job = anna.finished(&anna.order_body(&format!("{NOISE} key"), body).await).await;
    assert_eq!((&job["state"], &job["title"]), (&json!("succeeded"), &json!(TITLE)));
    assert!(!anna.download(&job, "master", "wav24").await.is_empty());
    let noise = anna.upload(&format!("{NOISE}.wav"), format!("RIFF{NOISE}").as_bytes()).await;
    assert_eq!(anna.checked(&noise).await["state"], "rejected");
}

/// Requests that go wrong, each in its own way.
async fn what_is_refused(anna: &Producer, cookie: &str) {
    let ask = |path: &str| anna.http.get(anna.url(path)).header("x-forwarded-for", CALLER.to_string());
    let by_key = |path: &str| ask(path).bearer_auth(&anna.secret);
    let session = format!("mxr_session={cookie}");
    let operator = |path: &str, why: &str| {
        let request = anna.http.post(anna.url(path)).header("cookie", &session);
        request.json(&json!({"reason": why}))
    };
    let nobody = format!("job_{}", "0".repeat(26));
    let wrongs = [
        ask(&format!("/{NOISE}")),
        ask(&format!("/v1/jobs?state={NOISE}")).bearer_auth(format!("mxk_{NOISE}")),
        by_key(&format!("/v1/jobs?state={NOISE}")),
        by_key(&format!("/v1/jobs/{NOISE}")),
        by_key("/v1/ops/queue"),
        ask("/v1/account").header("cookie", format!("mxr_session={NOISE}")),
        ask("/v1/account").header("host", format!("{NOISE}.example")),
        anna.http.post(anna.url("/v1/jobs")).bearer_auth(&anna.secret).json(&json!({NOISE: NOISE})),
        anna.http.post(anna.url("/v1/sessions")).json(&json!({"token": format!("mxl_{NOISE}")})),
        operator(&format!("/v1/ops/jobs/{nobody}/retry"), REASON),
        operator("/v1/ops/pause", REASON).header("origin", format!("https://{NOISE}.example")),
    ];
    for wrong in wrongs {
        let answer = wrong.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{answer:?}");
    }
    for path in ["/v1/ops/pause", "/v1/ops/resume"] {
        assert_eq!(operator(path, REASON).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
}

/// What is deployed keeps logs no longer than the page about privacy says.
#[test]
fn mr_7d_logs_go_after_the_days_that_are_told() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let read = |name: &str| std::fs::read_to_string(deploy.join(name)).unwrap();
    let told =
        domain::policy::KEEPING.iter().find(|row| row.what.starts_with("Logs of the program")).unwrap();
    let domain::policy::Span::Days(days) = told.how_long else { panic!("{told:?}") };
    let journal = read("journald@mixrunners.conf");
    let setting = |name: &str| {
        let line = journal.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.and_then(|value| value.strip_suffix("day")?.parse::<u64>().ok())
    };
    let (kept, looked_at_every) = (setting("MaxRetentionSec").unwrap(), setting("MaxFileSec").unwrap());
    assert!(
        kept + looked_at_every <= days,
        "{kept} days, looked at every {looked_at_every}; {days} are told"
    );
    let units =
        std::fs::read_dir(&deploy).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let units: Vec<String> = units.filter(|name| name.ends_with(".service")).collect();
    assert_eq!(units.len(), 4, "{units:?}");
    for unit in units {
        assert!(read(&unit).lines().any(|line| line == "LogNamespace=mixrunners"), "{unit}");
    }
    let compose = read("compose.yaml");
    let logging =
        compose.lines().filter(|line| line.trim_start().starts_with("logging: { driver: journald,"));
    assert_eq!((logging.count(), compose.matches("<<: *part").count()), (1, 4), "{compose}");
}
