//! What streaming services, broadcasters and podcast directories do to a master of a given loudness and true peak.
//!
//! The facts as of November 2026, from what the services publish where they do. Spotify for Artists, «Loudness
//! normalization»: −14, −19 quiet, −11 loud; up only to a true peak of −1 dBTP, on «loud» with a limiter instead;
//! −2 dBTP advised for masters louder than −14. Apple, «Apple Digital Masters» and «Podcasts audio requirements»:
//! −16 LUFS, −1 dBTP. EBU R 128: −23 ±0.5 LUFS, −1 dBTP. YouTube, Tidal and Amazon publish little and are known
//! by what their players report: they turn down, never up. Deezer's is the level that its player aims at. AES
//! TD1008 (2021) asks for true peaks of at most −1 dBTP before lossy encoding. What listeners switch off is
//! played as it is.

use serde::{Deserialize, Serialize};

use super::number::{hundredths, quantity};

/// What one platform makes of this master.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlatformFacts {
    /// Its name.
    pub name: String,
    /// Where it brings masters to; `null` where it leaves them.
    pub target_lufs: Option<f64>,
    /// The highest true peak that it advises, or demands.
    pub peak_advice_dbtp: Option<f64>,
    /// Which way it changes levels.
    pub rule: Rule,
    /// Whether it changes what it plays, or takes only what is delivered so.
    pub kind: Kind,
    /// The gain that it plays this master with, or that is missing for delivery.
    pub change_db: f64,
    /// How loud the master is then.
    pub plays_at_lufs: f64,
    /// Its true peak then, before lossy encoding.
    pub peak_dbtp: f64,
    /// The same in words.
    pub text: String,
}

/// Which way a platform changes levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It turns loud masters down, and leaves quiet ones.
    DownOnly,
    /// It turns up too.
    Both,
    /// It leaves all as they are.
    None,
}

/// What a platform does with its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Changes the level while playing.
    Playback,
    /// Expects files at this level.
    Delivery,
}

/// What each platform does to a master. Empty for what has no loudness.
#[must_use]
pub fn platforms(loudness_lufs: f64, true_peak_dbtp: f64) -> Vec<PlatformFacts> {
    if !loudness_lufs.is_finite() || !true_peak_dbtp.is_finite() {
        return Vec::new();
    }
    ALL.iter().map(|platform| platform.treat(loudness_lufs, true_peak_dbtp)).collect()
}

/// One platform's ways.
struct Platform {
    name: &'static str,
    target_lufs: Option<f64>,
    way: Way,
    /// Highest true peak advised.
    peak_dbtp: Option<f64>,
    /// The same for masters louder than the target.
    loud_peak_dbtp: Option<f64>,
}

#[derive(Clone, Copy)]
enum Way {
    Leaves,
    TurnsDown,
    /// Up as far as peaks stay at or below −1 dBTP.
    FillsHeadroom,
    /// Up all the way, with a limiter at −1 dBFS.
    Limits,
    /// Takes what is within so many LU.
    Expects {
        tolerance_lu: f64,
    },
}

/// Up to here headroom is filled.
const HEADROOM_DBTP: f64 = -1.0;

const fn platform(
    name: &'static str,
    target_lufs: Option<f64>,
    way: Way,
    peak_dbtp: Option<f64>,
) -> Platform {
    Platform { name, target_lufs, way, peak_dbtp, loud_peak_dbtp: None }
}

const ALL: [Platform; 12] = [
    Platform {
        loud_peak_dbtp: Some(-2.0),
        ..platform("Spotify", Some(-14.0), Way::FillsHeadroom, Some(-1.0))
    },
    platform("Spotify, set to quiet", Some(-19.0), Way::FillsHeadroom, Some(-1.0)),
    platform("Spotify, set to loud", Some(-11.0), Way::Limits, Some(-1.0)),
    platform("Apple Music", Some(-16.0), Way::FillsHeadroom, Some(-1.0)),
    platform("YouTube", Some(-14.0), Way::TurnsDown, Some(-1.0)),
    platform("Tidal", Some(-14.0), Way::TurnsDown, Some(-1.0)),
    platform("Amazon Music", Some(-14.0), Way::TurnsDown, Some(-2.0)),
    platform("Deezer", Some(-15.0), Way::TurnsDown, Some(-1.0)),
    platform("SoundCloud", None, Way::Leaves, Some(-1.0)),
    platform("Bandcamp", None, Way::Leaves, None),
    platform("Broadcast, EBU R 128", Some(-23.0), Way::Expects { tolerance_lu: 0.5 }, Some(-1.0)),
    platform("Apple Podcasts", Some(-16.0), Way::Expects { tolerance_lu: 1.0 }, Some(-1.0)),
];

impl Platform {
    fn treat(&self, loudness_lufs: f64, true_peak_dbtp: f64) -> PlatformFacts {
        let wanted_db = self.target_lufs.map_or(0.0, |target| target - loudness_lufs);
        let headroom_db = (HEADROOM_DBTP - true_peak_dbtp).max(0.0);
        let change_db = hundredths(match self.way {
            Way::Leaves => 0.0,
            Way::TurnsDown => wanted_db.min(0.0),
            Way::FillsHeadroom => wanted_db.min(headroom_db),
            Way::Limits => wanted_db,
            Way::Expects { tolerance_lu } if wanted_db.abs() <= tolerance_lu => 0.0,
            Way::Expects { .. } => wanted_db,
        });
        let mut peak_dbtp = true_peak_dbtp + change_db;
        if matches!(self.way, Way::Limits) && change_db > 0.0 {
            peak_dbtp = peak_dbtp.min(HEADROOM_DBTP.max(true_peak_dbtp));
        }
        let advice = self.loud_peak_dbtp.filter(|_| wanted_db < -0.05).or(self.peak_dbtp);
        let mut text = self.words(change_db, wanted_db);
        // At delivery the peak counts as delivered; a player turns it down only after it was encoded.
        let counted_dbtp = if matches!(self.way, Way::Expects { .. }) { peak_dbtp } else { true_peak_dbtp };
        if let Some(advice) = advice.filter(|advice| counted_dbtp > advice + 0.05) {
            text = format!(
                "{text} The peaks are {} above the {} that {}.",
                quantity(counted_dbtp - advice, "dB"),
                quantity(advice, "dBTP"),
                if matches!(self.way, Way::Expects { .. }) { "are allowed" } else { "are advised here" }
            );
        }
        PlatformFacts {
            name: self.name.to_owned(),
            target_lufs: self.target_lufs,
            peak_advice_dbtp: advice,
            rule: match self.way {
                Way::Leaves => Rule::None,
                Way::TurnsDown => Rule::DownOnly,
                _ => Rule::Both,
            },
            kind: if matches!(self.way, Way::Expects { .. }) { Kind::Delivery } else { Kind::Playback },
            change_db,
            plays_at_lufs: hundredths(loudness_lufs + change_db),
            peak_dbtp: hundredths(peak_dbtp),
            text,
        }
    }

    fn words(&self, change_db: f64, wanted_db: f64) -> String {
        let Some(target) = self.target_lufs.map(|lufs| quantity(lufs, "LUFS")) else {
            return "Played as it is.".to_owned();
        };
        let by = quantity(change_db.abs(), "dB");
        let left = quantity(wanted_db - change_db, "dB");
        let is_small = |db: f64| db.abs() < 0.05;
        match self.way {
            Way::Leaves => "Played as it is.".to_owned(),
            Way::Expects { .. } if is_small(change_db) => "Can be delivered as it is.".to_owned(),
            Way::Expects { .. } if change_db < 0.0 => format!("To be turned down {by} before delivery."),
            Way::Expects { .. } => format!("{by} too quiet for delivery."),
            _ if is_small(wanted_db) => "Played as it is: it is right at the level used here.".to_owned(),
            _ if change_db <= -0.05 => {
                format!("Turned down {by}: nothing is gained by more than {target} here.")
            }
            Way::TurnsDown => {
                format!("Played as it is, {left} under {target}: quiet masters are not turned up.")
            }
            Way::Limits => format!("Turned up {by}; a limiter of theirs holds the peaks."),
            Way::FillsHeadroom if is_small(change_db) => {
                format!("Played as it is, {left} under {target}: its peaks leave no room to turn it up.")
            }
            Way::FillsHeadroom if is_small(wanted_db - change_db) => format!("Turned up {by}."),
            Way::FillsHeadroom => {
                format!("Turned up {by}, as far as its peaks allow; it stays {left} under {target}.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, loudness_lufs: f64, true_peak_dbtp: f64) -> PlatformFacts {
        let mut all = platforms(loudness_lufs, true_peak_dbtp).into_iter();
        all.find(|platform| platform.name == name).unwrap()
    }

    #[test]
    fn loud_masters_come_down_to_each_target_and_no_further() {
        for platform in platforms(-9.0, -1.0) {
            let wanted = platform.target_lufs.map_or(0.0, |target| target + 9.0);
            assert_eq!(platform.change_db, wanted, "{platform:?}");
            assert_eq!(platform.plays_at_lufs, -9.0 + wanted);
            assert_eq!(platform.peak_dbtp, -1.0 + wanted);
        }
        let youtube = of("YouTube", -9.0, -1.0).text;
        assert_eq!(
            youtube,
            "Turned down 5.0\u{2009}dB: nothing is gained by more than −14.0\u{2009}LUFS here."
        );
    }

    #[test]
    fn quiet_masters_are_raised_only_where_and_as_far_as_that_is_done() {
        // Spotify's own example: −20 LUFS with peaks at −5 dBTP is lifted to −16.
        let spotify = of("Spotify", -20.0, -5.0);
        assert_eq!((spotify.change_db, spotify.plays_at_lufs, spotify.peak_dbtp), (4.0, -16.0, -1.0));
        assert!(spotify.text.contains("stays 2.0\u{2009}dB under"), "{}", spotify.text);
        assert_eq!(of("Apple Music", -20.0, -5.0).change_db, 4.0);
        assert_eq!(of("Apple Music", -20.0, -5.0).text, "Turned up 4.0\u{2009}dB.");
        assert_eq!(of("Apple Music", -20.0, -0.5).change_db, 0.0, "no headroom, no gain");
        assert_eq!(of("Spotify, set to loud", -20.0, -5.0).plays_at_lufs, -11.0);
        assert_eq!(of("Spotify, set to loud", -20.0, -5.0).peak_dbtp, -1.0);
        for name in ["YouTube", "Tidal", "Amazon Music", "Deezer", "SoundCloud", "Bandcamp"] {
            assert_eq!(of(name, -20.0, -5.0).change_db, 0.0, "{name}");
        }
    }

    #[test]
    fn advice_on_peaks_follows_the_loudness() {
        assert_eq!(of("Spotify", -14.0, -1.0).peak_advice_dbtp, Some(-1.0));
        assert!(!of("Spotify", -14.0, -1.0).text.contains("advised"));
        assert_eq!(of("Spotify", -10.0, -1.0).peak_advice_dbtp, Some(-2.0));
        assert!(of("Spotify", -10.0, -1.0).text.contains("1.0\u{2009}dB above the −2.0\u{2009}dBTP"));
    }

    #[test]
    fn deliveries_have_tolerances() {
        let name = "Broadcast, EBU R 128";
        assert_eq!((of(name, -23.4, -3.0).change_db, of(name, -23.6, -3.0).change_db), (0.0, 0.6));
        assert_eq!(of(name, -23.4, -3.0).text, "Can be delivered as it is.");
        assert_eq!(of(name, -14.0, -1.0).text, "To be turned down 9.0\u{2009}dB before delivery.");
        assert_eq!(of("Apple Podcasts", -16.9, -1.0).change_db, 0.0);
    }

    #[test]
    fn what_has_no_loudness_is_not_judged() {
        assert!(platforms(f64::NEG_INFINITY, -1.0).is_empty());
    }
}
