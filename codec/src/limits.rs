//! What a file may ask of us. Counted while decoding: what a header claims is a hint, never a reservation.

use dsp::units::SampleRate;

/// The bounds within which a file is decoded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    /// The largest file taken, in bytes.
    pub file_bytes_max: u64,
    /// The shortest audio taken, in seconds. One frame is needed in any case.
    pub seconds_min: f64,
    /// The longest audio taken, in seconds.
    pub seconds_max: f64,
    /// The most channels taken.
    pub channels_max: u16,
    /// The most memory that decoded samples may take (4 bytes each), in bytes.
    pub pcm_bytes_max: u64,
    /// How much of the length that a header claims may be missing, 0 to 1, before the file counts as
    /// truncated instead of being decoded as far as it goes, with a note.
    pub lost_share_max: f64,
    /// How many of the samples may be no number (or beyond any level), 0 to 1, before the file is refused
    /// instead of being repaired, with a note.
    pub not_finite_share_max: f64,
}

impl Limits {
    /// For files of strangers: 2 GiB, 0.1 s to 60 min, 8 channels, 8 GiB of samples.
    pub const SERVICE: Self = Self {
        file_bytes_max: 2 << 30,
        seconds_min: 0.1,
        seconds_max: 3_600.0,
        channels_max: 8,
        pcm_bytes_max: 8 << 30,
        lost_share_max: 0.5,
        not_finite_share_max: 0.001,
    };

    /// For one's own files: any size, one frame to 10 h, as long as its samples fit into 16 GiB.
    pub const COMMAND_LINE: Self = Self {
        file_bytes_max: u64::MAX,
        seconds_min: 0.0,
        seconds_max: 36_000.0,
        pcm_bytes_max: 16 << 30,
        ..Self::SERVICE
    };

    /// The most frames that audio of this shape may have.
    pub(crate) fn frames_max(&self, rate: SampleRate, channels: usize) -> u64 {
        let by_time = (self.seconds_max * rate.as_f64()) as u64;
        let by_memory = self.pcm_bytes_max / (channels as u64 * size_of::<f32>() as u64);
        by_time.min(by_memory)
    }
}
