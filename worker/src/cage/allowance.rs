//! How much one task may use. Generous to every honest file, and finite for all others.

use std::num::ParseIntError;

use codec::Limits;
use domain::job::JobKind;

const MIB: u64 = 1 << 20;
/// The program itself, and what it has beside samples.
const BASE_BYTES: u64 = 64 * MIB;
/// Memory at the peak of decoding, in times of the samples: they grow by doubling. Measured up to 2.6.
const DECODING: u64 = 3;
/// Memory at the peak of mastering, in times of the samples it works on. Measured up to 5.1.
const MASTERING: u64 = 7;
/// A file of audio becomes at most so many times as many bytes of samples, but for silence and such: speech at
/// 32 kbit/s does 44 times, digital silence in FLAC thousands of times.
const EXPANSION: u64 = 64;
/// What a check may use in any case: seven minutes of digital silence in a file of some kilobytes.
const CHECK_BYTES_MIN: u64 = 512 * MIB;
/// The highest rate that anything is mixed at or brought to.
const RATE_HZ: f64 = 96_000.0;

/// What one task may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// Memory that can be written to, in bytes, beside the stacks of its threads.
    pub memory_bytes: u64,
    /// Time of processors, over all threads, in seconds.
    pub cpu_seconds: u64,
    /// The largest file it may write, in bytes.
    pub file_bytes: u64,
    /// Files open at the same time.
    pub open_files: u64,
    /// Threads that compute.
    pub threads: usize,
}

/// One input, as far as its row knows it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Load {
    /// Of the file.
    pub bytes: u64,
    /// Of its samples at 32 bits, in bytes, if it was decoded before.
    pub samples_bytes: Option<u64>,
    /// How long it plays, in seconds, if it was decoded before.
    pub seconds: f64,
}

impl Load {
    /// The samples it has, or may turn out to have, in bytes.
    fn samples_max(&self) -> u64 {
        let guess = self.bytes.saturating_mul(EXPANSION);
        self.samples_bytes.unwrap_or(guess).min(Limits::SERVICE.pcm_bytes_max)
    }

    /// The same in stereo and at the highest rate that it may be brought to.
    #[must_use]
    pub fn samples_at_work(&self) -> u64 {
        let frames = self.seconds * RATE_HZ;
        self.samples_max().max(frames as u64 * 2 * size_of::<f32>() as u64)
    }
}

impl Allowance {
    /// For finding out what a file is.
    #[must_use]
    pub fn of_check(files: &[Load], threads: usize) -> Self {
        let samples = files.iter().map(Load::samples_max).max().unwrap_or(0);
        Self {
            memory_bytes: (BASE_BYTES + samples * DECODING).max(CHECK_BYTES_MIN),
            cpu_seconds: 60 + samples / (16 * MIB),
            file_bytes: 64 * MIB,
            open_files: 16,
            threads,
        }
    }

    /// For a job.
    #[must_use]
    pub fn of_render(kind: JobKind, files: &[Load], threads: usize) -> Self {
        let longest = files.iter().map(Load::samples_at_work).max().unwrap_or(0);
        let all = files.iter().map(Load::samples_at_work).fold(0, u64::saturating_add);
        // Stems are decoded side by side.
        let side_by_side = if kind.is_mix() { threads.min(files.len()) as u64 } else { 1 };
        let seconds: f64 = files.iter().map(|file| file.seconds).sum();
        Self {
            memory_bytes: 512 * MIB + longest * MASTERING + longest * DECODING * (side_by_side.max(1) - 1),
            // Many times what the slowest chain takes.
            cpu_seconds: 120 + (seconds * 2.0) as u64,
            file_bytes: (256 * MIB).saturating_add(all.saturating_mul(2)),
            open_files: 256,
            threads,
        }
    }

    /// The limits within which a file is decoded, so that a file too large for the memory is refused by a word and not
    /// by the process's death.
    #[must_use]
    pub fn decode_limits(&self) -> Limits {
        let samples = self.memory_bytes.saturating_sub(BASE_BYTES) / DECODING;
        Limits { pcm_bytes_max: samples.min(Limits::SERVICE.pcm_bytes_max), ..Limits::SERVICE }
    }

    /// As one word of a command line.
    #[must_use]
    pub fn to_argument(&self) -> String {
        let Self { memory_bytes, cpu_seconds, file_bytes, open_files, threads } = self;
        format!("{memory_bytes},{cpu_seconds},{file_bytes},{open_files},{threads}")
    }

    /// From one word of a command line.
    ///
    /// # Errors
    /// A word that is not five whole numbers.
    pub fn parse(argument: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, ParseIntError> = argument.split(',').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[memory_bytes, cpu_seconds, file_bytes, open_files, threads]) => Ok(Self {
                memory_bytes,
                cpu_seconds,
                file_bytes,
                open_files,
                threads: usize::try_from(threads).unwrap_or(usize::MAX),
            }),
            _ => Err("an allowance is MEMORY,CPU,FILE,FILES,THREADS".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3_600.0;

    /// A file of so many seconds at so many bits a second, checked before.
    fn load(seconds: f64, bits: f64, samples_a_second: f64) -> Load {
        let samples_bytes = Some((seconds * samples_a_second * 4.0) as u64);
        Load { bytes: (seconds * bits / 8.0) as u64, samples_bytes, seconds }
    }

    #[test]
    fn an_hour_of_any_honest_format_may_be_decoded_before_anybody_knows_what_it_is() {
        for (what, file) in [
            ("WAV, 16 bits, stereo", load(HOUR, 1_411_200.0, 88_200.0)),
            ("WAV, 24 bits, 96 kHz, stereo", load(HOUR, 4_608_000.0, 192_000.0)),
            ("speech, MP3 at 32 kbit/s, mono", load(HOUR, 32_000.0, 44_100.0)),
            ("quiet music, FLAC at 250 kbit/s", load(HOUR, 250_000.0, 88_200.0)),
        ] {
            let unknown = Load { samples_bytes: None, seconds: 0.0, ..file };
            let limits = Allowance::of_check(&[unknown], 2).decode_limits();
            assert!(limits.pcm_bytes_max >= file.samples_bytes.unwrap(), "{what}");
        }
    }

    #[test]
    fn a_small_file_is_checked_in_512_mebibytes_whatever_it_holds() {
        let bomb = Load { bytes: 718_000, samples_bytes: None, seconds: 0.0 };
        let allowance = Allowance::of_check(&[bomb], 2);
        assert_eq!(allowance.memory_bytes, 512 * MIB);
        assert!(allowance.decode_limits().pcm_bytes_max * DECODING + BASE_BYTES <= allowance.memory_bytes);
    }

    #[test]
    fn a_job_may_use_what_the_hungriest_render_was_measured_to_use() {
        let song = load(300.0, 1_411_200.0, 88_200.0);
        for (kind, files, mebibytes) in [
            (JobKind::Master, 2, 857),       // brought to 96 kHz, with a reference
            (JobKind::MixAndMaster, 6, 574), // with all stems delivered
        ] {
            let allowance = Allowance::of_render(kind, &vec![song; files], 2);
            assert!(allowance.memory_bytes > mebibytes * MIB * 5 / 4, "{kind}: {allowance:?}");
            assert!(allowance.file_bytes > 220 * MIB, "{kind}");
        }
        let unknown = Allowance::of_render(JobKind::Album, &[], 2);
        assert!(unknown.memory_bytes > 0, "no file is no reason to panic");
    }

    #[test]
    fn an_allowance_survives_the_command_line() {
        let allowance = Allowance::of_check(&[load(1.0, 1e6, 88_200.0)], 3);
        assert_eq!(Allowance::parse(&allowance.to_argument()), Ok(allowance));
        for wrong in ["", "1,2,3,4", "1,2,3,4,-5", "1,2,3,4,5,6"] {
            assert!(Allowance::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
