//! How long the meters take: `cargo bench -p dsp --bench meters`.
//!
//! One thread, three minutes of a stereo programme at 44.1 kHz; the least of several runs, because other work
//! on the machine only ever adds time. `meters parallel` in the end uses all cores.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dsp::audio::Audio;
use dsp::meter::{loudness, measure, measure_certified, measure_in_detail, report, true_peak};
use dsp::signal;
use dsp::simd;
use dsp::units::{Dbfs, Dbtp, Decibels, SampleRate};

const RATE: SampleRate = SampleRate::literal(44_100);
const SECONDS: f64 = 180.0;
const ROUNDS: usize = 7;

fn main() {
    let programme = signal::programme(RATE, 2, SECONDS, 1);
    let loud = limited(&signal::noise(RATE, 2, Dbfs::literal(-9.0), programme.frames(), 2));
    let ceiling = Dbtp::literal(-1.0);
    println!("{:<28} {:>10} {:>12}", "", "ns/frame", "x real time");
    one_thread(|| {
        for (name, audio) in [("programme", &programme), ("loud", &loud)] {
            println!("{name}");
            row("k_energy", audio, |a| loudness::k_energy(a).len());
            row("integrated", audio, loudness::integrated);
            row("peak_map", audio, |a| true_peak::peak_map(a).len());
            row("scan", audio, true_peak::scan);
            row("certify", audio, |a| true_peak::certify(a, ceiling));
            row("overs", audio, |a| true_peak::overs(a, ceiling).len());
            row("standard", audio, true_peak::standard);
            row("measure", audio, |a| measure(a).integrated);
            row("measure_certified", audio, |a| measure_certified(a, ceiling).integrated);
            let floor = true_peak::scan(audio) - Decibels::literal(12.0);
            row("detail", audio, |a| report::detail(a, floor).block_peaks.len());
            row("measure_in_detail", audio, |a| measure_in_detail(a, floor).0.integrated);
            let everything = Dbtp::literal(f64::NEG_INFINITY);
            row("detail, no floor", audio, |a| report::detail(a, everything).block_peaks.len());
            let fine = loudness::k_energy(audio);
            row("integrated_of", audio, |a| {
                loudness::integrated_of(fine.iter().copied(), a.frames(), a.rate())
            });
        }
        println!("baseline instructions only");
        simd::set_baseline_only(true);
        row("k_energy", &programme, |a| loudness::k_energy(a).len());
        row("peak_map", &programme, |a| true_peak::peak_map(a).len());
        row("scan", &loud, true_peak::scan);
        simd::set_baseline_only(false);
    });
    println!("all cores");
    row("measure", &programme, |a| measure(a).integrated);
}

/// Clipped at -1 dBFS, so that a great many peaks are nearly the highest: the worst case for certification.
fn limited(audio: &Audio) -> Audio {
    let mut limited = audio.clone();
    let ceiling = Dbfs::literal(-1.0).amplitude() as f32;
    for channel in limited.channels_mut() {
        channel.iter_mut().for_each(|x| *x = x.clamp(-ceiling, ceiling));
    }
    limited
}

#[expect(clippy::disallowed_methods, reason = "a bench is its own caller, and owns the pool")]
fn one_thread(work: impl FnOnce() + Send) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a pool of one thread").install(work);
}

/// Prints the least time of several runs.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn row<T>(name: &str, audio: &Audio, work: impl Fn(&Audio) -> T) {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(work(black_box(audio)));
        least = least.min(start.elapsed());
    }
    let nanoseconds = least.as_nanos() as f64 / audio.frames() as f64;
    println!("  {name:<26} {nanoseconds:>10.2} {:>12.0}", audio.seconds() / least.as_secs_f64());
}
