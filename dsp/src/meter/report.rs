//! All that the meters say of a piece of audio, in one pass over it.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::energies::{Cuts, Energies, Group};
use crate::meter::excerpt::Excerpt;
use crate::meter::loudness::{self, BlockEnergies, HOPS_PER_SECOND, of_power};
use crate::meter::loudness_range;
use crate::meter::true_peak::{self, Peaks, Rows, Scanned};
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

/// What a limiter needs to know of audio.
#[derive(Clone, PartialEq, Debug)]
pub struct Detail {
    /// The highest magnitude, linear, that the waveform reaches within one frame before and after each frame of each
    /// block of [`PEAK_FRAMES`], over all channels.
    pub block_peaks: Vec<f32>,
    /// K-weighted energies as of [`loudness::k_energy`].
    pub k_energies: Vec<f64>,
}

/// Frames in each of [`Detail::block_peaks`].
pub const PEAK_FRAMES: usize = true_peak::ROW_FRAMES;

/// Measures everything; the true peak by [`true_peak::scan`].
#[must_use]
pub fn measure(audio: &Audio) -> Measurements {
    Pass::over(audio, Depth::Report).0.into_measurements(audio, |pass| pass.scanned())
}

/// Measures everything; the true peak by [`true_peak::certify`].
#[must_use]
pub fn measure_certified(audio: &Audio, at_least: Dbtp) -> Measurements {
    Pass::over(audio, Depth::Report).0.into_measurements(audio, |pass| {
        let blocks = pass.blocks.iter().zip(&pass.peaks);
        let scanned = |(frames, peaks): (&Range<usize>, &Peaks)| Scanned {
            frames: frames.clone(),
            peak: peaks.scanned,
        };
        true_peak::certify_blocks(audio, &blocks.map(scanned).collect::<Vec<_>>(), at_least)
    })
}

/// As [`measure`], and what a limiter needs, in the same pass.
///
/// Block peaks no higher than `floor` may read higher, up to `floor`: they are bounds. Where a limiter will hold
/// nothing below it, much of a programme need not be interpolated; should it hold less after all, it holds enough.
/// Negative infinity gives exact peaks everywhere.
#[must_use]
pub fn measure_in_detail(audio: &Audio, floor: Dbtp) -> (Measurements, Detail) {
    let (pass, detail) = Pass::over(audio, Depth::Both { floor: floor.amplitude() as f32 });
    (pass.into_measurements(audio, |pass| pass.scanned()), detail)
}

/// What a limiter needs, alone.
#[must_use]
pub fn detail(audio: &Audio, floor: Dbtp) -> Detail {
    Pass::over(audio, Depth::Detail { floor: floor.amplitude() as f32 }).1
}

/// What a pass collects.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Depth {
    Report,
    Detail { floor: f32 },
    Both { floor: f32 },
}

/// What one pass over the audio collects.
struct Pass {
    energies: BlockEnergies,
    /// Blocks of 100 ms, moved to the nearest whole run of frames; the last may be shorter.
    blocks: Vec<Range<usize>>,
    /// Of each block.
    peaks: Vec<Peaks>,
    broken: usize,
}

/// What the pass collects of one group.
struct Part {
    energies: Energies,
    peaks: Vec<Peaks>,
    rows: Rows,
    broken: usize,
}

impl Pass {
    /// Groups side by side; within one, what the second meter reads is still in the cache.
    fn over(audio: &Audio, depth: Depth) -> (Self, Detail) {
        let groups = Group::all(audio.frames(), audio.rate());
        let parts: Vec<Part> = groups.par_iter().map(|group| Part::of(audio, group, depth)).collect();
        let (mut energies, mut peaks, mut rows, mut broken) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for part in parts {
            energies.push(part.energies);
            peaks.extend(part.peaks);
            rows.push(part.rows);
            broken += part.broken;
        }
        let Energies { ticks, runs, .. } = Energies::joined(energies, audio.frames());
        let blocks =
            groups.iter().flat_map(|group| group.blocks.clone()).map(|block| frames_of(audio, block));
        let energies = BlockEnergies::from_ticks(ticks, audio);
        let pass = Self { energies, blocks: blocks.collect(), peaks, broken };
        (pass, Detail { block_peaks: Rows::levels(rows), k_energies: runs })
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

/// Frames of a block of 100 ms, whole runs where the audio goes on.
fn frames_of(audio: &Audio, block: usize) -> Range<usize> {
    let bound = |block| {
        let frame = loudness::tick(block, audio.rate(), HOPS_PER_SECOND);
        if frame >= audio.frames() {
            audio.frames()
        } else {
            frame.next_multiple_of(true_peak::RUN).min(audio.frames())
        }
    };
    bound(block)..bound(block + 1)
}

impl Part {
    fn of(audio: &Audio, group: &Group, depth: Depth) -> Self {
        let (cuts, floor) = match depth {
            Depth::Report => (Cuts::Ticks, None),
            Depth::Detail { floor } => (Cuts::Runs, Some(floor)),
            Depth::Both { floor } => (Cuts::TicksAndRuns, Some(floor)),
        };
        let mut part = Self { energies: Energies::of(audio, group, cuts), ..Self::empty() };
        let start = frames_of(audio, group.blocks.start).start;
        if floor.is_some() {
            part.rows = Rows::silent(frames_of(audio, group.blocks.end - 1).end - start);
        }
        let mut excerpts = vec![Excerpt::default(); audio.channel_count()];
        let mut highest_itu = if matches!(depth, Depth::Detail { .. }) { f32::INFINITY } else { 0.0 };
        for block in group.blocks.clone() {
            let frames = frames_of(audio, block);
            for (excerpt, channel) in excerpts.iter_mut().zip(audio.channels()) {
                excerpt.read(channel, frames.clone());
                part.broken += excerpt.broken;
            }
            let peaks = match floor {
                None => Peaks::of(audio.rate(), &excerpts, &frames, highest_itu),
                Some(floor) => {
                    let rows = (&mut part.rows, (frames.start - start) / PEAK_FRAMES);
                    Peaks::with_rows(audio.rate(), &excerpts, &frames, highest_itu, rows, floor)
                }
            };
            highest_itu = peaks.itu;
            part.peaks.push(peaks);
        }
        part
    }

    fn empty() -> Self {
        Self { energies: Energies::default(), peaks: Vec::new(), rows: Rows::default(), broken: 0 }
    }
}
