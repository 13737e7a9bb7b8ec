//! All that the meters say of a piece of audio, in one pass over it.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::excerpt::Excerpt;
use crate::meter::loudness::{self, BlockEnergies, EnergyMeter, HOPS_PER_SECOND, TICKS_PER_SECOND, of_power};
use crate::meter::loudness_range;
use crate::meter::true_peak::{self, Peaks, Scanned};
use crate::units::{Dbfs, Dbtp, Lu, Lufs, SampleRate};

/// What the meters read.
#[derive(Clone, PartialEq, Debug)]
pub struct Measurements {
    /// Length of the audio.
    pub frames: usize,
    /// Its rate.
    pub rate: SampleRate,
    /// Gated loudness of the whole (ITU-R BS.1770-5); `None` below 0.4 s or if nothing is above -70 LUFS.
    pub integrated: Option<Lufs>,
    /// Highest loudness of any 400 ms, at a hop of 10 ms; `None` below 0.4 s.
    pub momentary_max: Option<Lufs>,
    /// Highest loudness of any 3 s, at a hop of 10 ms; `None` below 3 s.
    pub short_term_max: Option<Lufs>,
    /// EBU Tech 3342; `None` below 3 s or if nothing is above -70 LUFS.
    pub loudness_range: Option<Lu>,
    /// Highest level between samples: scanned by [`measure`], certified by [`measure_certified`].
    pub true_peak: Dbtp,
    /// The same by the standard's own 48-tap filter, as many other meters read it.
    pub true_peak_itu: Dbtp,
    /// Highest level of any sample.
    pub sample_peak: Dbfs,
    /// True peak less integrated loudness.
    pub plr: Option<Lu>,
    /// The least true peak less short-term loudness of any 3 s that passes the gates of EBU Tech 3342.
    pub psr_min: Option<Lu>,
    /// The median of the same.
    pub psr_median: Option<Lu>,
    /// Short-term loudness in LUFS at a hop of 100 ms; the first value is that of the first 3 s.
    pub short_term: Vec<f64>,
    /// Samples that were not finite, or more than 180 dB above full scale, and read as 0.
    pub broken_samples: usize,
}

/// Measures everything; the true peak by [`true_peak::scan`].
#[must_use]
pub fn measure(audio: &Audio) -> Measurements {
    Pass::over(audio).into_measurements(audio, |pass| pass.scanned())
}

/// Measures everything; the true peak by [`true_peak::certify`].
#[must_use]
pub fn measure_certified(audio: &Audio, at_least: Dbtp) -> Measurements {
    Pass::over(audio).into_measurements(audio, |pass| {
        let blocks = pass.blocks.iter().zip(&pass.peaks);
        let scanned = |(frames, peaks): (&Range<usize>, &Peaks)| Scanned {
            frames: frames.clone(),
            peak: peaks.scanned,
        };
        true_peak::certify_blocks(audio, &blocks.map(scanned).collect::<Vec<_>>(), at_least)
    })
}

/// What one pass over the audio collects.
struct Pass {
    energies: BlockEnergies,
    /// Blocks of 100 ms; the last may be shorter.
    blocks: Vec<Range<usize>>,
    /// Of each block.
    peaks: Vec<Peaks>,
    broken: usize,
}

/// What the pass collects of one segment.
struct Segment {
    energies: Vec<f64>,
    peaks: Vec<Peaks>,
    broken: usize,
}

impl Pass {
    /// Segments of 6.4 s side by side; within one, each block of 100 ms goes through all meters while it is
    /// in the cache.
    fn over(audio: &Audio) -> Self {
        const BLOCKS_PER_SEGMENT: usize = 64;
        let bounds: Vec<usize> = loudness::ticks(audio.frames(), audio.rate(), TICKS_PER_SECOND).collect();
        let blocks = blocks(audio);
        let segments: Vec<Segment> = blocks
            .par_chunks(BLOCKS_PER_SEGMENT)
            .map(|blocks| Self::over_segment(audio, blocks, &bounds))
            .collect();
        let broken = segments.iter().map(|s| s.broken).sum();
        let (energies, peaks): (Vec<_>, Vec<_>) = segments.into_iter().map(|s| (s.energies, s.peaks)).unzip();
        Self {
            energies: BlockEnergies::from_parts(bounds, energies.concat()),
            blocks,
            peaks: peaks.concat(),
            broken,
        }
    }

    fn over_segment(audio: &Audio, blocks: &[Range<usize>], bounds: &[usize]) -> Segment {
        let mut meter = EnergyMeter::started_at(audio, blocks[0].start);
        let mut excerpts = vec![Excerpt::default(); audio.channel_count()];
        let mut segment = Segment { energies: Vec::new(), peaks: Vec::new(), broken: 0 };
        let mut highest_itu = 0.0;
        for block in blocks {
            for (excerpt, channel) in excerpts.iter_mut().zip(audio.channels()) {
                excerpt.read(channel, block.clone());
                segment.broken += excerpt.broken;
            }
            let first = bounds.partition_point(|&bound| bound <= block.start);
            let last = bounds.partition_point(|&bound| bound <= block.end);
            let ends: Vec<usize> = bounds[first..last].iter().map(|bound| bound - block.start).collect();
            let known = segment.energies.len();
            segment.energies.resize(known + ends.len(), 0.0);
            meter.add(&excerpts, &ends, &mut segment.energies[known..]);
            let peaks = Peaks::of(audio.rate(), &excerpts, block, highest_itu);
            highest_itu = peaks.itu;
            segment.peaks.push(peaks);
        }
        segment
    }

    fn sample_peak(&self) -> f32 {
        self.peaks.iter().fold(0.0, |highest, block| highest.max(block.sample))
    }

    fn scanned(&self) -> Dbtp {
        let highest = self.peaks.iter().fold(0.0f32, |highest, block| highest.max(block.scanned));
        Dbtp::from_amplitude(f64::from(highest))
    }

    fn into_measurements(self, audio: &Audio, true_peak: impl Fn(&Self) -> Dbtp) -> Measurements {
        let integrated = self.energies.integrated();
        let true_peak = true_peak(&self);
        let itu = self.peaks.iter().fold(0.0f32, |highest, block| highest.max(block.itu));
        let mut psr = self.psr();
        psr.sort_by(f64::total_cmp);
        Measurements {
            frames: audio.frames(),
            rate: audio.rate(),
            integrated,
            momentary_max: highest(self.energies.momentary()),
            short_term_max: highest(self.energies.short_term()),
            loudness_range: loudness_range::loudness_range(&self.energies),
            true_peak,
            true_peak_itu: Dbtp::from_amplitude(f64::from(itu)),
            sample_peak: Dbfs::from_amplitude(f64::from(self.sample_peak())),
            plr: integrated.map(|i| Lu::literal(true_peak.value() - i.value())),
            psr_min: psr.first().copied().map(Lu::literal),
            psr_median: psr.get(psr.len() / 2).copied().map(Lu::literal),
            short_term: self.energies.powers(300, 10).into_iter().map(|p| of_power(p).value()).collect(),
            broken_samples: self.broken,
        }
    }

    /// Peak to short-term loudness of each 3 s that passes the gates, at a hop of 100 ms.
    fn psr(&self) -> Vec<f64> {
        let powers = self.energies.powers(300, 10);
        let Some(gate) = loudness_range::gate(&powers) else { return Vec::new() };
        let windows = self.peaks.windows(30).zip(&powers).filter(|(_, power)| **power > gate);
        windows
            .map(|(peaks, &power)| {
                let highest = peaks.iter().fold(0.0f32, |highest, block| highest.max(block.scanned));
                Dbtp::from_amplitude(f64::from(highest)).value() - of_power(power).value()
            })
            .collect()
    }
}

fn highest(loudnesses: impl Iterator<Item = Lufs>) -> Option<Lufs> {
    loudnesses.reduce(|a, b| if b > a { b } else { a })
}

/// Blocks of 100 ms, and what is left at the end.
fn blocks(audio: &Audio) -> Vec<Range<usize>> {
    let mut bounds: Vec<usize> = loudness::ticks(audio.frames(), audio.rate(), HOPS_PER_SECOND).collect();
    bounds.push(audio.frames());
    bounds.windows(2).map(|pair| pair[0]..pair[1]).filter(|block| !block.is_empty()).collect()
}
