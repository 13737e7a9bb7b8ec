//! A KEK in a folder: 32 random bytes, named after their id, readable by their owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::keyring::{KekId, KeyringError, Keys, key_of};
use super::segments::KEY_BYTES;

const ENDING: &str = ".kek";

pub(super) fn path(folder: &Path, id: KekId) -> PathBuf {
    folder.join(format!("{id}{ENDING}"))
}

/// The keys of a folder; none if there is no folder.
pub(super) fn read_all(folder: &Path) -> Result<Keys, KeyringError> {
    named(folder)?.into_iter().map(|id| read(folder, id)).collect()
}

/// The newest key of a folder, by its name.
pub(super) fn newest(folder: &Path) -> Result<Option<KekId>, KeyringError> {
    Ok(named(folder)?.into_iter().max())
}

/// Writes a key that survives a power cut when this returns.
pub(super) fn write(folder: &Path, id: KekId, key: &Zeroizing<[u8; KEY_BYTES]>) -> Result<(), KeyringError> {
    let path = path(folder, id);
    let written = || {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Whole under its name or not at all: half a key would keep every process from starting.
        let part = folder.join(format!(".{id}.part"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        file.write_all(key.as_slice())?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|cause| io(&path, "written", cause))
}

fn read(folder: &Path, id: KekId) -> Result<(KekId, ring::aead::LessSafeKey), KeyringError> {
    let path = path(folder, id);
    let metadata = fs::metadata(&path).map_err(|cause| io(&path, "read", cause))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::TooOpen { path, mode });
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(|cause| io(&path, "read", cause))?);
    match key_of(id, &bytes) {
        Some(key) => Ok((id, key)),
        None if bytes.len() != KEY_BYTES => {
            let detail = format!("it has {} bytes, a key has {KEY_BYTES}", bytes.len());
            Err(KeyringError::Corrupt { path, detail })
        }
        None => Err(KeyringError::Corrupt {
            path,
            detail: "it holds another key, or bits of it changed".to_owned(),
        }),
    }
}

/// The ids in a folder's names. What has another ending is none of our business.
fn named(folder: &Path) -> Result<Vec<KekId>, KeyringError> {
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|cause| io(folder, "listed", cause))?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry.map_err(|cause| io(folder, "listed", cause))?.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(ENDING)) else { continue };
        ids.push(KekId::parse(stem).ok_or_else(|| KeyringError::Corrupt {
            path: folder.join(&name),
            detail: "its name is not NUMBER-FINGERPRINT.kek".to_owned(),
        })?);
    }
    Ok(ids)
}

fn io(path: &Path, action: &'static str, cause: IoError) -> KeyringError {
    KeyringError::Io { path: path.to_owned(), action, cause }
}
