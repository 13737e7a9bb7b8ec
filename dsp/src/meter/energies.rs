//! K-weighted energies of a programme: four stretches of time side by side, cut where the meters ask.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::Audio;
use crate::meter::excerpt::copy_sound;
use crate::meter::k_weighting::{self, KWeighting, LANES, STRETCHES, SideBySide, channel_weights, run_in};
use crate::meter::loudness::{FINE_FRAMES, HOPS_PER_SECOND, TICKS_PER_SECOND, tick};
use crate::simd::dispatch;
use crate::units::SampleRate;

/// Blocks of 100 ms in each stretch of a whole group. The longer, the less the filters' run-ins weigh.
const BLOCKS_PER_STRETCH: usize = 32;
/// Frames whose lanes stay in the innermost cache.
const TILE_FRAMES: usize = 512;

/// Consecutive blocks of 100 ms that one task measures. Fixed by the length of the audio alone, so that the number of
/// threads changes nothing.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Group {
    /// Block `k` begins at tick `k` of ten a second; the last may be shorter.
    pub(crate) blocks: Range<usize>,
    rate: SampleRate,
    frames: usize,
}

impl Group {
    /// All groups of so many frames.
    pub(crate) fn all(frames: usize, rate: SampleRate) -> Vec<Self> {
        let blocks = (0..).take_while(|&block| tick(block, rate, HOPS_PER_SECOND) < frames).count();
        let of = |first: usize| {
            let blocks = first..(first + STRETCHES * BLOCKS_PER_STRETCH).min(blocks);
            Self { blocks, rate, frames }
        };
        (0..blocks).step_by(STRETCHES * BLOCKS_PER_STRETCH).map(of).collect()
    }

    /// Frames of its stretches, one after the other; of a group that is not whole some may be empty.
    fn stretches(&self) -> [Range<usize>; STRETCHES] {
        let blocks = self.blocks.len().div_ceil(STRETCHES);
        let start = |stretch: usize| {
            let block = (self.blocks.start + stretch * blocks).min(self.blocks.end);
            tick(block, self.rate, HOPS_PER_SECOND).min(self.frames)
        };
        std::array::from_fn(|stretch| start(stretch)..start(stretch + 1))
    }
}

/// Energies of one group or of a whole programme: channel-weighted sums of squares after K-weighting.
#[derive(Clone, Default, Debug)]
pub(crate) struct Energies {
    /// Of each whole 10 ms.
    pub(crate) ticks: Vec<f64>,
    /// Of each run of [`FINE_FRAMES`]; at the edges of a group, of the part of a run that lies within.
    pub(crate) runs: Vec<f64>,
    /// The number of the first of `runs`.
    first_run: usize,
}

/// Where energies are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cuts {
    /// At each 10 ms.
    Ticks,
    /// At each run of [`FINE_FRAMES`].
    Runs,
    /// At both.
    TicksAndRuns,
}

impl Energies {
    /// Of all of `audio`.
    pub(crate) fn over(audio: &Audio, cuts: Cuts) -> Self {
        let groups = Group::all(audio.frames(), audio.rate());
        let parts: Vec<Self> = groups.par_iter().map(|group| Self::of(audio, group, cuts)).collect();
        Self::joined(parts, audio.frames())
    }

    /// Of consecutive parts of so many frames.
    pub(crate) fn joined(parts: Vec<Self>, frames: usize) -> Self {
        let mut whole = Self::default();
        if parts.iter().any(|part| !part.runs.is_empty()) {
            whole.runs = vec![0.0; frames.div_ceil(FINE_FRAMES)];
        }
        for part in parts {
            whole.ticks.extend(part.ticks);
            let first = part.first_run.min(whole.runs.len());
            for (sum, energy) in whole.runs[first..].iter_mut().zip(part.runs) {
                *sum += energy;
            }
        }
        whole
    }

    /// Of one group.
    pub(crate) fn of(audio: &Audio, group: &Group, cuts: Cuts) -> Self {
        let stretches = group.stretches();
        let frames = stretches.iter().map(Range::len).max().unwrap_or(0);
        let mut meter = Meter::started_at(audio, stretches.each_ref().map(|stretch| stretch.start));
        let mut ledgers = stretches.map(|stretch| Ledger::new(stretch, audio.rate(), cuts));
        let (mut ends, mut energies) = (Vec::new(), Vec::new());
        for first in (0..frames).step_by(TILE_FRAMES) {
            let tile = first..(first + TILE_FRAMES).min(frames);
            ends_within(&tile, &ledgers, &mut ends);
            meter.advance(audio, tile.len(), &ends, &mut energies);
            for (&end, energies) in ends.iter().zip(&energies) {
                for (ledger, energy) in ledgers.iter_mut().zip(energies) {
                    ledger.add(first + end, *energy);
                }
            }
        }
        Self::joined_stretches(ledgers)
    }

    fn joined_stretches(ledgers: [Ledger; STRETCHES]) -> Self {
        let mut group = Self { first_run: ledgers[0].stretch.start / FINE_FRAMES, ..Self::default() };
        for ledger in ledgers {
            group.ticks.extend(ledger.ticks);
            // A run that two stretches share is the last of the one and the first of the other.
            let shared = ledger.stretch.start / FINE_FRAMES - group.first_run;
            let mut runs = ledger.runs.into_iter();
            if let (Some(sum), true) = (group.runs.get_mut(shared), !ledger.stretch.is_empty()) {
                *sum += runs.next().unwrap_or(0.0);
            }
            group.runs.extend(runs);
        }
        group
    }
}

/// The frames after which an energy of any stretch ends within a tile, and the tile's end; all count from its start.
fn ends_within(tile: &Range<usize>, ledgers: &[Ledger; STRETCHES], ends: &mut Vec<usize>) {
    let mut marks = [0u64; TILE_FRAMES / 64];
    for ledger in ledgers {
        ledger.each_end_within(tile, |end| marks[(end - 1) / 64] |= 1 << ((end - 1) % 64));
    }
    marks[(tile.len() - 1) / 64] |= 1 << ((tile.len() - 1) % 64);
    ends.clear();
    for (word, mut marks) in marks.into_iter().enumerate() {
        while marks != 0 {
            ends.push(word * 64 + marks.trailing_zeros() as usize + 1);
            marks &= marks - 1;
        }
    }
}

/// Collects the energies of one stretch.
struct Ledger {
    stretch: Range<usize>,
    rate: SampleRate,
    cuts: Cuts,
    /// Number and end of the tick that is being summed.
    tick: (usize, usize),
    tick_sum: f64,
    run_sum: f64,
    ticks: Vec<f64>,
    runs: Vec<f64>,
}

impl Ledger {
    /// `stretch` begins at a tick.
    fn new(stretch: Range<usize>, rate: SampleRate, cuts: Cuts) -> Self {
        let hertz = rate.hertz() as usize;
        // The tick that begins there is within one of the quotient.
        let near = stretch.start * TICKS_PER_SECOND / hertz;
        let number = (near.saturating_sub(1)..=near + 1)
            .find(|&number| tick(number + 1, rate, TICKS_PER_SECOND) > stretch.start)
            .unwrap_or(near);
        let tick = (number, tick(number + 1, rate, TICKS_PER_SECOND));
        let (ticks, runs) = (Vec::new(), Vec::new());
        Self { stretch, rate, cuts, tick, tick_sum: 0.0, run_sum: 0.0, ticks, runs }
    }

    /// Calls `mark` with each end within a tile, counted from the tile's start; `tile` counts from the stretch's.
    fn each_end_within(&self, tile: &Range<usize>, mut mark: impl FnMut(usize)) {
        let from = self.stretch.start + tile.start;
        let to = (self.stretch.start + tile.end).min(self.stretch.end);
        if to <= from {
            return;
        }
        if self.cuts != Cuts::Runs {
            let (mut number, mut end) = self.tick;
            while end <= to {
                mark(end - from);
                number += 1;
                end = tick(number + 1, self.rate, TICKS_PER_SECOND);
            }
        }
        if self.cuts != Cuts::Ticks {
            let first = (from / FINE_FRAMES + 1) * FINE_FRAMES;
            (first..=to).step_by(FINE_FRAMES).for_each(|end| mark(end - from));
        }
        if to == self.stretch.end {
            mark(to - from);
        }
    }

    /// Adds the energy of the frames up to `end`, which counts from the stretch's start.
    fn add(&mut self, end: usize, energy: f64) {
        let end = self.stretch.start + end;
        if end > self.stretch.end {
            return;
        }
        self.tick_sum += energy;
        self.run_sum += energy;
        if self.cuts != Cuts::Runs && end == self.tick.1 {
            self.ticks.push(std::mem::take(&mut self.tick_sum));
            let number = self.tick.0 + 1;
            self.tick = (number, tick(number + 1, self.rate, TICKS_PER_SECOND));
        }
        if self.cuts != Cuts::Ticks && (end.is_multiple_of(FINE_FRAMES) || end == self.stretch.end) {
            self.runs.push(std::mem::take(&mut self.run_sum));
        }
    }
}

/// K-weighting of all channels that count, two at a time, in all stretches of a group at once.
struct Meter {
    pairs: Vec<Pair>,
    /// The next sample that the filters take, in each stretch. May be before the first of all.
    next: [isize; STRETCHES],
    frames: Vec<[f32; LANES]>,
    /// Where a lane cannot be read from the channel itself.
    copies: [Vec<f32>; LANES],
    of_pair: Vec<[f64; LANES]>,
}

/// Two channels with their weights. A channel without a partner runs twice and counts once.
struct Pair {
    channels: [usize; 2],
    weights: [f64; 2],
    filter: KWeighting,
}

impl Meter {
    /// Ready for the samples from `starts` on, with the filters in the state that those before left them in.
    fn started_at(audio: &Audio, starts: [usize; STRETCHES]) -> Self {
        let weights = channel_weights(audio);
        let counted: Vec<usize> = (0..weights.len()).filter(|&c| weights[c] > 0.0).collect();
        let filter = KWeighting::new(audio.rate());
        let pairs = counted.chunks(2).map(|pair| {
            let (one, other) = (pair[0], pair[pair.len() - 1]);
            let weights = [weights[one], if pair.len() == 2 { weights[other] } else { 0.0 }];
            Pair { channels: [one, other], weights, filter: filter.clone() }
        });
        let run_in = run_in(audio.rate());
        let mut meter = Self {
            pairs: pairs.collect(),
            next: starts.map(|start| start as isize - run_in as isize),
            frames: vec![[0.0; LANES]; TILE_FRAMES],
            copies: Default::default(),
            of_pair: Vec::new(),
        };
        // The first sample gives the kernel its lead; no energy comes of it, nor of the run-in.
        let mut nothing = Vec::new();
        for first in (0..=run_in).step_by(TILE_FRAMES) {
            let frames = TILE_FRAMES.min(run_in + 1 - first);
            meter.advance(audio, frames, &[frames], &mut nothing);
        }
        meter
    }

    /// The energies of the next frames of each stretch, one for each of `ends`, which count from the first of them.
    fn advance(
        &mut self,
        audio: &Audio,
        frames: usize,
        ends: &[usize],
        energies: &mut Vec<[f64; STRETCHES]>,
    ) {
        energies.clear();
        energies.resize(ends.len(), [0.0; STRETCHES]);
        self.of_pair.resize(ends.len(), [0.0; LANES]);
        for Pair { channels, weights, filter } in &mut self.pairs {
            let side_by_side = &mut self.frames[..frames];
            let place =
                |lane: usize| (audio.channel(channels[lane / STRETCHES]), self.next[lane % STRETCHES]);
            read_side_by_side(place, &mut self.copies, side_by_side);
            let of_pair = &mut self.of_pair;
            dispatch(k_weighting::Energies { filter, frames: side_by_side, ends, energies: of_pair });
            for (energies, of_pair) in energies.iter_mut().zip(&self.of_pair) {
                for (stretch, energy) in energies.iter_mut().enumerate() {
                    *energy += weights[0] * of_pair[stretch] + weights[1] * of_pair[STRETCHES + stretch];
                }
            }
        }
        self.next = self.next.map(|next| next + frames as isize);
    }
}

/// Fills `frames` with the samples of all lanes, of which each begins at its place in a channel.
fn read_side_by_side<'a>(
    place: impl Fn(usize) -> (&'a [f32], isize),
    copies: &'a mut [Vec<f32>; LANES],
    frames: &mut [[f32; LANES]],
) {
    let own = |lane: usize| {
        let (channel, from) = place(lane);
        inside(channel, from, frames.len())
    };
    for (lane, copy) in copies.iter_mut().enumerate().filter(|(lane, _)| own(*lane).is_none()) {
        let (channel, from) = place(lane);
        copy_sound(channel, from, frames.len(), copy);
    }
    let lanes: [&[f32]; LANES] = std::array::from_fn(|lane| own(lane).unwrap_or(&copies[lane]));
    if dispatch(SideBySide { lanes, frames }) {
        return;
    }
    for (lane, copy) in copies.iter_mut().enumerate() {
        let (channel, from) = place(lane);
        copy_sound(channel, from, frames.len(), copy);
    }
    dispatch(SideBySide { lanes: copies.each_ref().map(Vec::as_slice), frames });
}

/// So many samples from `from` on, if the channel has them all.
fn inside(channel: &[f32], from: isize, frames: usize) -> Option<&[f32]> {
    let from = usize::try_from(from).ok()?;
    channel.get(from..from + frames)
}
