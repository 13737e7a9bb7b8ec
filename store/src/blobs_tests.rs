use domain::ids::{JobId, SeededEntropy};
use domain::lease::LeaseId;

use super::*;

fn blobs() -> (tempfile::TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(&folder.path().join("blobs")).unwrap();
    (folder, blobs)
}

fn attempt(fence: i64) -> LeaseId {
    LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence }
}

fn upload() -> UploadId {
    UploadId::new(&SeededEntropy::new(2))
}

/// Every file below a folder.
fn files(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_blob_reads_back_whole_and_in_parts_with_its_hash() {
    let (_folder, blobs) = blobs();
    let key = BlobKey::artifact(&attempt(1), "master.wav").unwrap();
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let stored = blobs.put(&key, bytes.as_slice()).await.unwrap();
    assert_eq!(stored.sha256, Digest::from_bytes(Sha256::digest(&bytes).into()));
    assert_eq!(blobs.measure(&key).await.unwrap(), Some(stored));
    let mut part = blobs.read(&key, 300_000, 1000).await.unwrap().unwrap();
    let mut read = Vec::new();
    part.reader.read_to_end(&mut read).await.unwrap();
    assert_eq!((part.size_bytes, read.as_slice()), (700_000, &bytes[300_000..301_000]));
    assert_eq!(std::fs::read(blobs.path_for_child(&key)).unwrap(), bytes);
}

#[tokio::test]
async fn a_source_that_breaks_off_leaves_no_blob_and_no_part_of_one() {
    struct Broken(bool);
    impl AsyncRead for Broken {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if std::mem::replace(&mut self.0, true) {
                return std::task::Poll::Ready(Err(IoError::other("gone")));
            }
            buffer.put_slice(b"half");
            std::task::Poll::Ready(Ok(()))
        }
    }
    let (folder, blobs) = blobs();
    let key = BlobKey::artifact(&attempt(1), "master.wav").unwrap();
    assert!(blobs.put(&key, Broken(false)).await.is_err());
    assert!(blobs.read(&key, 0, 1).await.unwrap().is_none());
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn deleting_an_attempt_leaves_the_other_attempts_of_its_job() {
    let (folder, blobs) = blobs();
    let keys = [1, 2].map(|fence| BlobKey::artifact(&attempt(fence), "master.wav").unwrap());
    for key in &keys {
        blobs.put(key, &b"bytes"[..]).await.unwrap();
    }
    blobs.delete_prefix(&BlobPrefix::attempt(&attempt(1))).await.unwrap();
    assert!(blobs.read(&keys[0], 0, 1).await.unwrap().is_none());
    assert!(blobs.read(&keys[1], 0, 1).await.unwrap().is_some());
    blobs.delete_prefix(&BlobPrefix::attempt(&attempt(2))).await.unwrap();
    blobs.delete_prefix(&BlobPrefix::attempt(&attempt(2))).await.expect("twice is no error");
    let job = folder.path().join("blobs").join(BlobPrefix::job(&attempt(1).job).as_str());
    assert!(!job.exists(), "an empty folder would stay for ever");
}

#[tokio::test]
async fn an_upload_resumes_at_what_was_acknowledged_whatever_lies_beyond() {
    let (_folder, blobs) = blobs();
    let mut first = blobs.open_append(&upload(), 0).await.unwrap();
    first.write(b"acknowledged").await.unwrap();
    assert_eq!(first.sync().await.unwrap(), 12);
    first.write(b", then the power went").await.unwrap();
    first.sync().await.unwrap();
    let path = blobs.path_for_child(&BlobKey::upload_source(&upload()));
    assert!(std::fs::metadata(&path).unwrap().len() > 12, "the case must be real");
    let mut second = blobs.open_append(&upload(), 12).await.unwrap();
    second.write(b" twice").await.unwrap();
    assert_eq!(second.sync().await.unwrap(), 18);
    assert_eq!(std::fs::read(path).unwrap(), b"acknowledged twice");
}

#[tokio::test]
async fn an_upload_that_lost_acknowledged_bytes_is_an_error_and_not_padded() {
    let (_folder, blobs) = blobs();
    blobs.open_append(&upload(), 0).await.unwrap().write(b"1234").await.unwrap();
    let error = blobs.open_append(&upload(), 100).await.unwrap_err();
    assert!(matches!(error, BlobError::Shorter { recorded: 100, .. }), "{error}");
}
