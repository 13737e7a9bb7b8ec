//! What a file was before it became audio.

/// The form that decoded audio came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceFormat {
    /// What holds the audio.
    pub container: Container,
    /// How the samples are written.
    pub codec: Codec,
    /// How fine the samples are; none for what is not stored sample by sample.
    pub depth: Option<Depth>,
    /// Where it begins on the clock of its session, in frames, if it says (EBU Tech 3285, time reference).
    pub time_reference_frames: Option<u64>,
}

impl SourceFormat {
    /// Whether the samples are what the producer's program had, up to their depth.
    #[must_use]
    pub fn fidelity(&self) -> Fidelity {
        match self.codec {
            Codec::ALaw | Codec::MuLaw | Codec::Mp3 | Codec::Aac | Codec::Vorbis => Fidelity::Lossy,
            _ => Fidelity::Lossless,
        }
    }
}

/// Whether anything was thrown away when the file was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fidelity {
    /// Nothing.
    Lossless,
    /// What its encoder held to be inaudible.
    Lossy,
}

/// The precision of a stored sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// So many bits that count, as an integer.
    Int(u8),
    /// So many bits, as a float.
    Float(u8),
}

/// What holds the audio.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Container {
    /// RIFF/WAVE.
    Wav,
    /// EBU Tech 3306: WAV beyond 4 GiB.
    Rf64,
    /// ITU-R BS.2088: the successor of RF64.
    Bw64,
    /// Sony Wave64.
    W64,
    /// Audio Interchange File Format.
    Aiff,
    /// AIFF with a compression type.
    Aifc,
    /// Apple Core Audio Format.
    Caf,
    /// Native FLAC.
    Flac,
    /// MPEG audio, layer III, with or without tags.
    Mp3,
    /// ISO base media: MP4, M4A, MOV.
    Mp4,
    /// Ogg.
    Ogg,
}

impl Container {
    /// The name that programs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Rf64 => "rf64",
            Self::Bw64 => "bw64",
            Self::W64 => "w64",
            Self::Aiff => "aiff",
            Self::Aifc => "aifc",
            Self::Caf => "caf",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Mp4 => "mp4",
            Self::Ogg => "ogg",
        }
    }

    /// The name that people use.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Wav => "WAV audio",
            Self::Rf64 => "RF64 audio",
            Self::Bw64 => "BW64 audio",
            Self::W64 => "Wave64 audio",
            Self::Aiff | Self::Aifc => "AIFF audio",
            Self::Caf => "Core Audio Format audio",
            Self::Flac => "FLAC audio",
            Self::Mp3 => "MP3 audio",
            Self::Mp4 => "MP4 audio",
            Self::Ogg => "Ogg audio",
        }
    }

    /// The extensions of file names that may hold it, in lower case.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Wav | Self::Rf64 | Self::Bw64 => &["wav", "wave", "bwf", "rf64", "bw64", "amb"],
            Self::W64 => &["w64"],
            Self::Aiff | Self::Aifc => &["aif", "aiff", "aifc"],
            Self::Caf => &["caf"],
            Self::Flac => &["flac", "fla"],
            Self::Mp3 => &["mp3", "mpga"],
            Self::Mp4 => &["m4a", "mp4", "m4b", "m4r", "m4v", "mov", "alac", "aac"],
            Self::Ogg => &["ogg", "oga", "ogx", "ogv"],
        }
    }

    /// Every container that can be read.
    pub const ALL: [Self; 11] = [
        Self::Wav,
        Self::Rf64,
        Self::Bw64,
        Self::W64,
        Self::Aiff,
        Self::Aifc,
        Self::Caf,
        Self::Flac,
        Self::Mp3,
        Self::Mp4,
        Self::Ogg,
    ];
}

/// How the samples are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    /// Integers, unsigned: 8-bit WAV.
    PcmU8,
    /// Integers, signed, in so many bits of room.
    PcmSigned(u8),
    /// Floats of so many bits.
    PcmFloat(u8),
    /// ITU-T G.711 A-law.
    ALaw,
    /// ITU-T G.711 µ-law.
    MuLaw,
    /// FLAC.
    Flac,
    /// Apple Lossless.
    Alac,
    /// MPEG audio, layer III.
    Mp3,
    /// MPEG-4 AAC, low complexity.
    Aac,
    /// Vorbis I.
    Vorbis,
}

impl Codec {
    /// The name that programs use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PcmU8 => "pcm_u8",
            Self::PcmSigned(8) => "pcm_s8",
            Self::PcmSigned(16) => "pcm_s16",
            Self::PcmSigned(24) => "pcm_s24",
            Self::PcmSigned(_) => "pcm_s32",
            Self::PcmFloat(32) => "pcm_f32",
            Self::PcmFloat(_) => "pcm_f64",
            Self::ALaw => "alaw",
            Self::MuLaw => "mulaw",
            Self::Flac => "flac",
            Self::Alac => "alac",
            Self::Mp3 => "mp3",
            Self::Aac => "aac",
            Self::Vorbis => "vorbis",
        }
    }
}
