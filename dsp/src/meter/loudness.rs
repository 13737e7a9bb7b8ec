//! Loudness: momentary, short-term and integrated (ITU-R BS.1770-5, EBU Tech 3341).

use crate::audio::Audio;
use crate::meter::energies::{Cuts, Energies};
use crate::meter::k_weighting::OFFSET_LU;
use crate::units::{Lufs, SampleRate};

/// Frames in each energy of [`k_energy`].
pub const FINE_FRAMES: usize = 32;
/// Blocks below this loudness are no part of the programme (ITU-R BS.1770-5, annex 1).
pub const ABSOLUTE_GATE: Lufs = Lufs::literal(-70.0);
/// Blocks so much below the loudness of those above the absolute gate do not count either, in LU.
const RELATIVE_GATE_LU: f64 = -10.0;

/// Loudness of an energy: a sum of weighted squares over `frames`. Nothing at all is negative infinity.
#[must_use]
pub fn loudness_of(energy: f64, frames: usize) -> Lufs {
    Lufs::literal(OFFSET_LU + 10.0 * (energy / frames as f64).log10())
}

/// Channel-weighted K-weighted energy, the sum of squares, of each run of [`FINE_FRAMES`] frames (the last
/// may be shorter). K-weighting commutes with a slow gain: energies times the gain squared are those of the
/// louder signal.
#[must_use]
pub fn k_energy(audio: &Audio) -> Vec<f64> {
    Energies::over(audio, Cuts::Runs).runs
}

/// Gated loudness of the whole programme. `None` if it is shorter than 0.4 s or nothing is above the gate.
#[must_use]
pub fn integrated(audio: &Audio) -> Option<Lufs> {
    BlockEnergies::of(audio).integrated()
}

/// Gated loudness from the energies of [`k_energy`] or any scaled copy of them: what a search for a gain asks
/// thousands of times. `frames` is the length of the audio.
///
/// Where a block does not end between two runs, the run is divided in proportion. Against
/// [`integrated`] that moves the result by less than 0.01 LU on music.
#[must_use]
pub fn integrated_of(fine: impl IntoIterator<Item = f64>, frames: usize, rate: SampleRate) -> Option<Lufs> {
    let bounds: Vec<usize> = ticks(frames, rate, HOPS_PER_SECOND).collect();
    let mut energies = vec![0.0; bounds.len().saturating_sub(1)];
    let mut hop = 0;
    for (run, energy) in fine.into_iter().take(frames.div_ceil(FINE_FRAMES)).enumerate() {
        let start = run * FINE_FRAMES;
        let end = (start + FINE_FRAMES).min(frames);
        let mut from = start;
        while hop < energies.len() {
            let to = end.min(bounds[hop + 1]);
            energies[hop] += energy * (to - from) as f64 / (end - start) as f64;
            from = to;
            if to < bounds[hop + 1] {
                break;
            }
            hop += 1;
        }
    }
    let blocks = energies.windows(4).zip(bounds.windows(5));
    let powers: Vec<Power> =
        blocks.map(|(four, bounds)| four.iter().sum::<f64>() / (bounds[4] - bounds[0]) as f64).collect();
    gated(&powers)
}

/// The hop of gating blocks: 100 ms.
pub(crate) const HOPS_PER_SECOND: usize = 10;
/// The finest step at which momentary and short-term loudness are read: 10 ms.
pub(crate) const TICKS_PER_SECOND: usize = 100;

/// Frame numbers nearest to every so-many-th of a second that lie within the audio, from 0 on.
pub(crate) fn ticks(frames: usize, rate: SampleRate, per_second: usize) -> impl Iterator<Item = usize> {
    (0..).map(move |number| tick(number, rate, per_second)).take_while(move |&tick| tick <= frames)
}

/// The frame nearest to a so-many-th of a second.
pub(crate) fn tick(number: usize, rate: SampleRate, per_second: usize) -> usize {
    (2 * number * rate.hertz() as usize + per_second) / (2 * per_second)
}

/// Energies of a programme for every 10 ms, from which all its loudnesses follow.
#[derive(Clone, PartialEq, Debug)]
pub struct BlockEnergies {
    /// `bounds[k]..bounds[k + 1]` are the frames of energy `k`.
    bounds: Vec<usize>,
    energies: Vec<f64>,
}

/// Mean energy per frame of one block.
pub(crate) type Power = f64;

impl BlockEnergies {
    /// Measures `audio`.
    #[must_use]
    pub fn of(audio: &Audio) -> Self {
        Self::from_ticks(Energies::over(audio, Cuts::Ticks).ticks, audio)
    }

    /// From the energies of each whole 10 ms of `audio`.
    pub(crate) fn from_ticks(energies: Vec<f64>, audio: &Audio) -> Self {
        let bounds = ticks(audio.frames(), audio.rate(), TICKS_PER_SECOND).collect();
        Self { bounds, energies }
    }

    /// Gated loudness of the whole programme: blocks of 400 ms at a hop of 100 ms. `None` if it is shorter
    /// than 0.4 s or nothing is above the gate.
    #[must_use]
    pub fn integrated(&self) -> Option<Lufs> {
        gated(&self.powers(40, 10))
    }

    /// Loudness of every 400 ms, at a hop of 10 ms, ungated.
    pub fn momentary(&self) -> impl Iterator<Item = Lufs> {
        self.powers(40, 1).into_iter().map(of_power)
    }

    /// Loudness of every 3 s, at a hop of 10 ms, ungated.
    pub fn short_term(&self) -> impl Iterator<Item = Lufs> {
        self.powers(300, 1).into_iter().map(of_power)
    }

    /// Mean energies of blocks of `length` ticks, `hop` ticks apart; `length` is a multiple of ten.
    pub(crate) fn powers(&self, length: usize, hop: usize) -> Vec<Power> {
        // Sums of ten first: most blocks share them. Sums from the start would be quicker still, but leave a
        // trace of what was loud in what is silent.
        let tens: Vec<f64> = self.energies.windows(10).map(|ten| ten.iter().sum()).collect();
        let power = |first: usize| {
            let energy: f64 = tens[first..first + length - 9].iter().step_by(10).sum();
            energy / (self.bounds[first + length] - self.bounds[first]) as f64
        };
        (0..self.bounds.len().saturating_sub(length)).step_by(hop).map(power).collect()
    }
}

pub(crate) fn of_power(power: Power) -> Lufs {
    loudness_of(power, 1)
}

/// The two gates of ITU-R BS.1770-5, annex 1.
fn gated(powers: &[Power]) -> Option<Lufs> {
    let absolute = power_at(ABSOLUTE_GATE);
    let relative = mean_above(powers, absolute)? * 10f64.powf(RELATIVE_GATE_LU / 10.0);
    mean_above(powers, absolute.max(relative)).map(of_power)
}

pub(crate) fn power_at(loudness: Lufs) -> Power {
    10f64.powf((loudness.value() - OFFSET_LU) / 10.0)
}

/// Mean of the powers above a gate, in their order.
pub(crate) fn mean_above(powers: &[Power], gate: Power) -> Option<Power> {
    let (sum, count) =
        powers.iter().filter(|&&p| p > gate).fold((0.0, 0usize), |(sum, count), p| (sum + p, count + 1));
    (count > 0).then(|| sum / count as f64)
}
