//! Cuts where a stem hides a more important one.

use super::Scene;
use super::balance;
use super::rounding::{frequency, tenths};
use crate::bands::{PerBand, centre};
use crate::master::choice::Decider;
use crate::mix::masking::{Hearing, Hidden, Voice, examine};
use crate::mix::plan::{EqBand, EqShape, StemChoice, StemPlan};
use crate::mix::role::{Group, Role};
use crate::mix::strip::filters;
use crate::mix::track::Track;
use crate::parts::biquad::Biquad;
use crate::units::{Decibels, Hertz, SampleRate};

/// Each dB by which a stem hides others, weighed by their importance, is answered by so much.
const ANSWER: f64 = 0.7;
/// More would thin a stem out.
const CUT_MAX_DB: f64 = 3.0;
/// Less changes nothing.
const CUT_MIN_DB: f64 = 1.0;
/// Cuts of a stem.
const CUTS_MAX: usize = 2;

/// Adds cuts to the equalisers that the engine decides.
pub(super) fn decide(tracks: &mut [Track<'_>], scene: &Scene) {
    if scene.strength() == 0.0 || !tracks.iter().any(is_open) {
        return;
    }
    let hearing = Hearing::new();
    let faders = balance::first_faders(tracks);
    let playing: Vec<usize> = (0..tracks.len()).filter(|&index| tracks[index].heard.is_some()).collect();
    let hidden = {
        let voice = |&index: &usize| voice(&tracks[index], &tracks[index].plan, faders[index]);
        let voices: Vec<Voice<'_>> = playing.iter().filter_map(voice).collect();
        examine(&voices, &hearing)
    };
    for (index, blame) in playing.into_iter().zip(&hidden.blame) {
        if is_open(&tracks[index]) {
            cut(&mut tracks[index], blame, &hearing, scene);
        }
    }
}

/// A stem in the mix at a fader.
pub(in crate::mix) fn voice<'a>(track: &'a Track<'_>, plan: &StemPlan, fader_db: f64) -> Option<Voice<'a>> {
    let heard = track.heard.as_ref().filter(|_| track.plays())?;
    let rate = heard.spectra.rate;
    let sections = filters::sections(plan, rate);
    let fader = 10f64.powf(fader_db / 10.0);
    let powers: PerBand = std::array::from_fn(|band| {
        fader * filters::power_at(&sections, below_nyquist(centre(band), rate), rate)
    });
    let gains = track.rehearsed.as_ref().and_then(|rehearsed| rehearsed.gains.as_deref());
    Some(Voice { role: track.plan.role, spectra: &heard.spectra, powers, gains })
}

fn below_nyquist(frequency: Hertz, rate: SampleRate) -> Hertz {
    Hertz::literal(frequency.value().min(0.49 * rate.as_f64()))
}

/// Whether its equaliser is the engine's to decide.
fn is_open(track: &Track<'_>) -> bool {
    track.plays() && track.is_free() && track.stem.wish.eq.is_none()
}

fn cut(track: &mut Track<'_>, blame: &[f64], hearing: &Hearing, scene: &Scene) {
    let Some(heard) = &track.heard else { return };
    let rate = heard.spectra.rate;
    let answer =
        |excess: f64| (ANSWER * scene.strength() * excess).min(CUT_MAX_DB * scene.strength().min(1.2));
    let smooth = |band: usize| {
        let beside = [band.saturating_sub(1), band, (band + 1).min(blame.len() - 1)];
        beside.iter().map(|&b| blame[b]).sum::<f64>() / 3.0
    };
    // What was cut for other reasons counts.
    let sections = filters::sections(&StemPlan { high_pass: None, ..track.plan.clone() }, rate);
    let cut_already = |band: usize| {
        10.0 * filters::power_at(&sections, below_nyquist(hearing.centres[band], rate), rate).log10()
    };
    let mut wanted: Vec<f64> =
        (0..blame.len()).map(|band| answer(smooth(band)) + cut_already(band).min(0.0)).collect();
    for _ in 0..CUTS_MAX {
        let Some(peak) = (0..wanted.len()).max_by(|a, b| wanted[*a].total_cmp(&wanted[*b])) else { return };
        let depth = wanted[peak];
        if depth < CUT_MIN_DB || track.plan.eq.len() >= StemPlan::EQ_BANDS_MAX {
            return;
        }
        // As wide as what is at least half as deep.
        let low = (0..peak).rev().take_while(|&band| wanted[band] > 0.5 * depth).last().unwrap_or(peak);
        let high = (peak..wanted.len()).take_while(|&band| wanted[band] > 0.5 * depth).last().unwrap_or(peak);
        let (from, to) = (hearing.centres[low].value(), hearing.centres[high].value() * 1.12);
        let middle = frequency((from * to).sqrt());
        let q = tenths((middle / (to - from)).clamp(0.7, 3.0));
        let gain = Decibels::literal(-tenths(depth));
        let band = EqBand { shape: EqShape::Bell, frequency: Hertz::literal(middle), gain, q };
        let section = Biquad::bell(band.frequency, band.gain, band.q, rate);
        for (wanted, centre) in wanted.iter_mut().zip(&hearing.centres) {
            *wanted += 10.0 * section.power_at(below_nyquist(*centre, rate), rate).log10();
        }
        track.plan.eq.push(band);
        let reason = format!(
            "there it hides stems that matter more by {:.1}\u{2009}dB, weighed by how much they matter",
            blame[low..=high].iter().sum::<f64>() / (high + 1 - low) as f64
        );
        let what = format!("cut at {middle:.0}\u{2009}Hz");
        track.choose(StemChoice::new(what, gain.value(), "dB", Decider::Engine, reason));
    }
}

/// By how much all others lie over the lead vocals where they are understood, at the faders; 0 without a lead.
pub(super) fn lead_hidden_db(tracks: &[Track<'_>]) -> f64 {
    let of = |track: &Track<'_>| track.plan.role == Role::LeadVocal;
    let voice = |track| voice(track, &track.plan, track.plan.fader.value());
    let leads: Vec<Voice<'_>> = tracks.iter().filter(|track| of(track)).filter_map(voice).collect();
    if leads.is_empty() {
        return 0.0;
    }
    // As if nobody else had to be heard.
    let others = tracks.iter().filter(|track| !of(track) && track.plan.role.group() == Group::Music);
    let others = others.filter_map(voice).map(|voice| Voice { role: Role::Other, ..voice });
    examine(&leads.into_iter().chain(others).collect::<Vec<_>>(), &Hearing::new()).index
}

/// How much the stems hide each other, as they came at the faders of the mix, and as they are in it.
pub(in crate::mix) fn before_and_after(tracks: &[Track<'_>], hearing: &Hearing) -> (Hidden, Hidden) {
    let as_it_came = |track: &Track<'_>| StemPlan { high_pass: None, eq: Vec::new(), ..track.plan.clone() };
    let before: Vec<Voice<'_>> = tracks
        .iter()
        .filter_map(|track| {
            let voice = voice(track, &as_it_came(track), track.plan.fader.value())?;
            Some(Voice { gains: None, ..voice })
        })
        .collect();
    let after: Vec<Voice<'_>> =
        tracks.iter().filter_map(|track| voice(track, &track.plan, track.plan.fader.value())).collect();
    (examine(&before, hearing), examine(&after, hearing))
}
