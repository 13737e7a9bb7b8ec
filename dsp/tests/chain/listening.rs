//! What the tests of the chain hear with: renders, responses, control levels made by other means than the engine's.

use std::f64::consts::TAU;

use dsp::analysis::control::{CONTROL_FRAMES, ControlLevels};
use dsp::audio::{Audio, Samples};
use dsp::bands::Curve;
use dsp::master::chain::{Chain, ChainPlan, Compressor, Gains};
use dsp::progress::Unwatched;
use dsp::signal::Dice;
use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds, SampleRate};

pub const RATE: SampleRate = SampleRate::literal(44_100);

/// Renders `mix` with gains as given.
pub fn render_with(plan: &ChainPlan, gains: &Gains, mix: &Audio) -> Audio {
    Chain::new(plan, mix.rate(), mix.channel_count()).render(mix, gains, &Unwatched).unwrap()
}

/// Renders a plan without dynamics.
pub fn render(plan: &ChainPlan, mix: &Audio) -> Audio {
    render_with(plan, &Gains::Still, mix)
}

/// Two channels.
pub fn stereo(rate: SampleRate, left: &[f32], right: &[f32]) -> Audio {
    Audio::from_channels(rate, vec![Samples::copied(left), Samples::copied(right)])
}

/// One channel that is 1 at frame `at` and 0 elsewhere.
pub fn impulse(at: usize, frames: usize) -> Vec<f32> {
    let mut samples = vec![0.0; frames];
    samples[at] = 1.0;
    samples
}

/// Gain in dB of an impulse response at a frequency, by its Fourier sum in double precision.
pub fn gain_db(response: &[f32], rate: SampleRate, frequency: Hertz) -> f64 {
    let (sin, cos) = (TAU * frequency.value() / rate.as_f64()).sin_cos();
    let (mut re, mut im, mut turn) = (0.0, 0.0, (1.0, 0.0));
    for &sample in response {
        re += f64::from(sample) * turn.0;
        im += f64::from(sample) * turn.1;
        turn = (turn.0 * cos - turn.1 * sin, turn.0 * sin + turn.1 * cos);
    }
    10.0 * (re * re + im * im).log10()
}

/// A curve as decisions may draw it: within ±6 dB, at most 4 dB an octave, smooth over an octave below 100 Hz and half
/// an octave above.
pub fn legal_curve(dice: &mut Dice) -> Curve {
    // Straight pieces between random turns, then a raised-cosine window as long as the smoothing.
    let mut raw = Vec::new();
    let (mut gain, mut slope) = (dice.uniform(-5.0, 5.0), 0.0);
    for step in 0..400 {
        if step % 12 == 0 {
            slope = dice.uniform(-4.0, 4.0) / 24.0;
        }
        slope = if gain > 5.9 {
            -f64::abs(slope)
        } else if gain < -5.9 {
            f64::abs(slope)
        } else {
            slope
        };
        gain += slope;
        raw.push(gain);
    }
    // Twenty-fourths of an octave, of which 48 lie before the lowest band.
    Curve::of(|frequency| {
        let place = 24.0 * (frequency.value() / 20.0).log2() + 48.0;
        let width = if frequency.value() < 100.0 { 24.0 } else { 12.0 };
        let (mut sum, mut weights) = (0.0, 0.0);
        for (k, value) in raw.iter().enumerate() {
            let distance = (k as f64 - place) / width;
            if distance.abs() < 1.0 {
                let weight = 1.0 + (std::f64::consts::PI * distance).cos();
                (sum, weights) = (sum + weight * value, weights + weight);
            }
        }
        sum / weights
    })
}

/// Levels of a signal that lies wholly in one band, by definition: 0.7 of the louder channel, 0.3 of the mid.
pub fn levels_in_band(mix: &Audio, band: usize) -> ControlLevels {
    let points = mix.frames().div_ceil(CONTROL_FRAMES);
    let mut powers = [const { Vec::new() }; 4].map(|_: Vec<f32>| vec![0.0f32; points]);
    let (left, right) = (mix.channel(0), mix.channel(mix.channel_count() - 1));
    for (point, power) in powers[band].iter_mut().enumerate() {
        let frames = point * CONTROL_FRAMES..((point + 1) * CONTROL_FRAMES).min(mix.frames());
        let count = frames.len() as f64;
        let mean = |of: &dyn Fn(usize) -> f64| frames.clone().map(of).map(|x| x * x).sum::<f64>() / count;
        let louder = mean(&|n| f64::from(left[n])).max(mean(&|n| f64::from(right[n])));
        let mid = mean(&|n| f64::from(left[n] + right[n]) / 2.0);
        *power = (0.7 * louder + 0.3 * mid) as f32;
    }
    ControlLevels { rate: mix.rate(), frames: mix.frames(), powers }
}

/// Gain curves that move all the time, each its own way.
pub fn restless_gains(frames: usize, seed: u64) -> [Vec<f32>; 4] {
    let mut dice = Dice::new(seed);
    let points = frames.div_ceil(CONTROL_FRAMES);
    [0, 1, 2, 3].map(|_| {
        let mut gain = 0.8;
        (0..points)
            .map(|_| {
                gain = f64::clamp(gain + dice.uniform(-0.01, 0.01), 0.4, 1.2);
                gain as f32
            })
            .collect()
    })
}

/// A compressor as a plan would hold it.
pub fn compressor(threshold_dbfs: f64, ratio: f64) -> Compressor {
    Compressor {
        threshold: Dbfs::literal(threshold_dbfs),
        ratio,
        knee: Decibels::literal(6.0),
        attack: Milliseconds::literal(15.0),
        release: Milliseconds::literal(150.0),
        makeup: Decibels::ZERO,
        mix: 1.0,
    }
}

/// A plan with everything on that the chain does.
pub fn busy_plan(seed: u64) -> ChainPlan {
    let mut dice = Dice::new(seed);
    ChainPlan {
        high_pass: Some(Hertz::literal(24.0)),
        tone: legal_curve(&mut dice),
        side: Curve::of(|frequency| if frequency.value() > 2000.0 { 1.5 } else { 0.0 }),
        mono_below: Some(Hertz::literal(90.0)),
        width: [0.0, -1.0, 0.5, 1.5].map(Decibels::literal),
        bands: Some([compressor(-30.0, 1.8); 4]),
        glue: Some(Compressor { mix: 0.6, ..compressor(-20.0, 1.5) }),
        ..ChainPlan::NEUTRAL
    }
}

/// The largest distance between two renders.
pub fn distance(one: &Audio, other: &Audio) -> f64 {
    assert_eq!((one.frames(), one.channel_count()), (other.frames(), other.channel_count()));
    let pairs = one.channels().iter().zip(other.channels()).flat_map(|(a, b)| a.iter().zip(b.iter()));
    pairs.fold(0.0, |most, (a, b)| f64::max(most, f64::from((a - b).abs())))
}

/// A curve as references may ask for: within −20 and +18 dB, at most 30 dB an octave, smooth over half an octave below
/// 100 Hz and a third above.
pub fn steep_curve(dice: &mut Dice) -> Curve {
    let mut raw = Vec::new();
    let (mut gain, mut slope) = (dice.uniform(-8.0, 8.0), 0.0);
    for step in 0..400 {
        if step % 8 == 0 {
            slope = dice.uniform(-30.0, 30.0) / 24.0;
        }
        slope = if gain > 17.9 {
            -f64::abs(slope)
        } else if gain < -19.9 {
            f64::abs(slope)
        } else {
            slope
        };
        gain += slope;
        raw.push(gain);
    }
    Curve::of(|frequency| {
        let place = 24.0 * (frequency.value() / 20.0).log2() + 48.0;
        let width = if frequency.value() < 100.0 { 12.0 } else { 8.0 };
        let (mut sum, mut weights) = (0.0, 0.0);
        for (k, value) in raw.iter().enumerate() {
            let distance = (k as f64 - place) / width;
            if distance.abs() < 1.0 {
                let weight = 1.0 + (std::f64::consts::PI * distance).cos();
                (sum, weights) = (sum + weight * value, weights + weight);
            }
        }
        sum / weights
    })
}
