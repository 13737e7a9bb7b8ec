//! Room on the disk for attempts. A full disk is no job's fault: nothing is claimed until there is room again, and what
//! ran into the wall goes back as it was.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cage::Load;

const MIB: u64 = 1 << 20;
/// After a disk was full that is not the one of the scratch folder, whose room is seen.
pub(crate) const BREATHER: Duration = Duration::from_secs(5);

/// The room on a disk, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// That is free.
    pub free: u64,
    /// All there is.
    pub total: u64,
}

/// What tells the room on a disk.
pub trait Disk: Send + Sync {
    /// Of the disk that `path` is on.
    ///
    /// # Errors
    /// The system does not tell.
    fn space(&self, path: &Path) -> io::Result<Space>;
}

/// The disks of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Disks;

impl Disk for Disks {
    fn space(&self, path: &Path) -> io::Result<Space> {
        let disk = rustix::fs::statvfs(path)?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Ok(Space { free: bytes(disk.f_bavail), total: bytes(disk.f_blocks) })
    }
}

/// What an attempt takes of the disk, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Need {
    /// As far as can be told.
    pub(crate) likely: u64,
    /// More than this no honest render takes.
    pub(crate) most: u64,
}

impl Need {
    /// Of these inputs, which are copied, and of their samples: as stems on the disk, and in the formats delivered.
    pub(crate) fn of(loads: &[Load]) -> Self {
        let sum = |of: fn(&Load) -> u64| loads.iter().map(of).fold(0, u64::saturating_add);
        let inputs = sum(|load| load.bytes);
        let samples = sum(|load| load.samples_bytes.unwrap_or(0));
        Self {
            likely: (16 * MIB).saturating_add(inputs).saturating_add(samples.saturating_mul(3)),
            most: (256 * MIB)
                .saturating_add(inputs)
                .saturating_add(sum(Load::samples_at_work).saturating_mul(12)),
        }
    }
}

/// The room that this worker's attempts have.
pub(crate) struct Room {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Never is less free than this when something is claimed.
    keep_free: u64,
    shut: Mutex<Shut>,
}

#[derive(Default)]
struct Shut {
    /// What the attempt needs that found no room.
    wanted: u64,
    until: Option<Instant>,
    is_told: bool,
}

impl Room {
    pub(crate) fn new(disk: Arc<dyn Disk>, root: &Path, keep_free: u64) -> Self {
        Self { disk, root: root.to_owned(), keep_free, shut: Mutex::default() }
    }

    /// Whether something may be claimed.
    pub(crate) fn is_open(&self) -> bool {
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        // Where the system does not tell, the attempt finds out.
        let Ok(space) = self.disk.space(&self.root) else { return true };
        let wanted = self.keep_free.saturating_add(shut.wanted);
        let is_open = space.free >= wanted && shut.until.is_none_or(|until| until <= Instant::now());
        match (is_open, shut.is_told) {
            (false, false) => {
                tracing::error!(
                    free_bytes = space.free,
                    wanted_bytes = wanted,
                    "no room: nothing is claimed"
                );
                shut.is_told = true;
            }
            (true, true) => tracing::info!(free_bytes = space.free, "there is room again"),
            _ => {}
        }
        if is_open {
            *shut = Shut::default();
        }
        is_open
    }

    /// Whether an attempt fits in. If it does not, nothing is claimed until it would.
    pub(crate) fn fits(&self, need: &Need) -> Fit {
        let Ok(space) = self.disk.space(&self.root) else { return Fit::Fits };
        let wanted = need.likely.saturating_add(self.keep_free);
        if wanted > space.total {
            return Fit::Never { total: space.total };
        }
        if wanted <= space.free {
            return Fit::Fits;
        }
        self.shut.lock().unwrap_or_else(PoisonError::into_inner).wanted = need.likely;
        Fit::NotNow
    }

    /// Whether an attempt that failed may have failed for want of room.
    pub(crate) fn is_short(&self) -> bool {
        self.disk.space(&self.root).is_ok_and(|space| space.free < self.keep_free)
    }

    /// A disk was full: nothing is claimed for a while.
    pub(crate) fn shut_for(&self, pause: Duration) {
        self.shut.lock().unwrap_or_else(PoisonError::into_inner).until = Some(Instant::now() + pause);
    }
}

/// Whether there is room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    /// There is.
    Fits,
    /// Something else is in the way.
    NotNow,
    /// The disk is too small.
    Never { total: u64 },
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Glass(AtomicU64);

    impl Disk for Glass {
        fn space(&self, _path: &Path) -> io::Result<Space> {
            Ok(Space { free: self.0.load(Ordering::Relaxed) * MIB, total: 1000 * MIB })
        }
    }

    fn need(likely: u64) -> Need {
        Need { likely: likely * MIB, most: u64::MAX }
    }

    #[test]
    fn what_does_not_fit_in_shuts_the_door_until_it_would() {
        let glass = Arc::new(Glass(AtomicU64::new(300)));
        let room = Room::new(glass.clone(), Path::new("/"), 100 * MIB);
        assert_eq!((room.is_open(), room.fits(&need(150)), room.is_short()), (true, Fit::Fits, false));
        assert_eq!(room.fits(&need(950)), Fit::Never { total: 1000 * MIB });
        assert!(room.is_open(), "what never fits in keeps nobody else out");
        assert_eq!(room.fits(&need(250)), Fit::NotNow);
        assert!(!room.is_open());
        glass.0.store(349, Ordering::Relaxed);
        assert!(!room.is_open(), "a mebibyte is missing");
        glass.0.store(350, Ordering::Relaxed);
        assert!(room.is_open());
        glass.0.store(99, Ordering::Relaxed);
        assert!(!room.is_open() && room.is_short());
        glass.0.store(100, Ordering::Relaxed);
        assert!(room.is_open() && !room.is_short());
    }

    #[test]
    fn a_full_disk_elsewhere_shuts_the_door_for_a_while() {
        let room = Room::new(Arc::new(Glass(AtomicU64::new(300))), Path::new("/"), 0);
        room.shut_for(BREATHER);
        assert!(!room.is_open());
        room.shut_for(Duration::ZERO);
        assert!(room.is_open());
    }
}
