//! Every accepted form gives the producer's samples: all of them, in their place, and nothing around them.

mod tools;

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use codec::{Codec, Container, DecodeNote, Decoded, Delivery, Depth, Fidelity, Limits, decode};
use dasp_sample::{I24, Sample as _};
use dsp::audio::{Audio, Channel};
use dsp::progress::Unwatched;
use fixtures::sound::wave::Wave;

use tools::{decoded, decoded_file, encoded, error_db, lag, music, run, text};

const RATE: u32 = 44_100;
/// Even, since ffmpeg counts the padding of a Wave64 as audio.
const FRAMES: usize = 123_458;

#[test]
fn integers_of_every_depth_are_exact() {
    let numbers: Vec<i32> = (-40..40).map(|n| n * 53_687_091).chain([i32::MIN, i32::MAX, 0, 1, -1]).collect();
    let wave = |bits: u16, data: Vec<u8>| decoded(&Wave::of(1, 1, bits, data).bytes(), "wav").unwrap();

    let bytes: Vec<u8> = (0..=255).collect();
    let eight = wave(8, bytes.clone());
    let expected: Vec<f32> = bytes.iter().map(|b| b.to_sample::<f32>()).collect();
    assert_eq!(eight.audio.channel(0), expected);
    assert_eq!((eight.source.codec, eight.source.depth), (Codec::PcmU8, Some(Depth::Int(8))));

    let shorts: Vec<i16> = numbers.iter().map(|n| (n >> 16) as i16).collect();
    let sixteen = wave(16, shorts.iter().flat_map(|n| n.to_le_bytes()).collect());
    let expected: Vec<f32> = shorts.iter().map(|n| n.to_sample::<f32>()).collect();
    assert_eq!(sixteen.audio.channel(0), expected);

    let triples: Vec<I24> = numbers.iter().map(|n| I24::new_unchecked(n >> 8)).collect();
    let data = triples.iter().flat_map(|n| n.inner().to_le_bytes()[..3].to_vec()).collect();
    let expected: Vec<f32> = triples.iter().map(|n| n.to_sample::<f32>()).collect();
    assert_eq!(wave(24, data).audio.channel(0), expected);

    let long = wave(32, numbers.iter().flat_map(|n| n.to_le_bytes()).collect());
    let expected: Vec<f32> = numbers.iter().map(|n| (f64::from(*n) / 2_147_483_648.0) as f32).collect();
    assert_eq!(long.audio.channel(0), expected, "32 bits are rounded to the nearest float");
}

#[test]
fn bits_in_wider_room_count_from_the_top_and_are_named() {
    let twenty: Vec<u8> =
        [0x7ffff0u32, 0x800000, 0x000010].iter().flat_map(|n| n.to_le_bytes()[..3].to_vec()).collect();
    for wave in [Wave::of(1, 1, 24, twenty.clone()).extensible(20, 4), Wave::of(1, 1, 20, twenty)] {
        let read = decoded(&wave.bytes(), "wav").unwrap();
        assert_eq!(read.audio.channel(0), [524_287.0 / 524_288.0, -1.0, 1.0 / 524_288.0]);
        assert_eq!((read.source.codec, read.source.depth), (Codec::PcmSigned(24), Some(Depth::Int(20))));
    }
    let in_four: Vec<u8> = [0x7ffff000u32, 0x80000000].iter().flat_map(|n| n.to_le_bytes()).collect();
    let mut wave = Wave::of(1, 1, 20, in_four);
    wave.frame_bytes = Some(4);
    assert_eq!(decoded(&wave.bytes(), "wav").unwrap().audio.channel(0), [524_287.0 / 524_288.0, -1.0]);
}

#[test]
fn floats_keep_their_overs_and_doubles_are_rounded() {
    let values = [0.1f64, -3.9, 1.0 + f64::EPSILON, 1e-30];
    let doubles = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let read = decoded(&Wave::of(3, 1, 64, doubles).bytes(), "wav").unwrap();
    assert_eq!(read.audio.channel(0), values.map(|x| x as f32));
    assert_eq!(read.source.depth, Some(Depth::Float(64)));
}

/// Files that other programs make of the same music, with what must be true of them.
struct Made {
    name: &'static str,
    arguments: &'static [&'static str],
    container: Container,
    codec: Codec,
}

const LOSSLESS: [Made; 15] = [
    Made {
        name: "a.wav",
        arguments: &["-c:a", "pcm_s32le"],
        container: Container::Wav,
        codec: Codec::PcmSigned(32),
    },
    Made {
        name: "b.wav",
        arguments: &["-c:a", "pcm_f32le"],
        container: Container::Wav,
        codec: Codec::PcmFloat(32),
    },
    Made {
        name: "c.wav",
        arguments: &["-c:a", "pcm_f64le"],
        container: Container::Wav,
        codec: Codec::PcmFloat(64),
    },
    Made {
        name: "d.wav",
        arguments: &["-c:a", "pcm_s24le", "-rf64", "always"],
        container: Container::Rf64,
        codec: Codec::PcmSigned(24),
    },
    Made {
        name: "e.w64",
        arguments: &["-c:a", "pcm_s16le"],
        container: Container::W64,
        codec: Codec::PcmSigned(16),
    },
    Made {
        name: "f.aiff",
        arguments: &["-c:a", "pcm_s16be"],
        container: Container::Aiff,
        codec: Codec::PcmSigned(16),
    },
    Made {
        name: "g.aiff",
        arguments: &["-c:a", "pcm_s24be"],
        container: Container::Aiff,
        codec: Codec::PcmSigned(24),
    },
    Made {
        name: "h.aifc",
        arguments: &["-f", "aiff", "-c:a", "pcm_s16le"],
        container: Container::Aifc,
        codec: Codec::PcmSigned(16),
    },
    Made {
        name: "i.aifc",
        arguments: &["-f", "aiff", "-c:a", "pcm_f32be"],
        container: Container::Aifc,
        codec: Codec::PcmFloat(32),
    },
    Made {
        name: "j.caf",
        arguments: &["-c:a", "pcm_s24be"],
        container: Container::Caf,
        codec: Codec::PcmSigned(24),
    },
    Made { name: "k.caf", arguments: &["-c:a", "alac"], container: Container::Caf, codec: Codec::Alac },
    Made { name: "l.m4a", arguments: &["-c:a", "alac"], container: Container::Mp4, codec: Codec::Alac },
    Made { name: "m.flac", arguments: &["-c:a", "flac"], container: Container::Flac, codec: Codec::Flac },
    Made {
        name: "n.flac",
        arguments: &["-c:a", "flac", "-sample_fmt", "s32"],
        container: Container::Flac,
        codec: Codec::Flac,
    },
    Made { name: "o.oga", arguments: &["-c:a", "flac"], container: Container::Ogg, codec: Codec::Flac },
];

const LOSSY: [Made; 6] = [
    Made {
        name: "a.m4a",
        arguments: &["-c:a", "aac", "-b:a", "256k"],
        container: Container::Mp4,
        codec: Codec::Aac,
    },
    Made {
        name: "b.mp4",
        arguments: &["-c:a", "aac", "-b:a", "256k", "-movflags", "+faststart"],
        container: Container::Mp4,
        codec: Codec::Aac,
    },
    Made {
        name: "c.mp3",
        arguments: &["-c:a", "libmp3lame", "-b:a", "320k"],
        container: Container::Mp3,
        codec: Codec::Mp3,
    },
    Made {
        name: "d.mp3",
        arguments: &["-c:a", "libmp3lame", "-q:a", "2", "-metadata", "title=with a tag"],
        container: Container::Mp3,
        codec: Codec::Mp3,
    },
    Made {
        name: "e.ogg",
        arguments: &["-c:a", "libvorbis", "-q:a", "8"],
        container: Container::Ogg,
        codec: Codec::Vorbis,
    },
    Made { name: "f.wav", arguments: &["-c:a", "pcm_mulaw"], container: Container::Wav, codec: Codec::MuLaw },
];

#[test]
fn a_broadcast_wave_says_where_it_begins_on_the_clock_of_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_source(folder.path(), &tools::music(RATE, 1, 4410));
    let path = folder.path().join("bwf.wav");
    let bext = ["-write_bext", "1", "-metadata", "description=take", "-metadata", "time_reference=158760000"];
    let ends = ["-v", "error", "-y", "-i", text(&source)];
    assert!(run("ffmpeg", &[&ends[..], &bext[..], &[text(&path)]].concat()), "ffmpeg is needed");
    assert_eq!(decoded_file(&path).source.time_reference_frames, Some(158_760_000), "an hour at 44.1 kHz");
    assert_eq!(decoded_file(&source).source.time_reference_frames, None, "no chunk says so");
}

/// Makes the file, if ffmpeg is installed.
fn make(folder: &Path, source: &Path, made: &Made) -> Option<PathBuf> {
    let path = folder.join(made.name);
    let mut arguments = vec!["-v", "error", "-y", "-i", text(source)];
    arguments.extend(made.arguments);
    arguments.push(text(&path));
    run("ffmpeg", &arguments).then_some(path)
}

fn write_source(folder: &Path, audio: &Audio) -> PathBuf {
    let path = folder.join("source.wav");
    std::fs::write(&path, encoded(audio, Delivery::Wav16)).expect("the temporary folder can be written");
    path
}

fn assert_source(read: &Decoded, made: &Made) {
    let source = read.source;
    assert_eq!((source.container, source.codec), (made.container, made.codec), "{}", made.name);
    assert_eq!(read.audio.rate().hertz(), RATE, "{}", made.name);
    assert_eq!(read.audio.channel_count(), 2, "{}", made.name);
    assert_eq!(read.audio.frames(), FRAMES, "{}: {:?}", made.name, read.notes);
}

#[test]
fn lossless_files_of_other_programs_are_bit_exact() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(RATE, 2, FRAMES);
    let source = write_source(folder.path(), &audio);
    for made in LOSSLESS {
        let Some(path) = make(folder.path(), &source, &made) else { return };
        let read = decoded_file(&path);
        assert_source(&read, &made);
        assert_eq!(read.source.fidelity(), Fidelity::Lossless, "{}", made.name);
        assert_eq!(read.notes, [], "{}", made.name);
        for channel in 0..2 {
            assert!(audio.channel(channel) == read.audio.channel(channel), "{}", made.name);
        }
    }
}

#[test]
fn lossy_files_are_trimmed_to_the_producers_frames() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(RATE, 2, FRAMES);
    let source = write_source(folder.path(), &audio);
    for made in LOSSY {
        let Some(path) = make(folder.path(), &source, &made) else { return };
        let read = decoded_file(&path);
        assert_source(&read, &made);
        assert_eq!(read.source.fidelity(), Fidelity::Lossy, "{}", made.name);
        for channel in 0..2 {
            let (sound, lossy) = (audio.channel(channel), read.audio.channel(channel));
            assert_eq!(lag(sound, lossy, 2_500), 0, "{}", made.name);
            let error = error_db(sound, lossy);
            assert!(error < -20.0, "{}: the error is {error:.1} dB", made.name);
        }
    }
}

#[test]
fn lame_and_a_file_without_a_tag_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(RATE, 2, FRAMES);
    let source = write_source(folder.path(), &audio);
    let tagged = folder.path().join("lame.mp3");
    if run("lame", &["--quiet", "-V", "2", text(&source), text(&tagged)]) {
        let read = decoded_file(&tagged);
        assert_eq!(read.audio.frames(), FRAMES);
        assert_eq!(lag(audio.channel(0), read.audio.channel(0), 2_500), 0);
    }
    // Without a tag the length is a guess from the first frames; nothing may be cut off by it.
    let bare = folder.path().join("bare.mp3");
    if run("lame", &["--quiet", "-V", "2", "-t", text(&source), text(&bare)]) {
        let read = decoded_file(&bare);
        assert_eq!(read.notes, [DecodeNote::PrimingUnknown]);
        let late = lag(audio.channel(0), read.audio.channel(0), 2_500);
        assert!((500..2_400).contains(&late), "the delay of encoder and decoder is there: {late}");
        assert!(read.audio.frames() >= FRAMES + late as usize);
    }
}

#[test]
fn a_chain_of_ogg_streams_is_one_song() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_source(folder.path(), &music(RATE, 2, FRAMES));
    let path = folder.path().join("a.ogg");
    let serial = |serial: &str| {
        let arguments =
            ["-v", "error", "-y", "-i", text(&source), "-c:a", "libvorbis", "-serial_offset", serial];
        run("ffmpeg", &[&arguments[..], &[text(&path)]].concat()).then(|| std::fs::read(&path).unwrap())
    };
    let (Some(first), Some(second)) = (serial("7"), serial("8")) else { return };
    let read = decoded(&[first, second].concat(), "ogg").unwrap();
    assert_eq!(read.audio.frames(), 2 * FRAMES);
}

#[test]
fn six_channels_stay_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(48_000, 6, 50_000);
    let source = write_source(folder.path(), &audio);
    let own = decoded_file(&source);
    use Channel::{Centre, Left, LeftSurround, Lfe, Right, RightSurround};
    let places = [Left, Right, Centre, Lfe, LeftSurround, RightSurround];
    assert_eq!(own.audio.layout().channels(), places);
    for (name, codec) in
        [("a.flac", "flac"), ("b.w64", "pcm_s16le"), ("c.caf", "pcm_s16be"), ("d.m4a", "alac")]
    {
        let path = folder.path().join(name);
        if !run("ffmpeg", &["-v", "error", "-y", "-i", text(&source), "-c:a", codec, text(&path)]) {
            return;
        }
        let read = decoded_file(&path);
        assert_eq!(read.audio.layout().channels(), places, "{name}");
        for channel in 0..6 {
            assert!(audio.channel(channel) == read.audio.channel(channel), "{name}: channel {channel}");
        }
    }
}

#[test]
fn vorbis_of_six_channels_is_refused_since_it_would_be_decoded_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    let source = write_source(folder.path(), &music(48_000, 6, 50_000));
    let path = folder.path().join("six.ogg");
    if run("ffmpeg", &["-v", "error", "-y", "-i", text(&source), "-c:a", "libvorbis", text(&path)]) {
        let error = decoded(&std::fs::read(&path).unwrap(), "ogg").unwrap_err();
        assert_eq!(error.code(), "codec_unsupported");
        assert!(error.to_string().contains("6 channels"), "{error}");
    }
}

#[test]
fn what_follows_a_lost_page_of_ogg_stays_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(RATE, 2, 10 * FRAMES);
    let source = write_source(folder.path(), &audio);
    let path = folder.path().join("long.ogg");
    if !run("ffmpeg", &["-v", "error", "-y", "-i", text(&source), "-c:a", "libvorbis", text(&path)]) {
        return;
    }
    let mut damaged = std::fs::read(&path).unwrap();
    let quarter = damaged.len() / 4;
    damaged[quarter..quarter + 10].fill(0x55);
    let read = decoded(&damaged, "ogg").unwrap();
    assert_eq!(read.notes.iter().map(DecodeNote::code).collect::<Vec<_>>(), ["packets_silenced"]);
    assert_eq!(read.audio.frames(), audio.frames());
    assert_eq!(lag(audio.channel(0), read.audio.channel(0), 2_500), 0, "in the middle of the song");
}

#[test]
fn one_channel_stays_one_channel() {
    let folder = tempfile::tempdir().unwrap();
    let audio = music(RATE, 1, FRAMES);
    let source = write_source(folder.path(), &audio);
    for name in ["one.flac", "one.mp3", "one.m4a", "one.ogg", "one.aiff", "one.caf"] {
        let path = folder.path().join(name);
        if !run("ffmpeg", &["-v", "error", "-y", "-i", text(&source), text(&path)]) {
            return;
        }
        let read = decoded_file(&path).audio;
        assert_eq!((read.channel_count(), read.frames()), (1, FRAMES), "{name}");
        assert_eq!(lag(audio.channel(0), read.channel(0), 2_500), 0, "{name}");
    }
}

#[test]
fn a_flac_whose_checksum_holds_is_believed_more_than_its_length() {
    let audio = music(RATE, 2, FRAMES);
    let sound = encoded(&audio, Delivery::Flac16);
    // The last four bytes of the number of frames, in STREAMINFO.
    let mut longer = sound.clone();
    longer[22..26].copy_from_slice(&(10 * FRAMES as u32).to_be_bytes());
    let read = decoded(&longer, "flac").unwrap();
    assert_eq!(read.audio.frames(), FRAMES);
    assert_eq!(read.notes[0].code(), "length_corrected");
    let mut wrong = sound;
    wrong[30] ^= 1;
    assert_eq!(decoded(&wrong, "flac").unwrap_err().code(), "audio_corrupt");
}

#[test]
fn a_bomb_of_silence_is_stopped_by_what_it_gives_not_by_what_it_says() {
    use fixtures::sound::flac::{Claims, silence_claims, silence_flac};
    let blocks = 200; // 149 s
    let unknown = Claims { frames: 0, ..silence_claims(blocks) };
    let bomb = silence_flac(&unknown, blocks);
    assert!(bomb.len() < 4_000, "{} bytes", bomb.len());
    let limits = Limits { seconds_max: 60.0, ..Limits::SERVICE };
    let error = decode(Cursor::new(bomb.clone()), None, &limits, &Unwatched).unwrap_err();
    assert_eq!(error.code(), "audio_too_long");
    let read = decode(Cursor::new(bomb), None, &Limits::SERVICE, &Unwatched).unwrap();
    assert_eq!(read.audio.frames(), blocks * 32_768, "silence is legal at any ratio");
}

/// A file of zeros behind a header, as long as one likes, without a disk to hold it.
struct Sparse {
    header: Vec<u8>,
    length: u64,
    position: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = (self.length - self.position.min(self.length)).min(buffer.len() as u64) as usize;
        for (at, byte) in buffer[..left].iter_mut().enumerate() {
            *byte = self.header.get(self.position as usize + at).copied().unwrap_or(0);
        }
        self.position += left as u64;
        Ok(left)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::End(offset) => self.length.saturating_add_signed(offset),
            SeekFrom::Current(offset) => self.position.saturating_add_signed(offset),
        };
        Ok(self.position)
    }
}

#[test]
fn samples_beyond_four_gigabytes_are_counted_in_64_bits() {
    let data_bytes = 5_000_000_000;
    let mut wave = Wave::tone();
    wave.data.clear();
    let header = wave.long(b"RF64", data_bytes);
    let length = header.len() as u64 + data_bytes;
    let file = || Sparse { header: header.clone(), length, position: 0 };
    let error = decode(file(), Some("wav"), &Limits::SERVICE, &Unwatched).unwrap_err();
    assert_eq!(error.code(), "file_too_large");
    // 5 GB at 8 kHz, two channels, 16 bits are 156 250 s.
    let limits = Limits { seconds_max: 156_249.0, ..Limits::COMMAND_LINE };
    assert_eq!(decode(file(), Some("wav"), &limits, &Unwatched).unwrap_err().code(), "audio_too_long");
    let limits = Limits { pcm_bytes_max: 9_999_999_999, seconds_max: 1e9, ..Limits::COMMAND_LINE };
    assert_eq!(decode(file(), Some("wav"), &limits, &Unwatched).unwrap_err().code(), "audio_too_long");
}

#[test]
fn one_frame_is_enough_on_the_command_line_and_too_little_for_the_service() {
    let one = Wave::of(1, 2, 16, vec![0, 64, 0, 192]).bytes();
    let read = decode(Cursor::new(one.clone()), None, &Limits::COMMAND_LINE, &Unwatched).unwrap();
    assert_eq!((read.audio.channel(0), read.audio.channel(1)), (&[0.5][..], &[-0.5][..]));
    let error = decode(Cursor::new(one), None, &Limits::SERVICE, &Unwatched).unwrap_err();
    assert!(error.to_string().contains("0.1 s"), "{error}");
}
