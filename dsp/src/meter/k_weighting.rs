//! K-weighting: the two filters that loudness is measured through (ITU-R BS.1770-5, annex 1).

use crate::audio::{Audio, Channel};
use crate::meter::excerpt::is_broken;
use crate::parts::biquad::Biquad;
use crate::simd::Kernel;
use crate::units::{Hertz, SampleRate};

/// What is added to 10 log10 of the energy, so that a 997 Hz sine of 0 dBFS in one channel reads -3.01 LUFS.
pub const OFFSET_LU: f64 = -0.691;

/// The two sections of K-weighting at any rate, within 0.001 dB of the 48 kHz filters of the standard from 20
/// Hz to 20 kHz (or 0.45 of the rate) at 22.05 kHz and above, and within 0.015 dB at 8 kHz.
///
/// First the shelf that stands for the head, then the high-pass ("RLB"). The shelf is matched to the power of
/// the 48 kHz filter at four frequencies, because the bilinear transform would be off by 0.29 dB at 8 kHz.
/// The high-pass is the bilinear transform scaled to the 48 kHz filter's gain at high frequencies: with the
/// bare numerator 1, -2, 1 the gain would depend on the rate, by 0.03 dB at 192 kHz.
#[must_use]
pub fn sections(rate: SampleRate) -> [Biquad; 2] {
    /// Where the shelf bends; the lowest rate has its Nyquist frequency just above the last.
    const MATCHED_AT_HZ: [f64; 4] = [500.0, 1000.0, 2000.0, 3500.0];
    let standard = SampleRate::literal(48_000);
    let gains = MATCHED_AT_HZ.map(|hz| {
        let frequency = Hertz::literal(hz);
        (frequency, bilinear_shelf(standard).power_at(frequency, standard))
    });
    let shelf = Biquad::matching(gains, rate).unwrap_or_else(|| bilinear_shelf(rate));
    let high_pass = bilinear_high_pass(rate);
    let scale = high_frequency_gain(bilinear_high_pass(standard)) / high_frequency_gain(high_pass);
    [shelf, Biquad { b: high_pass.b.map(|b| b * scale), ..high_pass }]
}

/// Corner, gain and Q that give table 1 of the standard at 48 kHz by the bilinear transform, to all its
/// digits.
fn bilinear_shelf(rate: SampleRate) -> Biquad {
    const CORNER_HZ: f64 = 1_681.974_450_955_533;
    const Q: f64 = 0.707_175_236_955_419_6;
    const GAIN_DB: f64 = 3.999_843_853_973_347;
    const BAND_EXPONENT: f64 = 0.499_666_774_154_541_6;
    let k = (std::f64::consts::PI * CORNER_HZ / rate.as_f64()).tan();
    let high = 10f64.powf(GAIN_DB / 20.0);
    let band = high.powf(BAND_EXPONENT);
    let a0 = 1.0 + k / Q + k * k;
    Biquad {
        b: [
            (high + band * k / Q + k * k) / a0,
            2.0 * (k * k - high) / a0,
            (high - band * k / Q + k * k) / a0,
        ],
        a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / Q + k * k) / a0],
    }
}

/// Corner and Q that give table 2 of the standard at 48 kHz.
fn bilinear_high_pass(rate: SampleRate) -> Biquad {
    const CORNER_HZ: f64 = 38.135_470_876_024_44;
    const Q: f64 = 0.500_327_037_323_877_3;
    let k = (std::f64::consts::PI * CORNER_HZ / rate.as_f64()).tan();
    let a0 = 1.0 + k / Q + k * k;
    Biquad { b: [1.0, -2.0, 1.0], a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / Q + k * k) / a0] }
}

/// Gain of a high-pass far above its corner.
fn high_frequency_gain(section: Biquad) -> f64 {
    4.0 / (1.0 - section.a[0] + section.a[1])
}

/// Weights of the channels in programme loudness (ITU-R BS.1770-5, table 3): surround channels count 1.41.
#[must_use]
pub fn channel_weights(audio: &Audio) -> Vec<f64> {
    let weight = |channel: &Channel| match channel {
        Channel::Lfe => 0.0,
        Channel::LeftSurround | Channel::RightSurround => 1.41,
        _ => 1.0,
    };
    audio.layout().channels().iter().map(weight).collect()
}

/// Frames after which the high-pass has forgotten what came before: 0.25 s, when its response to an
/// impulse has fallen below 1e-24. So a segment that starts so much earlier, from rest, gives the reading
/// of a filter that ran from the beginning.
#[must_use]
pub(crate) fn run_in(rate: SampleRate) -> usize {
    rate.hertz() as usize / 4
}

/// Stretches of time that are filtered side by side.
///
/// A recursive filter waits for its own last output: one stretch alone leaves most of the processor idle.
pub(crate) const STRETCHES: usize = 4;
/// Two channels of each stretch: first all of the one, then all of the other.
pub(crate) const LANES: usize = 2 * STRETCHES;

/// Two channels of [`STRETCHES`] stretches under K-weighting. The high-pass runs one frame behind the shelf, so
/// that neither waits for the other.
///
/// Both are in direct form 1: of the feedback only one product and one difference wait for the newest output.
/// The high-pass takes second differences, and its scale goes into the energy.
#[derive(Clone, Debug)]
pub(crate) struct KWeighting {
    shelf: Biquad,
    high_pass_feedback: [f64; 2],
    high_pass_power: f64,
    state: State,
}

/// What the filters remember, newest first, for each lane.
#[derive(Clone, Copy, Default, Debug)]
struct State {
    input: [[f64; LANES]; 2],
    shelved: [[f64; LANES]; 2],
    /// From one output of the shelf to the next.
    difference: [f64; LANES],
    output: [[f64; LANES]; 2],
}

impl State {
    /// Takes a sample of each lane; gives the output of the frame before, without the high-pass's scale.
    #[inline(always)]
    fn next(&mut self, shelf: &Biquad, feedback: [f64; 2], x: [f64; LANES]) -> [f64; LANES] {
        let Biquad { b, a } = shelf;
        let (mut shelved, mut difference, mut output) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let forward = b[0] * x[lane] + b[1] * self.input[0][lane] + b[2] * self.input[1][lane];
            shelved[lane] = (forward - a[1] * self.shelved[1][lane]) - a[0] * self.shelved[0][lane];
            difference[lane] = self.shelved[0][lane] - self.shelved[1][lane];
            let forward = difference[lane] - self.difference[lane];
            output[lane] =
                (forward - feedback[1] * self.output[1][lane]) - feedback[0] * self.output[0][lane];
        }
        self.input = [x, self.input[0]];
        self.shelved = [shelved, self.shelved[0]];
        self.difference = difference;
        self.output = [output, self.output[0]];
        output
    }

    /// Ends a fade that is far below any sample, before it gets to numbers that slow processors down.
    #[inline(always)]
    fn forget_traces(&mut self) {
        const TRACE: f64 = 1e-100;
        let Self { input, shelved, difference, output } = self;
        let values = input.iter_mut().chain(shelved).chain(output).chain([difference]).flatten();
        values.filter(|value| value.abs() < TRACE).for_each(|value| *value = 0.0);
    }
}

impl KWeighting {
    /// At rest.
    pub(crate) fn new(rate: SampleRate) -> Self {
        let [shelf, high_pass] = sections(rate);
        let state = State::default();
        Self { shelf, high_pass_feedback: high_pass.a, high_pass_power: high_pass.b[0].powi(2), state }
    }
}

/// Energies of all lanes, frame after frame. The samples lead by one frame: energy number `n` is that of
/// the frame before sample `n`, because the high-pass lags the shelf by one.
pub(crate) struct Energies<'a> {
    pub(crate) filter: &'a mut KWeighting,
    /// One sample of each lane.
    pub(crate) frames: &'a [[f32; LANES]],
    /// Frames after which each energy ends, counted from the start of `frames`; the last is their length.
    pub(crate) ends: &'a [usize],
    /// One sum of squares for each end and lane.
    pub(crate) energies: &'a mut [[f64; LANES]],
}

impl Kernel for Energies<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let KWeighting { shelf, high_pass_feedback, high_pass_power, mut state } = *self.filter;
        let mut start = 0;
        for (&end, energy) in self.ends.iter().zip(self.energies) {
            let mut sum = [0.0; LANES];
            for frame in &self.frames[start..end] {
                let y = state.next(&shelf, high_pass_feedback, frame.map(f64::from));
                for lane in 0..LANES {
                    sum[lane] += y[lane] * y[lane];
                }
            }
            *energy = sum.map(|squares| squares * high_pass_power);
            start = end;
        }
        state.forget_traces();
        self.filter.state = state;
    }
}

/// Puts the samples of all lanes side by side; whether all of them are sound (see [`is_broken`]).
pub(crate) struct SideBySide<'a> {
    pub(crate) lanes: [&'a [f32]; LANES],
    pub(crate) frames: &'a mut [[f32; LANES]],
}

impl Kernel for SideBySide<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        const AT_ONCE: usize = 8;
        let count = self.frames.len();
        let mut largest = [0u32; AT_ONCE];
        let (whole, rest) = self.frames.as_chunks_mut::<AT_ONCE>();
        for (block, frames) in whole.iter_mut().enumerate() {
            let mut square = [[0.0f32; AT_ONCE]; LANES];
            for (row, lane) in square.iter_mut().zip(self.lanes) {
                row.copy_from_slice(&lane[block * AT_ONCE..(block + 1) * AT_ONCE]);
                for n in 0..AT_ONCE {
                    largest[n] = largest[n].max(row[n].abs().to_bits());
                }
            }
            for n in 0..AT_ONCE {
                for lane in 0..LANES {
                    frames[n][lane] = square[lane][n];
                }
            }
        }
        for (frame, n) in rest.iter_mut().zip(count / AT_ONCE * AT_ONCE..) {
            for (sample, lane) in frame.iter_mut().zip(self.lanes) {
                *sample = lane[n];
                largest[0] = largest[0].max(sample.abs().to_bits());
            }
        }
        largest.iter().all(|bits| !is_broken(&f32::from_bits(*bits)))
    }
}
