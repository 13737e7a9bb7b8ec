//! The command line, as a producer meets it.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::harness::{meter, mixrunners, song};

fn run(arguments: &[&str], folder: &Path) -> Output {
    mixrunners(arguments).current_dir(folder).output().expect("the program starts")
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_song_is_mastered_to_its_target_and_the_report_agrees_with_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.wav");
    song::wav24(&song, 20.0);
    let before = meter::ffmpeg(&song);
    for target in [-14.0, -11.0, -9.0] {
        let loudness = target.to_string();
        let done = run(
            &[
                "master",
                "song.wav",
                "-o",
                "out.wav",
                "--loudness",
                &loudness,
                "--report",
                "out.json",
                "--force",
            ],
            folder.path(),
        );
        assert!(matches!(done.status.code(), Some(0 | 4)), "{}", words(&done.stderr));
        let after = meter::ffmpeg(&folder.path().join("out.wav"));
        assert!((after.integrated_lufs - before.integrated_lufs).abs() > 0.5, "something was to be done");
        assert!(after.true_peak_dbtp <= -0.95, "{after:?}");
        let report: Value =
            serde_json::from_slice(&fs::read(folder.path().join("out.json")).unwrap()).unwrap();
        let reached = report["after"]["integrated_lufs"].as_f64().unwrap();
        assert!((reached - after.integrated_lufs).abs() <= 0.1, "{reached} and {after:?}");
        if done.status.code() == Some(0) {
            assert!((after.integrated_lufs - target).abs() <= 0.1, "{after:?}");
        } else {
            assert_eq!(report["outcome"]["kind"], "refused");
            assert!(report["outcome"]["limit"].is_string(), "a refusal has a name: {report}");
        }
    }
}

#[test]
fn every_format_holds_the_same_master_as_far_as_it_can() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("song.wav"), 6.0);
    for (format, name) in [
        ("wav16", "a.wav"),
        ("wav24", "b.wav"),
        ("wav32f", "c.wav"),
        ("flac16", "d.flac"),
        ("flac24", "e.flac"),
        ("mp3_320", "f.mp3"),
        ("mp3_v0", "g.mp3"),
        ("vorbis_q8", "h.ogg"),
    ] {
        let done = run(&["master", "song.wav", "-o", name, "--format", format], folder.path());
        assert_eq!(done.status.code(), Some(0), "{format}: {}", words(&done.stderr));
        let reading = meter::ffmpeg(&folder.path().join(name));
        assert!((reading.integrated_lufs + 14.0).abs() <= 0.1, "{format}: {reading:?}");
    }
}

#[test]
fn a_song_that_is_there_already_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut quiet = song::stereo(10.0, 44_100);
    quiet.iter_mut().flatten().for_each(|sample| *sample *= 0.25);
    song::write_wav24(&folder.path().join("song.wav"), &quiet, 44_100);
    let done = run(
        &["master", "song.wav", "-o", "kept.wav", "--loudness", "keep", "--intensity", "0"],
        folder.path(),
    );
    assert_eq!(done.status.code(), Some(0), "{}", words(&done.stderr));
    let (original, kept) = (folder.path().join("song.wav"), folder.path().join("kept.wav"));
    assert_eq!(meter::samples(&original), meter::samples(&kept));

    // The other way to say it: its own loudness as a number.
    let measured = run(&["analyze", "song.wav", "--json"], folder.path());
    let measured: Value = serde_json::from_slice(&measured.stdout).unwrap();
    let loudness = measured["measured"]["integrated_lufs"].to_string();
    run(
        &["master", "song.wav", "-o", "same.wav", "--loudness", &loudness, "--intensity", "0"],
        folder.path(),
    );
    assert_eq!(meter::samples(&original), meter::samples(&folder.path().join("same.wav")));
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("song.wav"), 25.0);
    let mut made = Vec::new();
    for threads in ["1", "2", "4"] {
        let name = format!("{threads}.wav");
        run(&["master", "song.wav", "-o", &name, "--loudness", "-10", "--threads", threads], folder.path());
        made.push(fs::read(folder.path().join(name)).unwrap());
    }
    assert!(made[0].len() > 1_000_000 && made[0] == made[1] && made[1] == made[2]);
}

#[test]
fn a_file_that_is_there_is_never_overwritten_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("song.wav"), 2.0);
    fs::write(folder.path().join("out.wav"), "mine").unwrap();
    let refused = run(&["master", "song.wav", "-o", "out.wav"], folder.path());
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused.stderr).contains("--force"), "{}", words(&refused.stderr));
    assert_eq!(fs::read(folder.path().join("out.wav")).unwrap(), b"mine");
    let replaced = run(&["master", "song.wav", "-o", "out.wav", "--force"], folder.path());
    assert_eq!(replaced.status.code(), Some(0), "{}", words(&replaced.stderr));
    assert!(fs::read(folder.path().join("out.wav")).unwrap().len() > 100_000);
    let same = run(&["master", "song.wav", "-o", "song.wav", "--force"], folder.path());
    assert_eq!(same.status.code(), Some(2), "the original is never overwritten");
}

#[test]
fn exit_codes_tell_wrong_usage_from_a_wrong_file() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("song.wav"), 2.0);
    fs::write(folder.path().join("letter.wav"), "Dear producer, this is no audio at all.").unwrap();
    let cases: [(&[&str], i32, &str); 7] = [
        (&["master", "song.wav", "-o", "a.wav", "--loudness", "3"], 2, "-36 to -5"),
        (&["master", "song.wav", "-o", "a.wav", "--loudness", "loud"], 2, "loud"),
        (&["master", "song.wav", "-o", "a.wav", "--ceiling", "0.5"], 2, "0.5"),
        (&["master", "song.wav", "-o", "a.wav", "--format", "flac24"], 2, ".flac"),
        (&["master", "missing.wav", "-o", "a.wav"], 2, "missing.wav"),
        (&["master", "letter.wav", "-o", "a.wav"], 3, "format_unknown"),
        (&["analyze", "letter.wav"], 3, "format_unknown"),
    ];
    for (arguments, code, word) in cases {
        let done = run(arguments, folder.path());
        let said = words(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?} must name {word}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing half-written is left: {left:?}");
}

#[test]
fn progress_off_a_terminal_is_plain_lines() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("song.wav"), 2.0);
    let done = run(&["master", "song.wav", "-o", "out.wav"], folder.path());
    assert_eq!(words(&done.stderr).lines().collect::<Vec<_>>(), ["decode", "analyse", "master", "encode"]);
    let table = words(&done.stdout);
    assert!(table.contains("LUFS") && table.contains("dBTP") && table.contains('−'), "{table}");
}
