//! Faders: every stem as loud as its role is in a mix.
//!
//! Loudness is that of BS.1770 over the moments in which the stem itself plays. A fader moves all of a stem, so what
//! the stems' loudnesses are to each other does not depend on the mix's: one gain for all brings the sum where it
//! belongs. The lead vocal alone is set against what the others sum up to while it sings.

use super::Scene;
use super::rounding::tenths;
use super::targets::{LEAD_UNDER_REST_LU, Target, is_struck};
use crate::analysis::CONTROL_FRAMES;
use crate::bands::{BANDS, centre};
use crate::master::choice::Decider;
use crate::mix::listening::Spectra;
use crate::mix::listening::activity::{Hops, gate, gated, loudness};
use crate::mix::plan::{StemChoice, StemPlan};
use crate::mix::role::Role;
use crate::mix::strip::filters;
use crate::mix::strip::place::image_after;
use crate::mix::track::{Shape, Track};
use crate::parts::biquad::Biquad;
use crate::units::{Decibels, Lu, Lufs};

/// How far a fader goes up or down from where the mean of all stands.
const FADER_MAX_DB: f64 = 30.0;
/// Where the mix comes out: room for a mastering engineer.
const MIX: Lufs = Lufs::literal(-18.0);
/// Stems whose loudnesses lie so close to what is usual (one standard deviation) were balanced by somebody.
const BALANCED_LU: f64 = 3.5;
/// So far from it they were not.
const RAW_LU: f64 = 5.0;
/// So little of a balance is not spoken of.
const WORTH_A_WORD: f64 = 0.005;
/// Of a balance that somebody made, so much of the distance to what is usual is gone.
const OF_A_BALANCE: f64 = 0.35;

/// What a fader is set by.
struct Standing {
    index: usize,
    /// What its role is measured by: its hits, or all its moments.
    measured: Lufs,
    hops: Hops,
    /// Where its role is, relative to the mix.
    usual_lu: f64,
    /// Where the fader goes.
    fader_db: f64,
}

/// Decides the faders.
pub(super) fn decide(tracks: &mut [Track<'_>]) {
    let others = sustained(tracks);
    let mut standings: Vec<Standing> =
        tracks.iter().enumerate().filter_map(|(index, track)| Standing::of(index, track, others)).collect();
    let kept = usual(tracks, &mut standings);
    for standing in &mut standings {
        standing.lose(equalised(&tracks[standing.index]));
    }
    let mix = sum(&standings, |_| true).and_then(|hops| gated(&hops));
    for standing in standings {
        let track = &mut tracks[standing.index];
        let Some(own) = gated(&standing.hops) else { continue };
        track.aim = mix.map(|mix| Lu::literal(own.value() + standing.fader_db - mix.value()));
        set(track, &standing, kept);
    }
}

impl Standing {
    fn of(index: usize, track: &Track<'_>, sustained: usize) -> Option<Self> {
        let mut hops = hops_of(track)?;
        // What an equaliser takes away to make room is not given back by the fader.
        let kept = equalised(track);
        hops.0.iter_mut().for_each(|power| *power /= kept);
        Self::with(index, track, hops, sustained)
    }

    /// Takes away what the equaliser does not keep.
    fn lose(&mut self, kept: f64) {
        self.hops.0.iter_mut().for_each(|power| *power *= kept);
    }

    /// With loudness over time as it is given.
    fn with(index: usize, track: &Track<'_>, hops: Hops, sustained: usize) -> Option<Self> {
        let role = track.plan.role;
        let own = gated(&hops)?;
        let measured = if is_struck(role) { hits(&hops) } else { own };
        let heard = track.heard.as_ref()?;
        // As if one channel stood in the middle: there its peak is 3 dB lower. One that came twice is one.
        let channels_db = if track.is_mono() { 3.01 } else { 0.0 };
        let peak_db = 20.0 * f64::from(heard.peak).log10() - heard.loudness?.value() - channels_db;
        let usual_lu = Target::of(role).level_for(role, peak_db, heard.spectra.centre().value(), sustained);
        Some(Self { index, measured, hops, usual_lu, fader_db: usual_lu - measured.value() })
    }
}

/// How many stems play that are not struck.
fn sustained(tracks: &[Track<'_>]) -> usize {
    tracks.iter().filter(|track| track.plays() && !is_struck(track.plan.role)).count()
}

/// What the equaliser leaves of a stem's K-weighted power.
fn equalised(track: &Track<'_>) -> f64 {
    let Some(heard) = track.heard.as_ref().filter(|_| !track.plan.eq.is_empty()) else { return 1.0 };
    let rate = heard.spectra.rate;
    let without = filters::sections(&StemPlan { eq: Vec::new(), ..track.plan.clone() }, rate);
    let with = filters::sections(&track.plan, rate);
    let (mean, weights) = (heard.spectra.mean(), Spectra::weights(rate));
    let power = |sections: &[Biquad]| -> f64 {
        let weighed = (0..BANDS).filter(|band| weights[*band] > 0.0);
        weighed.map(|band| mean[band] * weights[band] * filters::power_at(sections, centre(band), rate)).sum()
    };
    let (before, after) = (power(&without), power(&with));
    if before > 0.0 && after > 0.0 { after / before } else { 1.0 }
}

/// Where faders are before anything is decided about the sound, in dB; what is wished is there already.
pub(super) fn first_faders(tracks: &[Track<'_>]) -> Vec<f64> {
    let others = sustained(tracks);
    let first = |(index, track): (usize, &Track<'_>)| {
        let heard = track.heard.as_ref().filter(|_| track.plays())?;
        Standing::with(index, track, Hops(heard.hops.0.clone()), others)
    };
    let mut standings: Vec<Standing> = tracks.iter().enumerate().filter_map(first).collect();
    usual(tracks, &mut standings);
    let mut faders = vec![0.0; tracks.len()];
    for standing in standings {
        let wish = &tracks[standing.index].stem.wish;
        let trim = wish.trim.map_or(0.0, Decibels::value);
        faders[standing.index] = wish.fader.map_or(standing.fader_db + trim, Decibels::value);
    }
    faders
}

/// Sets all faders to what is usual, around 0 dB; answers how much of the distance was left as it came, 0 to 1.
fn usual(tracks: &[Track<'_>], standings: &mut [Standing]) -> f64 {
    let is_lead = |standing: &Standing| tracks[standing.index].plan.role == Role::LeadVocal;
    if let Some(lead_db) = lead_against_rest(standings, is_lead) {
        standings.iter_mut().filter(|standing| is_lead(standing)).for_each(|lead| lead.fader_db += lead_db);
    }
    let count = standings.len().max(1) as f64;
    let middle = standings.iter().map(|standing| standing.fader_db).sum::<f64>() / count;
    standings.iter_mut().for_each(|standing| standing.fader_db -= middle);
    let spread = (standings.iter().map(|standing| standing.fader_db.powi(2)).sum::<f64>() / count).sqrt();
    let kept = ((RAW_LU - spread) / (RAW_LU - BALANCED_LU)).clamp(0.0, 1.0) * (1.0 - OF_A_BALANCE);
    for standing in standings {
        standing.fader_db = (standing.fader_db * (1.0 - kept)).clamp(-FADER_MAX_DB, FADER_MAX_DB);
    }
    kept
}

/// What brings the lead to its place against the rest; none without a lead or a rest.
fn lead_against_rest(standings: &[Standing], is_lead: impl Fn(&Standing) -> bool) -> Option<f64> {
    let lead = sum(standings, &is_lead)?.blocks();
    let rest = sum(standings, |standing| !is_lead(standing))?.blocks();
    let gate = gate(&lead)?;
    let sung = lead.iter().enumerate().filter(|(_, power)| **power > gate);
    let sums = sung.fold((0.0, 0.0), |sums, (block, power)| {
        (sums.0 + power, sums.1 + rest.get(block).copied().unwrap_or(0.0))
    });
    let over_db = 10.0 * (sums.0 / sums.1).log10();
    over_db.is_finite().then_some(-LEAD_UNDER_REST_LU - over_db)
}

/// Powers of all that `counts`, at their faders, as if no stem had anything in common with another.
fn sum(standings: &[Standing], counts: impl Fn(&Standing) -> bool) -> Option<Hops> {
    let mut sum: Option<Hops> = None;
    for standing in standings.iter().filter(|standing| counts(standing)) {
        let sum = sum.get_or_insert_with(|| Hops(Vec::new()));
        let power = 10f64.powf(standing.fader_db / 10.0);
        sum.add(&standing.hops, power);
    }
    sum
}

/// Writes the fader into the plan, unless another was wished.
fn set(track: &mut Track<'_>, standing: &Standing, kept: f64) {
    const WHAT: &str = "fader";
    let wish = &track.stem.wish;
    if let Some(fader) = wish.fader {
        track.plan.fader = fader;
        track.choose(StemChoice::wished(WHAT, Some(fader.value()), "dB"));
        return;
    }
    let trim = wish.trim.filter(|trim| *trim != Decibels::ZERO);
    let fader = tenths(standing.fader_db + trim.map_or(0.0, Decibels::value));
    track.plan.fader = Decibels::literal(fader);
    let said = track.plan.role.said();
    let measured = if is_struck(track.plan.role) { "its hits are at" } else { "it is at" };
    let mut reason = format!(
        "{measured} {:.1}; {said} of this kind is usually {:.1} under the mix",
        standing.measured,
        Lu::literal(-standing.usual_lu),
    );
    if track.plan.role == Role::LeadVocal {
        reason += &format!(", and {LEAD_UNDER_REST_LU:.1}\u{2009}LU under all the others while it sings");
    }
    if kept >= WORTH_A_WORD {
        reason +=
            &format!("; the stems came balanced, so {:.0}\u{2009}% of their own balance stays", kept * 100.0);
    }
    if let Some(trim) = trim {
        reason += &format!("; {trim:.1} were added as asked for");
    }
    track.choose(StemChoice::new(WHAT, fader, "dB", Decider::Engine, reason));
}

/// The loudest fifth of the moments in which something sounds (within 30 dB of the loudest).
fn hits(hops: &Hops) -> Lufs {
    let loudest = hops.0.iter().copied().fold(0.0, f64::max);
    let mut sounding: Vec<f64> = hops.0.iter().copied().filter(|power| *power > loudest * 1e-3).collect();
    sounding.sort_by(|a, b| b.total_cmp(a));
    sounding.truncate((sounding.len() / 5).max(1));
    loudness(sounding.iter().sum::<f64>() / sounding.len() as f64)
}

/// Powers of every 100 ms with the fader at 0 dB, after dynamics, width and pan.
pub(super) fn hops_of(track: &Track<'_>) -> Option<Hops> {
    let rehearsed = track.rehearsed.as_ref().filter(|_| track.plays())?;
    let mut hops = Hops::of_runs(&rehearsed.energies_after(), CONTROL_FRAMES, rehearsed.rate);
    let before = rehearsed.image;
    let after = image_after(before, track.plan.pan, track.plan.width, track.shape);
    // Of one channel both sides hold the same; it counts once.
    let channels = if track.is_mono() { 2.0 } else { 1.0 };
    let kept = channels * (after.left + after.right) / (before.left + before.right).max(1e-30);
    if (kept - 1.0).abs() > 1e-9 {
        hops.0.iter_mut().for_each(|power| *power *= kept);
    }
    Some(hops)
}

/// Loudness of a stem as its file has it.
pub(in crate::mix) fn loudness_before(track: &Track<'_>) -> Option<Lufs> {
    let twice = if track.shape == Shape::Twin { 10.0 * 2f64.log10() } else { 0.0 };
    Some(track.heard.as_ref()?.loudness? + Decibels::literal(twice))
}

/// Loudness of what a stem adds to the mix.
pub(in crate::mix) fn loudness_after(track: &Track<'_>, mix_gain: Decibels) -> Option<Lufs> {
    Some(gated(&hops_of(track)?)? + track.plan.fader + mix_gain)
}

/// The gain that brings the sum to [`MIX`], as if no stem had anything in common with another.
pub(super) fn mix_gain(tracks: &[Track<'_>], scene: &Scene, choices: &mut Vec<StemChoice>) -> Decibels {
    const WHAT: &str = "mix gain";
    if let Some(gain) = scene.wish.mix_gain {
        choices.push(StemChoice::wished(WHAT, Some(gain.value()), "dB"));
        return gain;
    }
    let mut sum = Hops(Vec::new());
    for track in tracks {
        let Some(hops) = hops_of(track) else { continue };
        sum.add(&hops, track.plan.fader.amplitude().powi(2));
    }
    let Some(loudness) = gated(&sum) else { return Decibels::ZERO };
    let gain = tenths((MIX - loudness).value());
    let reason = format!("the stems add up to {loudness:.1}; {MIX:.0} leaves room for mastering");
    choices.push(StemChoice::new(WHAT, gain, "dB", Decider::Engine, reason));
    Decibels::literal(gain)
}
