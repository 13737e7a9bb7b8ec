//! Levels of a stem after its filters, at the control rate: what dynamics and faders are decided by.

use super::sibilance::Sibilance;
use crate::analysis::CONTROL_FRAMES;
use crate::audio::Audio;
use crate::effects::compressor::{gains, reduction};
use crate::master::chain::gains::smoothed;
use crate::meter::loudness::{FINE_FRAMES, k_energy};
use crate::mix::listening::Image;
use crate::mix::plan::{DeEsser, StemPlan};
use crate::mix::track::Track;
use crate::parts::decibels;
use crate::simd::{Kernel, dispatch};
use crate::units::{Milliseconds, SampleRate};

/// How much time a compressor's level takes in.
const WINDOW: Milliseconds = Milliseconds::literal(10.0);

/// What is kept of a stem that went through its filters.
#[derive(Debug)]
pub(in crate::mix) struct Rehearsed {
    pub(in crate::mix) rate: SampleRate,
    /// What its compressor reads.
    pub(in crate::mix) detector: Vec<f32>,
    /// K-weighted energy of each run of [`CONTROL_FRAMES`], the sum over channels.
    pub(in crate::mix) energies: Vec<f32>,
    /// Energies of its channels.
    pub(in crate::mix) image: Image,
    /// Of a voice: its sibilants.
    pub(in crate::mix) sibilance: Option<Sibilance>,
    /// The gain of its de-esser's band at the control rate, if it works.
    pub(in crate::mix) essing: Option<Vec<f32>>,
    /// The gain of its dynamics and its ride at the control rate, if it moves.
    pub(in crate::mix) gains: Option<Vec<f32>>,
}

impl Rehearsed {
    /// What a compressor reads of `audio`.
    pub(in crate::mix) fn detector_of(audio: &Audio) -> Vec<f32> {
        smoothed(&powers(audio), WINDOW, audio.rate())
    }

    /// Of a stem after its filters.
    pub(in crate::mix) fn of(audio: &Audio, track: &Track<'_>) -> Self {
        const _: () = assert!(CONTROL_FRAMES == 2 * FINE_FRAMES, "two runs of energy for each of control");
        let listens = track.is_voice() || track.stem.wish.de_esser.flatten().is_some();
        let energies = k_energy(audio).chunks(2).map(|pair| pair.iter().sum::<f64>() as f32).collect();
        Self {
            rate: audio.rate(),
            detector: Self::detector_of(audio),
            energies,
            image: Image::of(audio),
            sibilance: listens.then(|| Sibilance::of(audio)),
            essing: None,
            gains: None,
        }
    }

    /// Takes the gains that the compressor of `plan` asks for.
    pub(in crate::mix) fn compress(&mut self, plan: &StemPlan) {
        let Some(compressor) = plan.compressor.filter(|compressor| !compressor.is_neutral()) else { return };
        let mut curve = Vec::new();
        reduction(&compressor, &self.detector, self.rate, &mut curve);
        gains(&compressor, &mut curve);
        self.times(curve);
    }

    /// Takes the gains that a de-esser asks for; what it needed is gone after.
    pub(in crate::mix) fn de_ess(&mut self, de_esser: Option<DeEsser>) {
        let sibilance = self.sibilance.take();
        let Some((sibilance, de_esser)) = sibilance.zip(de_esser) else { return };
        let mut curve = sibilance.reductions(&de_esser);
        sibilance.take_from(&mut self.energies, &curve);
        curve.iter_mut().for_each(|reduction| *reduction = -*reduction);
        decibels::amplitudes(&mut curve);
        self.essing = Some(curve);
    }

    /// Moves besides by `curve`.
    pub(in crate::mix) fn times(&mut self, curve: Vec<f32>) {
        match &mut self.gains {
            None => self.gains = Some(curve),
            Some(gains) => gains.iter_mut().zip(curve).for_each(|(gain, more)| *gain *= more),
        }
    }

    /// Energies after what moves.
    pub(in crate::mix) fn energies_after(&self) -> Vec<f64> {
        let gain = |run: usize| self.gains.as_ref().map_or(1.0, |gains| f64::from(gains[run]));
        self.energies.iter().enumerate().map(|(run, e)| f64::from(*e) * gain(run).powi(2)).collect()
    }
}

/// Mean square of each run: 0.7 times that of the louder channel and 0.3 times that of the mid, as elsewhere.
fn powers(audio: &Audio) -> Vec<f32> {
    let left = audio.channel(0).chunks(CONTROL_FRAMES);
    let right = audio.channel(audio.channel_count() - 1).chunks(CONTROL_FRAMES);
    left.zip(right).map(|(left, right)| dispatch(Level { left, right })).collect()
}

struct Level<'a> {
    left: &'a [f32],
    right: &'a [f32],
}

impl Kernel for Level<'_> {
    type Output = f32;
    #[inline(always)]
    fn run(self) -> f32 {
        let mut sums = [[0.0f32; 8]; 3];
        let (left, left_rest) = self.left.as_chunks::<8>();
        let (right, right_rest) = self.right.as_chunks::<8>();
        for (l, r) in left.iter().zip(right) {
            for lane in 0..8 {
                let mid = 0.5 * (l[lane] + r[lane]);
                sums[0][lane] += l[lane] * l[lane];
                sums[1][lane] += r[lane] * r[lane];
                sums[2][lane] += mid * mid;
            }
        }
        for (lane, (l, r)) in left_rest.iter().zip(right_rest).enumerate() {
            let mid = 0.5 * (l + r);
            sums[0][lane] += l * l;
            sums[1][lane] += r * r;
            sums[2][lane] += mid * mid;
        }
        let [left, right, mid] = sums.map(|lanes| lanes.iter().sum::<f32>());
        (0.7 * left.max(right) + 0.3 * mid) / CONTROL_FRAMES as f32
    }
}
