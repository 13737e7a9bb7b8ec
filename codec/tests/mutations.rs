//! Thousands of slightly broken files: each is refused with a code, or decoded within the limits.

mod tools;

use std::io::Cursor;

use codec::{DecodeError, Limits, decode};
use dsp::progress::Unwatched;
use fixtures::sound::aiff::Aiff;
use fixtures::sound::caf::tone_caf;
use fixtures::sound::flac::{tone_claims, tone_flac};
use fixtures::sound::mp3::{info_frame, silence_mp3};
use fixtures::sound::wave::Wave;
use fixtures::tone_f32le;

/// Broken copies of each sound file.
const MUTATIONS: u64 = 2_000;

/// Tighter than those of the service, so that a lie about the length is met soon.
const LIMITS: Limits = Limits { seconds_max: 60.0, pcm_bytes_max: 64 << 20, ..Limits::SERVICE };

#[test]
fn broken_uncompressed_files_are_refused_or_decoded_within_the_limits() {
    let wave = Wave::tone();
    let bytes = wave.data.len() as u64;
    let mut plain = Aiff::tone();
    plain.compression = Some(*b"sowt");
    try_mutations("wav", &wave.bytes());
    try_mutations("wav", &Wave::of(3, 2, 32, tone_f32le(4_000, 2)).bytes());
    try_mutations("wav", &wave.clone().extensible(16, 3).bytes());
    try_mutations("wav", &wave.long(b"RF64", bytes));
    try_mutations("w64", &wave.wave64(bytes));
    try_mutations("aiff", &Aiff::tone().bytes());
    try_mutations("aifc", &plain.bytes());
    try_mutations("caf", &tone_caf(None));
}

#[test]
fn broken_compressed_files_are_refused_or_decoded_within_the_limits() {
    try_mutations("flac", &tone_flac(&tone_claims(3), 3, &[]));
    try_mutations("mp3", &[info_frame(20, 576, 1_000), silence_mp3(20)].concat());
}

#[test]
fn broken_files_of_other_encoders_are_refused_or_decoded_within_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let wave = folder.path().join("tone.wav");
    let mut tone = Wave::of(1, 2, 16, fixtures::tone_s16le(22_050, 2));
    tone.hertz = 44_100;
    std::fs::write(&wave, tone.bytes()).unwrap();
    for (name, codec) in [
        ("tone.m4a", "aac"),
        ("alac.m4a", "alac"),
        ("alac.caf", "alac"),
        ("tone.ogg", "libvorbis"),
        ("tone.mp3", "libmp3lame"),
        ("tone.flac", "flac"),
    ] {
        let path = folder.path().join(name);
        if !tools::run(
            "ffmpeg",
            &["-v", "error", "-y", "-i", tools::text(&wave), "-c:a", codec, tools::text(&path)],
        ) {
            return;
        }
        let extension = name.rsplit('.').next().unwrap();
        try_mutations(extension, &std::fs::read(&path).unwrap());
    }
}

fn try_mutations(extension: &str, sound: &[u8]) {
    let decoded = decode(Cursor::new(sound.to_vec()), Some(extension), &LIMITS, &Unwatched);
    decoded.expect("the file must be sound before it is broken");
    let (mut accepted, mut refused, mut panics) = (0, 0, 0);
    for seed in 0..MUTATIONS {
        let broken = mutated(sound, seed);
        match decode(Cursor::new(broken), Some(extension), &LIMITS, &Unwatched) {
            Ok(decoded) => {
                accepted += 1;
                let audio = &decoded.audio;
                let context = format!("{extension}, seed {seed}");
                assert!(audio.seconds() <= LIMITS.seconds_max, "{context}: {} s", audio.seconds());
                assert!(audio.channel_count() <= 8, "{context}: {} channels", audio.channel_count());
                let finite = audio.channels().iter().all(|c| c.iter().all(|s| s.abs() <= 1.0e6));
                assert!(finite, "{context}: every sample is a number");
            }
            Err(DecodeError::Malformed { what }) if what.contains("value that cannot be") => panics += 1,
            Err(error) => {
                refused += 1;
                assert!(!matches!(error, DecodeError::Unreadable(_)), "{extension}, seed {seed}: {error}");
            }
        }
    }
    assert!(
        accepted > 0 && refused > 0,
        "{extension}: {accepted} accepted, {refused} refused: mutate otherwise"
    );
    println!("{extension}: {accepted} accepted, {refused} refused, {panics} panics of a decoder contained");
}

/// A copy with one to eight changes, half of them in the first 256 bytes, where the headers are.
fn mutated(sound: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = sound.to_vec();
    for _ in 0..=random.below(8) {
        let reach = if random.below(2) == 0 { bytes.len().min(256) } else { bytes.len() };
        let at = random.below(reach.max(1));
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            2 => {
                let extreme = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_0000u32][random.below(6)];
                for (byte, new) in bytes[at..].iter_mut().zip(extreme.to_be_bytes()) {
                    *byte = new;
                }
            }
            3 => bytes.truncate(at.max(1)),
            4 => {
                bytes.remove(at);
            }
            _ => bytes.insert(at, random.below(256) as u8),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

/// Marsaglia's xorshift of 64 bits: the same files on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % limit as u64) as usize
    }
}
