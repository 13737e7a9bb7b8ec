//! How long it takes to finish a master: `cargo bench -p dsp --bench finish`.
//!
//! One thread, one minute of a stereo programme at 44.1 kHz; the least of several runs, because other work on the
//! machine only ever adds time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser};
use dsp::effects::noise_shaper::NoiseShaper;
use dsp::signal;
use dsp::units::SampleRate;

const RATE: SampleRate = SampleRate::literal(44_100);
const ROUNDS: usize = 7;

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with("--"));
    let audio = signal::programme(RATE, 2, 60.0, 1);
    println!("{:<28} {:>10} {:>12}", "", "ns/frame", "x real time");
    one_thread(|| {
        let row = |name: &str, work: &dyn Fn(&mut Audio)| {
            if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
                measure(name, &audio, work);
            }
        };
        row("dither plain", &|audio| quantise(audio, None));
        row("dither shaped", &|audio| quantise(audio, Some(NoiseShaper::new(RATE))));
    });
}

fn quantise(audio: &mut Audio, shaper: Option<NoiseShaper>) {
    for (index, channel) in audio.channels_mut().iter_mut().enumerate() {
        let plain = Quantiser::new(Depth::Int16, 1, index);
        shaper.map_or(plain, |shaper| plain.shaped(shaper)).quantise(0, channel);
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench is its own caller, and owns the pool")]
fn one_thread(work: impl FnOnce() + Send) {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        Err(error) => eprintln!("no pool of one thread: {error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn measure(name: &str, audio: &Audio, work: &dyn Fn(&mut Audio)) {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut copy = audio.clone();
        let start = Instant::now();
        work(black_box(&mut copy));
        least = least.min(start.elapsed());
        black_box(copy);
    }
    let nanoseconds = least.as_nanos() as f64 / audio.frames() as f64;
    println!("{name:<28} {nanoseconds:>10.2} {:>12.0}", audio.seconds() / least.as_secs_f64());
}
