//! Reports as pages, and two files beside each other, as a producer meets them.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{meter, mixrunners, song};
use crate::service::hex;

fn run(arguments: &[&str], folder: &Path) -> Output {
    mixrunners(arguments).current_dir(folder).output().expect("the program starts")
}

fn compared(a: &str, b: &str, folder: &Path) -> Value {
    let done = run(&["compare", a, b, "--json", "c.json", "--html", "c.html", "--force"], folder);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let page = fs::read_to_string(folder.join("c.html")).unwrap();
    let value: Value = serde_json::from_slice(&fs::read(folder.join("c.json")).unwrap()).unwrap();
    let verdict = value["verdict"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&done.stdout).contains(verdict), "the table ends in the verdict");
    assert!(page.contains(verdict) && page.contains("<svg"), "so does the page: {verdict}");
    value
}

#[test]
fn a_report_is_written_as_json_and_as_a_page_with_the_hash_of_the_master() {
    let folder = tempfile::tempdir().unwrap();
    song::wav24(&folder.path().join("Night <Drive>.wav"), 8.0);
    let input = "Night <Drive>.wav";
    let done =
        run(&["master", input, "-o", "out.wav", "--report", "r.json", "--report", "r.html"], folder.path());
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&fs::read(folder.path().join("r.json")).unwrap()).unwrap();
    let hash = hex(&Sha256::digest(fs::read(folder.path().join("out.wav")).unwrap()));
    assert_eq!(report["schema"], "mixrunners.report/2");
    assert_eq!(report["delivered"][0]["sha256"], hash.as_str());
    let page = fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains(&hash) && page.contains("<h1><bdi>Night &lt;Drive&gt;</bdi></h1>"));
    let refused = run(&["master", input, "-o", "no.wav", "--report", "r.txt"], folder.path());
    assert_eq!(refused.status.code(), Some(2));
    assert!(!folder.path().join("no.wav").exists(), "refused before the work");
}

#[test]
fn two_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let song = song::stereo(8.0, 44_100);
    song::write_wav24(&path("a.wav"), &song, 44_100);
    let same = compared("a.wav", "a.wav", folder.path());
    assert_eq!(same["likeness"]["kinship"], "identical");

    let quieter = song.clone().map(|channel| {
        let late = std::iter::repeat_n(0.0, 441);
        late.chain(channel.into_iter().map(|sample| 0.5 * sample)).collect::<Vec<f32>>()
    });
    song::write_wav24(&path("b.wav"), &quieter, 44_100);
    let gain = compared("a.wav", "b.wav", folder.path());
    assert_eq!(gain["likeness"]["kinship"], "up_to_gain", "{}", gain["likeness"]);
    assert_eq!(gain["likeness"]["offset_frames"], 441);
    assert!((gain["likeness"]["gain_db"].as_f64().unwrap() + 6.02).abs() < 0.01);
    assert!((gain["match_gain_db"].as_f64().unwrap() + 6.02).abs() < 0.05);

    let done = run(&["master", "a.wav", "-o", "m.wav", "--loudness", "-9", "--force"], folder.path());
    assert!(matches!(done.status.code(), Some(0 | 4)));
    let master = compared("a.wav", "m.wav", folder.path());
    assert_eq!(master["likeness"]["kinship"], "different");
    for (side, name) in [("a", "a.wav"), ("b", "m.wav")] {
        let judge = meter::ffmpeg(&path(name)).integrated_lufs;
        let ours = master[side]["measured"]["integrated_lufs"].as_f64().unwrap();
        assert!((ours - judge).abs() <= 0.1, "{name}: {ours} and {judge}");
    }
}
