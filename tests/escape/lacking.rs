//! Machines that lack what the cage is made of, played by a filter around the program.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;

use crate::place::PROGRAM;

const CALL: &str = "ESCAPE_LACKING_CALL";

/// The program on a machine that does not know one system call.
fn lacking(call: libc::c_long, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "lacking::become_the_program", "--ignored", "--nocapture"]);
    command.env(CALL, call.to_string()).env("ESCAPE_ARGUMENTS", arguments.join("\n"));
    command
}

#[expect(clippy::disallowed_methods, reason = "what a test tells the process that it starts")]
#[test]
#[ignore = "it is a machine for the tests beside it, which start it"]
fn become_the_program() {
    let Ok(call) = std::env::var(CALL) else { return };
    let arguments = std::env::var("ESCAPE_ARGUMENTS").unwrap();
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = BTreeMap::from([(call.parse().unwrap(), Vec::new())]);
    let machine = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, unknown, machine).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
    panic!("{}", Command::new(PROGRAM).args(arguments.split('\n')).exec());
}

fn serve<'a>(data: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let data = data.to_str().unwrap();
    [&["serve", "--listen", "127.0.0.1:0", "--data", data], more].concat()
}

#[test]
fn a_service_refuses_to_start_where_the_cage_cannot_be_built() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (call, missing) in [(libc::SYS_landlock_create_ruleset, "Landlock"), (libc::SYS_seccomp, "seccomp")] {
        let refused = lacking(call, &serve(&data, &[])).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(70), "{said}");
        assert!(said.contains(missing) && said.contains("--allow-weak-sandbox"), "{said}");
        assert!(!data.join("blobs").exists(), "nothing was begun");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_sandbox_that_was_allowed_is_told_in_healthz_and_in_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = serve(&data, &["--allow-weak-sandbox"]);
    let mut service = lacking(libc::SYS_landlock_create_ruleset, &arguments);
    let mut service = service.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/sign-in#")).unwrap();
    let base = link.split_whitespace().last().unwrap().split("/sign-in#").next().unwrap().to_owned();
    let mut sandbox = Value::Null;
    for _ in 0..300 {
        let health: Value = reqwest::get(format!("{base}/healthz")).await.unwrap().json().await.unwrap();
        sandbox = health["sandbox"].clone();
        if !sandbox.is_null() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let queue = Command::new(PROGRAM).args(["queue", "list", "--data"]).arg(&data).output().unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    assert_eq!(sandbox, "weak");
    let queue = String::from_utf8_lossy(&queue.stdout);
    assert!(queue.contains("weak sandbox"), "{queue}");
}
