//! How long the chain takes: `cargo bench -p dsp --bench chain`, or `… --bench chain -- ROW` for one row of it.
//!
//! One thread, two minutes of a stereo programme at 44.1 kHz; the least of several runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dsp::analysis::control::{CONTROL_FRAMES, ControlLevels};
use dsp::audio::Audio;
use dsp::bands::Curve;
use dsp::effects::compressor::solve_threshold;
use dsp::master::chain::{Chain, ChainPlan, Compressor, Gains};
use dsp::progress::Unwatched;
use dsp::signal::{self, Dice};
use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds, SampleRate};

const RATE: SampleRate = SampleRate::literal(44_100);
const SECONDS: f64 = 120.0;
const ROUNDS: usize = 5;

const COMPRESSOR: Compressor = Compressor {
    threshold: Dbfs::literal(-40.0),
    ratio: 2.0,
    knee: Decibels::literal(6.0),
    attack: Milliseconds::literal(15.0),
    release: Milliseconds::literal(150.0),
    makeup: Decibels::ZERO,
    mix: 1.0,
};

fn main() {
    let mix = signal::programme(RATE, 2, SECONDS, 1);
    let levels = levels(mix.frames());
    let high_pass = ChainPlan { high_pass: Some(Hertz::literal(24.0)), ..ChainPlan::NEUTRAL };
    let tone = ChainPlan { tone: Curve::of(|f| 2.0 * (1.3 * f.value().ln()).sin()), ..high_pass.clone() };
    let bands = ChainPlan { bands: Some([COMPRESSOR; 4]), ..tone.clone() };
    let everything =
        ChainPlan { glue: Some(COMPRESSOR), mono_below: Some(Hertz::literal(90.0)), ..bands.clone() };
    println!("{:<28} {:>10} {:>12}", "", "ns/frame", "x real time");
    one_thread(|| {
        for (name, plan) in [("high-pass", &high_pass), ("tone", &tone), ("tone and bands", &bands)] {
            let (chain, gains) = (Chain::new(plan, RATE, 2), Gains::of(plan, &levels));
            row(name, &mix, |mix| chain.render(mix, &gains, &Unwatched));
        }
        row("gains, everything", &mix, |_| Gains::of(&everything, &levels));
        row("design, everything", &mix, |_| Chain::new(&everything, RATE, 2));
        row("one threshold", &mix, |_| {
            let (gate, wanted) = (Dbfs::literal(-60.0), Decibels::literal(0.8));
            solve_threshold(&COMPRESSOR, &levels.powers[1], RATE, gate, wanted)
        });
    });
}

/// Levels that wander between −60 and −10 dBFS.
fn levels(frames: usize) -> ControlLevels {
    let mut dice = Dice::new(1);
    let powers = [0; 4].map(|_| {
        let mut level = -30.0;
        let point = |_| {
            level = f64::clamp(level + dice.uniform(-1.0, 1.0), -60.0, -10.0);
            10f64.powf(level / 10.0) as f32
        };
        (0..frames.div_ceil(CONTROL_FRAMES)).map(point).collect()
    });
    ControlLevels { rate: RATE, frames, powers }
}

#[expect(clippy::disallowed_methods, reason = "a bench is its own caller, and owns the pool")]
fn one_thread(work: impl FnOnce() + Send) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a pool of one thread").install(work);
}

/// Prints the least time of several runs.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn row<T>(name: &str, audio: &Audio, work: impl Fn(&Audio) -> T) {
    if std::env::args().skip(1).any(|only| !only.starts_with("--") && only != name) {
        return;
    }
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(work(black_box(audio)));
        least = least.min(start.elapsed());
    }
    let nanoseconds = least.as_nanos() as f64 / audio.frames() as f64;
    println!("  {name:<26} {nanoseconds:>10.2} {:>12.0}", audio.seconds() / least.as_secs_f64());
}
