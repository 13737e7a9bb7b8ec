//! `/v1/presets`, `/v1/capabilities`: what can be asked for.

use axum::Json;
use axum::extract::State;
use domain::artifact::ArtifactFormat;
use domain::job::JobKind;
use domain::order::Wish;
use domain::preset::{Amounts, Preset};
use domain::recipe::Recipe;
use domain::stem::roles;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::views::PricesView;

/// A named set of parameters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preset)]
pub(crate) struct PresetView {
    id: &'static str,
    name: &'static str,
    /// What it is for, in one sentence.
    purpose: &'static str,
    /// Raised when it comes to mean something else.
    version: u32,
    loudness_lufs: f64,
    ceiling_dbtp: f64,
    intensity: f64,
    tone: f64,
    dynamics: f64,
    width: f64,
}

/// All presets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Presets {
    data: Vec<PresetView>,
}

/// What this service takes and makes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Capabilities {
    /// Of jobs.
    kinds: Vec<&'static str>,
    /// That can be asked for with `deliver`.
    formats: Vec<&'static str>,
    /// That can be asked for with `sample_rate_hz`; left out, it is the input's.
    sample_rates_hz: Vec<u32>,
    loudness_lufs: Range,
    ceiling_dbtp: Range,
    intensity: Range,
    tone: Range,
    dynamics: Range,
    width: Range,
    /// Most references of a job.
    references_max: usize,
    album_tracks: Count,
    /// Of a mix.
    stems: Count,
    /// What a stem can be.
    roles: Vec<RoleView>,
    /// Largest upload.
    upload_bytes_max: u64,
    /// All uploads of an account; what was uploaded twice counts once.
    account_bytes_max: u64,
    /// Whether money is asked for: `on` or `off`.
    payments: &'static str,
    /// What everything costs; null while it is free.
    prices: Option<PricesView>,
}

/// What a stem can be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Role)]
pub(crate) struct RoleView {
    id: &'static str,
    name: &'static str,
}

/// Both ends can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Range {
    min: f64,
    max: f64,
    default: f64,
}

/// Both ends can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Count {
    min: usize,
    max: usize,
}

/// The presets.
#[utoipa::path(get, path = "/v1/presets", tag = "catalogue", responses((status = 200, body = Presets)))]
pub(crate) async fn presets() -> Json<Presets> {
    Json(Presets { data: Preset::ALL.iter().copied().map(preset).collect() })
}

fn preset(preset: Preset) -> PresetView {
    let Amounts { intensity, tone, dynamics, width } = Amounts::DEFAULT;
    PresetView {
        id: preset.as_str(),
        name: preset.name(),
        purpose: preset.purpose(),
        version: preset.version(),
        loudness_lufs: preset.loudness().value(),
        ceiling_dbtp: preset.ceiling().value(),
        intensity,
        tone,
        dynamics,
        width,
    }
}

/// Kinds, formats, ranges and limits.
#[utoipa::path(
    get, path = "/v1/capabilities", tag = "catalogue",
    responses((status = 200, body = Capabilities))
)]
pub(crate) async fn capabilities(State(app): State<App>) -> Json<Capabilities> {
    let (preset, amounts) = (Preset::Streaming, Amounts::DEFAULT);
    Json(Capabilities {
        kinds: JobKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        formats: ArtifactFormat::DELIVERABLE.iter().map(|format| format.as_str()).collect(),
        sample_rates_hz: Recipe::SAMPLE_RATES_HZ.to_vec(),
        loudness_lufs: range(Recipe::LOUDNESS_LUFS, preset.loudness().value()),
        ceiling_dbtp: range(Recipe::CEILING_DBTP, preset.ceiling().value()),
        intensity: range(Amounts::RANGE, amounts.intensity),
        tone: range(Amounts::RANGE, amounts.tone),
        dynamics: range(Amounts::RANGE, amounts.dynamics),
        width: range(Amounts::RANGE, amounts.width),
        references_max: Wish::REFERENCES_MAX,
        album_tracks: Count { min: Wish::ALBUM_TRACKS_MIN, max: Wish::ALBUM_TRACKS_MAX },
        stems: Count { min: 1, max: Wish::STEMS_MAX },
        roles: roles().map(|(id, name)| RoleView { id, name }).collect(),
        upload_bytes_max: app.limits.upload_bytes,
        account_bytes_max: app.limits.account_bytes,
        payments: if app.payments.is_some() { "on" } else { "off" },
        prices: app.prices().map(PricesView::from),
    })
}

fn range((min, max): (f64, f64), default: f64) -> Range {
    Range { min, max, default }
}
