//! Peppers in a folder: 32 random bytes for each kind and epoch, readable by their owner alone.
//!
//! The database knows which pepper an epoch has, by a hash of it, and nothing else of it. So of processes whose folders
//! were copied and not shared, the second to begin an epoch learns that it lacks the pepper, and says so: two peppers
//! for one epoch would make two people of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Error as IoError, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::abuse::{AbuseKind, AbuseTag, Epoch, Pepper, Signal};
use domain::clock::Timestamp;
use domain::ids::Entropy;
use domain::removal::Day;

use super::AbuseTags;
use crate::Store;
use crate::error::StoreError;

/// Why a signal has no tags.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// The folder or a file in it refused.
    #[error("the pepper {path} could not be {action}: {cause}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system says.
        cause: IoError,
    },
    /// Others may read it.
    #[error("the pepper {path} has mode {mode:04o}: only its owner may read it (0600)")]
    TooOpen {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is too short or too long.
    #[error("the pepper {path} has {bytes} bytes; it must have {}", Pepper::BYTES)]
    Size {
        /// Which.
        path: PathBuf,
        /// How many bytes there are.
        bytes: usize,
    },
    /// Tags were written under a pepper that is not here.
    #[error(
        "tags of the kind {kind} were written under a pepper of epoch {} that is not in {folder}: share the folder \
         among all processes, or copy the file from the one that made it",
        .epoch.number()
    )]
    Missing {
        /// Of what.
        kind: AbuseKind,
        /// Of when.
        epoch: Epoch,
        /// Where it should be.
        folder: PathBuf,
    },
    /// There is another one.
    #[error(
        "the pepper {path} is not the one that tags of epoch {} were written under: copy that one from the process \
         that made it",
        .epoch.number()
    )]
    Differs {
        /// Of when.
        epoch: Epoch,
        /// Which.
        path: PathBuf,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const ENDING: &str = ".pepper";

/// The peppers of an installation, in a folder apart from its database and the backups of that. Cheap to clone.
#[derive(Clone)]
pub struct Peppers {
    folder: PathBuf,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peppers").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Peppers {
    /// Those in this folder, which is made with the first of them.
    #[must_use]
    pub fn of_folder(folder: PathBuf, entropy: Arc<dyn Entropy>) -> Self {
        Self { folder, entropy }
    }

    /// A signal under every pepper there is. Makes that of today's epoch where nobody has yet. Files are read each
    /// time: what was destroyed is known to nobody from then on.
    pub async fn tags(
        &self,
        store: &Store,
        signal: &Signal,
        now: Timestamp,
    ) -> Result<AbuseTags, PepperError> {
        let today = Day::of(store.time(now).await?);
        let peppers = self.live(store, signal.kind(), today).await?;
        let (newest, older) = self.current(store, signal.kind(), today, peppers).await?;
        let tag = |pepper: &Pepper| pepper.tag(signal);
        let unfit =
            || PepperError::Store(StoreError::unreadable("abuse_peppers", "of a kind", "another kind"));
        let older: Vec<AbuseTag> = older.iter().filter_map(tag).collect();
        Ok(AbuseTags { newest: tag(&newest).ok_or_else(unfit)?, older })
    }

    /// Whether every pepper is here that tags were written under. Makes none.
    pub async fn check(&self, store: &Store, now: Timestamp) -> Result<(), PepperError> {
        let today = Day::of(store.time(now).await?);
        for kind in AbuseKind::ALL {
            self.live(store, *kind, today).await?;
        }
        Ok(())
    }

    /// Destroys those whose time is up: overwritten, then removed. Tells how many.
    pub fn destroy_old(&self, now: Timestamp) -> Result<u64, PepperError> {
        let today = Day::of(now);
        let mut destroyed = 0;
        for (path, epoch) in self.named()? {
            if epoch.is_kept_on(today) {
                continue;
            }
            let gone = || {
                let mut file = OpenOptions::new().write(true).open(&path)?;
                file.write_all(&[0; Pepper::BYTES])?;
                file.sync_all()?;
                fs::remove_file(&path)?;
                File::open(&self.folder)?.sync_all()
            };
            match gone() {
                // Another process was first.
                Err(cause) if cause.kind() == ErrorKind::NotFound => {}
                done => {
                    done.map_err(|cause| io(&path, "destroyed", cause))?;
                    destroyed += 1;
                }
            }
        }
        Ok(destroyed)
    }

    /// Those that the database knows and that are to be had today, oldest first.
    async fn live(&self, store: &Store, kind: AbuseKind, today: Day) -> Result<Vec<Pepper>, PepperError> {
        let mut peppers = Vec::new();
        for (epoch, print) in store.pepper_prints(kind).await? {
            if !epoch.is_kept_on(today) {
                continue;
            }
            let missing = || PepperError::Missing { kind, epoch, folder: self.folder.clone() };
            let pepper = self.read(kind, epoch)?.ok_or_else(missing)?;
            if pepper.print() != print {
                return Err(PepperError::Differs { epoch, path: self.path(kind, epoch) });
            }
            peppers.push(pepper);
        }
        Ok(peppers)
    }

    /// The pepper of today, and all others.
    async fn current(
        &self,
        store: &Store,
        kind: AbuseKind,
        today: Day,
        mut live: Vec<Pepper>,
    ) -> Result<(Pepper, Vec<Pepper>), PepperError> {
        let epoch = Epoch::of(today);
        // A clock that was set back finds a newer epoch than today's: that one goes on.
        if live.last().is_some_and(|newest| newest.epoch() >= epoch)
            && let Some(newest) = live.pop()
        {
            return Ok((newest, live));
        }
        let (pepper, is_made) = match self.read(kind, epoch)? {
            Some(pepper) => (pepper, false), // of a neighbour that has not told the database yet, or that died
            None => self.make(kind, epoch)?,
        };
        if store.settle_pepper(&pepper).await? == pepper.print() {
            return Ok((pepper, live));
        }
        let path = self.path(kind, epoch);
        if !is_made {
            return Err(PepperError::Differs { epoch, path });
        }
        // Nothing was written under it: it must not lie in the place of the right one.
        fs::remove_file(&path).map_err(|cause| io(&path, "removed", cause))?;
        Err(PepperError::Missing { kind, epoch, folder: self.folder.clone() })
    }

    fn path(&self, kind: AbuseKind, epoch: Epoch) -> PathBuf {
        self.folder.join(format!("{kind}-{:05}{ENDING}", epoch.number()))
    }

    fn read(&self, kind: AbuseKind, epoch: Epoch) -> Result<Option<Pepper>, PepperError> {
        let path = self.path(kind, epoch);
        let metadata = match fs::metadata(&path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|cause| io(&path, "read", cause))?,
        };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(PepperError::TooOpen { path, mode });
        }
        let bytes = zeroize::Zeroizing::new(fs::read(&path).map_err(|cause| io(&path, "read", cause))?);
        match <[u8; Pepper::BYTES]>::try_from(bytes.as_slice()) {
            Ok(bits) => Ok(Some(Pepper::from_bytes(kind, epoch, bits))),
            Err(_) => Err(PepperError::Size { path, bytes: bytes.len() }),
        }
    }

    /// A new pepper, whole under its name and durable when this returns; that of another process if it was quicker.
    fn make(&self, kind: AbuseKind, epoch: Epoch) -> Result<(Pepper, bool), PepperError> {
        let (path, pepper) = (self.path(kind, epoch), Pepper::new(kind, epoch, &*self.entropy));
        let mut nonce = [0; 8];
        self.entropy.fill(&mut nonce);
        let part = self.folder.join(format!(".{:016x}.part", u64::from_be_bytes(nonce)));
        let written = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
            file.write_all(pepper.reveal())?;
            file.sync_all()?;
            // A second name, unlike a new one, is never given in the place of another file.
            let linked = fs::hard_link(&part, &path);
            fs::remove_file(&part)?;
            File::open(&self.folder)?.sync_all()?;
            linked
        };
        match written() {
            Ok(()) => Ok((pepper, true)),
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
                let theirs = self.read(kind, epoch)?;
                theirs.map(|theirs| (theirs, false)).ok_or_else(|| io(&path, "written", cause))
            }
            Err(cause) => Err(io(&path, "written", cause)),
        }
    }

    /// The peppers in the folder, by their names. What has another ending is none of our business.
    fn named(&self) -> Result<Vec<(PathBuf, Epoch)>, PepperError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|cause| io(&self.folder, "listed", cause))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(|cause| io(&self.folder, "listed", cause))?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_suffix(ENDING)?.rsplit_once('-')?.1.parse().ok());
            found.extend(number.and_then(Epoch::of_number).map(|epoch| (self.folder.join(&name), epoch)));
        }
        Ok(found)
    }
}

fn io(path: &Path, action: &'static str, cause: IoError) -> PepperError {
    PepperError::Io { path: path.to_owned(), action, cause }
}
