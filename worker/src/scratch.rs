//! An attempt's private folder: wiped when the attempt ends, however it ends, and at the start of a worker.

use std::fs::{self, DirBuilder};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use domain::lease::LeaseId;

/// Where inputs are, below it.
pub(crate) const IN: &str = "in";
/// Where results go, below it.
pub(crate) const OUT: &str = "out";

/// The folder. Dropping it deletes all that is inside.
pub(crate) struct Scratch {
    path: PathBuf,
    out: PathBuf,
}

impl Scratch {
    /// That of an attempt.
    pub(crate) fn new(root: &Path, lease: &LeaseId) -> Result<Self> {
        Self::named(root, &format!("{}-{}", lease.job, lease.fence))
    }

    /// A new folder that only this user may look into.
    pub(crate) fn named(root: &Path, name: &str) -> Result<Self> {
        let path = root.join(name);
        let scratch = Self { out: path.join(OUT), path };
        for folder in [&scratch.out, &scratch.path.join(IN)] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok(scratch)
    }

    /// Where the child works.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where input number `index` is, which need not be there yet.
    pub(crate) fn input(&self, index: usize) -> PathBuf {
        self.path.join(IN).join(format!("{index:03}"))
    }

    /// Where the child puts what it makes.
    pub(crate) fn out(&self) -> &Path {
        &self.out
    }

    /// Where the child's complaints go.
    pub(crate) fn complaints(&self) -> PathBuf {
        self.path.join("stderr")
    }

    /// How many bytes lie in it, and how many files and folders.
    pub(crate) fn contents(&self) -> (u64, usize) {
        contents(&self.path)
    }

    /// A file that the child made, by a plain name. A link is not followed: a child that a hostile file took
    /// over must not have us read what it may not read itself. The child must have ended.
    pub(crate) fn made(&self, name: &str) -> Result<tokio::fs::File> {
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name);
        let path = self.out.join(name);
        if !is_plain || !fs::symlink_metadata(&path)?.is_file() {
            return Err(Error::new(ErrorKind::NotFound, "not a plain file"));
        }
        Ok(tokio::fs::File::from_std(fs::File::open(path)?))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "a scratch folder stays behind until the next start");
        }
    }
}

/// What goes while it is being counted is not counted.
fn contents(folder: &Path) -> (u64, usize) {
    let (mut bytes, mut count) = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(entry_is) = entry.metadata() else { continue };
        let (below, inside) = if entry_is.is_dir() { contents(&entry.path()) } else { (entry_is.len(), 0) };
        bytes += below;
        count += 1 + inside;
    }
    (bytes, count)
}

/// Deletes what attempts of an earlier start left behind, and makes the folder.
pub(crate) fn wipe(root: &Path) -> Result<()> {
    match fs::remove_dir_all(root) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    DirBuilder::new().recursive(true).mode(0o700).create(root)
}

#[cfg(test)]
mod tests {
    use domain::ids::{JobId, SeededEntropy};

    use super::*;

    fn scratch(root: &Path) -> Scratch {
        Scratch::new(root, &LeaseId { job: JobId::new(&SeededEntropy::new(1)), fence: 1 }).unwrap()
    }

    #[tokio::test]
    async fn only_plain_files_inside_the_folder_are_taken() {
        let root = tempfile::tempdir().unwrap();
        let secret = root.path().join("secret");
        fs::write(&secret, "of another job").unwrap();
        let scratch = scratch(root.path());
        fs::write(scratch.out().join("master.wav"), "bytes").unwrap();
        std::os::unix::fs::symlink(&secret, scratch.out().join("link")).unwrap();
        assert!(scratch.made("master.wav").is_ok());
        for name in ["link", "../../secret", secret.to_str().unwrap(), "", ".", "..", "none"] {
            assert!(scratch.made(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_scratch_folder_goes_with_its_attempt_and_at_the_next_start() {
        let root = tempfile::tempdir().unwrap();
        let first = scratch(root.path());
        let path = first.path().to_owned();
        assert!(path.exists(), "the case must be real");
        drop(first);
        assert!(!path.exists());
        std::mem::forget(scratch(root.path()));
        wipe(root.path()).unwrap();
        assert!(root.path().exists() && !path.exists());
    }
}
