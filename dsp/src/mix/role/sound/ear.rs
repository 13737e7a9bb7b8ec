//! The pass over a stem's samples.

use realfft::num_complex::Complex32;

use super::Sound;
use super::colour::Colour;
use super::motion::Motion;
use super::pitch::Pitches;
use crate::parts::fft::Fft;
use crate::units::SampleRate;

/// Listens to a stem piece by piece. Keeps some kilobytes for each second.
///
/// Both channels are heard as one, the second one quieter, so that opposite polarities do not vanish.
#[derive(Debug)]
pub struct Ear {
    rate: SampleRate,
    long: Frames,
    short: Frames,
    colour: Colour,
    pitches: Pitches,
    motion: Motion,
    rumble: [Blocked; 2],
    middle: f64,
    side: f64,
    mixed: Vec<f32>,
}

/// The second channel's weight.
const SECOND: f32 = 0.6;
/// What is so far below the loudest tenth of the frames does not count as sounding: noise of a good recording lies
/// below that.
pub(super) const SILENT_DB: f64 = 40.0;
/// The corner of a high-pass of first order, applied twice, that keeps a constant and rumble out of everything.
const RUMBLE_HZ: f64 = 25.0;

impl Ear {
    /// For a rate. Frames are 4096 and 1024 long up to 50 kHz, twice as long for each doubling.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let times = (rate.as_f64() / 50_000.0).log2().ceil().max(0.0) as u32;
        let (long, short) = (4096usize << times, 1024usize << times);
        Self {
            rate,
            colour: Colour::new(rate, long),
            pitches: Pitches::new(rate, long),
            motion: Motion::new(rate, short),
            long: Frames::new(long),
            short: Frames::new(short),
            rumble: [Blocked::new(rate), Blocked::new(rate)],
            middle: 0.0,
            side: 0.0,
            mixed: Vec::new(),
        }
    }

    /// The next samples of both channels, or of the only one. What is no number is heard as silence.
    pub fn hear(&mut self, left: &[f32], right: Option<&[f32]>) {
        let clean = |sample: f32| if sample.abs() < 1e6 { sample } else { 0.0 };
        self.mixed.clear();
        if let Some(right) = right {
            for (left, right) in left.iter().zip(right) {
                let (left, right) = (clean(*left), clean(*right));
                self.middle += f64::from((left + right) * (left + right));
                self.side += f64::from((left - right) * (left - right));
                self.mixed.push(left + SECOND * right);
            }
        } else {
            self.mixed.extend(left.iter().map(|sample| clean(*sample)));
        }
        let Self { long, short, colour, pitches, motion, mixed, rumble, .. } = self;
        for sample in mixed.iter_mut() {
            *sample = rumble.iter_mut().fold(f64::from(*sample), |sample, stage| stage.next(sample)) as f32;
        }
        long.take(mixed, |spectrum| {
            colour.add(spectrum);
            pitches.add(spectrum);
        });
        short.take(mixed, |spectrum| motion.add(spectrum));
        motion.add_samples(mixed);
    }

    /// What was heard.
    #[must_use]
    pub fn finish(mut self) -> Sound {
        // The last frames are filled up with silence.
        let rest = vec![0.0f32; self.long.fft.frames()];
        self.hear(&rest, None);
        let mut sound = Sound { width_db: -60.0, ..Sound::default() };
        if self.middle > 0.0 && self.side > 0.0 {
            sound.width_db = (10.0 * (self.side / self.middle).log10()).clamp(-60.0, 60.0);
        }
        let seconds_per_frame = self.rate.seconds(self.long.hop());
        let active = self.colour.active();
        sound.active_seconds = active.iter().filter(|active| **active).count() as f64 * seconds_per_frame;
        if sound.is_heard() {
            sound.duty = sound.active_seconds / (active.len() as f64 * seconds_per_frame);
            self.colour.describe(&active, &mut sound);
            self.pitches.describe(&active, &mut sound);
            self.motion.describe(&mut sound);
        }
        sound
    }
}

/// A high-pass of first order: the difference of neighbours into a leaky sum.
#[derive(Debug)]
struct Blocked {
    kept: f64,
    before: f64,
    sum: f64,
}

impl Blocked {
    fn new(rate: SampleRate) -> Self {
        Self { kept: (-std::f64::consts::TAU * RUMBLE_HZ / rate.as_f64()).exp(), before: 0.0, sum: 0.0 }
    }

    fn next(&mut self, sample: f64) -> f64 {
        self.sum = self.kept * self.sum + sample - self.before;
        self.before = sample;
        self.sum
    }
}

/// Windowed frames of a stream, half overlapping.
#[derive(Debug)]
struct Frames {
    fft: Fft,
    window: Vec<f32>,
    waiting: Vec<f32>,
    block: Vec<f32>,
    spectrum: Vec<Complex32>,
}

impl Frames {
    fn new(frames: usize) -> Self {
        let fft = Fft::new(frames);
        let step = std::f64::consts::TAU / frames as f64;
        let hann = |index: usize| (0.5 - 0.5 * (step * (index as f64 + 0.5)).cos()) as f32;
        Self {
            window: (0..frames).map(hann).collect(),
            waiting: Vec::new(),
            block: vec![0.0; frames],
            spectrum: vec![Complex32::ZERO; fft.bins()],
            fft,
        }
    }

    fn hop(&self) -> usize {
        self.window.len() / 2
    }

    fn take(&mut self, samples: &[f32], mut each: impl FnMut(&[Complex32])) {
        self.waiting.extend_from_slice(samples);
        let (frames, hop) = (self.window.len(), self.hop());
        let mut from = 0;
        while from + frames <= self.waiting.len() {
            let span = &self.waiting[from..from + frames];
            let windowed = self.block.iter_mut().zip(span).zip(&self.window);
            windowed.for_each(|((to, sample), window)| *to = sample * window);
            self.fft.forward(&self.block, &mut self.spectrum);
            each(&self.spectrum);
            from += hop;
        }
        self.waiting.drain(..from);
    }
}
