//! Loudness: momentary, short-term and integrated (ITU-R BS.1770-5, EBU Tech 3341).

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::excerpt::{Excerpt, MARGIN};
use crate::meter::k_weighting::{Energies, KWeighting, OFFSET_LU, channel_weights, run_in};
use crate::simd::dispatch;
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
    const RUNS_PER_SEGMENT: usize = 8192;
    let frames = audio.frames();
    let runs = frames.div_ceil(FINE_FRAMES);
    let segments: Vec<Vec<f64>> = (0..runs.div_ceil(RUNS_PER_SEGMENT))
        .into_par_iter()
        .map(|segment| {
            let first = segment * RUNS_PER_SEGMENT;
            let bounds: Vec<usize> = (first..=(first + RUNS_PER_SEGMENT).min(runs))
                .map(|run| (run * FINE_FRAMES).min(frames))
                .collect();
            weighted_energies(audio, &bounds)
        })
        .collect();
    segments.concat()
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
    let hertz = rate.hertz() as usize;
    (0..)
        .map(move |k| (2 * k * hertz + per_second) / (2 * per_second))
        .take_while(move |&tick| tick <= frames)
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
        const TICKS_PER_SEGMENT: usize = 640;
        let bounds: Vec<usize> = ticks(audio.frames(), audio.rate(), TICKS_PER_SECOND).collect();
        let count = bounds.len() - 1;
        let segments: Vec<Vec<f64>> = (0..count.div_ceil(TICKS_PER_SEGMENT))
            .into_par_iter()
            .map(|segment| {
                let first = segment * TICKS_PER_SEGMENT;
                weighted_energies(audio, &bounds[first..=(first + TICKS_PER_SEGMENT).min(count)])
            })
            .collect();
        Self { energies: segments.concat(), bounds }
    }

    /// From energies of the runs between neighbouring `bounds`, which are 10 ms apart.
    pub(crate) fn from_parts(bounds: Vec<usize>, energies: Vec<f64>) -> Self {
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

/// Channel-weighted energies of the runs between neighbouring `bounds`, filters started in time before the
/// first.
fn weighted_energies(audio: &Audio, bounds: &[usize]) -> Vec<f64> {
    const FRAMES_AT_ONCE: usize = 8192;
    let mut meter = EnergyMeter::started_at(audio, bounds[0]);
    let mut excerpts = vec![Excerpt::default(); audio.channel_count()];
    let mut energies = vec![0.0; bounds.len() - 1];
    let mut first = 0;
    while first < energies.len() {
        let mut last = first + 1;
        while last < energies.len() && bounds[last + 1] - bounds[first] <= FRAMES_AT_ONCE {
            last += 1;
        }
        for (excerpt, channel) in excerpts.iter_mut().zip(audio.channels()) {
            excerpt.read(channel, bounds[first]..bounds[last]);
        }
        let ends: Vec<usize> = bounds[first + 1..=last].iter().map(|b| b - bounds[first]).collect();
        meter.add(&excerpts, &ends, &mut energies[first..last]);
        first = last;
    }
    energies
}

/// K-weighting of all channels that count, two at a time, as their samples arrive.
#[derive(Debug)]
pub(crate) struct EnergyMeter {
    pairs: Vec<Pair>,
}

/// Two channels with their weights. A channel without a partner runs twice and counts once.
#[derive(Debug)]
struct Pair {
    channels: [usize; 2],
    weights: [f64; 2],
    filter: KWeighting,
}

impl EnergyMeter {
    /// Ready for the samples from `frame` on, with the filters in the state that those before left them in.
    pub(crate) fn started_at(audio: &Audio, frame: usize) -> Self {
        let weights = channel_weights(audio);
        let counted: Vec<usize> = (0..weights.len()).filter(|&c| weights[c] > 0.0).collect();
        let filter = KWeighting::new(audio.rate());
        let pairs = counted.chunks(2).map(|pair| {
            let (one, other) = (pair[0], pair[pair.len() - 1]);
            let weights = [weights[one], if pair.len() == 2 { weights[other] } else { 0.0 }];
            Pair { channels: [one, other], weights, filter: filter.clone() }
        });
        let mut meter = Self { pairs: pairs.collect() };
        let start = frame.saturating_sub(run_in(audio.rate()));
        let mut excerpts = vec![Excerpt::default(); audio.channel_count()];
        let mut read = |frames: Range<usize>| {
            excerpts.iter_mut().zip(audio.channels()).for_each(|(e, c)| e.read(c, frames.clone()));
            excerpts.clone()
        };
        // The first frame gives the kernel its lead; no energy comes of it yet.
        meter.advance(&read(start..start + 1), 0, &[1], &mut [0.0]);
        if start < frame {
            meter.advance(&read(start..frame), 1, &[frame - start], &mut [0.0]);
        }
        meter
    }

    /// The energies of the next frames, one for each of `ends`, which count from the start of the excerpts.
    pub(crate) fn add(&mut self, excerpts: &[Excerpt], ends: &[usize], energies: &mut [f64]) {
        self.advance(excerpts, 1, ends, energies);
    }

    /// `lead` is the number of frames by which samples are taken ahead of their energies.
    fn advance(&mut self, excerpts: &[Excerpt], lead: usize, ends: &[usize], energies: &mut [f64]) {
        let frames = ends.last().copied().unwrap_or(0);
        let mut of_pair = vec![[0.0; 2]; ends.len()];
        for Pair { channels, weights, filter } in &mut self.pairs {
            let samples = channels.map(|c| &excerpts[c].whole()[MARGIN + lead..MARGIN + lead + frames]);
            dispatch(Energies { filter, samples, ends, energies: &mut of_pair });
            for (energy, of_pair) in energies.iter_mut().zip(&of_pair) {
                *energy += weights[0] * of_pair[0] + weights[1] * of_pair[1];
            }
        }
    }
}
