//! A song in a local file: opened, decoded, and written back without ever standing there half-written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::exit::Failure;

/// Whether a file that is there already may be replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Replace it, whole, at the very end.
    Replace,
}

/// Refuses early, before minutes of work, what could not be written in the end.
pub fn check_writable(path: &Path, existing: Existing) -> Result<(), Failure> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(Failure::usage(format!("the folder {} does not exist", folder.display())));
    }
    if path.is_dir() {
        return Err(Failure::usage(format!("{} is a folder; -o wants a file", path.display())));
    }
    if existing == Existing::Keep && path.exists() {
        return Err(Failure::usage(format!("{} exists already", path.display()))
            .hint("give --force to replace it, or another name"));
    }
    Ok(())
}

/// Writes a whole file or nothing: into a hidden neighbour, to the disk, then under its name.
pub fn write_whole(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut File) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        let failure = Failure::ours(format!("cannot write {}: {error}", path.display()));
        if error.kind() == io::ErrorKind::StorageFull { failure.hint("the disk is full") } else { failure }
    };
    let mut partial = partial_beside(path).map_err(cannot)?;
    write(partial.as_file_mut())?;
    partial.as_file().sync_all().map_err(cannot)?;
    match existing {
        Existing::Replace => partial.persist(path).map_err(|e| cannot(e.error))?,
        Existing::Keep => partial.persist_noclobber(path).map_err(|e| cannot(e.error))?,
    };
    // The name is on the disk only when its folder is.
    if let Ok(folder) = File::open(folder_of(path)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Like [`write_whole`], for text.
pub fn write_whole_text(path: &Path, existing: Existing, text: &str) -> Result<(), Failure> {
    write_whole(path, existing, |file| file.write_all(text.as_bytes()).map_err(Failure::from))
}

fn partial_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mixrunners-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)); // the umask takes the rest, as for any new file
    }
    builder.tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What a file's name ends with.
pub fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

/// Whether two names are one file.
pub fn same_place(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// A file's name.
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
