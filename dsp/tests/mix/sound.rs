//! What is done to the sound of a stem, judged by the samples that go into the sum.

use std::f64::consts::TAU;
use std::sync::Mutex;

use dsp::audio::Audio;
use dsp::mix::{self, DeEsser, EqBand, EqShape, MixWish, Pan, ReelError, Role, StemSink, StemWish};
use dsp::progress::Unwatched;
use dsp::signal::Dice;
use dsp::units::{Decibels, Hertz};

use crate::session::{Part, RATE, band, mixed, mono, stems};

/// The level of a tone in a signal, in dBFS.
fn tone_db(samples: &[f32], hz: f64) -> f64 {
    let step = TAU * hz / RATE.as_f64();
    let window = |n: usize| 1.0 - (TAU * n as f64 / samples.len() as f64).cos();
    let (re, im) = samples.iter().enumerate().fold((0.0, 0.0), |(re, im), (n, x)| {
        let x = f64::from(*x) * window(n);
        (re + x * (step * n as f64).cos(), im + x * (step * n as f64).sin())
    });
    20.0 * (2.0 * (re * re + im * im).sqrt() / samples.len() as f64).log10()
}

/// A stem of which only what `wish` says is done, in the middle, without any gain on the mix.
fn only(audio: Audio, wish: StemWish) -> (Part, MixWish) {
    let wish = StemWish {
        role: Some(Role::Other),
        fader: Some(Decibels::ZERO),
        pan: Some(Pan::CENTRE),
        high_pass: wish.high_pass.or(Some(None)),
        eq: wish.eq.or(Some(Vec::new())),
        compressor: wish.compressor.or(Some(None)),
        de_esser: wish.de_esser.or(Some(None)),
        ..StemWish::default()
    };
    (Part { name: "one", audio, wish }, MixWish { mix_gain: Some(Decibels::ZERO), ..MixWish::DEFAULT })
}

#[test]
fn filters_have_the_response_that_the_plan_says() {
    let tones = [40.0, 80.0, 1000.0, 6000.0, 15_000.0];
    let audio = mono(|t, _| tones.iter().map(|hz: &f64| 0.05 * (TAU * hz * t).sin()).sum());
    let eq = vec![
        EqBand::new(EqShape::Bell, 1000.0, -3.0, 1.0).unwrap(),
        EqBand::new(EqShape::HighShelf, 6000.0, 4.0, 0.7).unwrap(),
    ];
    let wish = StemWish { high_pass: Some(Some(Hertz::literal(80.0))), eq: Some(eq), ..StemWish::default() };
    let (part, wish) = only(audio.clone(), wish);
    let mix = mixed(&[part], &wish).audio;
    let gain = |hz: f64| tone_db(mix.channel(0), hz) - tone_db(audio.channel(0), hz) + 3.0103;
    // A Butterworth high-pass of second order: −3.01 dB at its corner, −12.3 dB an octave below.
    assert!((gain(80.0) + 3.01).abs() < 0.1, "{}", gain(80.0));
    assert!((gain(40.0) + 12.3).abs() < 0.15, "{}", gain(40.0));
    // Half of the shelf's gain at its corner, all of it well above, next to nothing of it at the bell.
    assert!((gain(1000.0) + 3.0).abs() < 0.1, "{}", gain(1000.0));
    assert!((gain(6000.0) - 2.0).abs() < 0.15, "{}", gain(6000.0));
    assert!((gain(15_000.0) - 4.0).abs() < 0.15, "{}", gain(15_000.0));
}

#[test]
fn a_de_esser_turns_sharp_sounds_down_and_the_voice_not() {
    let is_sharp = |t: f64| t % 1.0 < 0.15;
    let audio = mono(|t, dice: &mut Dice| {
        let vowel = (1..12).map(|k| (TAU * 200.0 * f64::from(k) * t).sin() / f64::from(k)).sum::<f64>();
        if is_sharp(t) {
            0.3 * (TAU * 7000.0 * t).sin() + 0.01 * vowel
        } else {
            0.1 * vowel + 1e-4 * dice.normal()
        }
    });
    let de_esser = DeEsser {
        frequency: Hertz::literal(7000.0),
        threshold: Decibels::literal(-6.0),
        reduction_max: Decibels::literal(6.0),
    };
    let (part, wish) =
        only(audio.clone(), StemWish { de_esser: Some(Some(de_esser)), ..StemWish::default() });
    let mix = mixed(&[part], &wish).audio;
    let level = |audio: &Audio, wanted: bool| {
        let power = |(n, x): (usize, &f32)| {
            let t = n as f64 / RATE.as_f64();
            // A little away from where one turns into the other.
            let inside =
                if wanted { (0.03..0.12).contains(&(t % 1.0)) } else { (0.4..0.9).contains(&(t % 1.0)) };
            if inside { f64::from(*x).powi(2) } else { 0.0 }
        };
        10.0 * audio.channel(0).iter().enumerate().map(power).sum::<f64>().log10()
    };
    let lost = |wanted: bool| level(&audio, wanted) - level(&mix, wanted) - 3.0103;
    assert!((lost(true) - 6.0).abs() < 0.5, "sharp sounds lost {} dB", lost(true));
    assert!(lost(false).abs() < 0.05, "the voice lost {} dB", lost(false));
}

#[test]
fn a_compressor_that_was_decided_leaves_the_loudness_and_takes_from_the_range() {
    let plan = mixed(&band(), &MixWish::DEFAULT).plan;
    let voice = plan.stems.iter().find(|stem| stem.name == "voice").unwrap();
    let compressor = voice.compressor.unwrap();
    let audio = band()[8].audio.clone();
    let (part, wish) =
        only(audio.clone(), StemWish { compressor: Some(Some(compressor)), ..StemWish::default() });
    let mix = mixed(&[part], &wish).audio;
    // Seconds 0 to 3 are loud, 4 to 7 soft.
    let second = RATE.hertz() as usize;
    let level = |audio: &Audio, from: usize| {
        let power =
            audio.channel(0)[from * second..(from + 3) * second].iter().map(|x| f64::from(*x).powi(2));
        10.0 * power.sum::<f64>().log10()
    };
    let range = |audio: &Audio| level(audio, 0) - level(audio, 4);
    assert!(range(&audio) - range(&mix) > 1.0, "{} became {}", range(&audio), range(&mix));
}

struct Latest(Mutex<Vec<(String, Audio)>>);

impl StemSink for Latest {
    fn take(&self, stem: &str, audio: &Audio) -> Result<(), ReelError> {
        self.0.lock().unwrap().push((stem.to_owned(), audio.clone()));
        Ok(())
    }
}

#[test]
fn the_music_dips_around_three_kilohertz_only_while_the_lead_sings() {
    let mut parts: Vec<Part> =
        band().into_iter().filter(|part| ["keys", "voice"].contains(&part.name)).collect();
    parts[0].audio =
        dsp::signal::noise(RATE, 2, dsp::units::Dbfs::literal(-20.0), parts[0].audio.frames(), 3);
    let sung = |dip: f64| {
        let sink = Latest(Mutex::default());
        let wish = MixWish { vocal_dip: Some(Decibels::literal(dip)), ..MixWish::new(0.0, 0.0).unwrap() };
        let mix = mix::mix(&stems(&parts), &wish, Some(&sink), &Unwatched).unwrap().audio;
        // What is left of the mix without the voice.
        let stems = sink.0.into_inner().unwrap();
        let voice = &stems.iter().find(|(name, _)| name == "voice").unwrap().1;
        mix.channel(0).iter().zip(voice.channel(0)).map(|(mix, voice)| mix - voice).collect::<Vec<f32>>()
    };
    let (with, without) = (sung(-3.0), sung(0.0));
    let second = RATE.hertz() as usize;
    // Mean power in a band of hertz about a frequency.
    let level = |samples: &[f32], hz: f64| {
        let around = (-20..=20).map(|k| 10f64.powf(tone_db(samples, hz + 10.0 * f64::from(k)) / 10.0));
        10.0 * around.sum::<f64>().log10()
    };
    let dipped = |from: usize, hz: f64| {
        let range = from..from + second / 2;
        level(&without[range.clone()], hz) - level(&with[range], hz)
    };
    // The voice sings in the first three seconds of four, in syllables.
    assert!((1.5..3.2).contains(&dipped(second, 2800.0)), "{}", dipped(second, 2800.0));
    assert!(dipped(second, 300.0).abs() < 0.3 && dipped(second, 12_000.0).abs() < 0.3);
    let pause = 3 * second + second / 2;
    assert!(dipped(pause, 2800.0).abs() < 0.6, "{}", dipped(pause, 2800.0));
}

#[test]
fn a_room_adds_to_what_is_there_and_is_off_unless_asked_for() {
    let dry = mixed(&band(), &MixWish::new(0.5, 0.0).unwrap());
    assert!(dry.plan.stems.iter().all(|stem| stem.send.is_none()));
    let wet = mixed(&band(), &MixWish::new(0.5, 1.0).unwrap());
    let sends: Vec<_> = wet.plan.stems.iter().map(|stem| stem.send.is_some()).collect();
    // Neither bass nor kick.
    assert_eq!(sends, [false, true, true, true, true, false, true, true, true]);
    let power = |audio: &Audio| audio.channel(0).iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let room: f64 =
        wet.audio.channel(0).iter().zip(dry.audio.channel(0)).map(|(w, d)| f64::from(w - d).powi(2)).sum();
    let under_db = 10.0 * (room / power(&dry.audio)).log10();
    assert!((-20.0..-8.0).contains(&under_db), "the room lies at {under_db} dB");
}

#[test]
fn an_impulse_stays_where_it_is() {
    let mut parts = band();
    for part in &mut parts {
        let frames = part.audio.frames();
        part.audio = Audio::silence(RATE, part.audio.layout().clone(), frames);
        part.audio.channels_mut().iter_mut().for_each(|channel| channel[300_000] = 0.5);
    }
    // Nine copies would be left out but one: each has a level and a tail of its own.
    for (index, part) in parts.iter_mut().enumerate() {
        for channel in part.audio.channels_mut() {
            for n in 1..2000 {
                channel[300_000 + n] = 0.02 * (n as f32 * (0.01 + 0.05 * index as f32)).sin();
            }
        }
    }
    let mix = mixed(&parts, &MixWish::DEFAULT).audio;
    for channel in mix.channels() {
        let highest = (0..channel.len()).max_by(|a, b| channel[*a].abs().total_cmp(&channel[*b].abs()));
        assert_eq!(highest, Some(300_000));
    }
}
