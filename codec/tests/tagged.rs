//! Tags are read back by programs that share no code with us, and change no sample.

mod tools;

use std::path::{Path, PathBuf};

use codec::{BextLoudness, Cover, Delivery, EncodeOptions, TagFields, Tags};
use dsp::audio::Audio;
use dsp::units::Lufs;

use tools::{decoded, encoded, encoded_with, music, output, run, text};

fn forms() -> impl Iterator<Item = Delivery> {
    Delivery::ALL.into_iter().filter(|form| form.is_built_in())
}

/// Every field, with letters of two to four bytes, and an odd number of bytes here and there.
fn full(cover: Option<Vec<u8>>) -> Tags {
    let text = |text: &str| Some(text.to_owned());
    Tags::new(TagFields {
        title: text("Déjà vu = 既視感 🎛"),
        artist: text("Ärzte"),
        album: text("Works; Vol. 1/2"),
        album_artist: text("Various"),
        track_number: Some(3),
        track_total: Some(12),
        date: text("2026-03-31"),
        genre: text("Neo-Klassik"),
        isrc: text("us-s1z-99-00001"),
        comment: text("The second take, «louder»."),
        cover,
    })
    .expect("tags that can be written")
}

fn tagged(audio: &Audio, form: Delivery, tags: &Tags) -> Vec<u8> {
    encoded_with(audio, form, &EncodeOptions { loudness: None, tags: Some(tags) })
}

/// Pictures that ffmpeg draws, or none where it is not installed.
fn pictures(folder: &Path) -> Option<Vec<PathBuf>> {
    ["cover.png", "cover.jpg"]
        .into_iter()
        .map(|name| {
            let path = folder.join(name);
            let source = ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=321x240", "-frames:v", "1"];
            run("ffmpeg", &[&source[..], &["-pix_fmt", "rgb24", text(&path)][..]].concat()).then_some(path)
        })
        .collect()
}

#[test]
fn tags_change_no_sample() {
    let audio = music(44_100, 2, 50_000);
    let tags = full(None);
    for form in forms() {
        let plain = encoded(&audio, form);
        let with = tagged(&audio, form, &tags);
        assert!(with.len() > plain.len() + 200, "{form}");
        let back = |bytes: &[u8]| decoded(bytes, form.extension()).unwrap();
        let (plain, with) = (back(&plain), back(&with));
        assert!(plain.audio == with.audio, "{form}");
        assert_eq!(plain.notes, with.notes, "{form}");
    }
}

#[test]
fn what_is_not_set_is_not_written() {
    let audio = music(48_000, 1, 10_000);
    let nothing = Tags::new(TagFields::default()).unwrap();
    let one = Tags::new(TagFields { genre: Some("Polka".to_owned()), ..TagFields::default() }).unwrap();
    for form in forms() {
        let plain = encoded(&audio, form);
        assert!(tagged(&audio, form, &nothing) == plain, "{form}: empty tags leave a trace");
        let with = tagged(&audio, form, &one);
        let has = |name: &str| with.windows(name.len()).any(|window| window == name.as_bytes());
        assert!(has("Polka"), "{form}");
        let others = ["TIT2", "TRCK", "COMM", "APIC", "INAM", "ICMT", "TITLE", "ISRC", "METADATA_BLOCK"];
        assert!(!others.into_iter().any(has), "{form}");
    }
}

/// What ffprobe says of the file and its streams, one `TAG:name=value` a line.
fn probed(path: &Path) -> Option<String> {
    let arguments = ["-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "default=nw=1"];
    let said = output("ffprobe", &[&arguments[..], &[text(path)]].concat())?;
    Some(String::from_utf8(said).expect("ffprobe writes UTF-8"))
}

#[test]
fn ffprobe_reads_every_field_of_every_container() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(44_100, 2, 20_001);
    let tags = full(None);
    for form in forms() {
        let path = folder.path().join(format!("{form}.{}", form.extension()));
        std::fs::write(&path, tagged(&audio, form, &tags)).unwrap();
        let Some(said) = probed(&path) else { return };
        let has = |name: &str, value: &str| {
            let line = format!("tag:{}={value}", name.to_lowercase());
            let found = said.lines().any(|said| {
                let (name, value) = said.split_once('=').unwrap_or((said, ""));
                format!("{}={value}", name.to_lowercase()) == line
            });
            assert!(found, "{form}: no {name}={value} in\n{said}");
        };
        has("title", "Déjà vu = 既視感 🎛");
        has("artist", "Ärzte");
        has("album", "Works; Vol. 1/2");
        has("date", "2026-03-31");
        has("genre", "Neo-Klassik");
        has("comment", "The second take, «louder».");
        match form.extension() {
            "flac" | "ogg" => {
                has("album_artist", "Various");
                has("track", "3");
                has("tracktotal", "12");
                has("isrc", "USS1Z9900001");
            }
            "mp3" => {
                has("album_artist", "Various");
                has("track", "3/12");
                has("tsrc", "USS1Z9900001");
            }
            // Where there is an INFO list ffprobe leaves the ID3 tag beside it out.
            _ => has("track", "3"),
        }
    }
}

#[test]
fn a_wave_says_what_info_has_no_place_for_in_the_same_id3_tag_as_an_mp3() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(44_100, 1, 10_000);
    let wave = tagged(&audio, Delivery::Wav16, &full(None));
    let at = wave.windows(4).position(|window| window == b"id3 ").unwrap();
    let length = u32::from_le_bytes(wave[at + 4..at + 8].try_into().unwrap()) as usize;
    let id3 = &wave[at + 8..at + 8 + length];
    if Delivery::Mp3V0.is_built_in() {
        assert!(tagged(&audio, Delivery::Mp3V0, &full(None)).starts_with(id3));
    }
    let isrc =
        Tags::new(TagFields { isrc: Some("USS1Z9900001".to_owned()), ..TagFields::default() }).unwrap();
    let path = folder.path().join("isrc.wav");
    std::fs::write(&path, tagged(&audio, Delivery::Wav16, &isrc)).unwrap();
    let Some(said) = probed(&path) else { return };
    assert_eq!(said.trim(), "TAG:TSRC=USS1Z9900001");
}

#[test]
fn a_cover_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let Some(pictures) = pictures(folder.path()) else { return };
    let audio = music(44_100, 2, 20_000);
    for picture in &pictures {
        let bytes = std::fs::read(picture).unwrap();
        let tags = full(Some(bytes.clone()));
        for form in forms() {
            let path = folder.path().join(format!("{form}.{}", form.extension()));
            std::fs::write(&path, tagged(&audio, form, &tags)).unwrap();
            let out = folder.path().join("out.bin");
            let source = ["-v", "error", "-y", "-i", text(&path), "-map", "0:v"];
            let sink = ["-c", "copy", "-f", "image2", "-update", "1", text(&out)];
            assert!(run("ffmpeg", &[&source[..], &sink[..]].concat()));
            assert!(std::fs::read(&out).unwrap() == bytes, "{form}: {}", picture.display());
            let size = ["-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height"];
            let size = output("ffprobe", &[&size[..], &["-of", "csv=p=0", text(&path)]].concat()).unwrap();
            assert_eq!(String::from_utf8_lossy(&size).trim(), "321,240", "{form}");
        }
    }
}

#[test]
fn metaflac_agrees_and_the_stream_is_still_sound() {
    let folder = tempfile::tempdir().unwrap();
    let Some(pictures) = pictures(folder.path()) else { return };
    let bytes = std::fs::read(&pictures[1]).unwrap();
    let path = folder.path().join("tagged.flac");
    let tags = full(Some(bytes.clone()));
    std::fs::write(&path, tagged(&music(44_100, 2, 50_000), Delivery::Flac24, &tags)).unwrap();
    if !run("flac", &["-t", "-s", "-w", text(&path)]) {
        return;
    }
    let said = output("metaflac", &["--no-utf8-convert", "--export-tags-to=-", text(&path)]).unwrap();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(said.lines().count(), 10, "{said}");
    assert!(said.contains("TITLE=Déjà vu = 既視感 🎛\n") && said.contains("ISRC=USS1Z9900001\n"), "{said}");
    assert!(output("metaflac", &["--export-picture-to=-", text(&path)]).unwrap() == bytes);
    let list = output("metaflac", &["--list", "--block-type=PICTURE", text(&path)]).unwrap();
    let list = String::from_utf8_lossy(&list);
    for line in ["type: 3 (Cover (front))", "MIME type: image/jpeg", "width: 321", "height: 240", "depth: 24"]
    {
        assert!(list.contains(line), "{line} in {list}");
    }
}

#[test]
fn the_largest_cover_disturbs_no_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(44_100, 2, 50_000);
    let mut cover = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x58\0\0\x02\x58\x08\x02\0\0\0".to_vec();
    // Everything that could look like a frame of MP3, of FLAC or like a page of Ogg.
    cover.extend(b"\xff\xfb\x90\x64\xff\xf8OggS\0\xff".iter().cycle().take(Cover::BYTES_MAX - cover.len()));
    let tags = full(Some(cover));
    for form in forms() {
        let bytes = tagged(&audio, form, &tags);
        assert!(bytes.len() > Cover::BYTES_MAX);
        let back = decoded(&bytes, form.extension()).unwrap().audio;
        assert!(back == decoded(&encoded(&audio, form), form.extension()).unwrap().audio, "{form}");
        let path = folder.path().join(format!("{form}.{}", form.extension()));
        std::fs::write(&path, bytes).unwrap();
        let arguments = ["-v", "fatal", "-i", text(&path), "-map", "0:a", "-f", "f32le", "-"];
        if let Some(theirs) = output("ffmpeg", &arguments) {
            assert_eq!(theirs.len(), audio.frames() * 8, "{form}");
        }
    }
}

#[test]
fn a_wave_holds_loudness_and_tags_beside_each_other() {
    let audio = music(48_000, 2, 10_001);
    let loudness = BextLoudness { integrated: Some(Lufs::literal(-14.0)), ..BextLoudness::default() };
    let tags = full(None);
    let options = EncodeOptions { loudness: Some(&loudness), tags: Some(&tags) };
    let bytes = encoded_with(&audio, Delivery::Wav24, &options);
    let (mut at, mut names) = (12, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        names.push(String::from_utf8(bytes[at..at + 4].to_vec()).unwrap());
        at += 8 + length + length % 2;
    }
    assert_eq!(at, bytes.len(), "the chunks end with the file");
    assert_eq!(names, ["fmt ", "bext", "LIST", "id3 ", "data"]);
    let outer = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    assert_eq!(outer + 8, bytes.len());
    assert!(decoded(&bytes, "wav").unwrap().audio == audio);
    assert_eq!(hound::WavReader::new(&bytes[..]).unwrap().duration(), 10_001);
}
