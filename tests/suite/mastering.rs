//! The mastering engine on the command line: plans, references, albums, lossy files, rates, tags.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{meter, mixrunners, song};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    mixrunners(arguments).current_dir(folder).output().expect("the program starts")
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 4)), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the file is there")).expect("it is JSON")
}

/// 8 s of music, its level and its beat changed by `gain` and `rate`.
fn song_at(path: &Path, seconds: f64, rate: u32, gain: f32) {
    let mut channels = song::stereo(seconds, rate);
    channels.iter_mut().flatten().for_each(|sample| *sample *= gain);
    song::write_wav24(path, &channels, rate);
}

#[test]
fn a_plan_makes_the_same_bytes_again_and_keeps_what_was_changed_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 8.0, 44_100, 0.5);
    done(at, &["master", "song.wav", "-o", "one.wav", "--preset", "loud", "--plan", "plan.json"]);
    let plan = json_of(&at.join("plan.json"));
    assert!(
        plan["sound"]["bands"].is_array() && plan["loudness"]["limiter"].is_object(),
        "a real case: {plan}"
    );
    assert!(
        plan["choices"]
            .as_array()
            .unwrap()
            .iter()
            .all(|choice| choice["reason"].as_str().unwrap().len() > 10)
    );
    done(at, &["master", "song.wav", "-o", "two.wav", "--from-plan", "plan.json"]);
    assert!(fs::read(at.join("one.wav")).unwrap() == fs::read(at.join("two.wav")).unwrap());

    let mut changed = plan.clone();
    changed["loudness"]["gain_db"] = json!(plan["loudness"]["gain_db"].as_f64().unwrap() - 6.0);
    fs::write(at.join("changed.json"), changed.to_string()).unwrap();
    done(
        at,
        &["master", "song.wav", "-o", "three.wav", "--from-plan", "changed.json", "--plan", "kept.json"],
    );
    assert_eq!(json_of(&at.join("kept.json")), changed);
    let (loud, less) = (meter::ffmpeg(&at.join("one.wav")), meter::ffmpeg(&at.join("three.wav")));
    assert!(loud.integrated_lufs - less.integrated_lufs > 2.0, "{loud:?} and {less:?}");

    done(at, &["master", "song.wav", "-o", "r.wav", "--from-plan", "plan.json", "--report", "r.json"]);
    assert_eq!(json_of(&at.join("r.json"))["settings"], Value::Null, "a followed plan decided nothing");
    let coarser =
        run(at, &["master", "song.wav", "-o", "six.wav", "--format", "wav16", "--from-plan", "plan.json"]);
    let said = String::from_utf8_lossy(&coarser.stderr).into_owned();
    assert!(
        coarser.status.code() == Some(2) && said.contains("24 bits") && said.contains("16 bits"),
        "{said}"
    );

    song_at(&at.join("other.wav"), 8.0, 44_100, 0.4);
    let other = run(at, &["master", "other.wav", "-o", "four.wav", "--from-plan", "plan.json"]);
    assert_eq!(other.status.code(), Some(3), "a plan belongs to its song");
    for (field, value) in [("engine_version", json!("0.0.1")), ("schema", json!("mixrunners.plan/9"))] {
        let mut wrong = plan.clone();
        wrong[field] = value;
        fs::write(at.join("wrong.json"), wrong.to_string()).unwrap();
        let refused = run(at, &["master", "song.wav", "-o", "five.wav", "--from-plan", "wrong.json"]);
        assert_eq!(refused.status.code(), Some(2), "{field}");
    }
    assert!(!at.join("four.wav").exists() && !at.join("five.wav").exists());
}

#[test]
fn listeners_of_a_lossy_file_get_no_peak_over_the_ceiling() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 10.0, 44_100, 0.5);
    let mut lowered = 0;
    for (format, name) in [("mp3_320", "a.mp3"), ("mp3_v0", "b.mp3"), ("vorbis_q8", "c.ogg")] {
        let report = format!("{name}.json");
        let arguments =
            ["master", "song.wav", "-o", name, "--format", format, "--loudness", "-9", "--report", &report];
        done(at, &arguments);
        let heard = meter::ffmpeg(&at.join(name));
        assert!(heard.true_peak_dbtp <= -0.95, "{format}: {heard:?}");
        let report = json_of(&at.join(&report));
        let decisions = report["decisions"].as_array().unwrap();
        let ceiling = decisions.iter().find(|d| d["what"] == "ceiling before encoding").expect("it is told");
        lowered += usize::from(ceiling["value"].as_f64().unwrap() < -1.0);
    }
    assert!(lowered > 0, "the case must be real: some encoder raised a peak");
}

#[test]
fn a_rate_is_converted_before_the_limiter_so_that_the_ceiling_holds() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 8.0, 48_000, 0.5);
    done(
        at,
        &["master", "song.wav", "-o", "cd.wav", "--format", "wav16", "--rate", "44100", "--loudness", "-10"],
    );
    let spec = hound::WavReader::open(at.join("cd.wav")).unwrap();
    assert_eq!(
        (spec.spec().sample_rate, spec.spec().bits_per_sample, spec.duration()),
        (44_100, 16, 352_800)
    );
    let reading = meter::ffmpeg(&at.join("cd.wav"));
    assert!(reading.true_peak_dbtp <= -0.95, "{reading:?}");
    let refused = run(at, &["master", "song.wav", "-o", "x.mp3", "--rate", "96000"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("48"), "the nearest rate is named");
}

#[test]
fn tags_are_written_only_where_somebody_set_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 4.0, 44_100, 0.5);
    let tagged = ["--tags", "title=Night Bus", "--tags", "artist=Nobody", "--tags", "track=3/12"];
    for name in ["a.flac", "b.mp3"] {
        let mut arguments = vec!["master", "song.wav", "-o", name];
        done(at, &arguments);
        assert!(!meter::ffprobe_tags(&at.join(name)).to_lowercase().contains("title"), "{name}");
        arguments.extend(tagged);
        arguments.push("--force");
        done(at, &arguments);
        let tags = meter::ffprobe_tags(&at.join(name));
        assert!(tags.contains("Night Bus") && tags.contains("Nobody"), "{name}: {tags}");
    }
    for (bad, word) in
        [("isrc=12", "isrc"), ("title", "KEY=VALUE"), ("mood=blue", "mood"), ("track=x", "track")]
    {
        let refused = run(at, &["master", "song.wav", "-o", "c.flac", "--tags", bad]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && said.contains(word), "{bad}: {said}");
    }
}

#[test]
fn an_album_keeps_its_tracks_apart_and_its_loudest_on_target() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (name, gain) in [("loud.wav", 0.8), ("soft.wav", 0.2), ("middle.wav", 0.4)] {
        song_at(&at.join(name), 8.0, 44_100, gain);
    }
    let said = done(
        at,
        &[
            "album",
            "soft.wav",
            "loud.wav",
            "middle.wav",
            "-o",
            "out",
            "--loudness",
            "-12",
            "--report",
            "album.json",
        ],
    );
    assert!(said.contains("01 soft.wav") && said.contains("03 middle.wav"), "{said}");
    let reading = |name: &str| meter::ffmpeg(&at.join("out").join(name));
    let (soft, loud, middle) = (reading("01 soft.wav"), reading("02 loud.wav"), reading("03 middle.wav"));
    assert!((loud.integrated_lufs + 12.0).abs() <= 0.1, "{loud:?}");
    // 12 dB apart before: 0.6 of it is over 5 LU; 6 dB apart: 3.6 LU.
    assert!((soft.integrated_lufs + 17.0).abs() <= 0.15, "{soft:?}");
    assert!((middle.integrated_lufs + 15.6).abs() <= 0.15, "{middle:?}");
    let report = json_of(&at.join("album.json"));
    assert_eq!(report["tracks"].as_array().unwrap().len(), 3);
    assert!(report["tracks"][0]["tonal_distance_after_db"].is_number(), "{}", report["tracks"][0]["title"]);
}

#[test]
fn what_comes_before_the_limiter_can_be_had_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 8.0, 44_100, 0.5);
    done(at, &["master", "song.wav", "-o", "before.wav", "--stop-before-limiter"]);
    let spec = hound::WavReader::open(at.join("before.wav")).unwrap().spec();
    assert_eq!((spec.bits_per_sample, spec.sample_format), (32, hound::SampleFormat::Float));
    let (mix, premaster) = (meter::ffmpeg(&at.join("song.wav")), meter::ffmpeg(&at.join("before.wav")));
    assert!((premaster.integrated_lufs - mix.integrated_lufs).abs() < 3.0, "{mix:?} and {premaster:?}");
}

#[test]
fn a_reference_sets_tone_and_loudness() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 10.0, 44_100, 0.5);
    song_at(&at.join("like.wav"), 12.0, 48_000, 0.3);
    let wanted = meter::ffmpeg(&at.join("like.wav")).integrated_lufs;
    done(at, &["master", "song.wav", "-o", "out.wav", "--reference", "like.wav", "--report", "r.json"]);
    let reached = meter::ffmpeg(&at.join("out.wav")).integrated_lufs;
    assert!((reached - wanted).abs() <= 0.15, "{reached} for {wanted}");
    assert_eq!(json_of(&at.join("r.json"))["settings"]["references"], 1);
}

#[test]
fn what_cannot_be_asked_for_is_named_with_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    song_at(&at.join("song.wav"), 2.0, 44_100, 0.5);
    let cases: [(&[&str], &str); 7] = [
        (&["--preset", "vinyl"], "classical"),
        (&["--intensity", "1.5"], "0 to 1"),
        (&["--tone", "7"], "0 to 1"),
        (&["--report", "r.txt"], ".html"),
        (&["--from-plan", "p.json", "--preset", "loud"], "--preset"),
        (&["--from-plan", "missing.json"], "missing.json"),
        (&["--rate", "100"], "8000"),
    ];
    for (asked, word) in cases {
        let mut arguments = vec!["master", "song.wav", "-o", "a.wav"];
        arguments.extend(asked);
        let refused = run(at, &arguments);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{asked:?}: {said}");
        assert!(said.contains(word), "{asked:?} must name {word}: {said}");
    }
    assert!(!at.join("a.wav").exists());
}
