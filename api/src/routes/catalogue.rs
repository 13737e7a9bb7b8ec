//! `/v1/presets`, `/v1/capabilities`: what can be asked for.

use axum::Json;
use axum::extract::State;
use domain::artifact::ArtifactFormat;
use domain::job::JobKind;
use domain::recipe::{Preset, Recipe};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// A named set of parameters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Preset)]
pub(crate) struct PresetView {
    id: &'static str,
    name: &'static str,
    loudness_lufs: f64,
    ceiling_dbtp: f64,
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
    loudness_lufs: Range,
    ceiling_dbtp: Range,
    /// Largest upload.
    upload_bytes_max: u64,
    /// Whether money is asked for.
    payments: &'static str,
}

/// Both ends can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Range {
    min: f64,
    max: f64,
    default: f64,
}

/// The presets.
#[utoipa::path(get, path = "/v1/presets", tag = "catalogue", responses((status = 200, body = Presets)))]
pub(crate) async fn presets() -> Json<Presets> {
    Json(Presets { data: Preset::ALL.iter().copied().map(preset).collect() })
}

fn preset(preset: Preset) -> PresetView {
    let recipe = Recipe::default(); // of the only preset there is
    match preset {
        Preset::Streaming => PresetView {
            id: preset.as_str(),
            name: "Streaming",
            loudness_lufs: recipe.loudness.value(),
            ceiling_dbtp: recipe.ceiling.value(),
        },
    }
}

/// Kinds, formats, ranges and limits.
#[utoipa::path(
    get, path = "/v1/capabilities", tag = "catalogue",
    responses((status = 200, body = Capabilities))
)]
pub(crate) async fn capabilities(State(app): State<App>) -> Json<Capabilities> {
    let recipe = Recipe::default();
    Json(Capabilities {
        kinds: JobKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        formats: ArtifactFormat::DELIVERABLE.iter().map(|format| format.as_str()).collect(),
        loudness_lufs: range(Recipe::LOUDNESS_LUFS, recipe.loudness.value()),
        ceiling_dbtp: range(Recipe::CEILING_DBTP, recipe.ceiling.value()),
        upload_bytes_max: app.limits.upload_bytes,
        payments: "off",
    })
}

fn range((min, max): (f64, f64), default: f64) -> Range {
    Range { min, max, default }
}
