//! What is written is read back bit for bit, by us and by readers that share no code with us.

mod tools;

use std::io::Cursor;

use codec::{BextLoudness, Delivery, EncodeError, EncodeOptions, Limits, decode, encode};
use dsp::audio::{Audio, Layout, Samples};
use dsp::progress::{Unwatched, Watch};
use dsp::units::{Dbtp, Lufs, SampleRate};

use tools::{decoded, encoded, encoded_with, lossless, noise, output, run, text};

fn bits(delivery: Delivery) -> u32 {
    delivery.integer_bits().unwrap_or(24)
}

fn assert_same(audio: &Audio, other: &Audio, context: &str) {
    assert_eq!(audio.rate(), other.rate(), "{context}");
    assert_eq!(audio.frames(), other.frames(), "{context}");
    for (ours, theirs) in audio.channels().iter().zip(other.channels()) {
        assert!(ours == theirs, "{context}: samples differ");
    }
}

/// Lengths around the blocks of FLAC (4 096), of conversion (16 384), and of batches (131 072 and 262 144).
const LENGTHS: [usize; 12] = [1, 2, 15, 16, 17, 4_095, 4_096, 4_097, 16_385, 131_073, 262_144, 700_001];

#[test]
fn every_depth_length_and_rate_comes_back_bit_for_bit() {
    for delivery in lossless() {
        for (place, frames) in LENGTHS.into_iter().enumerate() {
            let channels = [1, 2, 6, 8][place % 4];
            let hertz = [44_100, 48_000, 96_000, 47_999, 8_000, 384_000][place % 6];
            let audio = noise(hertz, channels, frames, bits(delivery));
            let back = decoded(&encoded(&audio, delivery), delivery.extension()).unwrap();
            let context = format!("{delivery}, {frames} frames, {channels} channels, {hertz} Hz");
            assert_same(&audio, &back.audio, &context);
            assert!(back.notes.is_empty(), "{context}: {:?}", back.notes);
        }
    }
}

#[test]
fn hound_reads_the_same_integers_and_floats() {
    for delivery in [Delivery::Wav16, Delivery::Wav24] {
        let scale = 2f32.powi(bits(delivery) as i32 - 1);
        for channels in [1, 2, 6] {
            let audio = noise(48_000, channels, 20_000, bits(delivery));
            let mut reader = hound::WavReader::new(Cursor::new(encoded(&audio, delivery))).unwrap();
            let spec = reader.spec();
            assert_eq!((spec.sample_rate, usize::from(spec.channels)), (48_000, channels));
            for (place, sample) in reader.samples::<i32>().enumerate() {
                let expected = audio.channel(place % channels)[place / channels] * scale;
                assert_eq!(sample.unwrap() as f32, expected);
            }
            assert_eq!(reader.duration() as usize, audio.frames());
        }
    }
    let audio = noise(44_100, 2, 20_000, 24);
    let mut reader = hound::WavReader::new(Cursor::new(encoded(&audio, Delivery::Wav32f))).unwrap();
    for (place, sample) in reader.samples::<f32>().enumerate() {
        assert_eq!(sample.unwrap(), audio.channel(place % 2)[place / 2]);
    }
}

#[test]
fn ffmpeg_and_sox_and_flac_read_the_same_samples() {
    let folder = tempfile::tempdir().unwrap();
    for delivery in lossless() {
        let audio = noise(44_100, 2, 150_000, bits(delivery));
        let path = folder.path().join(format!("{delivery}.{}", delivery.extension()));
        std::fs::write(&path, encoded(&audio, delivery)).unwrap();
        let floats: Vec<u8> = (0..audio.frames())
            .flat_map(|frame| [audio.channel(0)[frame], audio.channel(1)[frame]])
            .flat_map(f32::to_le_bytes)
            .collect();
        if let Some(read) = output("ffmpeg", &["-v", "error", "-i", text(&path), "-f", "f32le", "-"]) {
            assert!(read == floats, "{delivery}: ffmpeg reads other samples");
        }
        if let Some(read) = output("sox", &[text(&path), "-t", "f32", "-"]) {
            assert!(read == floats, "{delivery}: sox reads other samples");
        }
        if delivery.extension() == "flac" {
            run("flac", &["-t", "-s", "-w", text(&path)]);
        }
    }
}

#[test]
fn the_reference_decoder_finds_no_fault_with_flac_of_any_shape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shape.flac");
    for (frames, channels, hertz) in
        [(1, 1, 44_100), (15, 2, 48_000), (4_097, 3, 11_025), (40_000, 8, 192_000), (600_000, 2, 65_537)]
    {
        for delivery in [Delivery::Flac16, Delivery::Flac24] {
            std::fs::write(&path, encoded(&noise(hertz, channels, frames, bits(delivery)), delivery))
                .unwrap();
            run("flac", &["-t", "-s", text(&path)]);
        }
    }
    let silence = Audio::silence(SampleRate::literal(44_100), Layout::stereo(), 100_000);
    let bytes = encoded(&silence, Delivery::Flac24);
    assert!(bytes.len() < 6_000, "silence takes {} bytes", bytes.len());
    std::fs::write(&path, bytes).unwrap();
    run("flac", &["-t", "-s", text(&path)]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let audio = noise(44_100, 2, 1_200_000, 16);
    for delivery in lossless() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let bytes = encoded(&audio, delivery);
                let back = decoded(&bytes, delivery.extension()).unwrap().audio;
                (bytes, back)
            })
        };
        assert!(on(1) == on(3), "{delivery}");
    }
}

#[test]
fn a_sample_off_the_grid_goes_to_the_nearest_and_an_over_is_clamped() {
    let lsb = 1.0 / 32_768.0;
    let samples = [0.5 * lsb, 1.5 * lsb, -0.5 * lsb, 0.49 * lsb, 2.0, -2.0];
    let audio = Audio::from_channels(SampleRate::literal(44_100), vec![Samples::copied(&samples)]);
    for delivery in [Delivery::Wav16, Delivery::Flac16] {
        let back = decoded(&encoded(&audio, delivery), delivery.extension()).unwrap().audio;
        let integers: Vec<f32> = back.channel(0).iter().map(|s| s * 32_768.0).collect();
        assert_eq!(integers, [0.0, 2.0, 0.0, 0.0, 32_767.0, -32_768.0], "{delivery}");
    }
}

#[test]
fn loudness_stands_in_the_broadcast_extension_and_disturbs_no_reader() {
    let audio = noise(48_000, 2, 10_000, 24);
    let loudness = BextLoudness {
        integrated: Some(Lufs::literal(-14.0)),
        true_peak_max: Some(Dbtp::literal(-1.0)),
        ..BextLoudness::default()
    };
    let options = EncodeOptions { loudness: Some(&loudness), tags: None };
    let bytes = encoded_with(&audio, Delivery::Wav24, &options);
    let at = bytes.windows(4).position(|w| w == b"bext").unwrap() + 8;
    assert_eq!(bytes[at + 412..at + 414], (-1_400i16).to_le_bytes());
    assert_eq!(bytes[at + 416..at + 418], (-100i16).to_le_bytes());
    assert_same(&audio, &decoded(&bytes, "wav").unwrap().audio, "with bext");
    assert_eq!(hound::WavReader::new(Cursor::new(&bytes)).unwrap().duration(), 10_000);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bext.wav");
    std::fs::write(&path, &bytes).unwrap();
    let arguments = ["-v", "error", "-show_entries", "format_tags=encoded_by", "-of", "csv=p=0", text(&path)];
    if let Some(read) = output("ffprobe", &arguments) {
        assert_eq!(String::from_utf8_lossy(&read).trim(), "mixrunners");
    }
}

#[test]
fn what_a_form_cannot_hold_is_refused_with_the_bound() {
    let rate = SampleRate::literal(44_100);
    let nine = Audio::silence(rate, Layout::usual(9), 100);
    let refusal = |audio: &Audio| {
        let nowhere = Cursor::new(Vec::new());
        encode(audio, Delivery::Flac16, &EncodeOptions::default(), nowhere, &Unwatched).unwrap_err()
    };
    let error = refusal(&nine);
    assert_eq!(error.to_string(), "FLAC can hold 1 to 8 channels, not 9");
    let nothing = Audio::silence(rate, Layout::mono(), 0);
    let error = refusal(&nothing);
    assert!(matches!(error, EncodeError::Frames { frames: 0, .. }), "{error}");
}

/// Cancels as soon as it is asked for the third time.
struct Impatient(std::sync::atomic::AtomicUsize);

impl Watch for Impatient {
    fn done(&self, fraction: f64) {
        assert!((0.0..=1.0).contains(&fraction));
    }
    fn is_cancelled(&self) -> bool {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 2
    }
}

#[test]
fn whoever_cancels_is_heard_within_the_file() {
    let audio = noise(44_100, 2, 1_500_000, 16);
    for delivery in Delivery::ALL {
        let impatient = || Impatient(std::sync::atomic::AtomicUsize::new(0));
        let nowhere = Cursor::new(Vec::new());
        let error = encode(&audio, delivery, &EncodeOptions::default(), nowhere, &impatient()).unwrap_err();
        assert_eq!(error.code(), "cancelled", "{delivery}");
        let bytes = Cursor::new(encoded(&audio, delivery));
        let error = decode(bytes, None, &Limits::SERVICE, &impatient()).unwrap_err();
        assert_eq!(error.code(), "cancelled", "{delivery}");
    }
}

#[test]
fn every_form_of_delivery_is_known_by_its_name() {
    for delivery in Delivery::ALL {
        assert_eq!(delivery.to_string().parse::<Delivery>().unwrap(), delivery);
    }
    let error = "wav8".parse::<Delivery>().unwrap_err();
    assert!(error.to_string().contains("wav8") && error.to_string().contains("wav16"), "{error}");
}
