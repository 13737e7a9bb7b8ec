//! What is wrong with a stem by itself: flat tops, a constant, hum, dead or doubled channels.

use realfft::num_complex::Complex32;

use super::archive::Archive;
use crate::analysis::Finding;
use crate::analysis::level::percentile;
use crate::parts::fft::Fft;
use crate::units::{Dbfs, Hertz, SampleRate};

/// The state of one stem.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) findings: Vec<Finding>,
    pub(super) peak: f32,
    /// The one channel worth reading of two.
    pub(super) mono_from: Option<usize>,
    /// A digest of the samples of each channel that is read, and their number.
    pub(super) digest: Vec<u128>,
}

/// Collects it in one pass.
#[derive(Debug)]
pub(super) struct Conditions {
    rate: SampleRate,
    frames: usize,
    channels: Vec<Channel>,
    differs: bool,
    product: f64,
}

impl Conditions {
    pub(super) fn new(rate: SampleRate, channels: usize) -> Self {
        let channels = (0..channels).map(|_| Channel::default()).collect();
        Self { rate, frames: 0, channels, differs: false, product: 0.0 }
    }

    pub(super) fn add(&mut self, channels: &[&[f32]]) {
        for (channel, samples) in self.channels.iter_mut().zip(channels) {
            channel.add(samples);
        }
        if let [left, right] = channels {
            self.differs = self.differs || left != right;
            self.product += left.iter().zip(*right).map(|(l, r)| f64::from(l * r)).sum::<f64>();
        }
        self.frames += channels.first().map_or(0, |samples| samples.len());
    }

    pub(super) fn finish(mut self, archive: &Archive) -> Condition {
        self.channels.iter_mut().for_each(Channel::end_run);
        let peak = self.channels.iter().fold(0.0f32, |peak, channel| peak.max(channel.peak));
        let mut findings = Vec::new();
        findings.extend(self.clipped(peak));
        let mono_from = self.mono_from(peak, &mut findings);
        if mono_from.is_none() {
            findings.extend(self.out_of_phase());
        }
        findings.extend(self.dc_offset());
        findings.extend(hum(archive));
        let read = |index: &usize| mono_from.is_none_or(|only| only == *index);
        let indices = (0..self.channels.len()).filter(read);
        let digest = indices.map(|index| self.channels[index].digest ^ self.frames as u128).collect();
        Condition { findings, peak, mono_from, digest }
    }

    /// As of a mix: many tops for the length, or a long one.
    fn clipped(&self, peak: f32) -> Option<Finding> {
        const RUNS_MIN: usize = 10;
        const SECONDS_PER_RUN: f64 = 10.0;
        const LONG: usize = 8;
        const QUIETEST: f32 = 0.0316;
        let counts = self.channels.iter().map(Channel::clipping);
        let (runs, longest) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1.max(count.1)));
        let seconds = self.rate.seconds(self.frames);
        let many = runs >= RUNS_MIN && longest > 3 && runs as f64 * SECONDS_PER_RUN >= seconds;
        (peak > QUIETEST && (many || longest >= LONG)).then_some(Finding::Clipped { runs, longest })
    }

    /// The second channel says nothing if it is the first, and one of them if it is 80 dB below the other.
    fn mono_from(&self, peak: f32, findings: &mut Vec<Finding>) -> Option<usize> {
        const DEAD: f32 = 1e-4;
        let [left, right] = self.channels.as_slice() else { return None };
        if peak == 0.0 {
            None
        } else if !self.differs {
            findings.push(Finding::Mono);
            Some(0)
        } else if right.peak < DEAD * left.peak {
            findings.push(Finding::DeadChannel { channel: 1 });
            Some(0)
        } else if left.peak < DEAD * right.peak {
            findings.push(Finding::DeadChannel { channel: 0 });
            Some(1)
        } else {
            None
        }
    }

    fn out_of_phase(&self) -> Option<Finding> {
        let [left, right] = self.channels.as_slice() else { return None };
        let of_means = left.sum * right.sum / self.frames.max(1) as f64;
        let power =
            |channel: &Channel| channel.square - channel.sum * channel.sum / self.frames.max(1) as f64;
        let correlation = (self.product - of_means) / (power(left) * power(right)).sqrt().max(1e-12);
        (correlation < -0.3).then_some(Finding::OutOfPhase { correlation: correlation.max(-1.0) })
    }

    /// From −50 dBFS on, as in a mix.
    fn dc_offset(&self) -> Option<Finding> {
        const LEAST_DBFS: f64 = -50.0;
        let means = self.channels.iter().map(|channel| (channel.sum / self.frames.max(1) as f64).abs());
        let level = Dbfs::from_amplitude(means.fold(0.0, f64::max));
        let is_long = self.rate.seconds(self.frames) >= 1.0;
        (is_long && level.value() > LEAST_DBFS).then_some(Finding::DcOffset { level })
    }
}

#[derive(Default, Debug)]
struct Channel {
    sum: f64,
    square: f64,
    peak: f32,
    digest: u128,
    value: f32,
    length: usize,
    /// Runs of three or more equal samples: their value and length. Those far below the highest so far are dropped.
    runs: Vec<(f32, usize)>,
}

/// What counts as the top, of the channel's highest.
const TOP: f32 = 0.99;

impl Channel {
    fn add(&mut self, samples: &[f32]) {
        let (mut sum, mut square) = (0.0f64, 0.0f64);
        for &sample in samples {
            sum += f64::from(sample);
            square += f64::from(sample * sample);
            // A multiplication by an odd number loses nothing of what went before (Knuth's MMIX generator).
            let bits = u128::from((sample + 0.0).to_bits());
            self.digest = (self.digest ^ bits).wrapping_mul(0x2d99_787e_7f4a_7c15_5851_f42d_4c95_7f2d);
            self.digest ^= self.digest >> 61;
            if sample == self.value {
                self.length += 1;
            } else {
                self.end_run();
                (self.value, self.length) = (sample, 1);
            }
            self.peak = self.peak.max(sample.abs());
        }
        self.sum += sum;
        self.square += square;
    }

    fn end_run(&mut self) {
        const RUNS_MAX: usize = 1 << 12;
        if self.length >= 3 && self.value.abs() >= TOP * self.peak && self.value != 0.0 {
            if self.runs.len() >= RUNS_MAX {
                let least = TOP * self.peak;
                self.runs.retain(|(value, _)| value.abs() >= least);
            }
            if self.runs.len() < RUNS_MAX {
                self.runs.push((self.value, self.length));
            }
        }
    }

    /// How many flat tops, and the length of the longest.
    fn clipping(&self) -> (usize, usize) {
        let tops = self.runs.iter().filter(|(value, _)| value.abs() >= TOP * self.peak);
        tops.fold((0, 0), |(runs, longest), (_, length)| (runs + 1, longest.max(*length)))
    }
}

/// A steady tone at 50 or 60 Hz or a multiple, by the rules of a mix's hum: within 0.35 Hz, 12 dB above its neighbours,
/// its level within 6 dB in the quietest quarter of the blocks and never far below that elsewhere, and far below the
/// loudest blocks.
///
/// Long blocks part hum from the notes beside it; short ones fit into pauses, in which it is alone.
fn hum(archive: &Archive) -> Option<Finding> {
    hum_in::<16_384>(archive).or_else(|| hum_in::<8192>(archive))
}

fn hum_in<const FRAMES: usize>(archive: &Archive) -> Option<Finding> {
    const BLOCKS_MIN: usize = 12;
    let mut fft = Fft::new(FRAMES);
    let mut spectrum = vec![Complex32::ZERO; fft.bins()];
    let mut block = vec![0.0f32; FRAMES];
    let bin_hz = archive.rate / FRAMES as f64;
    let bins = (300.0 / bin_hz) as usize;
    let mut blocks: Vec<(f64, Vec<f32>)> = Vec::new();
    let step = std::f64::consts::TAU / FRAMES as f64;
    let window: Vec<f32> =
        (0..FRAMES).map(|index| (0.5 - 0.5 * (step * index as f64).cos()) as f32).collect();
    // No block reaches over the end of a piece, beyond which another time may follow.
    let pieces_of_time = archive.samples.chunks(archive.piece);
    for span in pieces_of_time.flat_map(|piece| piece.windows(FRAMES).step_by(FRAMES / 4)) {
        block.iter_mut().zip(span).zip(&window).for_each(|((to, sample), window)| *to = sample * window);
        fft.forward(&block, &mut spectrum);
        // Half the square of a tone's peak, over the four bins that it fills.
        let scale = 2.0 / (0.375 * (FRAMES as f32).powi(2));
        let powers: Vec<f32> = spectrum[..bins].iter().map(|value| value.norm_sqr() * scale).collect();
        let total = spectrum[4..].iter().map(|value| f64::from(value.norm_sqr() * scale)).sum::<f64>();
        if total > 1e-12 {
            blocks.push((total, powers));
        }
    }
    if blocks.len() < BLOCKS_MIN {
        return None;
    }
    blocks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tones = [50.0, 60.0].into_iter().flat_map(|mains_hz| {
        let multiples = (1..=5).map(move |multiple| mains_hz * f64::from(multiple)).filter(|hz| *hz < 290.0);
        multiples.map(move |hz| (mains_hz, hz))
    });
    let found = tones.filter_map(|(mains_hz, hz)| Some((mains_hz, tone_db(&blocks, hz, bin_hz)?)));
    let (mains_hz, level_db) = found.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    Some(Finding::Hum { mains: Hertz::literal(mains_hz), level: Dbfs::literal(level_db) })
}

/// The level of a steady tone; none if there is none. Blocks rise in power.
fn tone_db(blocks: &[(f64, Vec<f32>)], hz: f64, bin_hz: f64) -> Option<f64> {
    const BELOW_MUSIC_DB: f64 = 15.0;
    const SPREAD_DB: f64 = 6.0;
    let quiet = &blocks[..blocks.len().div_ceil(4).max(3)];
    // The median, for one note of music among the quiet blocks is louder than all hum.
    let usual = |bin: usize| {
        let mut powers: Vec<f32> = quiet.iter().map(|(_, powers)| powers[bin]).collect();
        powers.sort_by(f32::total_cmp);
        f64::from(percentile(&powers, 0.5))
    };
    let near = (hz / bin_hz).round() as usize;
    let bin = (near - 1..=near + 1).max_by(|a, b| usual(*a).total_cmp(&usual(*b)))?;
    let [before, here, after] = [bin - 1, bin, bin + 1].map(|bin| usual(bin).max(1e-30).ln());
    let bend = before - 2.0 * here + after;
    let at = bin as f64 + if bend < -1e-9 { 0.5 * (before - after) / bend } else { 0.0 };
    let db = |power: f64| 10.0 * power.max(1e-30).log10();
    let level = |powers: &[f32]| db(powers[bin - 2..=bin + 2].iter().map(|power| f64::from(*power)).sum());
    let sorted = |blocks: &[(f64, Vec<f32>)]| {
        let mut levels: Vec<f64> = blocks.iter().map(|(_, powers)| level(powers)).collect();
        levels.sort_by(f64::total_cmp);
        levels
    };
    let (in_quiet, anywhere) = (sorted(quiet), sorted(blocks));
    let median = percentile(&in_quiet, 0.5);
    let is_steady = percentile(&in_quiet, 0.9) - percentile(&in_quiet, 0.1) < SPREAD_DB
        && percentile(&anywhere, 0.05) > median - SPREAD_DB;
    let beside = [bin - 9..=bin - 5, bin + 5..=bin + 9].into_iter().flatten().map(usual).sum::<f64>() / 10.0;
    let powers: Vec<f64> = blocks.iter().map(|(power, _)| *power).collect();
    let loudest_db = db(percentile(&powers, 0.95));
    let found = (at * bin_hz - hz).abs() < 0.35
        && is_steady
        && db(usual(bin)) - db(beside) > 12.0
        && median > -110.0
        && median < loudest_db - BELOW_MUSIC_DB;
    found.then_some(median)
}
