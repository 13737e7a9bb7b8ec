//! The body of an order, as programs read it in the document. What comes is read by `Wish::check`.

use utoipa::ToSchema;

/// The body of `POST /v1/jobs`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewJob {
    /// `master` or `album`.
    kind: String,
    /// What the result is called, at most 200 characters.
    title: Option<String>,
    /// One upload, or 2 to 30 in the order of the album; none twice.
    inputs: Vec<NewInput>,
    /// At most five uploads that are `ready`, which it is to sound like; none twice, none an input.
    references: Option<Vec<String>>,
    recipe: Option<NewRecipe>,
}

/// One input of a new job.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct NewInput {
    /// The id of an upload that is `ready`.
    upload: String,
    /// What the track of an album is called, at most 200 characters; left out, it is called after its file.
    title: Option<String>,
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
