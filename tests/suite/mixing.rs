//! Stems on the command line and through the service.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use domain::job::JobKind;
use serde_json::{Value, json};

use crate::harness::producer::Producer;
use crate::harness::{Service, band, meter, mixrunners};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    mixrunners(arguments).current_dir(folder).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Mixes `stems` into `out` with more arguments; gives what is printed.
fn mixed(folder: &Path, stems: &[&str], out: &str, more: &[&str]) -> String {
    let arguments = [&["mix"], stems, &["-o", out], more].concat();
    let output = run(folder, &arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).expect("the file is there")
}

fn report_of(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&bytes(folder, name)).expect("it is JSON")
}

fn row<'a>(report: &'a Value, file: &str) -> &'a Value {
    let stems = report["stems"].as_array().expect("stems");
    stems.iter().find(|stem| stem["file"] == file).unwrap_or_else(|| panic!("{file}: {report}"))
}

#[test]
fn stems_out_of_balance_become_a_mix_with_the_voice_in_front() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 12.0);
    let loudness = |file: &str| meter::ffmpeg(&at.join(file)).integrated_lufs;
    assert!(
        loudness("keys.wav") - loudness("Lead Vox.wav") > 6.0,
        "the case is real: the keys bury the voice"
    );
    let files = ["--report", "r.json", "--report", "r.html", "--stems-to", "parts", "--master", "master.wav"];
    let text = mixed(at, &band::STEMS, "mix.wav", &files);
    assert!(text.contains("lead vocal"), "{text}");
    let others: Vec<&str> = band::STEMS.into_iter().filter(|stem| *stem != "Lead Vox.wav").collect();
    band::write_sum(&at.join("parts"), &others, &at.join("rest.wav"));
    let under = meter::ffmpeg(&at.join("rest.wav")).integrated_lufs
        - meter::ffmpeg(&at.join("parts").join("Lead Vox.wav")).integrated_lufs;
    assert!((under - 2.0).abs() <= 2.5, "the lead is {under} LU under the rest; 2 LU is its place");
    let (mix, master) = (meter::ffmpeg(&at.join("mix.wav")), meter::ffmpeg(&at.join("master.wav")));
    assert!((mix.integrated_lufs + 18.0).abs() <= 1.0 && mix.true_peak_dbtp <= 0.0, "{mix:?}");
    assert!((master.integrated_lufs + 14.0).abs() <= 0.1 && master.true_peak_dbtp <= -0.95, "{master:?}");
    let report = report_of(at, "r.json");
    assert_eq!((&report["schema"], &report["sample_rate_hz"]), (&json!("mixrunners.mix/1"), &json!(44_100)));
    for stem in report["stems"].as_array().unwrap() {
        let decisions = stem["decisions"].as_array().unwrap();
        assert!(decisions.iter().all(|d| d["reason"].as_str().is_some_and(|r| r.len() > 10)), "{stem}");
        assert!(decisions.iter().any(|d| d["what"] == "fader"), "{stem}");
    }
    let resampled = row(&report, "pad.wav")["findings"].to_string();
    assert!(resampled.contains("48"), "the pad came at another rate, and is told: {resampled}");
    assert!(String::from_utf8(bytes(at, "r.html")).unwrap().contains("Lead Vox.wav"));
}

#[test]
fn processed_stems_add_up_to_the_mix() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 6.0);
    fs::write(at.join("bus.toml"), session("drums_compressor = \"off\"\nvocal_dip_db = 0", &band::STEMS))
        .unwrap();
    let files = ["--format", "wav32f", "--stems-to", "parts", "--from-plan", "bus.toml"];
    mixed(at, &[], "mix.wav", &files);
    let mix = band::floats(&at.join("mix.wav"));
    let mut sum = vec![0f64; mix.len()];
    for stem in band::STEMS {
        let part = band::floats(&at.join("parts").join(stem));
        assert!(part.iter().any(|sample| *sample != 0.0), "{stem} plays");
        sum.iter_mut().zip(part).for_each(|(sum, sample)| *sum += f64::from(sample));
    }
    let worst = mix.iter().zip(&sum).map(|(mix, sum)| (f64::from(*mix) - sum).abs()).fold(0.0, f64::max);
    assert!(20.0 * worst.log10() < -120.0, "{worst}");
}

/// A session that decides only what `mix` says.
fn session(mix: &str, stems: &[&str]) -> String {
    let stems: String = stems.iter().map(|stem| format!("[[stem]]\nfile = \"{stem}\"\n")).collect();
    format!(
        "schema = \"mixrunners.session/1\"\nengine_version = \"{}\"\nsample_rate_hz = 44100\n[mix]\nintensity = 0.5\n\
         space = 0.0\n{mix}\n{stems}",
        dsp::ENGINE_VERSION
    )
}

#[test]
fn a_session_makes_the_same_mix_again_and_keeps_what_was_changed_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 6.0);
    mixed(at, &band::STEMS, "one.wav", &["--plan", "one.toml", "--threads", "1"]);
    mixed(at, &[], "two.wav", &["--from-plan", "one.toml", "--plan", "two.toml"]);
    assert!(bytes(at, "one.wav") == bytes(at, "two.wav"));
    let mut reversed = band::STEMS;
    reversed.reverse();
    mixed(at, &reversed, "three.wav", &["--threads", "4"]);
    assert!(bytes(at, "one.wav") == bytes(at, "three.wav"), "neither their order nor threads change a bit");

    let text = String::from_utf8(bytes(at, "one.toml")).unwrap();
    let fader =
        text.lines().skip_while(|line| *line != "file = \"keys.wav\"").find(|line| line.starts_with("fader"));
    let fader = fader.expect("the keys have a fader");
    assert_eq!(text.matches(fader).count(), 1, "{fader}");
    fs::write(at.join("changed.toml"), text.replace(fader, "fader_db = -30.5")).unwrap();
    mixed(
        at,
        &[],
        "four.wav",
        &["--from-plan", "changed.toml", "--report", "four.json", "--plan", "four.toml"],
    );
    let report = report_of(at, "four.json");
    assert_eq!(row(&report, "keys.wav")["fader_db"], -30.5);
    let again = String::from_utf8(bytes(at, "four.toml")).unwrap();
    let numbers = |text: &str| {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    let changed = String::from_utf8(bytes(at, "changed.toml")).unwrap();
    assert_eq!(numbers(&again), numbers(&changed), "nothing else was decided anew");
    let refused = run(at, &["mix", "keys.wav", "-o", "five.wav", "--from-plan", "one.toml"]);
    assert!(
        refused.status.code() == Some(2) && said(&refused).contains("Lead Vox.wav"),
        "{}",
        said(&refused)
    );
}

#[test]
fn one_stem_left_alone_comes_out_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 3.0);
    let alone = format!("{}untouched = true\nfader_db = 0\npan = 0\n", session("gain_db = 0", &["keys.wav"]));
    fs::write(at.join("alone.toml"), alone).unwrap();
    mixed(at, &[], "mix.wav", &["--from-plan", "alone.toml"]);
    assert!(meter::samples(&at.join("mix.wav")) == meter::samples(&at.join("keys.wav")));

    // At another rate its samples lie on no grid any more, so rounding them needs dither.
    let text = String::from_utf8(bytes(at, "alone.toml")).unwrap();
    fs::write(at.join("other.toml"), text.replace("sample_rate_hz = 44100", "sample_rate_hz = 48000"))
        .unwrap();
    mixed(at, &[], "other.wav", &["--from-plan", "other.toml", "--report", "other.json"]);
    let report = report_of(at, "other.json");
    let decisions = report["result"]["decisions"].as_array().unwrap();
    let dither = decisions.iter().find(|decision| decision["what"] == "dither").expect("it is told");
    assert_eq!((&dither["value"], &dither["unit"]), (&json!(24.0), &json!("bit")), "{dither}");
}

#[test]
fn what_is_said_of_a_stem_is_kept_and_a_muted_stem_is_as_good_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 6.0);
    let all = ["--report", "all.json"];
    mixed(at, &band::STEMS, "all.wav", &all);
    let flags =
        ["--role", "pad=strings", "--gain", "bass.wav=3", "--pan", "kick=-0.5", "--report", "said.json"];
    mixed(at, &band::STEMS, "said.wav", &flags);
    let (before, after) = (report_of(at, "all.json"), report_of(at, "said.json"));
    let pad = row(&after, "pad.wav");
    assert_eq!((pad["role"].as_str(), pad["certainty"].as_f64()), (Some("strings"), Some(1.0)));
    assert_eq!(row(&after, "kick.wav")["pan"], -0.5);
    let over = |report: &Value| {
        let fader = |file: &str| row(report, file)["fader_db"].as_f64().unwrap();
        fader("bass.wav") - fader("keys.wav")
    };
    assert!((over(&after) - over(&before) - 3.0).abs() < 0.6, "{} and {}", over(&before), over(&after));

    mixed(at, &band::STEMS, "muted.wav", &["--mute", "pad"]);
    mixed(at, &band::STEMS[..4], "without.wav", &[]);
    assert!(bytes(at, "muted.wav") == bytes(at, "without.wav"));
    assert!(bytes(at, "muted.wav") != bytes(at, "all.wav"), "the pad was heard");
    let solo = mixed(at, &band::STEMS, "solo.wav", &["--solo", "bass"]);
    assert!(solo.contains("1 of 5 stems"), "{solo}");

    for (flags, word) in [
        (["--role", "pad=kazoo"], "kazoo"),
        (["--gain", "pad=99"], "99"),
        (["--pan", "pad=2"], "-1 to 1"),
        (["--mute", "tuba"], "tuba"),
    ] {
        let arguments = [&["mix"], &band::STEMS[..], &["-o", "bad.wav"], &flags[..]].concat();
        let refused = run(at, &arguments);
        assert!(refused.status.code() == Some(2) && said(&refused).contains(word), "{}", said(&refused));
    }
    assert!(!at.join("bad.wav").exists());
}

#[test]
fn bad_stems_are_named_and_the_others_are_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    band::write(at, 6.0);
    fs::write(at.join("broken.wav"), b"RIFF this is no audio").unwrap();
    fs::write(at.join("empty.flac"), b"").unwrap();
    let with_broken = [&band::STEMS[..], &["broken.wav", "empty.flac"]].concat();
    let refused = run(at, &[&["mix"], &with_broken[..], &["-o", "x.wav"]].concat());
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(
        said(&refused).contains("broken.wav") && said(&refused).contains("empty.flac"),
        "{}",
        said(&refused)
    );
    assert!(!at.join("x.wav").exists());

    band::stem(&at.join("silent.wav"), 6.0, 44_100, 1, |_| [0.0; 2]);
    band::stem(&at.join("short.wav"), 2.0, 44_100, 1, |t| {
        [0.2 * (880.0 * t * std::f64::consts::TAU).sin(); 2]
    });
    fs::copy(at.join("keys.wav"), at.join("keys copy.wav")).unwrap();
    let with_odd = [&band::STEMS[..], &["silent.wav", "short.wav", "keys copy.wav"]].concat();
    mixed(at, &with_odd, "odd.wav", &["--report", "odd.json"]);
    let report = report_of(at, "odd.json");
    let found = |file: &str| row(&report, file)["findings"].to_string();
    assert!(found("silent.wav").contains("\"silent\""), "{}", found("silent.wav"));
    assert!(found("short.wav").contains("other_length"), "{}", found("short.wav"));
    let copies = found("keys.wav") + &found("keys copy.wav");
    assert_eq!(copies.matches("\"copy\"").count(), 1, "{copies}");

    let many: Vec<String> = (0..65).map(|index| format!("many/{index}.wav")).collect();
    fs::create_dir(at.join("many")).unwrap();
    for name in &many {
        fs::copy(at.join("short.wav"), at.join(name)).unwrap();
    }
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = run(at, &[&["mix"], &names[..], &["-o", "x.wav"]].concat());
    assert!(refused.status.code() == Some(2) && said(&refused).contains("65"), "{}", said(&refused));
    let same = run(at, &[&["mix"], &names[..10], &["-o", "same.wav", "--report", "same.json"]].concat());
    assert!(same.status.success(), "{}", said(&same));
    let report = report_of(at, "same.json");
    let playing = report["stems"].as_array().unwrap().iter().filter(|stem| stem["part"] == "plays");
    assert_eq!(playing.count(), 1, "of ten identical files one plays");
}

#[tokio::test(flavor = "multi_thread")]
async fn stems_go_through_the_service_and_come_back_as_a_mix_and_its_master() {
    let folder = tempfile::tempdir().unwrap();
    band::write(folder.path(), 6.0);
    let data = folder.path().join("data");
    let service = Service::start(&data);
    let anna = Producer::with_key(&service, &data);
    let mut inputs = Vec::new();
    for name in band::STEMS {
        let upload = anna.upload(name, &bytes(folder.path(), name)).await;
        assert_eq!(anna.checked(&upload).await["state"], "ready");
        inputs.push(json!({"upload": upload}));
    }
    inputs[4]["mute"] = json!(true);
    inputs[2]["role"] = json!("synth_lead");
    inputs[2]["gain_db"] = json!(-1.5);
    let order = json!({
        "kind": "mix_and_master", "title": "Band", "inputs": inputs, "recipe": {"stems": true, "deliver": ["flac24"]}
    });
    let job = anna.finished(&anna.order_body("band", order).await).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    assert_eq!((&job["inputs"][4]["mute"], &job["inputs"][2]["gain_db"]), (&json!(true), &json!(-1.5)));
    for (kind, format) in [("master", "flac24"), ("mix", "wav32f"), ("stem", "wav32f"), ("report", "html")] {
        assert!(!anna.download(&job, kind, format).await.is_empty(), "{kind}");
    }
    let stems = job["artifacts"].as_array().unwrap().iter().filter(|artifact| artifact["kind"] == "stem");
    let names: Vec<&str> = stems.map(|artifact| artifact["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["Lead Vox.wav", "bass.wav", "keys.wav", "kick.wav"],
        "the muted one is not among them"
    );
    let report = anna.get_json(&format!("/v1/jobs/{}/report", job["id"].as_str().unwrap())).await;
    assert_eq!(
        (&report["schema"], &row(&report, "pad.wav")["part"]),
        (&json!("mixrunners.mix/1"), &json!("muted"))
    );
    assert_eq!(row(&report, "keys.wav")["role"], "synth_lead");

    // The session that comes with it renders the same mix on the command line.
    let session = anna.download(&job, "report", "toml").await;
    fs::write(folder.path().join("session.toml"), session).unwrap();
    mixed(folder.path(), &[], "local.wav", &["--from-plan", "session.toml", "--format", "wav32f"]);
    fs::write(folder.path().join("service.wav"), anna.download(&job, "mix", "wav32f").await).unwrap();
    let (local, remote) = (folder.path().join("local.wav"), folder.path().join("service.wav"));
    assert!(band::floats(&local) == band::floats(&remote));
}

/// A short stage may pass between two writes of a job's history, so the child's own lines are looked at.
#[test]
fn the_child_tells_where_it_is_from_the_stems_to_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inputs).unwrap();
    band::write(&inputs, 3.0);
    let path = |name: &str| inputs.join(name);
    let stem = |name: &str| json!({"input": path(name), "extension": "wav", "name": name, "settings": {}});
    let recipe = domain::recipe::Recipe::default();
    fs::create_dir(&out).unwrap();
    let request = json!({
        "task": "mix", "kind": "mix_and_master", "stems": band::STEMS.map(stem), "references": [], "recipe": recipe,
        "title": "Band", "out": out
    });
    let allowance = worker::cage::Allowance::of_render(JobKind::MixAndMaster, &[], 2).to_argument();
    let mut child = mixrunners(&["render", "--allowance", &allowance]);
    let mut child =
        child.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap(); // open until the child is done: it ends with whoever started it
    stdin.write_all(format!("{request}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let mut stages: Vec<&str> = lines.iter().filter_map(|line| line["stage"].as_str()).collect();
    stages.dedup();
    let place = |stage: &str| stages.iter().position(|known| *known == stage);
    assert!(place("decode") < place("analyse") && place("analyse") < place("mix"), "{stages:?}");
    assert!(place("mix") < place("master") && place("decode").is_some(), "{stages:?}");
    let last = lines.last().unwrap();
    assert!(last["done"]["files"].as_array().is_some_and(|files| files.len() >= 6), "{last}");
    let left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|name| !name.to_string_lossy().contains("reels")),
        "decoded stems are gone: {left:?}"
    );
}
