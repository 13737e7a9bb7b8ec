//! A long upload to a service that is killed again and again.
//!
//! `MIXRUNNERS_UPLOAD_KILLS="SEED MIB KILLS"` says how long and how often; `make upload-kills` is the long one.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream;
use reqwest::{Body, StatusCode};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::chaos::dice::Dice;
use crate::harness::Service;
use crate::harness::producer::Producer;
use crate::service::hex;

const MIB: u64 = 1 << 20;
const BLOCK: usize = 64 * 1024;
/// What a service of any age may hold at its highest, in MiB: it was measured at half of that, and does not grow with
/// the upload.
const PEAK_MIB_MAX: u64 = 128;

struct Plan {
    seed: u64,
    bytes: u64,
    kills: usize,
}

impl Plan {
    #[expect(
        clippy::disallowed_methods,
        reason = "`make upload-kills` asks for a longer run than `make test`"
    )]
    fn given() -> Self {
        let text = std::env::var("MIXRUNNERS_UPLOAD_KILLS").unwrap_or_else(|_| "1 64 8".to_owned());
        let numbers: Vec<u64> = text.split_whitespace().map(|word| word.parse().expect("numbers")).collect();
        let [seed, mib, kills] = numbers[..] else { panic!("SEED MIB KILLS, not {text:?}") };
        Self { seed, bytes: mib * MIB, kills: kills as usize }
    }

    /// The offsets near which the service is killed, in order. The last is the end: what came is being put together.
    fn moments(&self) -> Vec<u64> {
        let mut dice = Dice::new(self.seed);
        let blocks = (self.bytes / BLOCK as u64) as usize;
        let draws = (1..self.kills).map(|_| (dice.below(blocks) * BLOCK) as u64);
        let mut moments: Vec<u64> = draws.chain([self.bytes]).collect();
        moments.sort_unstable();
        moments
    }

    /// Writes the file; gives its hash.
    fn write_file(&self, path: &Path) -> String {
        let (mut file, mut hasher) = (File::create(path).unwrap(), Sha256::new());
        let mut state = self.seed.wrapping_mul(2).wrapping_add(1);
        let mut block = vec![0; MIB as usize];
        for _ in 0..self.bytes / MIB {
            for word in block.chunks_exact_mut(8) {
                // Xorshift (Marsaglia 2003, 64 bits, 13/7/17).
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            hasher.update(&block);
            file.write_all(&block).unwrap();
        }
        hex(&hasher.finalize())
    }
}

/// The file from `offset` on, a block at a time; tells once it has gone beyond `moment`.
fn body(path: &Path, offset: u64, moment: u64, beyond: Arc<Notify>, sent: Arc<AtomicU64>) -> Body {
    let mut file = File::open(path).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    sent.store(offset, Ordering::SeqCst);
    let blocks = stream::unfold(file, move |mut file| {
        let (beyond, sent) = (beyond.clone(), sent.clone());
        async move {
            let mut block = vec![0; BLOCK];
            let count = file.read(&mut block).unwrap();
            block.truncate(count);
            if sent.fetch_add(count as u64, Ordering::SeqCst) >= moment {
                beyond.notify_one();
            }
            // Lets the others at it: what is killed is killed where it stands.
            tokio::task::yield_now().await;
            (count > 0).then_some((Ok::<_, std::io::Error>(block), file))
        }
    });
    Body::wrap_stream(blocks)
}

/// The highest a process has ever stood, in MiB (`VmHWM` of proc(5)).
fn peak_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024
}

fn patch(anna: &Producer, location: &str, offset: u64, body: Body) -> reqwest::RequestBuilder {
    let request = anna.http.patch(anna.url(location)).bearer_auth(&anna.secret);
    let request = request.header("Tus-Resumable", "1.0.0").header("Upload-Offset", offset);
    request.header("Content-Type", "application/offset+octet-stream").body(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_arrives_whole_however_often_its_service_is_killed_and_memory_stays_flat() {
    let plan = Plan::given();
    println!("seed {}, {} MiB, {} kills", plan.seed, plan.bytes / MIB, plan.kills);
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("song.wav"), folder.path().join("data"));
    let sha256 = plan.write_file(&file);
    let mut service = Service::start(&data);
    let mut anna = Producer::with_key(&service, &data);
    let location = anna.create_upload("song.wav", plan.bytes as usize).await;
    let (mut peaks, mut in_the_middle, mut known) = (Vec::new(), 0, 0);
    for moment in plan.moments() {
        let offset = anna.offset(&location).await as u64;
        assert!(offset >= known, "an acknowledged byte was lost: {offset} < {known}");
        let (beyond, sent) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
        let sending = tokio::spawn(
            patch(&anna, &location, offset, body(&file, offset, moment, beyond.clone(), sent.clone())).send(),
        );
        beyond.notified().await;
        known = anna.offset(&location).await as u64;
        peaks.push(peak_mib(service.id()));
        let data = service.kill();
        in_the_middle += usize::from(sending.await.unwrap().is_err());
        println!("killed near {moment}: {known} of {} acknowledged", sent.load(Ordering::SeqCst));
        service = Service::start(&data);
        anna.base = service.base.clone();
    }
    let offset = anna.offset(&location).await as u64;
    assert!(offset >= known, "an acknowledged byte was lost: {offset} < {known}");
    if offset < plan.bytes {
        let rest = body(&file, offset, u64::MAX, Arc::default(), Arc::default());
        let last = patch(&anna, &location, offset, rest).send().await.unwrap();
        assert_eq!(last.status(), StatusCode::NO_CONTENT);
    }
    peaks.push(peak_mib(service.id()));
    let upload = anna.get_json(&location).await;
    assert_eq!(upload["sha256"], sha256, "{upload}");
    println!("{in_the_middle} kills in the middle of a request; peaks in MiB: {peaks:?}");
    assert!(in_the_middle * 2 > plan.kills, "the case must be real");
    assert!(peaks.iter().all(|peak| *peak <= PEAK_MIB_MAX), "{peaks:?}");
}
