//! High-pass and equaliser.

use super::shape::{Law, Move, Smoothing, legal, moves, smoothed};
use super::{Sound, ToneTarget, hundredths};
use crate::analysis::Features;
use crate::bands::{BANDS, Curve, PerBand, centre, edges};
use crate::effects::multiband::{CROSSOVERS_HZ, band_of};
use crate::master::character::Character;
use crate::master::choice::{Choice, ChoiceStage, Decider};
use crate::master::reference::Aim;
use crate::units::{Dbfs, Decibels, Hertz};

/// Nobody hears what is below, and a limiter would work for it.
const HIGH_PASS: Hertz = Hertz::literal(20.0);
/// As far as the high-pass goes up where there is rumble.
const HIGH_PASS_MAX: Hertz = Hertz::literal(35.0);
/// Rumble: more than this share of the energy below 30 Hz.
const RUMBLE_SHARE: f64 = 0.01;
/// The share of the lowest note at which a high-pass still leaves it alone.
const BELOW_NOTE: f64 = 0.6;
/// As high as the best young ears go.
const AUDIBLE: Hertz = Hertz::literal(19_900.0);
/// No tone above: little is there, and less is heard.
const TOP: Hertz = Hertz::literal(18_000.0);
/// A band that stands less above the noise is not lifted.
const OVER_NOISE_DB: f64 = 25.0;

/// Decides the high-pass and the tone.
pub(super) fn decide(
    features: &Features,
    character: &Character,
    aim: Option<&Aim>,
    strength: f64,
    sound: &mut Sound,
) {
    if character.tone() == 0.0 {
        sound.choices.push(Choice::off(
            ChoiceStage::Tone,
            "tone",
            Decider::User,
            "the amount of tone was set to 0",
        ));
        return;
    }
    high_pass(features, sound);
    low_pass(features, sound);
    let own = &features.spectrum.mid.loud;
    let preset = character.preset();
    let (spectrum, tolerance, share, law) = match aim {
        Some(aim) => {
            let law = if aim.references() > 0 { reference_law(features) } else { album_law(features) };
            (aim.spectrum, aim.tolerance, aim.share(character.tone(), Character::TONE), law)
        }
        None => (preset.spectrum(), preset.tolerance(), character.tone_share(), preset_law(features)),
    };
    let target = ToneTarget { level: aligned(&spectrum, own), tolerance };
    let wish = beyond_tolerance(own, &target, law.smoothing);
    let shift = aim.map_or([0.0; BANDS], |aim| aim.shift);
    let wish = std::array::from_fn(|band| (wish[band] * share + shift[band]) * strength);
    let wish = without_noise(features, wish);
    let curve = legal(&wish, &law);
    sound.chain.tone = curve;
    if let Some(aim) = aim.filter(|aim| aim.references() > 0) {
        warn_of_another_kind(&curve, own, &target, aim, sound);
    }
    tell(&curve, own, &target, aim, sound);
    sound.target = Some(target);
}

fn high_pass(features: &Features, sound: &mut Sound) {
    let share = features.low_end.below_30_hz_share;
    let note = features.low_end.lowest_note;
    let raised = note.map(|note| (note.value() * BELOW_NOTE).clamp(HIGH_PASS.value(), HIGH_PASS_MAX.value()));
    let (corner, reason) = match (share > RUMBLE_SHARE, raised, note) {
        (true, Some(raised), Some(note)) => (
            raised.round(),
            format!(
                "{:.1}\u{2009}% of the energy is below 30\u{2009}Hz, and the lowest note is at {note:.0}",
                share * 100.0
            ),
        ),
        _ => {
            (HIGH_PASS.value(), "what is below cannot be heard, and would only drive the limiter".to_owned())
        }
    };
    sound.chain.high_pass = Some(Hertz::literal(corner));
    sound.choices.push(Choice::new(ChoiceStage::Tone, "high-pass", corner, "Hz", Decider::Engine, reason));
}

/// The top that nobody hears, and whose peaks no meter of finite length can tell, fades.
fn low_pass(features: &Features, sound: &mut Sound) {
    /// What true-peak meters read exactly, as a share of half the sample rate.
    const READ: f64 = 0.907;
    let corner = (features.control.rate.as_f64() / 2.0 * READ / 100.0).round() * 100.0;
    if corner < AUDIBLE.value() {
        return;
    }
    sound.chain.low_pass = Some(Hertz::literal(corner));
    let reason = "what is above cannot be heard, and no meter reads its peaks exactly".to_owned();
    sound.choices.push(Choice::new(
        ChoiceStage::Tone,
        "top fades above",
        corner,
        "Hz",
        Decider::Engine,
        reason,
    ));
}

/// `shape` moved to the level of `own`: the same mean from 300 Hz to 5 kHz.
fn aligned(shape: &PerBand, own: &PerBand) -> PerBand {
    let middle = |band: &usize| (300.0..5000.0).contains(&centre(*band).value());
    let bands: Vec<usize> = (0..BANDS).filter(middle).collect();
    let offset = bands.iter().map(|&band| own[band] - shape[band]).sum::<f64>() / bands.len() as f64;
    shape.map(|level| level + offset)
}

/// What it takes from the spectrum to the edge of what is fine, in dB. Where the law is to come close, it is smoothed
/// with the curve, once.
fn beyond_tolerance(own: &PerBand, target: &ToneTarget, smoothing: Smoothing) -> PerBand {
    let difference: PerBand = std::array::from_fn(|band| target.level[band] - own[band]);
    let smooth = match smoothing {
        Smoothing::Broad => smoothed(&difference, smoothing),
        Smoothing::Close => difference,
    };
    std::array::from_fn(|band| smooth[band].signum() * (smooth[band].abs() - target.tolerance[band]).max(0.0))
}

/// No lift where noise would come up with the music, or where an encoder left nothing to lift.
fn without_noise(features: &Features, wish: PerBand) -> PerBand {
    let quiet =
        features.noise_floor.map(|_| features.control.powers.each_ref().map(|powers| quiet_moments(powers)));
    std::array::from_fn(|band| {
        let (low, high) = edges(band);
        let noise = quiet.map(|quiet| {
            // As if it were white within its band of dynamics: what share of it falls into this one.
            let outer = band_of(centre(band));
            let from = if outer == 0 { 20.0 } else { CROSSOVERS_HZ[outer - 1] };
            let to = CROSSOVERS_HZ.get(outer).copied().unwrap_or(features.control.rate.as_f64() / 2.0);
            quiet[outer].value() + 10.0 * ((high.value() - low.value()) / (to - from)).log10()
        });
        let level = features.spectrum.mid.loud[band];
        let is_noisy = noise.is_some_and(|noise| level - noise < OVER_NOISE_DB);
        let is_cut_off =
            features.bandwidth.lossy_low_pass.is_some_and(|corner| high.value() > corner.value());
        if is_noisy || is_cut_off { wish[band].min(0.0) } else { wish[band] }
    })
}

/// The level that 5 % of the moments stay under, digital silence left out: what is there when the music is not.
fn quiet_moments(powers: &[f32]) -> Dbfs {
    const SILENT: f32 = 1e-12;
    let mut heard: Vec<f32> = powers.iter().copied().filter(|power| *power > SILENT).collect();
    if heard.is_empty() {
        return Dbfs::literal(-200.0);
    }
    let index = heard.len() / 20;
    let (_, quiet, _) = heard.select_nth_unstable_by(index, f32::total_cmp);
    Dbfs::literal(10.0 * f64::from(*quiet).log10())
}

fn range_of(features: &Features) -> ((Hertz, Hertz), (Hertz, Hertz)) {
    let top = features.bandwidth.top.value().min(TOP.value()).max(2000.0);
    ((Hertz::literal(40.0), Hertz::literal(28.0)), (Hertz::literal(top / 1.15), Hertz::literal(top * 1.05)))
}

/// 6 dB an octave: steeper, one would hear a filter instead of a tone.
const GENTLE_SLOPE: Decibels = Decibels::literal(6.0);

fn preset_law(features: &Features) -> Law {
    let (low, high) = range_of(features);
    Law {
        cut_max: Decibels::literal(4.0),
        boost_max: Decibels::literal(3.0),
        slope_max: GENTLE_SLOPE,
        smoothing: Smoothing::Broad,
        low,
        high,
    }
}

/// Tracks that belong together differ less than styles do, and should keep what makes each of them.
fn album_law(features: &Features) -> Law {
    Law { cut_max: Decibels::literal(6.0), boost_max: Decibels::literal(5.0), ..preset_law(features) }
}

/// Whoever names a song to sound like asks for that sound, not for a taste: as far and as steep as records of different
/// styles differ.
fn reference_law(features: &Features) -> Law {
    const TOP_HZ: f64 = 20_000.0;
    let top = features.bandwidth.top.value().clamp(2000.0, TOP_HZ);
    Law {
        cut_max: Decibels::literal(20.0),
        boost_max: Decibels::literal(18.0),
        slope_max: Decibels::literal(30.0),
        smoothing: Smoothing::Close,
        low: (Hertz::literal(32.0), Hertz::literal(22.0)),
        high: (Hertz::literal(top / 1.1), Hertz::literal(top * 1.05)),
    }
}

/// From 40 Hz to 16 kHz, further apart on average than this, in dB, two songs are of different kinds.
const ANOTHER_KIND_DB: f64 = 6.0;

/// Says where a reference is of another kind, and how near its tone came.
fn warn_of_another_kind(curve: &Curve, own: &PerBand, target: &ToneTarget, aim: &Aim, sound: &mut Sound) {
    let heard: Vec<usize> =
        (0..BANDS).filter(|&band| (40.0..16_000.0).contains(&centre(band).value())).collect();
    let mean = |apart: &dyn Fn(usize) -> f64| {
        heard.iter().map(|&band| apart(band).abs()).sum::<f64>() / heard.len() as f64
    };
    let away = mean(&|band| target.level[band] - own[band]);
    if away <= ANOTHER_KIND_DB {
        return;
    }
    let left = mean(&|band| target.level[band] - own[band] - curve.0[band]);
    let reason = format!(
        "from 40\u{2009}Hz to 16\u{2009}kHz the mix is {away:.1}\u{2009}dB away from {} on average, \
         another kind of music; {left:.1}\u{2009}dB are left after the equaliser, which adds nothing that \
         the mix does not contain",
        aim.name()
    );
    sound.choices.push(Choice::new(
        ChoiceStage::Tone,
        "distance to the reference",
        hundredths(away),
        "dB",
        aim.decider(),
        reason,
    ));
}

/// A choice for each move of the curve, or one for leaving it flat.
fn tell(curve: &Curve, own: &PerBand, target: &ToneTarget, aim: Option<&Aim>, sound: &mut Sound) {
    let (by, whose) = match aim {
        Some(aim) => (aim.decider(), aim.name()),
        None => (Decider::Engine, "what is usual"),
    };
    let told = moves(curve);
    if told.is_empty() {
        let reason = format!(
            "the average spectrum is within {} already",
            if aim.is_some() { "the references' range" } else { "what is usual" }
        );
        sound.choices.push(Choice::off(ChoiceStage::Tone, "equaliser", by, reason));
    }
    for Move { band, gain_db, from, to } in told {
        let away = smoothed(&std::array::from_fn(|b| own[b] - target.level[b]), Smoothing::Broad)[band];
        let side = if away < 0.0 { "under" } else { "over" };
        let what = format!("tone around {}", pitch(centre(band)));
        let reason = format!(
            "from {} to {} the mix is up to {:.1}\u{2009}dB {side} {whose}, \
             {:.1}\u{2009}dB more than needs no correction",
            pitch(from),
            pitch(to),
            away.abs(),
            (away.abs() - target.tolerance[band]).max(0.0),
        );
        sound.choices.push(Choice::new(ChoiceStage::Tone, what, hundredths(gain_db), "dB", by, reason));
    }
}

/// A frequency as people say it.
pub(super) fn pitch(frequency: Hertz) -> String {
    let f = frequency.value();
    if f < 995.0 { format!("{:.0}\u{2009}Hz", f) } else { format!("{:.1}\u{2009}kHz", f / 1000.0) }
}
