//! How long a master takes, whole and stage by stage: `cargo bench --bench master`.
//!
//! One thread, three minutes of a stereo programme at 44.1 kHz; the least of several runs, because other work on the
//! machine only ever adds time. `all cores` in the end uses the usual pool. Decoding and encoding are not part of it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dsp::analysis::analyse;
use dsp::audio::Audio;
use dsp::effects::dither::{Depth, Quantiser, digital_silence};
use dsp::effects::limiter::{GainCurve, Limiter};
use dsp::master::loudness_target::Programme;
use dsp::master::{Character, MasterParams, Premaster, Preset, master};
use dsp::meter::{loudness, measure, measure_certified, true_peak};
use dsp::progress::Unwatched;
use dsp::signal;
use dsp::units::{Dbtp, Decibels, Lufs, SampleRate};

const RATE: SampleRate = SampleRate::literal(44_100);
const SECONDS: f64 = 180.0;
const ROUNDS: usize = 5;
const CEILING: Dbtp = Dbtp::literal(-1.0);

fn main() {
    let mix = signal::programme(RATE, 2, SECONDS, 1);
    println!("{:<28} {:>10} {:>12}", "", "ns/frame", "x real time");
    println!("one thread");
    one_thread(|| {
        whole_chain(&mix);
        masters(&mix);
        stages(&mix);
    });
    println!("all cores");
    whole_chain(&mix);
    masters(&mix);
}

/// The sound of a preset at its middle settings, then its loudness.
fn whole_chain(mix: &Audio) {
    let character = Character::of(&Preset::STREAMING);
    let Ok(params) = MasterParams::new(Lufs::literal(-14.0), CEILING, Depth::Int24) else { return };
    row("analyse", mix, || (), |()| analyse(mix, &Unwatched));
    let sound = |mix| Premaster::of(mix, &character, None, &Unwatched);
    row("sound alone", mix, || mix.clone(), |mix| sound(mix).map(|made| made.fingerprint()));
    row(
        "the whole chain, 24 bits",
        mix,
        || mix.clone(),
        |mix| sound(mix)?.master(&params, &Unwatched).map(|mastered| mastered.work),
    );
}

/// Masters by loudness alone, by what they have to do.
fn masters(mix: &Audio) {
    let own = loudness::integrated(mix).map_or(-20.0, |loudness| loudness.value());
    for (name, target, depth) in [
        ("gain alone", own - 12.0, Depth::Int24),
        ("light limiting, 24 bits", own + 2.0, Depth::Int24),
        ("light limiting, 16 bits", own + 2.0, Depth::Int16),
        ("light limiting, floats", own + 2.0, Depth::Float32),
        ("heavy limiting, 24 bits", own + 6.0, Depth::Int24),
    ] {
        let Ok(params) = MasterParams::new(Lufs::literal(target.clamp(-36.0, -5.0)), CEILING, depth) else {
            continue;
        };
        row(name, mix, || mix.clone(), |mix| master(mix, &params, &Unwatched).map(|m| m.work));
    }
}

/// The stages of a master in their order.
fn stages(mix: &Audio) {
    let nothing = || ();
    println!("stages, one thread");
    row("measure the mix", mix, nothing, |()| measure(mix).integrated);
    row("what a limiter needs", mix, nothing, |()| Programme::of(mix, CEILING).loudness());
    row("K energies alone", mix, nothing, |()| loudness::k_energy(mix).len());
    row("digital silence", mix, nothing, |()| {
        mix.channels().iter().map(|c| digital_silence(c).len()).sum::<usize>()
    });
    let programme = Programme::of(mix, true_peak::scan(mix));
    let limiter = Limiter::candidates(12.0)[0];
    let (aim, gain) = (CEILING.amplitude(), Decibels::literal(6.0));
    row("one probe of loudness", mix, nothing, |()| programme.probe(&limiter, aim, gain).loudness());
    row("one probe of damage", mix, nothing, |()| {
        let probe = programme.probe(&limiter, aim, gain);
        (probe.reduction_p95(), probe.modulation())
    });
    row("gain curve", mix, nothing, |()| programme.curve(&limiter, aim, gain));
    let curve = programme.curve(&limiter, aim, gain);
    let mut out = mix.clone();
    apply(&curve, gain, mix, &mut out);
    row("apply the gain", mix, || mix.clone(), |mut out| apply(&curve, gain, mix, &mut out));
    row("dither to 16 bits", mix, || mix.clone(), |mut out| dither(Depth::Int16, &mut out));
    row("dither to 24 bits", mix, || mix.clone(), |mut out| dither(Depth::Int24, &mut out));
    row("peaks over the ceiling", mix, nothing, |()| true_peak::overs(&out, CEILING).len());
    row("measure and certify", mix, nothing, |()| measure_certified(&out, CEILING).integrated);
}

fn apply(curve: &GainCurve, gain: Decibels, mix: &Audio, out: &mut Audio) {
    for (input, output) in mix.channels().iter().zip(out.channels_mut()) {
        curve.apply(0, gain.amplitude() as f32, input, output);
    }
}

fn dither(depth: Depth, audio: &mut Audio) {
    for (number, channel) in audio.channels_mut().iter_mut().enumerate() {
        Quantiser::new(depth, 1, number).quantise(0, channel);
    }
}

fn one_thread(work: impl FnOnce() + Send) {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        Err(error) => eprintln!("no pool of one thread: {error}"),
    }
}

/// Prints the least time of several runs of `work`, each on a fresh product of `prepare`.
#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn row<P, T>(name: &str, mix: &Audio, prepare: impl Fn() -> P, work: impl Fn(P) -> T) {
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let prepared = prepare();
        let start = Instant::now();
        black_box(work(black_box(prepared)));
        least = least.min(start.elapsed());
    }
    let nanoseconds = least.as_nanos() as f64 / mix.frames() as f64;
    println!("  {name:<26} {nanoseconds:>10.2} {:>12.0}", mix.seconds() / least.as_secs_f64());
}
