//! How much stems hide each other.
//!
//! In bands as wide as those of hearing, block by block: where a stem has what makes it understood, how far all less
//! important stems together lie over 4 dB under it. After Vega and Janer (2010) and Hafezi and Reiss (2015): excitation
//! is power, spread to neighbouring bands; a stem counts only while it sounds there.
//!
//! | module | what |
//! |---|---|
//! | [`hearing`] | bands and their spreading |
//! | [`importance`] | who must be heard before whom, and where |

mod hearing;
mod importance;

use rayon::prelude::*;

use super::listening::Spectra;
use super::role::Role;
use crate::analysis::CONTROL_FRAMES;
use crate::bands::{BANDS, PerBand};
use crate::units::Hertz;
pub(super) use hearing::Hearing;
use importance::{essential, rank, weight};

/// A stem as it is heard in a mix.
#[derive(Debug)]
pub(super) struct Voice<'a> {
    pub(super) role: Role,
    pub(super) spectra: &'a Spectra,
    /// Power gain per band of the grid: equaliser and fader.
    pub(super) powers: PerBand,
    /// Gain that moves, at the control rate.
    pub(super) gains: Option<&'a [f32]>,
}

/// Who hides whom.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    /// Mean excess in dB per band of hearing.
    pub(super) bands_db: Vec<f64>,
    /// The same over all bands.
    pub(super) index: f64,
    /// What each voice adds to the excess in each band of hearing.
    pub(super) blame: Vec<Vec<f64>>,
}

/// A less important stem hides from so far below.
const MARGIN_DB: f64 = 4.0;
/// A stem counts in a band while it is not so far below its own mean there.
const SOUNDS_DB: f64 = -12.0;
/// Blocks of one task.
const BLOCKS_PER_TASK: usize = 128;

/// Finds out how much `voices` hide each other.
pub(super) fn examine(voices: &[Voice<'_>], hearing: &Hearing) -> Hidden {
    let blocks = voices.iter().map(|voice| voice.spectra.blocks.len()).max().unwrap_or(0);
    let floors: Vec<Vec<f32>> = voices.iter().map(|voice| floor(voice, hearing)).collect();
    let starts: Vec<usize> = (0..blocks).step_by(BLOCKS_PER_TASK).collect();
    let tallies: Vec<Tally> = starts
        .par_iter()
        .map(|&first| {
            let mut tally = Tally::new(voices.len(), hearing.count());
            let mut heard = vec![vec![0.0f32; hearing.count()]; voices.len()];
            for block in first..(first + BLOCKS_PER_TASK).min(blocks) {
                for (voice, heard) in voices.iter().zip(&mut heard) {
                    voice.excite(block, hearing, heard);
                }
                tally.count(voices, &heard, &floors, hearing);
            }
            tally
        })
        .collect();
    let mut sum = Tally::new(voices.len(), hearing.count());
    tallies.iter().for_each(|tally| sum.add(tally));
    sum.hidden(voices)
}

/// Where a voice is too faint to count.
fn floor(voice: &Voice<'_>, hearing: &Hearing) -> Vec<f32> {
    let mean = voice.spectra.mean();
    let powers: [f32; BANDS] = std::array::from_fn(|band| (mean[band] * voice.powers[band]) as f32);
    let mut floor = vec![0.0; hearing.count()];
    hearing.excite(&powers, &mut floor);
    floor.iter_mut().for_each(|power| *power *= 10f32.powf(SOUNDS_DB as f32 / 10.0));
    floor
}

impl Voice<'_> {
    fn excite(&self, block: usize, hearing: &Hearing, out: &mut [f32]) {
        let Some(powers) = self.spectra.blocks.get(block) else { return out.fill(0.0) };
        let run = block * self.spectra.hop / CONTROL_FRAMES;
        let gain = self.gains.map_or(1.0, |gains| gains[run.min(gains.len() - 1)]);
        let powers = std::array::from_fn(|band| powers[band] * self.powers[band] as f32 * gain * gain);
        hearing.excite(&powers, out);
    }
}

/// Sums over blocks.
struct Tally {
    bands: usize,
    voices: usize,
    /// For each voice and band: excess over it, and how often it counted.
    excess: Vec<f64>,
    counts: Vec<f64>,
    /// For each voice, each that hides it, and band.
    blame: Vec<f64>,
}

impl Tally {
    fn new(voices: usize, bands: usize) -> Self {
        Self {
            bands,
            voices,
            excess: vec![0.0; voices * bands],
            counts: vec![0.0; voices * bands],
            blame: vec![0.0; voices * voices * bands],
        }
    }

    fn count(&mut self, voices: &[Voice<'_>], heard: &[Vec<f32>], floors: &[Vec<f32>], hearing: &Hearing) {
        for (index, voice) in voices.iter().enumerate() {
            let below = |other: &usize| rank(voices[*other].role) < rank(voice.role);
            let lesser: Vec<usize> = (0..voices.len()).filter(below).collect();
            for band in 0..self.bands {
                let own = f64::from(heard[index][band]);
                let floor = f64::from(floors[index][band]);
                if own <= floor || own <= 0.0 || !essential(voice.role, hearing.centres[band]) {
                    continue;
                }
                let place = index * self.bands + band;
                self.counts[place] += 1.0;
                let rest: f64 = lesser.iter().map(|&other| f64::from(heard[other][band])).sum();
                let excess = 10.0 * (rest / own).log10() + MARGIN_DB;
                if rest <= 0.0 || excess <= 0.0 {
                    continue;
                }
                self.excess[place] += excess;
                for &other in &lesser {
                    let share = f64::from(heard[other][band]) / rest;
                    self.blame[(index * self.voices + other) * self.bands + band] += excess * share;
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.excess, &other.excess);
        add(&mut self.counts, &other.counts);
        add(&mut self.blame, &other.blame);
    }

    fn hidden(&self, voices: &[Voice<'_>]) -> Hidden {
        let mut bands = vec![(0.0, 0.0); self.bands];
        let mut blame = vec![vec![0.0; self.bands]; self.voices];
        for (index, voice) in voices.iter().enumerate() {
            let weight = weight(voice.role);
            for (band, sums) in bands.iter_mut().enumerate() {
                let count = self.counts[index * self.bands + band];
                if count == 0.0 {
                    continue;
                }
                sums.0 += weight * self.excess[index * self.bands + band] / count;
                sums.1 += weight;
                for (other, blame) in blame.iter_mut().enumerate() {
                    let sum = self.blame[(index * self.voices + other) * self.bands + band];
                    blame[band] += weight * sum / count;
                }
            }
        }
        let (sum, weights) = bands.iter().fold((0.0, 0.0), |sums, band| (sums.0 + band.0, sums.1 + band.1));
        let mean = |(sum, weight): (f64, f64)| if weight > 0.0 { sum / weight } else { 0.0 };
        Hidden {
            bands_db: bands.iter().map(|sums| mean(*sums)).collect(),
            index: mean((sum, weights)),
            blame,
        }
    }
}

impl Hearing {
    /// Centres as they are told.
    pub(super) fn told(&self) -> Vec<Hertz> {
        self.centres.iter().map(|centre| Hertz::literal(centre.value().round())).collect()
    }
}
