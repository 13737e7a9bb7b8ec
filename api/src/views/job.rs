//! Jobs and what they made.

use domain::artifact::Artifact;
use domain::job::{Job, JobEvent};
use domain::order::Input;
use domain::outlook::Outlook;
use domain::preset::Amounts;
use domain::preview::Part;
use domain::recipe::Recipe;
use domain::tags::Tags;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::new_job::{NewStemSettings, NewTags};
use super::{JobProblemView, rfc3339};

/// One job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobView {
    id: String,
    kind: &'static str,
    title: String,
    /// `awaiting_payment`, `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    state: &'static str,
    /// `fetch`, `decode`, `analyse`, `mix`, `master`, `certify`, `encode` or `deliver` while it runs.
    stage: Option<&'static str>,
    /// From 0 to 1.
    progress: f64,
    /// How many were queued earlier, while it is queued.
    queue_position: Option<u64>,
    /// How long it will wait, while it is queued; null while nobody works, the queue stands still, or too few jobs
    /// have run to tell.
    wait_s_estimate: Option<u64>,
    /// Which try this is.
    attempt: u32,
    created_at: String,
    finished_at: Option<String>,
    delete_at: Option<String>,
    /// Of the engine that made the artifacts.
    engine_version: Option<String>,
    inputs: Vec<InputView>,
    /// Uploads that it is to sound like.
    references: Vec<String>,
    recipe: RecipeView,
    /// Which part is heard; null for a job that is no preview.
    preview: Option<PreviewView>,
    /// `none`, `held`, `captured`, `released` or `refunded`.
    money: &'static str,
    /// Credits it costs.
    credits: u64,
    problem: Option<JobProblemView>,
    artifacts: Vec<ArtifactView>,
}

/// What a job is made from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Input)]
pub(crate) struct InputView {
    /// An upload's id.
    upload: String,
    /// Of an album's track, if it was given one.
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    /// What was decided about the stem of a mix, as it was ordered.
    #[serde(flatten)]
    #[schema(value_type = NewStemSettings)]
    settings: Map<String, Value>,
}

/// How a job is done, with the preset's values where none were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recipe)]
pub(crate) struct RecipeView {
    preset: &'static str,
    intensity: f64,
    tone: f64,
    dynamics: f64,
    width: f64,
    /// Null: as loud as the references, which are measured when the job runs; the report has the number.
    loudness_lufs: Option<f64>,
    ceiling_dbtp: f64,
    deliver: Vec<&'static str>,
    /// Null: that of the input.
    sample_rate_hz: Option<u32>,
    /// What the delivered files say about the music; only what is set.
    #[schema(value_type = NewTags)]
    tags: Tags,
    /// How much common room a mix gets.
    space: f64,
    /// Whether the processed stems of a mix are delivered too.
    stems: bool,
}

/// Which part of a master is heard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preview)]
pub(crate) struct PreviewView {
    /// Where it begins; null: at the loudest part, which the report names.
    start_s: Option<f64>,
    /// How long it is at most.
    length_s: f64,
}

impl From<Part> for PreviewView {
    fn from(Part { start_s, length_s }: Part) -> Self {
        Self { start_s, length_s }
    }
}

/// A file that we made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Artifact)]
pub(crate) struct ArtifactView {
    id: String,
    /// `master`, `mix`, `stem`, `preview` or `report`.
    kind: &'static str,
    /// Of an album: which track it is of, from 1; null for what is of the whole job.
    track: Option<u32>,
    name: String,
    format: &'static str,
    size_bytes: u64,
    sha256: String,
    delete_at: String,
}

/// The data of one event of a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobEvent)]
pub(crate) struct JobEventView {
    state: &'static str,
    stage: Option<&'static str>,
    progress: f64,
    at: String,
    attempt: u32,
    queue_position: Option<u64>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self::new(job, None)
    }
}

impl JobView {
    /// A job, with what is known of the queue.
    pub(crate) fn new(job: Job, outlook: Option<&Outlook>) -> Self {
        let wait = outlook.zip(job.own_ahead).map(|(outlook, ahead)| outlook.wait(&job.account, ahead));
        let instance = format!("/v1/jobs/{}", job.id);
        Self {
            kind: job.kind.as_str(),
            title: job.title,
            state: job.state.name().as_str(),
            stage: job.stage.map(|stage| stage.as_str()),
            progress: job.progress,
            queue_position: job.queue_position,
            wait_s_estimate: wait.map(|wait| wait.as_secs_f64().ceil() as u64),
            attempt: job.attempt,
            created_at: rfc3339(job.created_at),
            finished_at: job.state.finished_at().map(rfc3339),
            delete_at: job.delete_at.map(rfc3339),
            engine_version: job.engine_version,
            inputs: job.inputs.into_iter().map(InputView::from).collect(),
            references: job.references.iter().map(ToString::to_string).collect(),
            preview: job.recipe.preview.map(PreviewView::from),
            recipe: job.recipe.into(),
            money: job.money.as_str(),
            credits: u64::try_from(job.credits.count()).unwrap_or(0),
            problem: JobProblemView::of_job(&job.state, &instance),
            artifacts: job.artifacts.into_iter().map(ArtifactView::from).collect(),
            id: job.id.to_string(),
        }
    }
}

impl From<Input> for InputView {
    fn from(input: Input) -> Self {
        let settings = serde_json::to_value(&input.settings).ok();
        let mut settings = settings.and_then(|value| value.as_object().cloned()).unwrap_or_default();
        // An order says `mute`; a session file has a word for each part that a stem can play.
        if settings.remove("part").is_some() && input.settings.is_muted() {
            settings.insert("mute".to_owned(), Value::Bool(true));
        }
        Self { upload: input.upload.to_string(), title: input.title, settings }
    }
}

impl From<Recipe> for RecipeView {
    fn from(recipe: Recipe) -> Self {
        let Amounts { intensity, tone, dynamics, width } = recipe.amounts;
        Self {
            preset: recipe.preset.as_str(),
            intensity,
            tone,
            dynamics,
            width,
            loudness_lufs: recipe.loudness.map(|loudness| loudness.value()),
            ceiling_dbtp: recipe.ceiling.value(),
            deliver: recipe.deliver.iter().map(|format| format.as_str()).collect(),
            sample_rate_hz: recipe.sample_rate.map(|rate| rate.hertz()),
            tags: recipe.tags,
            space: recipe.space,
            stems: recipe.stems,
        }
    }
}

impl From<Artifact> for ArtifactView {
    fn from(artifact: Artifact) -> Self {
        Self {
            id: artifact.id.to_string(),
            kind: artifact.kind.as_str(),
            track: artifact.track,
            name: artifact.name,
            format: artifact.format.as_str(),
            size_bytes: artifact.size_bytes,
            sha256: artifact.sha256.to_string(),
            delete_at: rfc3339(artifact.delete_at),
        }
    }
}

impl JobEventView {
    /// An event, with what only the job knows.
    pub(crate) fn new(event: &JobEvent, job: &Job) -> Self {
        Self {
            state: event.state.as_str(),
            stage: event.stage.map(|stage| stage.as_str()),
            progress: event.progress,
            at: rfc3339(event.at),
            attempt: job.attempt,
            queue_position: job.queue_position,
        }
    }
}
