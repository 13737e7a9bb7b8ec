//! What cannot be mixed, and what must not break a mix.

use dsp::audio::{Audio, Layout};
use dsp::mix::{self, MixError, MixWatch, MixWish, Part as Plays, Role, Stage, StemFinding, StemWish};
use dsp::progress::{Unwatched, Watch};
use dsp::units::SampleRate;

use crate::session::{Part, RATE, band, mixed, stems};

fn error(parts: &[Part]) -> MixError {
    mix::mix(&stems(parts), &MixWish::DEFAULT, None, &Unwatched).unwrap_err()
}

#[test]
fn what_cannot_be_mixed_is_refused_by_its_name() {
    assert_eq!(error(&[]), MixError::NoStems);
    let silence = Audio::silence(RATE, Layout::stereo(), 50_000);
    assert_eq!(error(&[Part::new("a", Role::Other, silence.clone())]), MixError::NothingPlays);
    assert_eq!(
        error(&vec![Part::new("a", Role::Other, silence.clone()); 2]),
        MixError::SameName("a".to_owned())
    );
    let other = Audio::silence(SampleRate::literal(48_000), Layout::mono(), 50_000);
    let two = [Part::new("a", Role::Other, silence.clone()), Part::new("b", Role::Other, other)];
    assert_eq!(error(&two), MixError::Rates { stem: "b".to_owned() });
    assert_eq!(error(&vec![Part::new("a", Role::Other, silence); 65]), MixError::TooManyStems(65));
    let mut muted = band();
    muted.iter_mut().for_each(|part| part.wish.part = Some(Plays::Muted));
    assert_eq!(error(&muted), MixError::NothingPlays);
}

#[test]
fn a_silent_stem_is_left_out_and_said_to_be_silent() {
    let mut parts = band();
    let silence = Audio::silence(RATE, Layout::stereo(), parts[0].audio.frames());
    parts.push(Part::new("zero", Role::Effects, silence));
    let with = mixed(&parts, &MixWish::DEFAULT);
    assert_eq!(with.plan.stems[9].part, Plays::LeftOut);
    assert_eq!(with.stems[9].findings, [StemFinding::Silent]);
    assert!(with.audio == mixed(&band(), &MixWish::DEFAULT).audio);
}

#[test]
fn samples_that_are_no_numbers_and_stems_of_any_length_leave_the_mix_finite() {
    let mut parts = band();
    let keys = parts[4].audio.channel_mut(0);
    (keys[1000], keys[2000], keys[3000]) = (f32::NAN, f32::INFINITY, 3e38);
    for frames in [1, 5, 63, 64, 65, 4096, 20_000] {
        let short = Audio::from_channels(RATE, vec![dsp::audio::Samples::copied(&vec![0.25; frames])]);
        parts[1] = Part { name: "guitar one", audio: short, wish: StemWish::default() };
        let mix = mixed(&parts, &MixWish::DEFAULT);
        assert!(mix.audio.channels().iter().flat_map(|c| c.iter()).all(|x| x.is_finite()), "{frames}");
        let alone = mixed(&parts[1..2], &MixWish::DEFAULT);
        assert_eq!(alone.audio.frames(), frames);
        assert!(alone.audio.channels().iter().flat_map(|c| c.iter()).all(|x| x.is_finite()), "{frames}");
    }
}

struct Stopped;

impl Watch for Stopped {
    fn done(&self, _fraction: f64) {}
    fn is_cancelled(&self) -> bool {
        true
    }
}

impl MixWatch for Stopped {
    fn enter(&self, _stage: Stage) {}
}

#[test]
fn a_mix_stops_when_it_is_asked_to() {
    let band = band();
    let stopped = mix::mix(&stems(&band), &MixWish::DEFAULT, None, &Stopped);
    assert_eq!(stopped.unwrap_err(), MixError::Cancelled);
}
