//! What must be true when it is over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::arena::Arena;
use super::orders::{Accepted, Orders};
use super::recovery::Recovery;
use crate::harness::producer::{Producer, artifact};

/// The promise of docs/queue.md: a lease of ten seconds, a sweep each second, and some air.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);
/// A job is quarantined at its third death, and a death that nobody saw is one too.
const DEATHS_OF_A_QUARANTINE: usize = 3;

type Ended = BTreeMap<String, (Accepted, Value)>;

pub async fn judge(
    arena: &Arena,
    orders: &Orders,
    ended: &Ended,
    recoveries: &[Recovery],
    hits: &BTreeMap<String, usize>,
) {
    let producer = orders.producer();
    for (id, (accepted, job)) in ended {
        match job["state"].as_str() {
            Some("succeeded") => is_the_master(&producer, job, orders.sha256(accepted)).await,
            Some("cancelled") => assert_eq!(job["artifacts"], serde_json::json!([]), "{job}"),
            _ => is_a_quarantine(job, hits.get(id).copied().unwrap_or(0)),
        }
        assert_eq!(ends(&producer, id).await, 1, "{id} ended more than once, or never");
    }
    let listed = all_jobs(&producer).await;
    let unknown: Vec<_> = listed.iter().filter(|id| !ended.contains_key(*id)).collect();
    assert_eq!(unknown.len(), orders.in_peace(), "jobs that nobody ordered: {unknown:?}");
    no_orphans(arena, ended);
    for recovery in recoveries {
        assert!(recovery.was_disturbed || recovery.taken <= TAKEN_WITHIN, "{recovery:?}");
    }
}

/// Once, whole, and the bits of a run that nobody disturbed.
async fn is_the_master(producer: &Producer, job: &Value, sha256: &Value) {
    let masters = job["artifacts"].as_array().expect("a list").iter().filter(|made| made["kind"] == "master");
    assert_eq!(masters.count(), 1, "{job}");
    assert_eq!(artifact(job, "master", "wav24")["sha256"], *sha256, "{job}");
    let bytes = producer.download(job, "master", "wav24").await;
    assert_eq!(*sha256, crate::service::hex(&Sha256::digest(&bytes)), "what is stored is not what is listed");
}

fn is_a_quarantine(job: &Value, hits: usize) {
    assert_eq!(job["problem"]["code"], "job_quarantined", "{job}");
    assert!(hits >= DEATHS_OF_A_QUARANTINE, "quarantined after {hits} blows: {job}");
}

/// How many ends a job's own history tells of.
async fn ends(producer: &Producer, id: &str) -> usize {
    let text = producer.get(&format!("/v1/jobs/{id}/events")).await.text().await.expect("its history");
    let is_end = |line: &&str| {
        line.starts_with("data:")
            && ["\"succeeded\"", "\"failed\"", "\"cancelled\""].iter().any(|end| line.contains(end))
    };
    text.lines().filter(is_end).count()
}

async fn all_jobs(producer: &Producer) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut path = Some("/v1/jobs?limit=100".to_owned());
    while let Some(next) = path {
        let page = producer.get_json(&next).await;
        let jobs = page["data"].as_array().expect("a list");
        all.extend(jobs.iter().map(|job| job["id"].as_str().expect("an id").to_owned()));
        path = page["next"].as_str().map(str::to_owned);
    }
    all
}

/// After one sweep of the reaper: below each job that succeeded lies one attempt, below every other nothing, and no
/// write was left half done.
fn no_orphans(arena: &Arena, ended: &Ended) {
    let mut reaper = arena.fleet().command("reaper run");
    let swept = reaper.args(["--once", "--orphans-at-once"]).output().expect("the program starts");
    assert!(swept.status.success(), "{swept:?}");
    println!("{}", String::from_utf8_lossy(&swept.stdout).trim());
    let orphans = orphans_of(&arena.fleet().blob_folder(), ended);
    assert!(orphans.is_empty(), "bytes that no row knows: {orphans:?}");
}

fn orphans_of(blobs: &Path, ended: &Ended) -> Vec<String> {
    let mut attempts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut orphans = Vec::new();
    for path in files(&blobs.join("j")) {
        let below: Vec<&str> = path.split('/').collect();
        let [job, fence, name] = below[..] else { panic!("{path}: not a job, a fence and a name") };
        attempts.entry(job.to_owned()).or_default().insert(fence.to_owned());
        if name.starts_with('.') {
            orphans.push(path);
        }
    }
    for (job, fences) in attempts {
        let is_kept = ended.get(&job).is_none_or(|(_, job)| job["state"] == "succeeded");
        if fences.len() > usize::from(is_kept) {
            orphans.push(format!("{job}: {fences:?}"));
        }
    }
    orphans
}

/// The files below a folder, by their path from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path.strip_prefix(folder).expect("below").display().to_string()),
            }
        }
    }
    found
}
