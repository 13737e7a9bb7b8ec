//! What is ordered meanwhile, by somebody who tries again until there is an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::arena::Arena;
use crate::harness::producer::{Producer, artifact};
use crate::harness::song;

/// Long enough to be caught at work, short enough to have hundreds.
const SONGS_SECONDS: [f64; 3] = [5.0, 8.0, 12.0];
/// Several orders at a time, so that there is always something in the queue.
const AT_A_TIME: usize = 12;
/// One in so many is cancelled by its owner.
const CANCELLED: usize = 10;

pub struct Orders {
    producer: Producer,
    songs: Vec<Song>,
    count: usize,
}

struct Song {
    upload: String,
    /// Of the master that nobody disturbed.
    sha256: Value,
}

/// A job that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub id: String,
    song: usize,
}

impl Orders {
    /// Uploads the songs, and masters each once in peace.
    pub async fn prepare(arena: &Arena, count: usize) -> Self {
        let producer = arena.producer();
        let folder = tempfile::tempdir().unwrap();
        let mut songs = Vec::new();
        for seconds in SONGS_SECONDS {
            let wav = folder.path().join("song.wav");
            song::wav24(&wav, seconds);
            let upload = producer.upload("song.wav", &std::fs::read(&wav).unwrap()).await;
            assert_eq!(producer.checked(&upload).await["state"], "ready");
            let job = producer.finished(&producer.order(&upload, recipe()).await).await;
            let sha256 = artifact(&job, "master", "wav24")["sha256"].clone();
            songs.push(Song { upload, sha256 });
        }
        Self { producer, songs, count }
    }

    pub fn producer(&self) -> Producer {
        Producer::known(&self.producer.base, &self.producer.secret)
    }

    /// Jobs that were done before anything died.
    pub fn in_peace(&self) -> usize {
        self.songs.len()
    }

    /// What the master of a job must be.
    pub fn sha256(&self, accepted: &Accepted) -> &Value {
        &self.songs[accepted.song].sha256
    }

    /// Orders everything, a few at a time.
    pub async fn give_all(&self) -> Vec<Accepted> {
        let mut accepted: Vec<Accepted> = Vec::new();
        for number in 0..self.count {
            if let Some(earlier) = number.checked_sub(AT_A_TIME) {
                self.over(&accepted[earlier].id).await;
            }
            let song = number % self.songs.len();
            let id = self.order(number, song).await;
            if number % CANCELLED == CANCELLED - 1 {
                self.producer.post_at_last(&format!("/v1/jobs/{id}/cancel"), "", json!({})).await;
            }
            accepted.push(Accepted { id, song });
        }
        accepted
    }

    /// The same key each time: however often the answer is lost, it is one job.
    async fn order(&self, number: usize, song: usize) -> String {
        let inputs = json!([{"upload": self.songs[song].upload}]);
        let body = json!({"kind": "master", "title": "Song", "inputs": inputs, "recipe": recipe()});
        let job = self.producer.post_at_last("/v1/jobs", &format!("order {number}"), body).await;
        job["id"].as_str().expect("an id").to_owned()
    }

    /// All of them, once they are over.
    pub async fn wait_for(&self, accepted: &[Accepted]) -> BTreeMap<String, (Accepted, Value)> {
        let mut ended = BTreeMap::new();
        for one in accepted {
            let job = self.over(&one.id).await;
            let twice = ended.insert(one.id.clone(), (one.clone(), job));
            assert!(twice.is_none(), "two orders became one job: {}", one.id);
        }
        ended
    }

    async fn over(&self, id: &str) -> Value {
        loop {
            let job = self.producer.get_at_last(&format!("/v1/jobs/{id}")).await.expect("an accepted job");
            if is_over(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn recipe() -> Value {
    json!({"loudness_lufs": -12.0, "deliver": ["wav24"]})
}

pub fn is_over(job: &Value) -> bool {
    ["succeeded", "failed", "cancelled"].iter().any(|state| job["state"] == *state)
}
