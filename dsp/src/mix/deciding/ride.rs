//! The lead vocal rides over the music: lifted where the music drowns it, held back where it sticks out.

use std::f64::consts::PI;

use super::Scene;
use super::balance::hops_of;
use super::rounding::tenths;
use crate::analysis::CONTROL_FRAMES;
use crate::master::choice::Decider;
use crate::mix::listening::activity::{HOPS_PER_SECOND, Hops};
use crate::mix::plan::{RidePoint, StemChoice};
use crate::mix::role::Role;
use crate::mix::track::Track;
use crate::units::{Decibels, SampleRate};

/// How far lead and music may move against each other.
const FREE_LU: f64 = 2.5;
/// How far a ride goes.
const MOST_DB: f64 = 3.0;
/// What loudness is taken over, in hops: 3 s.
const WINDOW: usize = 30;
/// From one point to the next: 1.5 s.
const STEP: usize = 15;
/// Where the lead is so far under its own mean it does not sing.
const SILENT_DB: f64 = -18.0;

/// Decides rides, after the faders.
pub(super) fn decide(tracks: &mut [Track<'_>], scene: &Scene) {
    if scene.strength() == 0.0 {
        return;
    }
    let is_open = |track: &Track<'_>| {
        track.plays()
            && track.plan.role == Role::LeadVocal
            && track.is_free()
            && track.stem.wish.ride.is_none()
    };
    let leads: Vec<usize> = (0..tracks.len()).filter(|&index| is_open(&tracks[index])).collect();
    for index in leads {
        let Some(lead) = at_fader(&tracks[index]) else { continue };
        let mut rest = Hops(Vec::new());
        let others = tracks.iter().filter(|track| track.plan.role != Role::LeadVocal);
        others.filter_map(at_fader).for_each(|hops| rest.add(&hops, 1.0));
        let ride = ride(&lead.0, &rest.0, scene.strength().min(1.5));
        write(&mut tracks[index], ride);
    }
}

/// Takes the ride that is wished.
pub(super) fn wished(track: &mut Track<'_>) {
    let Some(ride) = track.stem.wish.ride.clone() else { return };
    if !ride.is_empty() {
        track.choose(StemChoice::wished("ride", Some(ride.len() as f64), "points"));
    }
    take(track, ride);
}

fn write(track: &mut Track<'_>, ride: Vec<RidePoint>) {
    const WHAT: &str = "ride";
    let range = ride.iter().fold((0.0f64, 0.0f64), |range, point| {
        (range.0.min(point.gain.value()), range.1.max(point.gain.value()))
    });
    if range == (0.0, 0.0) {
        let reason =
            format!("it stays within {FREE_LU:.1}\u{2009}LU of where it usually is against the music");
        track.choose(StemChoice::off(WHAT, Decider::Engine, reason));
        return;
    }
    let reason = format!(
        "over 3\u{2009}s it moves more than {FREE_LU:.1}\u{2009}LU against the music: it is held back by up to \
         {:.1}\u{2009}dB and lifted by up to {:.1}\u{2009}dB",
        -range.0, range.1
    );
    track.choose(StemChoice::new(WHAT, ride.len() as f64, "points", Decider::Engine, reason));
    take(track, ride);
}

fn take(track: &mut Track<'_>, ride: Vec<RidePoint>) {
    if let Some(rehearsed) = track.rehearsed.as_mut().filter(|_| !ride.is_empty()) {
        rehearsed.times(curve(&ride, rehearsed.energies.len(), rehearsed.rate));
    }
    track.plan.ride = ride;
}

fn at_fader(track: &Track<'_>) -> Option<Hops> {
    let mut hops = hops_of(track)?;
    let power = track.plan.fader.amplitude().powi(2);
    hops.0.iter_mut().for_each(|hop| *hop *= power);
    Some(hops)
}

/// The ride of a lead over the rest, from their powers.
fn ride(lead: &[f64], rest: &[f64], strength: f64) -> Vec<RidePoint> {
    let sings = lead.iter().filter(|power| **power > 0.0);
    let (sum, count) = sings.fold((0.0, 0usize), |(sum, count), power| (sum + power, count + 1));
    let floor = sum / count.max(1) as f64 * 10f64.powf(SILENT_DB / 10.0);
    let around = |powers: &[f64], middle: usize, only: &dyn Fn(usize) -> bool| {
        let from = middle.saturating_sub(WINDOW / 2).min(powers.len());
        let to = (middle + WINDOW / 2).min(powers.len());
        let there = (from..to).filter(|&hop| only(hop));
        there.fold((0.0, 0usize), |(sum, count), hop| (sum + powers[hop], count + 1))
    };
    let sings = |hop: usize| lead.get(hop).is_some_and(|power| *power > floor);
    // Where the lead sings in a third of the time around at least, how far it is over the rest meanwhile.
    let over = |middle: usize| {
        let (sung, count) = around(lead, middle, &sings);
        let (beside, _) = around(rest, middle, &sings);
        (count >= WINDOW / 3 && beside > 0.0).then(|| 10.0 * (sung / beside).log10())
    };
    let points: Vec<(usize, Option<f64>)> = (0..lead.len()).step_by(STEP).map(|at| (at, over(at))).collect();
    let mut known: Vec<f64> = points.iter().filter_map(|(_, over)| *over).collect();
    if known.is_empty() {
        return Vec::new();
    }
    known.sort_by(f64::total_cmp);
    let usual = known[known.len() / 2];
    let gain = |over: f64| {
        let away = over - usual;
        let beyond = away.signum() * (away.abs() - FREE_LU).max(0.0);
        tenths((-beyond * strength.min(1.0)).clamp(-MOST_DB, MOST_DB))
    };
    let gains: Vec<(f64, f64)> =
        points.iter().map(|(at, over)| (*at as f64 / HOPS_PER_SECOND, over.map_or(0.0, gain))).collect();
    thinned(&gains)
}

/// Points in a row with the same gain are told by the first and the last of them.
fn thinned(points: &[(f64, f64)]) -> Vec<RidePoint> {
    if points.iter().all(|(_, gain)| *gain == 0.0) {
        return Vec::new();
    }
    let same = |a: usize, b: usize| points.get(a).zip(points.get(b)).is_some_and(|(a, b)| a.1 == b.1);
    let needed = |&index: &usize| index == 0 || !same(index - 1, index) || !same(index, index + 1);
    let point = |index: usize| RidePoint {
        seconds: tenths(points[index].0),
        gain: Decibels::literal(points[index].1),
    };
    (0..points.len()).filter(needed).map(point).collect()
}

/// Gains at the control rate: half a cosine from one point to the next, in dB.
fn curve(ride: &[RidePoint], runs: usize, rate: SampleRate) -> Vec<f32> {
    let mut next = 0;
    let gain = |run: usize| {
        let seconds = rate.seconds(run * CONTROL_FRAMES + CONTROL_FRAMES / 2);
        while next < ride.len() && ride[next].seconds <= seconds {
            next += 1;
        }
        let before = &ride[next.saturating_sub(1)];
        let after = &ride[next.min(ride.len() - 1)];
        let distance = after.seconds - before.seconds;
        let share = if distance > 0.0 { (seconds - before.seconds) / distance } else { 0.0 };
        let bend = 0.5 - 0.5 * (PI * share).cos();
        let gain_db = before.gain.value() + bend * (after.gain.value() - before.gain.value());
        Decibels::literal(gain_db).amplitude() as f32
    };
    (0..runs).map(gain).collect()
}
