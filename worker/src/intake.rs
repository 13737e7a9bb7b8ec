//! Inputs come into the attempt's scratch folder: the child has nothing else to read.

use std::path::{Path, PathBuf};

use domain::blob::BlobKey;
use domain::ids::UploadId;
use domain::upload::{AudioFacts, Upload};
use store::outcome::Leased;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::Worker;
use crate::cage::Load;
use crate::error::Hindrance;
use crate::scratch::Scratch;

/// Read and written at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Brings the inputs of one attempt in, one after the other.
pub(crate) struct Intake<'a> {
    worker: &'a Worker,
    leased: &'a Leased,
    scratch: &'a Scratch,
    taken: usize,
}

/// An input that lies in scratch.
pub(crate) struct Taken {
    /// Its row.
    pub(crate) upload: Upload,
    /// Where its bytes are.
    pub(crate) path: PathBuf,
}

impl<'a> Intake<'a> {
    pub(crate) fn new(worker: &'a Worker, leased: &'a Leased, scratch: &'a Scratch) -> Self {
        Self { worker, leased, scratch, taken: 0 }
    }

    /// How large inputs are, as far as their rows know.
    pub(crate) async fn look(&self, ids: Vec<&UploadId>) -> Result<Vec<Load>, Hindrance> {
        let mut loads = Vec::with_capacity(ids.len());
        for id in ids {
            loads.push(load(&self.row(id).await?));
        }
        Ok(loads)
    }

    /// Copies one input. Dropping the future ends the copying; what is there of it goes with the scratch folder.
    pub(crate) async fn take(&mut self, id: &UploadId) -> Result<Taken, Hindrance> {
        let upload = self.row(id).await?;
        let size_bytes = upload.received_bytes;
        // One byte more than there should be, so that more than there should be is seen.
        let blob = self
            .worker
            .blobs
            .read(&BlobKey::upload_source(&upload.place), 0, size_bytes.saturating_add(1))
            .await?;
        let blob = blob.ok_or(Hindrance::InputGone)?;
        let path = self.scratch.input(self.taken);
        self.taken += 1;
        copy(blob.reader, &path, size_bytes).await?;
        Ok(Taken { upload, path })
    }

    async fn row(&self, id: &UploadId) -> Result<Upload, Hindrance> {
        self.worker.store.upload(&self.leased.account, id).await?.ok_or(Hindrance::InputGone)
    }
}

fn load(upload: &Upload) -> Load {
    let samples = |audio: &AudioFacts| {
        audio.frames.saturating_mul(u64::from(audio.channels)).saturating_mul(size_of::<f32>() as u64)
    };
    Load {
        bytes: upload.received_bytes,
        samples_bytes: upload.audio.as_ref().map(samples),
        seconds: upload.audio.as_ref().map_or(0.0, |audio| audio.duration_s),
    }
}

/// Writes what `source` gives to a new file; it must be exactly `size_bytes`.
async fn copy(source: impl AsyncRead + Unpin, path: &Path, size_bytes: u64) -> Result<(), Hindrance> {
    // Made at once and not on another thread: no file may appear after the attempt's folder is gone.
    let file = std::fs::File::create_new(path).map_err(Hindrance::Scratch)?;
    let mut file = tokio::fs::File::from_std(file);
    file.set_max_buf_size(BUFFER_BYTES);
    let mut source = BufReader::with_capacity(BUFFER_BYTES, source.take(size_bytes.saturating_add(1)));
    let found = tokio::io::copy_buf(&mut source, &mut file).await.map_err(Hindrance::Scratch)?;
    file.flush().await.map_err(Hindrance::Scratch)?;
    match found == size_bytes {
        true => Ok(()),
        false => Err(Hindrance::InputSize { recorded: size_bytes, found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_input_is_copied_if_it_is_as_long_as_its_row_says_and_no_more_of_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        copy(&b"song"[..], &path("whole"), 4).await.unwrap();
        assert_eq!(std::fs::read(path("whole")).unwrap(), b"song");
        for (name, bytes, found) in [("short", &b"son"[..], 3), ("endless", &[7; 1000][..], 5)] {
            let error = copy(bytes, &path(name), 4).await.unwrap_err();
            assert!(
                matches!(error, Hindrance::InputSize { recorded: 4, found: f } if f == found),
                "{name}: {error}"
            );
            assert!(std::fs::metadata(path(name)).unwrap().len() <= 5, "{name}");
        }
    }

    #[tokio::test]
    async fn copying_ends_where_it_is_when_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slow");
        let (mut sender, receiver) = tokio::io::duplex(16);
        sender.write_all(b"half").await.unwrap();
        tokio::select! {
            copied = copy(receiver, &path, 8) => panic!("{copied:?}"),
            () = tokio::task::yield_now() => {}
        }
        assert!(path.exists(), "the case must be real");
        assert!(sender.write_all(b"rest").await.is_err(), "nobody reads on");
    }
}
