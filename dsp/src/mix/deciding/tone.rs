//! What is wrong with the tone of a stem by itself: resonances that ring whatever is played, and voices that are
//! boomy, dull or shrill.

use super::Scene;
use super::rounding::{frequency, tenths};
use crate::bands::{BANDS, centre};
use crate::master::choice::Decider;
use crate::mix::listening::Spectra;
use crate::mix::plan::{EqBand, EqShape, StemChoice};
use crate::mix::role::Role;
use crate::mix::track::Track;
use crate::units::{Decibels, Hertz};

/// A band rings if it stands so far above the octave around it,
const RINGS_DB: f64 = 9.0;
/// in so much of the time.
const RINGS_SHARE: f64 = 0.5;
/// Of what stands out, so much is cut.
const OF_RINGING: f64 = 0.5;
const RINGING_MAX_DB: f64 = 5.0;
const RESONANCES_MAX: usize = 2;
/// Where resonances are looked for: below, notes are.
const RINGS_HZ: std::ops::Range<f64> = 250.0..6000.0;
const RESONANCE_Q: f64 = 6.0;
/// Less is not worth a filter.
const LEAST_DB: f64 = 0.7;

/// What of a voice is judged: one range against another.
struct Trait {
    what: &'static str,
    range: std::ops::Range<f64>,
    against: std::ops::Range<f64>,
    /// The mean level per sixth of an octave of one over the other, in dB (the long-term average spectrum of speech,
    /// Byrne and others 1994), and how far from it is fine.
    usual_db: f64,
    tolerance_db: f64,
    band: (EqShape, f64, f64),
    cut_max_db: f64,
    boost_max_db: f64,
}

const VOICE: [Trait; 2] = [
    Trait {
        what: "body",
        range: 180.0..400.0,
        against: 400.0..1200.0,
        usual_db: 2.0,
        tolerance_db: 4.5,
        band: (EqShape::Bell, 280.0, 0.9),
        cut_max_db: 4.0,
        boost_max_db: 0.0,
    },
    Trait {
        what: "presence",
        range: 2000.0..5000.0,
        against: 250.0..1200.0,
        usual_db: -10.0,
        tolerance_db: 5.0,
        band: (EqShape::HighShelf, 2200.0, 0.7),
        cut_max_db: 3.0,
        boost_max_db: 2.5,
    },
];

/// Adds bands to the equaliser that the engine decides.
pub(super) fn decide(track: &mut Track<'_>, scene: &Scene) {
    if scene.strength() == 0.0 || !track.is_free() || track.stem.wish.eq.is_some() {
        return;
    }
    let Some(heard) = &track.heard else { return };
    let active = active(&heard.spectra);
    if active.is_empty() {
        return;
    }
    let levels = levels(&active);
    let mut found = Vec::new();
    if is_played_by_hand(track.plan.role) {
        found.extend(resonances(&active, &levels, scene.strength()));
    }
    if track.is_voice() {
        found.extend(VOICE.iter().filter_map(|law| law.judge(&levels, scene.strength())));
    }
    for (band, choice) in found {
        track.plan.eq.push(band);
        track.choose(choice);
    }
}

/// Sources that a room and a microphone shape: what rings in others was made to.
fn is_played_by_hand(role: Role) -> bool {
    use Role::{AcousticGuitar, BackingVocal, LeadGuitar, LeadVocal, RhythmGuitar};
    matches!(role, LeadVocal | BackingVocal | AcousticGuitar | LeadGuitar | RhythmGuitar)
}

/// The blocks that are not much quieter than their mean.
fn active(spectra: &Spectra) -> Vec<&[f32; BANDS]> {
    let power = |block: &[f32; BANDS]| block.iter().map(|power| f64::from(*power)).sum::<f64>();
    let mean = spectra.blocks.iter().map(power).sum::<f64>() / spectra.blocks.len().max(1) as f64;
    spectra.blocks.iter().filter(|block| power(block) > 0.1 * mean && mean > 0.0).collect()
}

fn levels(blocks: &[&[f32; BANDS]]) -> [f64; BANDS] {
    std::array::from_fn(|band| {
        let sum: f64 = blocks.iter().map(|block| f64::from(block[band])).sum();
        10.0 * (sum / blocks.len() as f64).max(1e-20).log10()
    })
}

/// How far a band stands above the half octaves to either side.
fn stands_out(levels: &[f64; BANDS], band: usize) -> f64 {
    const NEAR: usize = 2;
    const FAR: usize = 4;
    let beside = |band: usize| levels[band.min(BANDS - 1)];
    let below: f64 = (NEAR..=FAR).map(|away| beside(band.saturating_sub(away))).sum();
    let above: f64 = (NEAR..=FAR).map(|away| beside(band + away)).sum();
    levels[band] - (below + above) / (2 * (FAR - NEAR + 1)) as f64
}

fn resonances(blocks: &[&[f32; BANDS]], levels: &[f64; BANDS], strength: f64) -> Vec<(EqBand, StemChoice)> {
    let in_range = (0..BANDS).filter(|band| RINGS_HZ.contains(&centre(*band).value()));
    let mut ringing: Vec<(usize, f64, f64)> = in_range
        .filter_map(|band| {
            let out_db = stands_out(levels, band);
            if out_db < RINGS_DB {
                return None;
            }
            let block_levels =
                |block: &[f32; BANDS]| block.map(|power| 10.0 * f64::from(power.max(1e-20)).log10());
            let often = blocks.iter().filter(|block| stands_out(&block_levels(block), band) > RINGS_DB - 3.0);
            let share = often.count() as f64 / blocks.len() as f64;
            (share > RINGS_SHARE).then_some((band, out_db, share))
        })
        .collect();
    ringing.sort_by(|a, b| b.1.total_cmp(&a.1));
    ringing.truncate(RESONANCES_MAX);
    let band = |(band, out_db, share): (usize, f64, f64)| {
        let cut = (OF_RINGING * (out_db - RINGS_DB + 3.0) * strength).min(RINGING_MAX_DB);
        let middle = frequency(centre(band).value());
        let gain = -tenths(cut);
        let reason = format!(
            "it stands {out_db:.1}\u{2009}dB out of the octave around it in {:.0}\u{2009}% of the time, whatever is \
             played",
            share * 100.0
        );
        let what = format!("resonance at {middle:.0}\u{2009}Hz");
        (
            bell(EqShape::Bell, middle, gain, RESONANCE_Q),
            StemChoice::new(what, gain, "dB", Decider::Engine, reason),
        )
    };
    ringing.into_iter().map(band).filter(|(band, _)| band.gain.value() <= -LEAST_DB).collect()
}

fn bell(shape: EqShape, frequency_hz: f64, gain_db: f64, q: f64) -> EqBand {
    EqBand { shape, frequency: Hertz::literal(frequency_hz), gain: Decibels::literal(gain_db), q }
}

impl Trait {
    fn judge(&self, levels: &[f64; BANDS], strength: f64) -> Option<(EqBand, StemChoice)> {
        let mean = |range: &std::ops::Range<f64>| {
            let bands: Vec<usize> =
                (0..BANDS).filter(|band| range.contains(&centre(*band).value())).collect();
            bands.iter().map(|band| levels[*band]).sum::<f64>() / bands.len() as f64
        };
        let own = mean(&self.range) - mean(&self.against);
        let away = own - self.usual_db;
        let beyond = away.signum() * (away.abs() - self.tolerance_db).max(0.0);
        let gain = tenths((-0.5 * beyond * strength).clamp(-self.cut_max_db, self.boost_max_db));
        if gain.abs() < LEAST_DB {
            return None;
        }
        let (shape, middle, q) = self.band;
        let reason = format!(
            "its level from {:.0} to {:.0}\u{2009}Hz is {:.1}\u{2009}dB {} what voices have against the range from \
             {:.0} to {:.0}\u{2009}Hz, where {:.1}\u{2009}dB are fine",
            self.range.start,
            self.range.end,
            away.abs(),
            if away > 0.0 { "over" } else { "under" },
            self.against.start,
            self.against.end,
            self.tolerance_db,
        );
        let what = format!("{} at {middle:.0}\u{2009}Hz", self.what);
        let choice = StemChoice::new(what, gain, "dB", Decider::Engine, reason);
        Some((bell(shape, middle, gain, q), choice))
    }
}
