//! Uploads.

use domain::upload::{AudioFacts, Finding, Severity, Upload, UploadState};
use serde::Serialize;
use utoipa::ToSchema;

use super::{JobProblemView, rfc3339};

/// An uploaded file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub(crate) struct UploadView {
    id: String,
    name: String,
    /// `receiving`, `checking`, `ready` or `rejected`.
    state: &'static str,
    /// Null while the sender has not said.
    size_bytes: Option<u64>,
    /// On disk for certain.
    received_bytes: u64,
    /// Of the whole file, once it is here.
    sha256: Option<String>,
    audio: Option<AudioView>,
    findings: Vec<FindingView>,
    problem: Option<JobProblemView>,
    created_at: String,
    /// Null while a job that is not over needs it.
    delete_at: Option<String>,
}

/// What a file is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Audio)]
pub(crate) struct AudioView {
    format: String,
    sample_rate_hz: u32,
    channels: u32,
    bit_depth: Option<u32>,
    frames: u64,
    duration_s: f64,
    lossy: bool,
}

/// One thing to know about the audio.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingView {
    /// Stable, for programs.
    code: String,
    /// `info`, `warning` or `error`.
    severity: &'static str,
    text: String,
}

impl From<Upload> for UploadView {
    fn from(upload: Upload) -> Self {
        let instance = format!("/v1/uploads/{}", upload.id);
        Self {
            id: upload.id.to_string(),
            name: upload.name,
            state: match upload.state {
                UploadState::Receiving => "receiving",
                UploadState::Checking => "checking",
                UploadState::Ready => "ready",
                UploadState::Rejected => "rejected",
            },
            size_bytes: upload.size_bytes,
            received_bytes: upload.received_bytes,
            sha256: upload.sha256.map(|digest| digest.to_string()),
            audio: upload.audio.map(AudioView::from),
            findings: upload.findings.into_iter().map(FindingView::from).collect(),
            problem: upload.problem.map(|problem| JobProblemView::new(problem, instance)),
            created_at: rfc3339(upload.created_at),
            delete_at: upload.delete_at.map(rfc3339),
        }
    }
}

impl From<AudioFacts> for AudioView {
    fn from(facts: AudioFacts) -> Self {
        Self {
            format: facts.format,
            sample_rate_hz: facts.sample_rate_hz,
            channels: facts.channels,
            bit_depth: facts.bit_depth,
            frames: facts.frames,
            duration_s: facts.duration_s,
            lossy: facts.lossy,
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let severity = match finding.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        Self { code: finding.code, severity, text: finding.text }
    }
}
