//! The page, as it was built into the program.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

#[derive(rust_embed::RustEmbed)]
#[folder = "../web/dist"]
struct Built;

/// One file of the page.
struct File {
    bytes: Cow<'static, [u8]>,
    /// Of its bytes, in hexadecimal.
    sha256: String,
    media_type: String,
}

/// The first path segments that are views of the page; every other path is its file or nothing.
const VIEWS: [&str; 11] =
    ["", "sign-in", "uploads", "album", "mix", "jobs", "credits", "account", "ops", "terms", "privacy"];

/// Names made of a file's content: what they hold never changes.
const NAMED_BY_CONTENT: &str = "assets/";

/// Serves the page: its files, and its start for each of its views.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    answer(&method, uri.path(), &headers, built)
}

fn built(path: &str) -> Option<File> {
    let file = Built::get(path)?;
    let sha256 = hex::encode(file.metadata.sha256_hash());
    let media_type = match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8".to_owned(),
        _ => file.metadata.mimetype().to_owned(),
    };
    Some(File { bytes: file.data, sha256, media_type })
}

fn answer(method: &Method, path: &str, headers: &HeaderMap, find: impl Fn(&str) -> Option<File>) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return ApiError::NotFound.into_response();
    }
    let name = path.trim_start_matches('/');
    let view = name.split('/').next().unwrap_or_default();
    if VIEWS.contains(&view) {
        return match find("index.html") {
            Some(start) => file(start, "no-cache", headers),
            None => not_built(),
        };
    }
    match find(name) {
        Some(found) if name.starts_with(NAMED_BY_CONTENT) => {
            file(found, "public, max-age=31536000, immutable", headers)
        }
        Some(found) => file(found, "no-cache", headers),
        None => ApiError::NotFound.into_response(),
    }
}

fn file(file: File, cache: &'static str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.sha256);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, file.media_type)], Body::from(file.bytes)).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>mixrunners: the page was not built</title>
<h1>The service runs, but its page was not built in.</h1>
<p>The page is made with Node 20 or newer. Install Node, run <code>make</code> in the project's folder,
and start <code>mixrunners serve</code> again.</p>
<p>Everything else works without it: the interface for programs is described at
<a href=\"/openapi.json\">/openapi.json</a>, and <code>mixrunners master</code> works on files.</p>
</html>
";

fn not_built() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], NOT_BUILT)
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str) -> Option<File> {
        let media_type = match path {
            "index.html" => "text/html; charset=utf-8",
            "assets/app-1a2b.js" => "text/javascript",
            _ => return None,
        };
        Some(File {
            bytes: Cow::Borrowed(b"text"),
            sha256: "ab".repeat(32),
            media_type: media_type.to_owned(),
        })
    }

    fn get(path: &str, find: impl Fn(&str) -> Option<File>) -> Response {
        answer(&Method::GET, path, &HeaderMap::new(), find)
    }

    #[test]
    fn every_view_starts_the_page_and_other_paths_do_not() {
        for path in ["/", "/sign-in", "/jobs/job_1", "/ops"] {
            let response = get(path, page);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        }
        for path in ["/nothing", "/v1/nothing", "/assets/gone.js", "/../Cargo.toml", "/assets/../index.htm"] {
            assert_eq!(get(path, page).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn a_file_named_by_its_content_may_be_kept_for_good() {
        let response = get("/assets/app-1a2b.js", page);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let tag = response.headers()[header::ETAG].clone();
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, tag);
        let again = answer(&Method::GET, "/assets/app-1a2b.js", &headers, page);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn without_a_built_page_the_start_says_how_to_get_one() {
        let response = get("/", |_| None);
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("Node") && text.contains("make"), "{text}");
    }
}
