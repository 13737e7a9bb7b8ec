//! Who is calling, and whether a browser was tricked into it.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::account::Account;
use domain::ids::SessionId;
use domain::scope::{Scope, Scopes};
use domain::secret::{Secret, SecretKind};

use crate::app::{App, Site};
use crate::error::{ApiError, ApiResult};
use crate::limits::is_loopback;

/// An account, and by which means it calls. A handler that takes one is closed to strangers.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) means: Means,
}

#[derive(Debug)]
pub(crate) enum Means {
    /// A browser that signed in: may do everything its account may.
    Session(SessionId),
    /// A program with a key.
    Key(Scopes),
}

impl Caller {
    /// Whether the caller may do what needs `scope`.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        let by_means = match &self.means {
            Means::Session(_) => true,
            Means::Key(scopes) => scopes.contains(scope),
        };
        by_means && (self.account.is_operator() || !matches!(scope, Scope::OpsRead | Scope::OpsWrite))
    }

    /// 403 naming the scope, unless the caller has it.
    pub(crate) fn must(&self, scope: Scope) -> ApiResult<()> {
        if self.may(scope) { Ok(()) } else { Err(ApiError::ScopeMissing(scope)) }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => by_key(app, value).await,
            None => by_session(app, &parts.headers).await,
        }
    }
}

async fn by_key(app: &App, value: &HeaderValue) -> ApiResult<Caller> {
    let text = value.to_str().map_err(|_| ApiError::Unauthenticated)?;
    let (scheme, secret) = text.split_once(' ').ok_or(ApiError::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::Unauthenticated);
    }
    let secret = Secret::parse(SecretKind::ApiKey, secret.trim()).ok_or(ApiError::Unauthenticated)?;
    let found = app.store.api_key(&secret.hash(), app.now()).await?;
    let (account, scopes) = found.ok_or(ApiError::Unauthenticated)?;
    Ok(Caller { account, means: Means::Key(scopes) })
}

async fn by_session(app: &App, headers: &HeaderMap) -> ApiResult<Caller> {
    let secret = cookie(headers, app.site.cookie_name())
        .and_then(|text| Secret::parse(SecretKind::Session, text))
        .ok_or(ApiError::Unauthenticated)?;
    let (id, account) =
        app.store.session(&secret.hash(), app.now()).await?.ok_or(ApiError::Unauthenticated)?;
    Ok(Caller { account, means: Means::Session(id) })
}

/// The value of the cookie `name`, the first where a client sent several.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// `Set-Cookie` that keeps `value` for `seconds`; zero forgets it.
pub(crate) fn set_cookie(site: &Site, value: &str, seconds: u64) -> String {
    let secure = match site {
        Site::Loopback => "",
        Site::Public { .. } => "; Secure",
    };
    format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", site.cookie_name())
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site's page made a browser send. A cookie goes along by itself, a key does not: a
/// request that brings its own credentials needs no such check.
pub(crate) async fn same_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    match check_site(&app.site, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Browsers send `Sec-Fetch-Site`, older ones `Origin`; a program that sends neither is not a tricked
/// browser.
fn check_site(site: &Site, headers: &HeaderMap) -> ApiResult<()> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    match text(SEC_FETCH_SITE) {
        Some("same-origin" | "none") => return Ok(()),
        Some(other) => return Err(ApiError::CrossSite(other.to_owned())),
        None => {}
    }
    match text(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if is_own(site, origin, text(header::HOST)) => Ok(()),
        Some(origin) => Err(ApiError::CrossSite(origin.chars().take(100).collect())),
    }
}

fn is_own(site: &Site, origin: &str, host: Option<&str>) -> bool {
    match site {
        Site::Public { origin: own } => own == origin,
        Site::Loopback => {
            let authority = origin.strip_prefix("http://");
            authority.is_some_and(is_loopback) && authority == host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_request_from_another_site_is_refused_and_ones_own_is_not() {
        let public = Site::Public { origin: "https://mix.example".into() };
        let own: &[(&Site, &[(&'static str, &str)])] = &[
            (&public, &[("sec-fetch-site", "same-origin")]),
            (&public, &[("origin", "https://mix.example")]),
            (&public, &[]),
            (&Site::Loopback, &[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]),
        ];
        for (site, pairs) in own {
            assert!(check_site(site, &headers(pairs)).is_ok(), "{pairs:?}");
        }
        let foreign: &[(&Site, &[(&'static str, &str)])] = &[
            (&public, &[("sec-fetch-site", "cross-site")]),
            (&public, &[("sec-fetch-site", "same-site")]),
            (&public, &[("origin", "https://mix.example.evil.example")]),
            (&public, &[("origin", "http://mix.example")]),
            (&public, &[("origin", "null")]),
            (&Site::Loopback, &[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:8080")]),
            (&Site::Loopback, &[("origin", "http://evil.example:8080"), ("host", "evil.example:8080")]),
        ];
        for (site, pairs) in foreign {
            assert!(matches!(check_site(site, &headers(pairs)), Err(ApiError::CrossSite(_))), "{pairs:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_never_by_half_its_name() {
        let map = headers(&[("cookie", "a=1; xmxr_session=no; mxr_session=mxs_abc; mxr_session=later")]);
        assert_eq!(cookie(&map, "mxr_session"), Some("mxs_abc"));
        assert_eq!(cookie(&map, "session"), None);
    }

    #[test]
    fn the_cookie_is_secure_wherever_there_is_https() {
        let public = set_cookie(&Site::Public { origin: "https://mix.example".into() }, "v", 60);
        assert_eq!(public, "__Host-mxr_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            set_cookie(&Site::Loopback, "v", 60),
            "mxr_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
    }
}
