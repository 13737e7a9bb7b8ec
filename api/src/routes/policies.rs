//! `/v1/policies`: the texts that people agree to, by their versions.

use axum::Json;

use crate::views::{Page, PolicyView};

/// The texts as they are now. Signing up agrees to the version of `terms` that is told here.
#[utoipa::path(
    get, path = "/v1/policies", tag = "policies", responses((status = 200, body = Page<PolicyView>))
)]
pub(crate) async fn list() -> Json<Page<PolicyView>> {
    Json(Page { data: PolicyView::all(), next: None })
}
