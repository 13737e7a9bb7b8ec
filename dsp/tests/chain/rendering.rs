//! Nothing delayed, nothing lost at seams, the same bits however it is computed.

use dsp::audio::Audio;
use dsp::master::chain::{Chain, ChainPlan, Gains};
use dsp::progress::{Cancelled, Unwatched, Watch};
use dsp::signal;
use dsp::units::{Dbfs, Hertz, SampleRate};

use crate::listening::{
    RATE, busy_plan, distance, impulse, legal_curve, levels_in_band, render, render_with, restless_gains,
    stereo,
};

/// The plan without what treats mid and side differently.
fn common_plan(seed: u64) -> ChainPlan {
    ChainPlan {
        side: ChainPlan::NEUTRAL.side,
        mono_below: None,
        width: ChainPlan::NEUTRAL.width,
        ..busy_plan(seed)
    }
}

fn noise(frames: usize, seed: u64) -> Audio {
    signal::noise(RATE, 2, Dbfs::literal(-20.0), frames, seed)
}

#[test]
fn a_neutral_chain_leaves_every_bit() {
    let mix = noise(30_000, 1);
    let chain = Chain::new(&ChainPlan::NEUTRAL, RATE, 2);
    assert!(chain.is_neutral());
    assert_eq!(chain.render(&mix, &Gains::Still, &Unwatched).unwrap(), mix);
    assert!(!Chain::new(&busy_plan(1), RATE, 2).is_neutral(), "the case must be real");
}

#[test]
fn an_impulse_stays_where_it_is_at_every_rate() {
    for hertz in [8000, 44_100, 48_000, 96_000, 192_000, 384_000] {
        let rate = SampleRate::literal(hertz);
        let frames = 90_000;
        let plan = ChainPlan { bands: None, glue: None, ..common_plan(3) };
        for channels in [1, 2] {
            for at in [1000, 60_001] {
                let mix = signal::in_channels(rate, channels, &impulse(at, frames));
                let out = render(&plan, &mix);
                assert_eq!(out.frames(), frames);
                for channel in out.channels() {
                    let peak = (0..frames).max_by(|&a, &b| channel[a].abs().total_cmp(&channel[b].abs()));
                    assert_eq!(peak, Some(at), "{channels} channels at {rate}");
                }
            }
        }
    }
}

#[test]
fn short_signals_come_out_as_the_start_of_long_silence_would() {
    let plan = busy_plan(4);
    let hop = 12_288;
    for frames in [1, 2, 63, 64, 100, hop - 1, hop, hop + 1] {
        let short = noise(frames, 9);
        let pad = |channel: usize| {
            let mut samples = short.channel(channel).to_vec();
            samples.resize(frames + 40_000, 0.0);
            samples
        };
        let long = stereo(RATE, &pad(0), &pad(1));
        let gains = Gains::Four(restless_gains(frames + 40_000, 2));
        let (out, padded) = (render_with(&plan, &gains, &short), render_with(&plan, &gains, &long));
        for channel in 0..2 {
            assert_eq!(out.channel(channel), &padded.channel(channel)[..frames], "{frames} frames");
        }
    }
}

#[test]
fn seams_of_segments_are_below_minus_140_dbfs() {
    let plan = busy_plan(5);
    let chain = Chain::new(&plan, RATE, 2);
    let seam = chain.segment_frames();
    let mix = noise(seam + 100_000, 3);
    let gains = restless_gains(mix.frames(), 4);
    let whole = render_with(&plan, &Gains::Four(gains.clone()), &mix);
    // The same frames with another seam: a hop and a half of silence before moves everything.
    let shift = 12_288;
    let moved = |channel: usize| {
        let mut samples = vec![0.0; shift];
        samples.extend_from_slice(mix.channel(channel));
        samples
    };
    let shifted_gains = gains.map(|curve| [vec![curve[0]; shift / 64], curve].concat());
    let shifted = render_with(&plan, &Gains::Four(shifted_gains), &stereo(RATE, &moved(0), &moved(1)));
    let mut worst = 0.0f32;
    for channel in 0..2 {
        let (one, other) = (whole.channel(channel), &shifted.channel(channel)[shift..]);
        for (a, b) in one.iter().zip(other) {
            worst = worst.max((a - b).abs());
        }
    }
    let worst_dbfs = 20.0 * worst.max(1e-20).log10();
    assert!(worst_dbfs < -140.0, "{worst_dbfs} dBFS");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let plan = busy_plan(6);
    let chain = Chain::new(&plan, RATE, 2);
    let mix = signal::programme(RATE, 2, 20.0, 5);
    assert!(chain.segments(mix.frames()) >= 4, "the case must be real");
    let levels = levels_in_band(&mix, 2);
    let on_threads = |threads: usize| {
        let pool = pool(threads);
        pool.install(|| {
            let chain = Chain::new(&plan, RATE, 2);
            chain.render(&mix, &Gains::of(&plan, &levels), &Unwatched).unwrap()
        })
    };
    let alone = on_threads(1);
    for threads in [2, 3, 4] {
        assert!(on_threads(threads) == alone, "{threads} threads");
    }
}

#[expect(clippy::disallowed_methods, reason = "the test is the caller that owns the pool")]
fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn mono_in_a_stereo_file_stays_mono_to_the_bit() {
    let plan = busy_plan(7);
    let one = noise(50_000, 5).channel(0).to_vec();
    let out = render_with(&plan, &Gains::Four(restless_gains(50_000, 6)), &stereo(RATE, &one, &one));
    assert_eq!(out.channel(0), out.channel(1));
}

#[test]
fn swapped_channels_come_out_swapped_and_turned_ones_turned() {
    let plan = busy_plan(8);
    let mix = noise(60_000, 6);
    let gains = Gains::Four(restless_gains(60_000, 7));
    let out = render_with(&plan, &gains, &mix);
    let swapped = render_with(&plan, &gains, &stereo(RATE, mix.channel(1), mix.channel(0)));
    assert_eq!((out.channel(0), out.channel(1)), (swapped.channel(1), swapped.channel(0)));
    let turned = |channel: usize| mix.channel(channel).iter().map(|x| -x).collect::<Vec<f32>>();
    let turned = render_with(&plan, &gains, &stereo(RATE, &turned(0), &turned(1)));
    for channel in 0..2 {
        let pairs = out.channel(channel).iter().zip(turned.channel(channel));
        assert!(pairs.into_iter().all(|(a, b)| *a == -*b), "channel {channel}");
    }
}

#[test]
fn one_channel_gets_what_the_mid_gets() {
    let plan = common_plan(9);
    let samples = noise(50_000, 8).channel(0).to_vec();
    let gains = Gains::Four(restless_gains(50_000, 9));
    let one = render_with(&plan, &gains, &signal::in_channels(RATE, 1, &samples));
    let two = render_with(&plan, &gains, &stereo(RATE, &samples, &samples));
    assert_eq!(one.channel(0), two.channel(0));
    let five = render_with(&plan, &gains, &signal::in_channels(RATE, 5, &samples));
    assert_eq!(one.channel(0), five.channel(4));
}

#[test]
fn silence_stays_silence_and_what_rings_out_ends() {
    let plan = busy_plan(10);
    let gains = Gains::Four(restless_gains(400_000, 3));
    let silent = stereo(RATE, &vec![0.0; 400_000], &vec![0.0; 400_000]);
    assert_eq!(distance(&render_with(&plan, &gains, &silent), &silent), 0.0);
    let click = stereo(RATE, &impulse(10, 400_000), &vec![0.0; 400_000]);
    let out = render_with(&plan, &gains, &click);
    assert!(out.channel(0)[300_000..].iter().all(|&x| x.abs() < 1e-12));
}

#[test]
fn sections_alone_render_as_they_are_defined() {
    let plan = ChainPlan { high_pass: Some(Hertz::literal(30.0)), ..ChainPlan::NEUTRAL };
    let mix = noise(300_000, 11);
    let out = render(&plan, &mix);
    let section = dsp::parts::biquad::Biquad::high_pass(Hertz::literal(30.0), RATE);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for (n, &sample) in mix.channel(1).iter().enumerate() {
        let x = f64::from(sample);
        let y =
            section.b[0] * x + section.b[1] * x1 + section.b[2] * x2 - section.a[0] * y1 - section.a[1] * y2;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        assert!((f64::from(out.channel(1)[n]) - y).abs() < 3e-8, "frame {n}");
    }
}

struct Stopped;

impl Watch for Stopped {
    fn done(&self, _fraction: f64) {}
    fn is_cancelled(&self) -> bool {
        true
    }
}

#[test]
fn a_render_can_be_stopped() {
    let plan = ChainPlan { tone: legal_curve(&mut signal::Dice::new(1)), ..ChainPlan::NEUTRAL };
    let chain = Chain::new(&plan, RATE, 2);
    assert_eq!(chain.render(&noise(1000, 1), &Gains::Still, &Stopped), Err(Cancelled));
}
