//! The body of an order, as programs read it in the document. What comes is read by `Wish::check`.

use utoipa::ToSchema;

/// The body of `POST /v1/jobs`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewJob {
    /// `master`, `mix`, `mix_and_master` or `album`.
    kind: String,
    /// What the result is called, at most 200 characters.
    title: Option<String>,
    /// One upload for a master, 2 to 30 in the order of an album, 1 to 64 stems of a mix; none twice.
    inputs: Vec<NewInput>,
    /// At most five uploads that are `ready`, which it is to sound like; none twice, none an input.
    references: Option<Vec<String>>,
    recipe: Option<NewRecipe>,
    /// A free preview of a master instead of the master.
    preview: Option<NewPreview>,
}

/// Which part of a master is heard for free.
#[derive(Debug, ToSchema)]
#[schema(as = PreviewOrder)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewPreview {
    /// Where it begins, before the end of the song; left out: the loudest part.
    #[schema(minimum = 0)]
    start_s: Option<f64>,
    /// How long it is at most, above 0; 30 when left out.
    #[schema(maximum = 60)]
    length_s: Option<f64>,
}

/// One input of a new job.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(crate) struct NewInput {
    /// The id of an upload that is `ready`.
    upload: String,
    /// What the track of an album is called, at most 200 characters; left out, it is called after its file.
    title: Option<String>,
    /// What is decided about the stem of a mix; only there.
    #[serde(flatten)]
    settings: NewStemSettings,
}

/// What is decided about a stem. What is left out is the engine's to decide. `off` for what shall not be there.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = StemSettings)]
pub(crate) struct NewStemSettings {
    /// One of the roles of `/v1/capabilities`.
    role: Option<String>,
    /// How much louder than the engine would have it.
    #[schema(minimum = -40, maximum = 24)]
    gain_db: Option<f64>,
    /// Gain of the fader as it is.
    #[schema(minimum = -80, maximum = 40)]
    fader_db: Option<f64>,
    /// −1 left, 0 middle, 1 right.
    #[schema(minimum = -1, maximum = 1)]
    pan: Option<f64>,
    mute: Option<bool>,
    /// Only stems with this are heard, if there is any.
    solo: Option<bool>,
    /// Its sound is left alone.
    untouched: Option<bool>,
    /// `kept` or `inverted`.
    polarity: Option<String>,
    #[schema(minimum = -100, maximum = 100)]
    delay_ms: Option<f64>,
    /// Gain of the side of a stereo stem.
    #[schema(minimum = -80, maximum = 12)]
    width_db: Option<f64>,
    /// 10 to 1000, or `off`.
    #[schema(value_type = Option<serde_json::Value>)]
    high_pass_hz: Option<f64>,
    /// Into the common room, −60 to 6, or `off`.
    #[schema(value_type = Option<serde_json::Value>)]
    send_db: Option<f64>,
    /// Points of seconds and dB.
    #[schema(value_type = Option<Vec<Vec<f64>>>)]
    ride: Option<Vec<(f64, f64)>>,
    /// At most twelve bands: `shape` (`bell`, `low_shelf`, `high_shelf`), `hz`, `gain_db`, `q`.
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    eq: Option<()>,
    /// `threshold_dbfs`, `ratio`, `knee_db`, `attack_ms`, `release_ms`, `makeup_db`, `mix`; or `off`.
    #[schema(value_type = Option<serde_json::Value>)]
    compressor: Option<()>,
    /// `hz`, `threshold_db`, `reduction_max_db`; or `off`.
    #[schema(value_type = Option<serde_json::Value>)]
    de_esser: Option<()>,
}

/// The recipe of a new job; what is left out comes from the preset.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewRecipe {
    /// `streaming`, `loud`, `club`, `acoustic`, `classical` or `podcast`.
    preset: Option<String>,
    /// How much is done beyond the loudness; 0 changes nothing else.
    #[schema(minimum = 0, maximum = 1)]
    intensity: Option<f64>,
    /// How far the tonal balance is moved.
    #[schema(minimum = 0, maximum = 1)]
    tone: Option<f64>,
    /// How far the dynamics are brought together.
    #[schema(minimum = 0, maximum = 1)]
    dynamics: Option<f64>,
    /// How far the stereo image is brought into order.
    #[schema(minimum = 0, maximum = 1)]
    width: Option<f64>,
    /// Left out: the preset's, or the references' where there are some.
    #[schema(minimum = -36, maximum = -5)]
    loudness_lufs: Option<f64>,
    /// Left out: the preset's.
    #[schema(minimum = -12, maximum = 0)]
    ceiling_dbtp: Option<f64>,
    /// `wav24`, `wav16`, `wav32f`, `flac24`, `mp3_320`, `mp3_v0`, `vorbis_q8`.
    deliver: Option<Vec<String>>,
    /// 44100, 48000, 88200 or 96000; left out: that of the input.
    sample_rate_hz: Option<u32>,
    tags: Option<NewTags>,
    /// How much common room a mix gets; only there.
    #[schema(minimum = 0, maximum = 1)]
    space: Option<f64>,
    /// Whether the processed stems of a mix are delivered too; only there.
    stems: Option<bool>,
}

/// What the delivered files say about the music. An album's tracks have a title and a number of their own, so
/// `title`, `track_number`, `track_total` and `isrc` cannot be asked for there.
#[derive(Debug, ToSchema)]
#[schema(as = Tags)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewTags {
    #[schema(max_length = 255)]
    title: Option<String>,
    #[schema(max_length = 255)]
    artist: Option<String>,
    #[schema(max_length = 255)]
    album: Option<String>,
    #[schema(max_length = 255)]
    album_artist: Option<String>,
    #[schema(minimum = 1, maximum = 999)]
    track_number: Option<u32>,
    /// Only beside a track number, and not below it.
    #[schema(minimum = 1, maximum = 999)]
    track_total: Option<u32>,
    /// `2026`, `2026-03` or `2026-03-31`.
    date: Option<String>,
    #[schema(max_length = 255)]
    genre: Option<String>,
    /// ISO 3901, with dashes or without.
    isrc: Option<String>,
    #[schema(max_length = 1000)]
    comment: Option<String>,
}
