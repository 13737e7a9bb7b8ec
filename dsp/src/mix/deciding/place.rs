//! Where stems stand: single channels are spread so that both sides weigh the same; two channels stay as they came.

use super::Scene;
use super::rounding::{hundredths, tenths};
use crate::master::choice::Decider;
use crate::mix::listening::Image;
use crate::mix::plan::StemChoice;
use crate::mix::role::{Role, Side};
use crate::mix::strip::place::image_after;
use crate::mix::track::Track;
use crate::mix::wish::Pan;
use crate::units::Decibels;

/// Nearest to the middle and farthest from it.
const NEAR: f64 = 0.15;
const FAR: f64 = 0.75;
/// Half of a pair.
const PAIR: f64 = 0.8;
/// Where a spectrum's middle lies for the nearest place; farther out by so much for each octave above.
const NEAR_HZ: f64 = 250.0;
const PER_OCTAVE: f64 = 0.2;
/// A mix whose sides differ by less is even.
const EVEN_DB: f64 = 0.3;
/// How far the image of a stem moves to make it even.
const LEAN_MAX: f64 = 0.3;

/// Takes the wishes, and decides the widths: before faders, because a width changes how loud a stem is.
pub(super) fn widths(tracks: &mut [Track<'_>], scene: &Scene) {
    for track in tracks.iter_mut().filter(|track| track.plays()) {
        if let Some(pan) = track.stem.wish.pan {
            track.plan.pan = pan;
            track.choose(StemChoice::wished("pan", Some(pan.value()), ""));
        }
        if let Some(width) = track.stem.wish.width {
            track.plan.width = width;
            track.choose(StemChoice::wished("width", Some(width.value()), "dB"));
        } else if track.is_free() && !track.is_mono() && scene.strength() > 0.0 {
            narrow(track);
        }
    }
}

/// A bass is not wide, and nothing is out of phase with itself.
fn narrow(track: &mut Track<'_>) {
    const NARROWEST_DB: f64 = -12.0;
    const BASS_DB: f64 = -6.0;
    const CORRELATION_MIN: f64 = -0.1;
    let Some(rehearsed) = &track.rehearsed else { return };
    let Image { left, right, product } = rehearsed.image;
    let (mid, side) = (left + right + 2.0 * product, left + right - 2.0 * product);
    let correlation = product / (left * right).sqrt().max(1e-30);
    let is_bass = matches!(track.plan.role, Role::Bass | Role::Sub | Role::Kick);
    let (width, reason) = if correlation < CORRELATION_MIN {
        let even = 10.0 * (mid / side).log10();
        let reason = format!("left and right cancel: their correlation is {correlation:.2}");
        (even.clamp(NARROWEST_DB, 0.0), reason)
    } else if is_bass && side > 0.05 * mid {
        let reason = format!("{} belongs in the middle", track.plan.role.said());
        (BASS_DB, reason)
    } else {
        return;
    };
    let width = tenths(width);
    track.plan.width = Decibels::literal(width);
    track.choose(StemChoice::new("width", width, "dB", Decider::Engine, reason));
}

/// Decides pans, after faders.
pub(super) fn pans(tracks: &mut [Track<'_>]) {
    let powers: Vec<f64> = tracks.iter().map(power).collect();
    let mut sides = Sides::default();
    let mut free = Vec::new();
    for (index, track) in tracks.iter().enumerate().filter(|(_, track)| track.plays()) {
        if track.stem.wish.pan.is_some() || !track.is_mono() || belongs_in_the_middle(track.plan.role) {
            sides.add(energies(track, powers[index], track.plan.pan));
        } else {
            let [left, right] = energies(track, powers[index], Pan::CENTRE);
            free.push((index, left + right));
        }
    }
    // The heaviest first, so that the light ones can make up for them.
    free.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (index, _) in free {
        spread(&mut tracks[index], powers[index], &mut sides);
    }
    even_out(tracks, &powers, sides);
}

fn belongs_in_the_middle(role: Role) -> bool {
    matches!(
        role,
        Role::LeadVocal | Role::Kick | Role::Snare | Role::Bass | Role::Sub | Role::Drums | Role::Other
    )
}

/// Energies of left and right.
#[derive(Clone, Copy, Default)]
struct Sides([f64; 2]);

impl Sides {
    fn add(&mut self, energies: [f64; 2]) {
        self.0.iter_mut().zip(energies).for_each(|(sum, energy)| *sum += energy);
    }

    fn without(mut self, energies: [f64; 2]) -> Self {
        self.0.iter_mut().zip(energies).for_each(|(sum, energy)| *sum -= energy);
        self
    }

    /// Left over right.
    fn difference_db(self) -> f64 {
        10.0 * (self.0[0].max(1e-30) / self.0[1].max(1e-30)).log10()
    }
}

/// Gain of the energy of a stem by its fader and its dynamics.
fn power(track: &Track<'_>) -> f64 {
    let Some(rehearsed) = &track.rehearsed else { return 0.0 };
    // What dynamics do to the energy, as the faders know it.
    let before: f64 = rehearsed.energies.iter().map(|e| f64::from(*e)).sum();
    let after: f64 = rehearsed.energies_after().iter().sum();
    let moved = if before > 0.0 { after / before } else { 1.0 };
    track.plan.fader.amplitude().powi(2) * moved
}

/// What a stem adds to left and right.
fn energies(track: &Track<'_>, power: f64, pan: Pan) -> [f64; 2] {
    let Some(rehearsed) = &track.rehearsed else { return [0.0; 2] };
    let image = image_after(rehearsed.image, pan, track.plan.width, track.shape);
    [image.left * power, image.right * power]
}

/// Puts one channel where it makes the sides more alike.
fn spread(track: &mut Track<'_>, power: f64, sides: &mut Sides) {
    let Some(heard) = &track.heard else { return };
    let centre = heard.spectra.centre();
    let half = track.side.map(|side| if side == Side::Left { -1.0 } else { 1.0 });
    let distance = match half {
        Some(_) => PAIR,
        None => hundredths((NEAR + PER_OCTAVE * (centre.value() / NEAR_HZ).log2()).clamp(NEAR, FAR)),
    };
    let leans_left = sides.difference_db() > 0.0;
    let sign = half.unwrap_or(if leans_left { 1.0 } else { -1.0 });
    let pan = Pan::literal(sign * distance);
    sides.add(energies(track, power, pan));
    track.plan.pan = pan;
    let reason = match half {
        Some(_) => "its name says that it is one side of a pair".to_owned(),
        None => format!(
            "the middle of its spectrum is at {centre:.0}, and the {} side has less without it",
            if sign > 0.0 { "right" } else { "left" }
        ),
    };
    track.choose(StemChoice::new("pan", pan.value(), "", Decider::Engine, reason));
}

/// Moves a few stems a little, as long as the sides differ: always the one that makes them most alike.
fn even_out(tracks: &mut [Track<'_>], powers: &[f64], mut sides: Sides) {
    const STEMS_MAX: usize = 4;
    let mut open: Vec<usize> = (0..tracks.len()).filter(|index| can_move(&tracks[*index])).collect();
    for _ in 0..STEMS_MAX {
        let difference = sides.difference_db();
        if difference.abs() < EVEN_DB {
            return;
        }
        let moved = |index: usize, pan: Pan| {
            let track = &tracks[index];
            let mut sides = sides.without(energies(track, powers[index], track.plan.pan));
            sides.add(energies(track, powers[index], pan));
            sides
        };
        let places =
            open.iter().flat_map(|&index| places(&tracks[index], difference).map(move |pan| (index, pan)));
        let away = |(index, pan): &(usize, Pan)| moved(*index, *pan).difference_db().abs();
        let Some((index, pan)) = places.min_by(|a, b| away(a).total_cmp(&away(b))) else { return };
        if pan == tracks[index].plan.pan {
            return;
        }
        sides = moved(index, pan);
        open.retain(|other| *other != index);
        lean(&mut tracks[index], pan, difference);
    }
}

fn can_move(track: &Track<'_>) -> bool {
    let is_set = track.stem.wish.pan.is_some() || track.side.is_some();
    track.plays() && !is_set && !belongs_in_the_middle(track.plan.role)
}

/// Where a stem may go: one channel nearer or farther on its own side, the image of two a little to the light side.
fn places(track: &Track<'_>, difference_db: f64) -> impl Iterator<Item = Pan> {
    let now = track.plan.pan.value();
    let (from, to) = if track.is_mono() {
        let side = if now < 0.0 { -1.0 } else { 1.0 };
        (side * NEAR, side * FAR)
    } else {
        (now, now + LEAN_MAX * difference_db.signum())
    };
    let steps = ((to - from).abs() * 100.0).round() as u32;
    (0..=steps)
        .map(move |step| Pan::literal(hundredths(from + (to - from).signum() * f64::from(step) / 100.0)))
}

fn lean(track: &mut Track<'_>, pan: Pan, difference_db: f64) {
    track.plan.pan = pan;
    let reason = format!(
        "the {} side of the mix was {:.1}\u{2009}dB stronger; this evens it out best",
        if difference_db > 0.0 { "left" } else { "right" },
        difference_db.abs()
    );
    track.plan.choices.retain(|choice| choice.what != "pan");
    track.choose(StemChoice::new("pan", pan.value(), "", Decider::Engine, reason));
}
