//! Real reports: songs through the real master.

use domain::job::Stage;
use domain::report::Report;
use dsp::audio::Audio;
use dsp::master::{Character, Target};
use dsp::progress::Watch;
use dsp::signal;
use dsp::units::{Lufs, SampleRate};
use worker::render::master::Master;
use worker::render::mastering::{Brief, Desk};
use worker::render::report::Shown;
use worker::render::{Listener, Song};

pub struct Unheard;

impl Watch for Unheard {
    fn done(&self, _fraction: f64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Listener for Unheard {
    fn enter(&self, _stage: Stage) {}
}

/// So many seconds of music in a file, decoded.
pub fn song(channels: usize, seconds: f64) -> Song {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    let audio = signal::programme(SampleRate::literal(44_100), channels, seconds, 3);
    write(&path, &audio);
    Song::open(&path, Some("wav"), &codec::Limits::COMMAND_LINE, &Unheard).unwrap()
}

fn write(path: &std::path::Path, audio: &Audio) {
    let file = std::fs::File::create(path).unwrap();
    codec::encode(audio, codec::Delivery::Wav24, &codec::EncodeOptions::default(), file, &Unheard).unwrap();
}

/// Its master at so many LUFS, with nothing else done to it.
pub fn mastered(song: Song, loudness_lufs: f64) -> Master {
    let target = Some(Target::Loudness(Lufs::literal(loudness_lufs)));
    let brief = Brief { target, ..Brief::of(Character::NONE) };
    let mut desk = Desk::open(song, brief, Shown::Pictures, &Unheard).unwrap();
    let made = desk.master(codec::Delivery::Wav24, None, &Unheard).unwrap();
    Master::of(&desk, made, codec::Delivery::Wav24)
}

/// The report of a stereo song with everything that a report can say.
pub fn full_report() -> Report {
    let mut report = mastered(song(2, 30.0), -10.0).report;
    let bands = report.pictures.spectrum.as_ref().map_or(0, |spectrum| spectrum.frequency_hz.len());
    if let Some(spectrum) = report.pictures.spectrum.take() {
        let target = std::array::from_fn(|band| -0.3 * band as f64);
        let tone = dsp::bands::Curve::of(|hertz| if hertz.value() > 5000.0 { 1.5 } else { 0.0 });
        report.pictures.spectrum = Some(spectrum.with_target(&target, Some(&[2.0; 61])).with_tone(&tone));
    }
    assert_eq!(bands, 61, "the case must be real");
    let value = serde_json::to_value(&report).unwrap();
    let mut value = value;
    let added: serde_json::Value = serde_json::from_str(include_str!("added.json")).unwrap();
    let columns = value["pictures"]["gain_reduction"]["limiter_db"].as_array().unwrap().len();
    assert!(columns > 100, "the limiter worked");
    let curve: Vec<f64> = (0..columns).map(|i| -0.01 * (i % 100) as f64).collect();
    value["pictures"]["gain_reduction"]["glue_db"] = serde_json::json!(curve);
    value["pictures"]["gain_reduction"]["bands_db"] = serde_json::json!([curve, curve, curve, curve]);
    for (name, part) in added.as_object().unwrap() {
        match (value[name].as_array_mut(), part.as_array()) {
            (Some(list), Some(more)) => list.extend(more.iter().cloned()),
            _ => value[name] = part.clone(),
        }
    }
    serde_json::from_value(value).unwrap()
}
