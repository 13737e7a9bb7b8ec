//! What is coded with losses comes back whole: every frame, each in its place, by our decoder and by others.

mod tools;

use std::io::Cursor;

use codec::{DecodeNote, Delivery, EncodeError, EncodeOptions, encode, lossy_round_trip};
use dsp::audio::{Audio, Layout, Samples};
use dsp::progress::{Unwatched, Watch};
use dsp::units::SampleRate;

use tools::{decoded, encoded, error_db, lag, lossy, music, noise, output, text};

/// Lengths around the frames of MP3 (1 152 and half of it) and the blocks that our encoders are given (1 024 and
/// 18 432), down to a single frame.
const LENGTHS: [usize; 16] =
    [1, 2, 575, 576, 577, 1_023, 1_024, 1_025, 1_151, 1_152, 1_153, 1_500, 18_431, 18_432, 18_433, 40_000];

fn rates(form: Delivery) -> impl Iterator<Item = u32> {
    [8_000, 32_000, 44_100, 48_000, 96_000]
        .into_iter()
        .filter(move |hertz| form.accepts(SampleRate::literal(*hertz)))
}

/// Interleaved floats, as another program decodes them, of one channel.
fn channel(bytes: &[u8], channels: usize, index: usize) -> Vec<f32> {
    let samples = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    samples.skip(index).step_by(channels).collect()
}

#[test]
fn every_length_comes_back_to_the_frame() {
    for form in lossy() {
        for (place, frames) in LENGTHS.into_iter().enumerate() {
            for hertz in rates(form) {
                let audio = music(hertz, 1 + place % 2, frames);
                let back = decoded(&encoded(&audio, form), form.extension()).unwrap();
                let context = format!("{form}, {frames} frames at {hertz} Hz");
                assert_eq!(back.audio.frames(), frames, "{context}");
                assert_eq!(back.audio.rate(), audio.rate(), "{context}");
                assert_eq!(back.audio.channel_count(), audio.channel_count(), "{context}");
                let trimmed = |note: &DecodeNote| matches!(note, DecodeNote::PrimingTrimmed { .. });
                assert!(back.notes.iter().all(trimmed), "{context}: {:?}", back.notes);
            }
        }
    }
}

#[test]
fn every_frame_stands_where_it_stood() {
    for form in lossy() {
        // Measured: at most −64, −52 and −48 dB for MP3, −39, −39 and −38 dB for Vorbis. One frame late is −24 dB.
        let [whole_max, start_max, end_max] =
            if form == Delivery::VorbisQ8 { [-38.0, -38.0, -37.0] } else { [-63.0, -51.0, -47.0] };
        for hertz in [44_100, 48_000] {
            for channels in [1, 2] {
                let audio = music(hertz, channels, 123_457);
                let back = decoded(&encoded(&audio, form), form.extension()).unwrap().audio;
                for index in 0..channels {
                    let (sound, heard) = (audio.channel(index), back.channel(index));
                    let context = format!("{form}, channel {index} of {channels} at {hertz} Hz");
                    assert_eq!(lag(sound, heard, 2_000), 0, "{context}");
                    let (whole, start) = (error_db(sound, heard), error_db(&sound[..2_000], heard));
                    let end = error_db(&sound[121_457..], &heard[121_457..]);
                    assert!(
                        whole < whole_max && start < start_max && end < end_max,
                        "{context}: {whole} {start} {end}"
                    );
                }
                let one_late = error_db(&audio.channel(0)[1..], audio.channel(0));
                assert!(one_late > -26.0, "a frame late would be seen: {one_late}");
            }
        }
    }
}

#[test]
fn an_impulse_at_either_end_stays_there() {
    for form in lossy() {
        for at in [100usize, 49_899] {
            let mut samples = vec![0.0; 50_000];
            samples[at] = 0.9;
            let audio = Audio::from_channels(SampleRate::literal(44_100), vec![Samples::copied(&samples)]);
            let back = lossy_round_trip(&audio, form, &Unwatched).unwrap();
            let loudest = (0..50_000).max_by(|a, b| {
                let level = |frame: &usize| back.channel(0)[*frame].abs();
                level(a).total_cmp(&level(b))
            });
            assert_eq!(loudest, Some(at), "{form}");
        }
    }
}

#[test]
fn ffmpeg_hears_the_same_frames_in_the_same_place() {
    let folder = tempfile::tempdir().unwrap();
    for form in lossy() {
        for (hertz, channels, frames) in [(44_100, 2, 150_001), (48_000, 1, 123_457), (32_000, 2, 99_999)] {
            let audio = music(hertz, channels, frames);
            let bytes = encoded(&audio, form);
            let ours = decoded(&bytes, form.extension()).unwrap().audio;
            let path = folder.path().join(format!("song.{}", form.extension()));
            std::fs::write(&path, &bytes).unwrap();
            let Some(theirs) = output("ffmpeg", &["-v", "error", "-i", text(&path), "-f", "f32le", "-"])
            else {
                return;
            };
            for index in 0..channels {
                let theirs = channel(&theirs, channels, index);
                assert_eq!(theirs.len(), frames, "{form} at {hertz} Hz");
                let difference = error_db(&theirs, ours.channel(index));
                assert!(difference < -90.0, "{form} at {hertz} Hz: {difference} dB from ffmpeg");
            }
        }
    }
}

/// ffmpeg takes 128 frames off every Vorbis file of a single page, those of the reference encoder too; sox reads
/// through the reference decoder.
#[test]
fn the_reference_decoder_of_vorbis_hears_every_frame_of_short_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.ogg");
    for frames in LENGTHS {
        let audio = music(44_100, 2, frames);
        std::fs::write(&path, encoded(&audio, Delivery::VorbisQ8)).unwrap();
        let Some(theirs) = output("sox", &[text(&path), "-t", "f32", "-"]) else { return };
        assert_eq!(theirs.len(), frames * 8, "{frames} frames");
    }
}

#[test]
fn overs_are_heard_as_overs() {
    let audio = noise(44_100, 2, 100_000, 16);
    let peak = |audio: &Audio| audio.channel(0).iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    assert!(peak(&audio) <= 1.0);
    for form in lossy() {
        let heard = lossy_round_trip(&audio, form, &Unwatched).unwrap();
        assert!(peak(&heard) > 1.1, "{form}: {}", peak(&heard));
    }
}

#[test]
fn the_round_trip_is_what_the_file_holds() {
    let audio = music(48_000, 2, 60_000);
    for form in Delivery::ALL.into_iter().filter(|form| form.is_built_in()) {
        let heard = lossy_round_trip(&audio, form, &Unwatched).unwrap();
        assert!(heard == decoded(&encoded(&audio, form), form.extension()).unwrap().audio, "{form}");
        assert_eq!(heard == audio, !form.is_lossy(), "{form}");
    }
}

#[test]
fn the_same_audio_gives_the_same_file_and_the_bits_asked_for() {
    let audio = noise(44_100, 2, 441_000, 16);
    for form in lossy() {
        let bytes = encoded(&audio, form);
        assert!(bytes == encoded(&audio, form), "{form}");
        let kilobits = bytes.len() as f64 * 8.0 / 10_000.0;
        let expected = match form {
            Delivery::Mp3At320 => 320.0..322.0,
            Delivery::Mp3V0 => 240.0..260.0,
            _ => 240.0..500.0,
        };
        assert!(expected.contains(&kilobits), "{form}: {kilobits} kbit/s");
    }
}

#[test]
fn what_a_form_cannot_hold_is_refused_before_a_byte_is_written() {
    let refusal = |form, hertz, layout, frames| {
        let audio = Audio::silence(SampleRate::literal(hertz), layout, frames);
        let mut bytes = Cursor::new(Vec::new());
        let error = encode(&audio, form, &EncodeOptions::default(), &mut bytes, &Unwatched).unwrap_err();
        assert!(bytes.into_inner().is_empty());
        error
    };
    for form in lossy() {
        let error = refusal(form, 384_000, Layout::stereo(), 1_000);
        assert_eq!(error.code(), "sample_rate_unsupported");
        assert!(error.to_string().contains("384000"), "{error}");
        assert!(matches!(refusal(form, 48_000, Layout::usual(6), 1_000), EncodeError::Channels { .. }));
        assert!(matches!(refusal(form, 48_000, Layout::mono(), 0), EncodeError::Frames { .. }));
    }
}

/// Takes down what it is told.
struct Notebook(std::sync::Mutex<Vec<f64>>);

impl Watch for Notebook {
    fn done(&self, fraction: f64) {
        self.0.lock().expect("nobody panics with it").push(fraction);
    }
    fn is_cancelled(&self) -> bool {
        false
    }
}

#[test]
fn progress_rises_from_the_first_block_to_the_last_frame_heard() {
    for form in lossy() {
        let notebook = Notebook(std::sync::Mutex::new(Vec::new()));
        lossy_round_trip(&music(44_100, 1, 200_000), form, &notebook).unwrap();
        let told = notebook.0.into_inner().unwrap();
        assert!(told.len() > 5 && told[0] == 0.0 && told[told.len() - 1] == 1.0, "{form}: {told:?}");
        assert!(told.is_sorted(), "{form}: {told:?}");
    }
}
