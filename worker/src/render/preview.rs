//! What is heard for free: a part of the master, beside the same part of the song.
//!
//! The whole song is mastered, and the part is cut out of it. A part that was mastered by itself would get another
//! gain and another tone than it has in the master (see `docs/abuse.md` for how much), and so promise what nobody gets.

use std::ops::Range;
use std::path::Path;

use codec::Delivery;
use domain::job::Stage;
use domain::preview::Part;
use domain::recipe::Recipe;
use domain::report::{PreviewFacts, Report};
use dsp::audio::{Audio, Samples};
use dsp::meter::loudness::{FINE_FRAMES, k_energy};

use super::files::{Label, preview, write_report};
use super::master::Master;
use super::mastering::{Brief, Desk};
use super::report::Shown;
use super::teller::Silent;
use super::{Listener, RenderError, Song};
use crate::protocol::MadeFile;

/// A part begins at a multiple of this, so that its beginning can be told and asked for again.
const STEPS_PER_SECOND: usize = 10;

/// Both listening copies of the part, and the report of the whole master. Of the formats that were asked for the first
/// counts, as for the listening copies of a master.
pub(super) fn make_preview(
    song: Song,
    brief: Brief,
    recipe: &Recipe,
    part: Part,
    label: &Label,
    out: &Path,
    listener: &dyn Listener,
) -> Result<Vec<MadeFile>, RenderError> {
    let watch = Silent(listener);
    let (start_s, end_s) = bounds(&song.audio, part)?;
    let original = cut(&song.audio, start_s, end_s);
    let mut files = vec![preview("original", &original, label, out, &watch)?];
    let format: Delivery = first_format(recipe);
    let mut desk = Desk::open(song, brief, Shown::Pictures, listener)?;
    let made = desk.master(format, recipe.sample_rate, listener)?;
    let Master { audio, report, .. } = Master::of(&desk, made, format);
    listener.enter(Stage::Encode);
    let heard = cut(&audio, start_s, end_s);
    files.push(preview("master", &heard, label, out, &watch)?);
    let facts = PreviewFacts { start_s, length_s: thousandths(heard.seconds()) };
    files.push(write_report(&Report { preview: Some(facts), ..report }, out)?);
    Ok(files)
}

fn first_format(recipe: &Recipe) -> Delivery {
    let known = recipe.deliver.iter().find_map(|format| format.as_str().parse().ok());
    known.unwrap_or(Delivery::Wav24)
}

/// Where a part begins and ends, in seconds.
fn bounds(audio: &Audio, part: Part) -> Result<(f64, f64), RenderError> {
    let duration_s = audio.seconds();
    let start_s = part.start_s.unwrap_or_else(|| loudest(audio, part.length_s));
    match start_s < duration_s {
        true => Ok((start_s, start_s + part.length_s)),
        false => Err(RenderError::Preview { start_s, duration_s }),
    }
}

/// The frames from one time to another, at whatever rate the audio has; none beyond its end.
fn cut(audio: &Audio, start_s: f64, end_s: f64) -> Audio {
    let frame = |seconds: f64| ((seconds * audio.rate().as_f64()).round() as usize).min(audio.frames());
    let frames = frame(start_s)..frame(end_s);
    let channels = audio.channels().iter().map(|channel| Samples::copied(&channel[frames.clone()])).collect();
    Audio::with_layout(audio.rate(), audio.layout().clone(), channels)
}

/// Where the loudest part of so many seconds begins: of all that begin at a tenth of a second the one of the most
/// K-weighted energy, the first of equals. At 0 in a song that is no longer.
fn loudest(audio: &Audio, length_s: f64) -> f64 {
    let mut sums = vec![0.0];
    for energy in k_energy(audio) {
        sums.push(sums.last().copied().unwrap_or(0.0) + energy);
    }
    let run = |seconds: f64| (seconds * audio.rate().as_f64() / FINE_FRAMES as f64).round() as usize;
    let energy =
        |runs: Range<usize>| sums[runs.end.min(sums.len() - 1)] - sums[runs.start.min(sums.len() - 1)];
    let steps = ((audio.seconds() - length_s).max(0.0) * STEPS_PER_SECOND as f64) as usize;
    let begins = |step: usize| step as f64 / STEPS_PER_SECOND as f64;
    let of = |step: usize| energy(run(begins(step))..run(begins(step) + length_s));
    let best = (0..=steps).fold((0, f64::NEG_INFINITY), |best, step| {
        let here = of(step);
        if here > best.1 { (step, here) } else { best }
    });
    begins(best.0)
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use codec::{EncodeOptions, Limits};
    use domain::artifact::{ArtifactFormat, ArtifactKind};
    use dsp::master::Character;
    use dsp::meter::loudness::integrated;
    use dsp::progress::Watch;
    use dsp::signal;
    use dsp::units::{Dbfs, SampleRate};

    use super::*;
    use crate::render::aim::brief_of;
    use crate::render::files::make_files;

    struct Unheard;

    impl Watch for Unheard {
        fn done(&self, _fraction: f64) {}
        fn is_cancelled(&self) -> bool {
            false
        }
    }

    impl Listener for Unheard {
        fn enter(&self, _stage: Stage) {}
    }

    /// Half a minute of music, 18 dB softer but for ten seconds from the middle on.
    fn uneven() -> Audio {
        soft_but_for_ten_seconds(signal::programme(SampleRate::literal(44_100), 2, 30.0, 3))
    }

    fn soft_but_for_ten_seconds(mut audio: Audio) -> Audio {
        for channel in audio.channels_mut() {
            let quiet = |frame: usize| !(15 * 44_100..25 * 44_100).contains(&frame);
            channel.iter_mut().enumerate().filter(|(frame, _)| quiet(*frame)).for_each(|(_, x)| *x *= 0.125);
        }
        audio
    }

    fn song(folder: &Path, audio: &Audio) -> Song {
        let path = folder.join("song.wav");
        let file = File::create(&path).unwrap();
        codec::encode(audio, Delivery::Wav24, &EncodeOptions::default(), file, &Unheard).unwrap();
        Song::open(&path, Some("wav"), &Limits::SERVICE, &Unheard).unwrap()
    }

    fn label() -> Label {
        let tags = codec::Tags::default();
        Label { title: "Song".into(), track: None, tags, what: ArtifactKind::Master }
    }

    fn decoded(folder: &Path, file: &str) -> Audio {
        let file = File::open(folder.join(file)).unwrap();
        codec::decode(file, Some("flac"), &Limits::SERVICE, &Unheard).unwrap().audio
    }

    fn previewed(folder: &Path, recipe: &Recipe, part: Part) -> (Vec<MadeFile>, serde_json::Value) {
        let brief = brief_of(recipe, &[], &Unheard).unwrap();
        let song = song(folder, &uneven());
        let files = make_preview(song, brief, recipe, part, &label(), folder, &Unheard).unwrap();
        let report = std::fs::read(folder.join("report.json")).unwrap();
        (files, serde_json::from_slice(&report).unwrap())
    }

    #[test]
    fn the_loudest_part_is_where_most_of_the_loudness_is() {
        // Noise is as loud everywhere, so that it is known where the loudest part is.
        let noise = signal::noise(SampleRate::literal(44_100), 2, Dbfs::literal(-20.0), 30 * 44_100, 5);
        let audio = soft_but_for_ten_seconds(noise);
        let start = loudest(&audio, 10.0);
        assert!((14.8..=15.2).contains(&start), "{start}");
        let of = |start_s: f64| integrated(&cut(&audio, start_s, start_s + 10.0)).unwrap();
        assert!(of(start) >= of(0.0) && of(start) >= of(20.0));
        assert_eq!(loudest(&audio, 60.0), 0.0, "all of it");
    }

    #[test]
    fn a_preview_is_to_the_sample_what_the_master_is_there() {
        let (folder, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let recipe = Recipe { deliver: vec![ArtifactFormat::Flac24], ..Recipe::default() };
        let part = Part { start_s: Some(3.0), length_s: 8.0 };
        let (files, report) = previewed(folder.path(), &recipe, part);
        let told: Vec<_> =
            files.iter().map(|file| (file.kind, file.name.as_str(), file.format.as_str())).collect();
        let expected = [
            (ArtifactKind::Preview, "original", "flac16"),
            (ArtifactKind::Preview, "master", "flac16"),
            (ArtifactKind::Report, "report.json", "json"),
        ];
        assert_eq!(told, expected);
        assert_eq!(report["preview"], serde_json::json!({"start_s": 3.0, "length_s": 8.0}));
        let song = song(whole.path(), &uneven());
        let brief = brief_of(&recipe, &[], &Unheard).unwrap();
        make_files(song, None, brief, &recipe, &label(), whole.path(), &Unheard).unwrap();
        let master = cut(&decoded(whole.path(), "master.flac24"), 3.0, 11.0);
        let heard = decoded(folder.path(), "master.preview");
        assert_eq!((heard.frames(), heard.rate()), (master.frames(), master.rate()));
        // The listening copy is rounded to 16 bits with a dither of up to one step to either side, and that is all.
        let apart = |a: &Audio, b: &Audio| {
            let pairs = a.channels().iter().zip(b.channels()).flat_map(|(a, b)| a.iter().zip(b.iter()));
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max) * 32_768.0
        };
        assert!(apart(&heard, &master) <= 1.5 + 1e-3, "{} steps", apart(&heard, &master));
        let original = decoded(folder.path(), "original.preview");
        assert!(apart(&original, &cut(&uneven(), 3.0, 11.0)) <= 1.5 + 0.01);
        // Were the part mastered alone, it would come out elsewhere: the case is real.
        let alone = brief_of(&recipe, &[], &Unheard).unwrap();
        let song = Song { audio: cut(&uneven(), 3.0, 11.0), ..self::song(whole.path(), &uneven()) };
        let mut desk = Desk::open(song, alone, Shown::Numbers, &Unheard).unwrap();
        let made = desk.master(Delivery::Flac24, None, &Unheard).unwrap();
        let [alone, heard] = [&made.mastered.audio, &heard].map(|audio| integrated(audio).unwrap().value());
        println!("the part alone comes out at {alone:.2} LUFS, in the master it is at {heard:.2} LUFS");
        assert!((alone - heard).abs() > 6.0, "alone {alone}, in the master {heard}");
    }

    #[test]
    fn a_preview_ends_where_the_song_does_and_never_begins_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let (_, report) =
            previewed(folder.path(), &Recipe::default(), Part { start_s: Some(28.0), length_s: 30.0 });
        assert_eq!(report["preview"], serde_json::json!({"start_s": 28.0, "length_s": 2.0}));
        let beyond = Part { start_s: Some(30.0), length_s: 5.0 };
        let brief = Brief::of(Character::NONE);
        let song = song(folder.path(), &uneven());
        let refused =
            make_preview(song, brief, &Recipe::default(), beyond, &label(), folder.path(), &Unheard)
                .unwrap_err();
        assert_eq!(refused.code(), "preview_beyond_the_end");
        assert_eq!(refused.to_string(), "the preview begins at 30 s; the song ends at 30.000 s");
    }

    #[test]
    fn a_preview_at_another_rate_is_the_same_part() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe { sample_rate: Some(SampleRate::literal(48_000)), ..Recipe::default() };
        let (_, report) = previewed(folder.path(), &recipe, Part { start_s: None, length_s: 5.0 });
        let start = report["preview"]["start_s"].as_f64().unwrap();
        assert!((14.9..=20.1).contains(&start), "{start}");
        let heard = decoded(folder.path(), "master.preview");
        assert_eq!((heard.rate().hertz(), heard.frames()), (48_000, 240_000));
    }
}
