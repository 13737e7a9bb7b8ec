//! Signing in with a link, browsers and keys, and pages of other sites.

use std::time::Duration;

use api::{Limits, Site};
use domain::scope::{Scope, Scopes};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Service, only};

async fn sign_in(service: &Service, token: &str) -> Response {
    service.ask(Method::POST, "/v1/sessions").json(&json!({"token": token})).send().await.unwrap()
}

/// The cookie that an answer sets, without its attributes.
fn cookie(answer: &Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn with(service: &Service, cookie: &str, method: Method, path: &str) -> RequestBuilder {
    service.ask(method, path).header("Cookie", cookie)
}

#[tokio::test]
async fn a_link_signs_in_once_and_the_owner_may_do_everything() {
    let service = Service::start().await;
    let owner = service.store.ensure_local_owner(service.now()).await.unwrap();
    let token = service.link(&owner).await;
    let first = sign_in(&service, &token).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let set = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("mxr_session=mxs_"), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"), "{set}");
    let account = with(&service, &cookie(&first), Method::GET, "/v1/account").send().await.unwrap();
    let account: Value = account.json().await.unwrap();
    assert_eq!(account["roles"], json!(["producer", "operator"]));
    let again = sign_in(&service, &token).await;
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
    assert!(!again.headers().contains_key("set-cookie"));
    assert_eq!(again.json::<Value>().await.unwrap()["code"], "link_spent");
}

#[tokio::test]
async fn a_link_ends_after_ten_minutes_and_a_session_after_thirty_days() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let late = service.link(&anna.account).await;
    service.clock.advance(Duration::from_secs(600));
    assert_eq!(sign_in(&service, &late).await.status(), StatusCode::UNAUTHORIZED);
    let session = cookie(&sign_in(&service, &service.link(&anna.account).await).await);
    let ask = async || with(&service, &session, Method::GET, "/v1/account").send().await.unwrap().status();
    service.clock.advance(Duration::from_secs(30 * 86_400 - 1));
    assert_eq!(ask().await, StatusCode::OK);
    service.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_browser() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let session = cookie(&sign_in(&service, &service.link(&anna.account).await).await);
    let out = with(&service, &session, Method::DELETE, "/v1/sessions/current").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"cookies\", \"storage\"");
    assert_eq!(out.headers()["set-cookie"], "mxr_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    let after = with(&service, &session, Method::GET, "/v1/account").send().await.unwrap();
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_browser_is_signed_out_from_another_one() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let old = cookie(&sign_in(&service, &service.link(&anna.account).await).await);
    service.clock.advance(Duration::from_secs(60));
    let new = cookie(&sign_in(&service, &service.link(&anna.account).await).await);
    let list: Value =
        with(&service, &new, Method::GET, "/v1/sessions").send().await.unwrap().json().await.unwrap();
    let sessions = list["data"].as_array().unwrap();
    assert_eq!(
        sessions.iter().map(|one| one["current"].as_bool().unwrap()).collect::<Vec<_>>(),
        [true, false]
    );
    let path = format!("/v1/sessions/{}", sessions[1]["id"].as_str().unwrap());
    let out = with(&service, &new, Method::DELETE, &path).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(!out.headers().contains_key("clear-site-data"), "the browser that asks stays signed in");
    let status = async |session: &str| {
        with(&service, session, Method::GET, "/v1/account").send().await.unwrap().status()
    };
    assert_eq!((status(&old).await, status(&new).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

#[tokio::test]
async fn another_sites_page_cannot_act_with_the_cookie_nor_sign_anybody_in() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let session = cookie(&sign_in(&service, &service.link(&anna.account).await).await);
    let token = service.link(&anna.account).await;
    for (name, value) in
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Origin", "null")]
    {
        let key = json!({"name": "stolen", "scopes": ["jobs:read"]});
        let act = with(&service, &session, Method::POST, "/v1/api-keys").header(name, value).json(&key);
        let act = act.send().await.unwrap();
        assert_eq!(act.status(), StatusCode::FORBIDDEN, "{name}: {value}");
        assert_eq!(act.json::<Value>().await.unwrap()["code"], "cross_site");
        let sign =
            service.ask(Method::POST, "/v1/sessions").header(name, value).json(&json!({"token": token}));
        assert_eq!(sign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    let own = with(&service, &session, Method::DELETE, "/v1/sessions/current");
    let own = own.header("Origin", service.url("")).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::NO_CONTENT);
    assert_eq!(sign_in(&service, &token).await.status(), StatusCode::CREATED, "the link was not used up");
    let with_key = anna.ask(Method::POST, "/v1/api-keys").header("Origin", "https://tool.example");
    let with_key = with_key.json(&json!({"name": "n", "scopes": ["jobs:read"]})).send().await.unwrap();
    assert_eq!(with_key.status(), StatusCode::CREATED, "a key is not sent by itself");
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let site = Site::Public { origin: "https://mix.example".to_owned() };
    let service = Service::start_with(Limits::default(), site).await;
    let anna = service.producer("anna").await;
    let answer = sign_in(&service, &service.link(&anna.account).await).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-mxr_session=mxs_") && set.ends_with("; SameSite=Lax; Secure"), "{set}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
}

#[tokio::test]
async fn a_key_is_shown_once_works_until_it_ends_and_can_be_revoked() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let body = json!({"name": "ci", "scopes": ["account:read", "jobs:read"], "expires_in_days": 30});
    let made: Value = anna.post("/v1/api-keys", body).await.json().await.unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("mxk_"));
    assert_eq!(made["expires_at"], "2027-02-14T08:00:00Z");
    let list = anna.json("/v1/api-keys").await;
    assert!(!list.to_string().contains(secret), "never again");
    let status = async |secret: &str| {
        service.ask(Method::GET, "/v1/account").bearer_auth(secret).send().await.unwrap().status()
    };
    assert_eq!(status(secret).await, StatusCode::OK);
    let other: Value = anna
        .post("/v1/api-keys", json!({"name": "b", "scopes": ["account:read"]}))
        .await
        .json()
        .await
        .unwrap();
    let path = format!("/v1/api-keys/{}", other["id"].as_str().unwrap());
    let revoke = anna.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(revoke.status(), StatusCode::NO_CONTENT);
    assert_eq!(status(other["secret"].as_str().unwrap()).await, StatusCode::UNAUTHORIZED);
    service.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(status(secret).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_cannot_make_a_key_that_may_do_more() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let ask = async |key: &str, scopes: Value| {
        let request = service.ask(Method::POST, "/v1/api-keys").bearer_auth(key);
        request.json(&json!({"name": "child", "scopes": scopes})).send().await.unwrap().status()
    };
    let small = service.key(&anna.account, only(Scope::AccountWrite)).await;
    assert_eq!(ask(&small, json!(["account:write"])).await, StatusCode::CREATED);
    assert_eq!(ask(&small, json!(["jobs:read"])).await, StatusCode::UNPROCESSABLE_ENTITY);
    let all = service.key(&anna.account, Scopes::all()).await;
    assert_eq!(ask(&all, json!(["ops:read"])).await, StatusCode::UNPROCESSABLE_ENTITY, "anna is no operator");
}

#[tokio::test]
async fn a_key_that_is_asked_for_badly_is_told_every_mistake() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let body = json!({"name": "", "scopes": ["jobs:read", "root"], "expires_in_days": 366, "admin": true});
    let answer = anna.post("/v1/api-keys", body).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.unwrap();
    let told: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| (&e["pointer"], &e["code"])).collect();
    let expected = json!([
        ["/name", "too_short"],
        ["/scopes/1", "unknown_value"],
        ["/expires_in_days", "out_of_range"],
        ["/admin", "unknown_field"]
    ]);
    assert_eq!(json!(told), expected);
}
