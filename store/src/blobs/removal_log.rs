//! Removals written down beside the bytes: what a copy of the database cannot bring back.
//!
//! The name of an empty file says all there is to say, hashes of random ids and a day; it is not sealed, since the keys
//! of seals lie in the database that may be lost.

use domain::blob::{BlobKey, BlobPrefix};
use domain::removal::{Day, LoggedRemoval};

use super::{BlobError, Blobs, Result};

impl Blobs {
    /// Writes a removal down. When this returns it survives a power cut. Again is no error.
    pub async fn log_removal(&self, removal: &LoggedRemoval) -> Result<()> {
        let text = removal.key();
        let key = BlobKey::parse(&text)
            .map_err(|error| BlobError::io(&text, "written")(std::io::Error::other(error)))?;
        self.place.mark(&key).await
    }

    /// The days of which removals are written down, the newest first.
    pub async fn logged_days(&self) -> Result<Vec<Day>> {
        let names = self.place.folders(&BlobPrefix::all_removals()).await?;
        let mut days: Vec<Day> =
            names.iter().filter_map(|name| name.parse().ok().map(Day::from_number)).collect();
        days.sort_unstable_by(|one, other| other.cmp(one));
        Ok(days)
    }

    /// The removals of a day that are written down, in no order.
    pub async fn logged_removals(&self, day: Day) -> Result<Vec<LoggedRemoval>> {
        let mut removals = Vec::new();
        let mut listing = self.list(Some(&BlobPrefix::removals(day)));
        while let Some(page) = listing.next().await? {
            removals.extend(page.iter().filter_map(|listed| LoggedRemoval::of_key(&listed.name)));
        }
        Ok(removals)
    }

    /// Deletes what is written down of a day.
    pub async fn forget_logged_removals(&self, day: Day) -> Result<()> {
        self.place.delete_prefix(&BlobPrefix::removals(day)).await
    }
}
