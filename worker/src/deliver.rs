//! From an attempt's scratch folder to blobs. The rows follow in one transaction, or not at all.

use domain::blob::BlobKey;
use domain::digest::Digest;
use domain::lease::LeaseId;
use domain::task::Task;
use store::blobs::Stored;
use store::outcome::{Checked, Completion, Leased, Made};

use crate::Worker;
use crate::attempt::Ending;
use crate::child::Death;
use crate::error::Hindrance;
use crate::protocol::{Done, MadeFile};
use crate::scratch::Scratch;

/// More files than any recipe makes: an album of 30 tracks has 7 formats and 2 listening copies of each.
const FILES_MAX: usize = 512;

/// Stores what the child made.
pub(crate) async fn deliver(
    worker: &Worker,
    leased: &Leased,
    scratch: &Scratch,
    done: Done,
) -> Result<Ending, Hindrance> {
    match (&leased.task, done) {
        (Task::Check { upload }, Done::Checked { audio, findings, peaks_file }) => {
            let key = BlobKey::upload_peaks(upload);
            match put(worker, scratch, &key, &peaks_file).await? {
                Some(_) => Ok(Ending::Checked(Checked { audio, findings })),
                None => Ok(Ending::Died(Death::by("it names a file that is not there"))),
            }
        }
        (Task::Render { .. }, Done::Mastered { files, engine_version }) if files.len() <= FILES_MAX => {
            let mut artifacts = Vec::with_capacity(files.len());
            for (index, file) in files.into_iter().enumerate() {
                match made(worker, &leased.lease, scratch, index, file).await? {
                    Some(artifact) => artifacts.push(artifact),
                    None => return Ok(Ending::Died(Death::by("it names a file that is not there"))),
                }
            }
            Ok(Ending::Completed(Completion { artifacts, engine_version }))
        }
        _ => Ok(Ending::Died(Death::by("it answered what was not asked"))),
    }
}

/// Stores one file, and its overview. `None` if the child named what is not there.
async fn made(
    worker: &Worker,
    lease: &LeaseId,
    scratch: &Scratch,
    index: usize,
    file: MadeFile,
) -> Result<Option<Made>, Hindrance> {
    let key = |name: &str| BlobKey::artifact(lease, &format!("{index}-{name}")).ok();
    let Some(blob) = key(&file.file) else { return Ok(None) };
    let Some(stored) = put(worker, scratch, &blob, &file.file).await? else { return Ok(None) };
    let is_intact = Digest::parse(&file.sha256) == Ok(stored.sha256) && file.size_bytes == stored.size_bytes;
    if !is_intact {
        let (made, stored) = (file.sha256, stored.sha256.to_string());
        return Err(Hindrance::Damaged { file: file.file, made, stored });
    }
    let mut peaks = None;
    if let Some(name) = &file.peaks_file {
        let Some(key) = key(name) else { return Ok(None) };
        if put(worker, scratch, &key, name).await?.is_none() {
            return Ok(None);
        }
        peaks = Some(key);
    }
    let MadeFile { kind, track, name, format, size_bytes, .. } = file;
    Ok(Some(Made { kind, track, name, format, size_bytes, sha256: stored.sha256, blob, peaks }))
}

async fn put(
    worker: &Worker,
    scratch: &Scratch,
    key: &BlobKey,
    name: &str,
) -> Result<Option<Stored>, Hindrance> {
    let file = match scratch.made(name) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Hindrance::Scratch(error)),
    };
    Ok(Some(worker.blobs.put(key, file).await?))
}
