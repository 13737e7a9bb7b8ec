//! What work costs: credits by started minutes, and the packs that credits are sold in.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::amount::{AmountError, Credits, Currency, Price};
use crate::job::JobKind;
use crate::upload::AudioFacts;

/// The whole list. Its default is what a service charges that configures nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceList {
    rates: Rates,
    packs: Vec<Pack>,
    previews_per_day: u32,
}

/// What the minutes of each kind of job cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Rates {
    master: Rate,
    mix: Rate,
    mix_and_master: Rate,
    album: Rate,
}

/// What a song costs: each started minute so much, and no song is taken for shorter than so many minutes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Credits of one started minute, 0 to 1000; 0 makes the kind free.
    pub credits_per_minute: u32,
    /// The fewest minutes that are charged, 1 to 600.
    pub minutes_min: u32,
}

/// Credits as they are sold: once, for good; they do not expire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pack {
    /// What it is asked for by.
    pub id: String,
    /// What is in it.
    pub credits: Credits,
    /// What it costs.
    pub price: Price,
}

/// A table of prices that cannot be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PriceListError {
    /// It cannot be read at all.
    #[error("the prices cannot be read: {0}")]
    Unreadable(String),
    /// A number is outside its bounds.
    #[error("{what} is {value}; it can be {low} to {high}")]
    OutOfRange {
        /// Which.
        what: String,
        /// What it is.
        value: i64,
        /// The least.
        low: i64,
        /// The most.
        high: i64,
    },
    /// A pack's name cannot be one, or is there twice.
    #[error("the pack {0:?} needs a name of its own, of 1 to 32 of a-z, 0-9, dash and underscore")]
    PackName(String),
    /// A currency or an amount cannot be.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

impl PriceList {
    const RATE_MAX: u32 = 1000;
    const MINUTES_MAX: u32 = 600;
    const PACKS_MAX: i64 = 20;
    /// What is remembered of an address counts to 255.
    const PREVIEWS_MAX: i64 = 200;
    /// Stripe takes no payment below half a euro.
    const MINOR_MIN: i64 = 50;

    /// The list in the TOML text of a table `[prices]`. What is left out is as in the default; packs are taken
    /// together or not at all.
    pub fn read(text: &str) -> Result<Self, PriceListError> {
        let unreadable = |error: toml::de::Error| PriceListError::Unreadable(error.message().to_owned());
        let table: Table = toml::from_str(text).map_err(unreadable)?;
        let usual = Self::default();
        let rates = Rates {
            master: table.master.unwrap_or(usual.rates.master),
            mix: table.mix.unwrap_or(usual.rates.mix),
            mix_and_master: table.mix_and_master.unwrap_or(usual.rates.mix_and_master),
            album: table.album.unwrap_or(usual.rates.album),
        };
        for kind in JobKind::ALL {
            let rate = rates.of(*kind);
            let (credits, minutes) = (i64::from(rate.credits_per_minute), i64::from(rate.minutes_min));
            within(format!("{kind}.credits_per_minute"), credits, 0, i64::from(Self::RATE_MAX))?;
            within(format!("{kind}.minutes_min"), minutes, 1, i64::from(Self::MINUTES_MAX))?;
        }
        let previews_per_day = table.previews_per_day.unwrap_or(usual.previews_per_day);
        within("previews_per_day".to_owned(), i64::from(previews_per_day), 0, Self::PREVIEWS_MAX)?;
        let currency = table.currency.as_deref().map_or(Ok(Currency::EUR), Currency::parse)?;
        let packs: Vec<Pack> = match table.packs {
            Some(packs) => packs.into_iter().map(|pack| pack.check(currency)).collect::<Result<_, _>>()?,
            None => {
                usual.packs.into_iter().map(|pack| pack.in_currency(currency)).collect::<Result<_, _>>()?
            }
        };
        within("the number of packs".to_owned(), packs.len() as i64, 1, Self::PACKS_MAX)?;
        let mut names = BTreeSet::new();
        match packs.iter().find(|pack| !is_name(&pack.id) || !names.insert(pack.id.clone())) {
            Some(pack) => Err(PriceListError::PackName(pack.id.clone())),
            None => Ok(Self { rates, packs, previews_per_day }),
        }
    }

    /// What a job of this kind costs: of a master by the song's length, of an album by each track's, of a mix by
    /// the longest stem's.
    #[must_use]
    pub fn of_job(&self, kind: JobKind, inputs: &[AudioFacts]) -> Credits {
        let rate = self.rates.of(kind);
        let charged = inputs.iter().map(|audio| started_minutes(audio).max(u64::from(rate.minutes_min)));
        let minutes = match kind {
            JobKind::Master | JobKind::Album => charged.fold(0, u64::saturating_add),
            JobKind::Mix | JobKind::MixAndMaster => charged.max().unwrap_or(0),
        };
        Credits::saturating(minutes.saturating_mul(u64::from(rate.credits_per_minute)))
    }

    /// What so many credits cost at most: at the rate of the pack in which they are dearest, rounded up. `None` for
    /// no credits, and for more than one payment takes.
    #[must_use]
    pub fn worth(&self, credits: Credits) -> Option<Price> {
        let dearest = |pack: &Pack| {
            let (all, held) = (pack.price.minor().checked_mul(credits.count())?, pack.credits.count());
            Price::new(all.checked_add(held - 1)? / held, pack.price.currency()).ok()
        };
        self.packs.iter().filter_map(dearest).max_by_key(|price| price.minor())
    }

    /// How many free previews there are for an account on a day of UTC, 0 to 200; none with 0.
    #[must_use]
    pub const fn previews_per_day(&self) -> u32 {
        self.previews_per_day
    }

    /// What a kind of job costs.
    #[must_use]
    pub fn rate(&self, kind: JobKind) -> Rate {
        self.rates.of(kind)
    }

    /// The packs, as they are to be shown.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The pack with this name.
    #[must_use]
    pub fn pack(&self, id: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.id == id)
    }
}

impl Default for PriceList {
    fn default() -> Self {
        let rate = |credits_per_minute| Rate { credits_per_minute, minutes_min: 3 };
        let pack = |id: &str, credits, minor| Pack {
            id: id.to_owned(),
            credits: Credits::saturating(credits),
            price: usual_price(minor),
        };
        Self {
            rates: Rates { master: rate(1), mix: rate(2), mix_and_master: rate(3), album: rate(1) },
            previews_per_day: 10,
            packs: vec![pack("small", 10, 900), pack("medium", 50, 3_900), pack("large", 200, 12_900)],
        }
    }
}

#[expect(clippy::expect_used, reason = "constants that every test of the default reads")]
fn usual_price(minor: i64) -> Price {
    Price::new(minor, Currency::EUR).expect("a price")
}

impl Rates {
    const fn of(&self, kind: JobKind) -> Rate {
        match kind {
            JobKind::Master => self.master,
            JobKind::Mix => self.mix,
            JobKind::MixAndMaster => self.mix_and_master,
            JobKind::Album => self.album,
        }
    }
}

/// Counted in frames: a song of exactly three minutes has three.
fn started_minutes(audio: &AudioFacts) -> u64 {
    audio.frames.div_ceil(u64::from(audio.sample_rate_hz.max(1)) * 60)
}

fn is_name(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=32).contains(&id.len()) && id.bytes().all(is_plain)
}

fn within(what: String, value: i64, low: i64, high: i64) -> Result<(), PriceListError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(PriceListError::OutOfRange { what, value, low, high })
}

/// As the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    currency: Option<String>,
    previews_per_day: Option<u32>,
    master: Option<Rate>,
    mix: Option<Rate>,
    mix_and_master: Option<Rate>,
    album: Option<Rate>,
    packs: Option<Vec<PackTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackTable {
    id: String,
    credits: i64,
    amount_minor: i64,
}

impl PackTable {
    fn check(self, currency: Currency) -> Result<Pack, PriceListError> {
        let of = |field: &str| format!("{field} of the pack {:?}", self.id);
        within(of("credits"), self.credits, 1, i64::from(Credits::MAX))?;
        within(of("amount_minor"), self.amount_minor, PriceList::MINOR_MIN, Price::MINOR_MAX)?;
        let (credits, price) = (Credits::new(self.credits)?, Price::new(self.amount_minor, currency)?);
        Ok(Pack { id: self.id, credits, price })
    }
}

impl Pack {
    fn in_currency(self, currency: Currency) -> Result<Self, AmountError> {
        Ok(Self { price: Price::new(self.price.minor(), currency)?, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn song(frames: u64) -> AudioFacts {
        AudioFacts {
            format: "wav".into(),
            sample_rate_hz: 48_000,
            channels: 2,
            bit_depth: Some(24),
            frames,
            duration_s: frames as f64 / 48_000.0,
            lossy: false,
        }
    }

    const MINUTE: u64 = 48_000 * 60;

    #[test]
    fn a_started_minute_counts_and_a_short_song_counts_as_three() {
        let list = PriceList::default();
        let cost = |frames| list.of_job(JobKind::Master, &[song(frames)]).count();
        assert_eq!((cost(1), cost(3 * MINUTE), cost(3 * MINUTE + 1), cost(4 * MINUTE)), (3, 3, 4, 4));
    }

    #[test]
    fn an_album_pays_for_each_track_and_a_mix_for_its_longest_stem() {
        let list = PriceList::default();
        let songs = [song(MINUTE), song(5 * MINUTE), song(4 * MINUTE + 1)];
        assert_eq!(list.of_job(JobKind::Album, &songs).count(), 3 + 5 + 5);
        assert_eq!(list.of_job(JobKind::Mix, &songs).count(), 2 * 5);
        assert_eq!(list.of_job(JobKind::MixAndMaster, &songs).count(), 3 * 5);
        assert_eq!(list.of_job(JobKind::Album, &[song(u64::MAX), song(u64::MAX)]).count(), 1_000_000);
    }

    #[test]
    fn credits_are_worth_what_the_dearest_pack_takes_for_them() {
        let list = PriceList::default();
        let worth = |count| list.worth(Credits::new(count).unwrap()).map(Price::minor);
        assert_eq!((worth(0), worth(1), worth(10)), (None, Some(90), Some(900)));
        let odd = PriceList::read("packs = [{id = \"a\", credits = 3, amount_minor = 100}]").unwrap();
        assert_eq!(odd.worth(Credits::new(1).unwrap()).map(Price::minor), Some(34), "rounded up");
    }

    #[test]
    fn a_table_changes_what_it_names_and_keeps_the_rest() {
        let text =
            "currency = \"sek\"\npreviews_per_day = 4\nmaster = { credits_per_minute = 5, minutes_min = 1 }";
        let list = PriceList::read(text).unwrap();
        assert_eq!(list.of_job(JobKind::Master, &[song(1)]).count(), 5);
        assert_eq!((list.previews_per_day(), PriceList::default().previews_per_day()), (4, 10));
        assert_eq!(list.rate(JobKind::Mix), PriceList::default().rate(JobKind::Mix));
        assert_eq!(list.packs()[0].price, Price::new(900, Currency::parse("sek").unwrap()).unwrap());
        assert_eq!(PriceList::read(""), Ok(PriceList::default()));
    }

    #[test]
    fn a_table_that_cannot_be_is_refused_with_the_thing_the_value_and_the_bound() {
        let pack = |fields: &str| format!("packs = [{{{fields}}}]");
        for (text, told) in [
            (
                "master = { credits_per_minute = 1001, minutes_min = 3 }".to_owned(),
                "is 1001; it can be 0 to 1000",
            ),
            ("album = { credits_per_minute = 1, minutes_min = 0 }".to_owned(), "album.minutes_min is 0"),
            ("masters = 1".to_owned(), "masters"),
            ("previews_per_day = 201".to_owned(), "previews_per_day is 201; it can be 0 to 200"),
            ("currency = \"EUR\"".to_owned(), "three lower-case letters"),
            ("packs = []".to_owned(), "the number of packs is 0"),
            (pack("id = \"A b\", credits = 1, amount_minor = 100"), "\"A b\""),
            (pack("id = \"a\", credits = 0, amount_minor = 100"), "credits of the pack \"a\" is 0"),
            (pack("id = \"a\", credits = 1, amount_minor = 49"), "is 49; it can be 50"),
        ] {
            let error = PriceList::read(&text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
