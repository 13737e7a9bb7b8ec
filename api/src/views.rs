//! What goes over the wire, apart from what the service thinks with.

mod account;
mod billing;
mod job;
mod new_job;
mod ops;
mod overview;
mod policy;
mod problem;
mod receipt;
mod upload;

pub(crate) use account::{
    AccountView, Confirmation, Correction, ErasedView, KeyView, NewKey, NewKeyView, NewSession, NewSignIn,
    SessionView,
};
pub(crate) use billing::{
    CheckoutView, CreditsView, InvoiceView, NewCheckout, OrderView, PricesView, QuoteFindingView, QuoteView,
};
pub(crate) use job::{JobEventView, JobView, RecipeView};
pub(crate) use new_job::NewJob;
pub(crate) use ops::{AuditRowView, NewAct, OpsJobView, RetriedView};
pub(crate) use overview::{FailuresView, QueueView, RetentionView, WorkerView};
pub(crate) use policy::PolicyView;
pub(crate) use problem::{FieldErrorView, JobProblemView, ProblemView};
pub(crate) use receipt::ReceiptView;
pub(crate) use upload::UploadView;

use domain::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// One stretch of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// Where the next rows are; null when there are no more.
    #[schema(example = "/v1/jobs?after=job_…&limit=50")]
    pub(crate) next: Option<String>,
}

fn rfc3339(at: Timestamp) -> String {
    at.to_string()
}
