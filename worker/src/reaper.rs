//! Removes what is due, when it is due and never before; and says loudly when it cannot.
//!
//! Each tick looks at the clock first. While it is in doubt, or so much is due that a mistake is likelier than a busy
//! day, nothing is removed by itself: a removal cannot be taken back, a late one can be caught up with. What readers
//! may still see does not wait for this: the API refuses what is due from the same moment on.
//!
//! Any number of reapers may run: each removal is one transaction, and emptying an empty place does nothing.

pub(crate) mod places;
pub mod removal_log;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::clock_trust::{Reading, Readings, doubt};
use domain::removal::ORPHAN_AGE;
use store::blobs::Blobs;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often everything is looked at.
pub const TICK: Duration = Duration::from_secs(30);
/// So much goes in one transaction.
const AT_A_TIME: u32 = 50;
/// How often all places are compared with the rows.
const ORPHANS_EVERY: Duration = Duration::from_secs(86_400);

/// What a reaper needs.
#[derive(Clone)]
pub struct Reaper {
    /// The rows.
    pub store: Store,
    /// The bytes.
    pub blobs: Blobs,
    /// The machine's clocks.
    pub readings: Arc<dyn Readings>,
}

impl std::fmt::Debug for Reaper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reaper").finish_non_exhaustive()
    }
}

/// What one tick did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tick {
    /// Jobs and uploads that were removed.
    pub removed: u64,
    /// Other rows that nobody needs any more.
    pub stale: u64,
    /// Places that were found empty for the second time.
    pub emptied: u64,
    /// Places that could not be emptied.
    pub refused: u64,
    /// Places that no row knows.
    pub orphans: u64,
    /// Places where bytes should lie, and none do.
    pub hollow: u64,
    /// Why nothing was removed.
    pub frozen: Option<String>,
}

impl Reaper {
    /// Ticks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut timer = tokio::time::interval(TICK);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = timer.tick() => {}
            }
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "a tick of the reaper failed; the next one tries again");
            }
        }
    }

    /// Looks at everything once.
    pub async fn tick(&self) -> Result<Tick, StoreError> {
        let reading = self.reading().await?;
        let now = reading.wall;
        let mut tick = Tick { frozen: self.judge(&reading).await?, ..Tick::default() };
        if tick.frozen.is_none() {
            tick.stale = self.store.remove_stale(now).await?;
            tick.removed = self.remove_due(now).await?;
            if self.store.reaper_state(now).await?.swept_at.is_none_or(|at| now.since(at) >= ORPHANS_EVERY) {
                let compared = places::compare(&self.store, &self.blobs, now - ORPHAN_AGE, now).await?;
                (tick.orphans, tick.hollow) = (compared.orphans, compared.hollow);
                removal_log::forget_old(&self.blobs, now).await;
            }
            // By a clock in doubt two looks would not be a minute apart. Workers go on by their own.
            (tick.emptied, tick.refused) = places::empty_all(&self.store, &self.blobs, now).await?;
        }
        removal_log::write_down(&self.store, &self.blobs, now).await?;
        self.store.ticked(now).await?;
        if tick.removed + tick.emptied + tick.orphans > 0 {
            let Tick { removed, emptied, orphans, .. } = tick;
            tracing::info!(removed, emptied, orphans, "the reaper has worked");
        }
        Ok(tick)
    }

    /// An operator's word that the date is right.
    pub async fn confirm_clock(&self) -> Result<Timestamp, StoreError> {
        let reading = self.reading().await?;
        self.store.believe(&reading).await?;
        self.store.thaw(0).await?;
        Ok(reading.wall)
    }

    /// Empties places that no row knows without waiting a day. Only while nobody writes: a row may be on its way.
    /// Gives how many there were.
    pub async fn sweep_orphans_at_once(&self) -> Result<u64, StoreError> {
        let now = self.now().await?;
        // Told of now counts as told of before, by whichever clock that is written down.
        let compared = places::compare(&self.store, &self.blobs, now + ORPHAN_AGE, now).await?;
        places::empty_all(&self.store, &self.blobs, now).await?;
        Ok(compared.orphans)
    }

    /// The time that decides.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.reading().await?.wall)
    }

    /// What the machine says, with the clock that decides: a database server has one of its own.
    async fn reading(&self) -> Result<Reading, StoreError> {
        let reading = self.readings.reading();
        let wall = self.store.time(reading.wall).await?;
        Ok(Reading { wall, ..reading })
    }

    /// Why nothing may be removed now, if so.
    async fn judge(&self, reading: &Reading) -> Result<Option<String>, StoreError> {
        let doubt = self.store.clock_mark(&reading.boot).await?.and_then(|before| doubt(&before, reading));
        let state = self.store.reaper_state(reading.wall).await?;
        let why = match doubt {
            Some(doubt) => Some(doubt.to_string()),
            None if state.frozen.is_none() && !state.load.is_plausible() => Some(state.load.to_string()),
            None => None,
        };
        if let Some(why) = &why
            && self.store.freeze(why, reading.wall).await?
        {
            tracing::error!(why, "the reaper is frozen: nothing is removed until an operator has looked");
        }
        if doubt.is_none() {
            self.store.believe(reading).await?;
        }
        Ok(state.frozen.map(|(_, why)| why).or(why))
    }

    async fn remove_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            match self.store.remove_due(now, AT_A_TIME).await? {
                0 => return Ok(removed),
                some => removed += some,
            }
        }
    }
}
