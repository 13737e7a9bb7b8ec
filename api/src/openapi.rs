//! The OpenAPI document: made of the routes, told at `/openapi.json`.

use std::collections::BTreeMap;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi};

use crate::app::Site;
use crate::error::ApiError;
use crate::views::{FieldErrorView, ProblemView};

/// What the document says beside its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "mixrunners",
        version = "1",
        description = "Masters music. Send a file to `/v1/uploads` with tus 1.0.0, order a master \
                       at `/v1/jobs`, follow its events, download its artifacts. Errors are problem \
                       documents (RFC 9457).",
    ),
    components(schemas(ProblemView, FieldErrorView))
)]
struct Frame;

/// The document without any route.
pub(crate) fn frame(site: &Site) -> utoipa::openapi::OpenApi {
    let mut document = Frame::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let cookie = ApiKeyValue::new(site.cookie_name());
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    document
}

/// Every route may answer with a problem.
impl IntoResponses for ApiError {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description("It was not done, and why.")
            .content("application/problem+json", content)
            .build();
        BTreeMap::from([("default".to_owned(), response.into())])
    }
}
