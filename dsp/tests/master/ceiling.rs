//! The ceiling holds between samples, whatever the music and the drive.

use dsp::audio::Audio;
use dsp::effects::dither::Depth;
use dsp::master::{Force, MasterParams, Mastered, Outcome, master};
use dsp::progress::Unwatched;
use dsp::signal::Dice;
use dsp::units::{Dbtp, Lufs, SampleRate};

use crate::oracle;
use crate::programmes::{KINDS, programme};

const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];
const CEILINGS: [f64; 4] = [-0.1, -1.0, -2.0, -3.0];
const DEPTHS: [Depth; 3] = [Depth::Int16, Depth::Int24, Depth::Float32];

/// How many programmes: a few for every day, as many as `MASTER_PROGRAMMES` says for a long run.
#[expect(clippy::disallowed_methods, reason = "a test may be told how long to run")]
pub fn programmes(usual: u64) -> u64 {
    std::env::var("MASTER_PROGRAMMES").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn forced(mix: Audio, loudness: f64, ceiling: f64, depth: Depth) -> Mastered {
    let params = MasterParams::new(Lufs::literal(loudness), Dbtp::literal(ceiling), depth).unwrap();
    master(mix, &params.with_force(Force::BeyondBudgets), &Unwatched).unwrap()
}

#[test]
fn no_programme_at_any_drive_exceeds_the_ceiling_between_samples() {
    let (mut limited, mut trimmed) = (0, 0);
    let count = programmes(72);
    for seed in 0..count {
        let mut dice = Dice::new(seed);
        let rate = SampleRate::literal(RATES_HZ[(dice.bits() % 3) as usize]);
        let kind = KINDS[seed as usize % KINDS.len()];
        let mix = programme(kind, rate, 1.5, seed);
        let (loudness, peak) = (oracle::loudness(&mix), oracle::true_peak(&mix));
        let ceiling = CEILINGS[(dice.bits() % 4) as usize];
        // The gain that brings the peak to the ceiling, and 0 to 12 dB more.
        let wanted = (loudness + ceiling - peak + dice.uniform(0.0, 12.0)).clamp(-36.0, -5.0);
        let mastered = forced(mix, wanted, ceiling, DEPTHS[(dice.bits() % 3) as usize]);
        let over = oracle::true_peak(&mastered.audio) - ceiling;
        assert!(over <= 0.02, "{kind:?} {seed} at {rate}: {over:.4} dB over {ceiling} dBTP");
        assert!(mastered.after.true_peak <= Dbtp::literal(ceiling), "{kind:?} {seed}: {:?}", mastered.after);
        limited += u64::from(mastered.work.reduction_max.value() > 0.5);
        trimmed += u64::from(mastered.work.trim.value() < 0.0);
    }
    assert!(limited > count / 2, "the case must be real: {limited} of {count} were limited");
    assert_eq!(trimmed, 0, "no whole programme was turned down for a few peaks");
}

#[test]
fn ffmpeg_finds_no_peak_above_the_ceiling_either() {
    for (seed, kind) in KINDS.into_iter().enumerate() {
        let mix = programme(kind, SampleRate::literal(44_100), 2.0, 100 + seed as u64);
        let mastered = forced(mix, -9.0, -1.0, Depth::Int24);
        let Some((_, peak)) = oracle::ffmpeg(&mastered.audio) else {
            eprintln!("no ffmpeg here: not compared");
            return;
        };
        assert!(peak <= -1.0, "{kind:?}: {peak} dBTP");
    }
}

#[test]
fn a_mix_that_needs_nothing_comes_back_bit_for_bit() {
    for kind in KINDS {
        let mix = programme(kind, SampleRate::literal(48_000), 2.0, 5);
        let params = MasterParams::keeping_loudness(Dbtp::literal(-0.5), Depth::Float32).unwrap();
        let mastered = master(mix.clone(), &params, &Unwatched).unwrap();
        assert_eq!(mastered.outcome, Outcome::Unchanged);
        assert!(mastered.audio == mix, "{kind:?}");
    }
}
