//! Every route, asked by nobody, by a key without the scope, and by somebody else.

use domain::money::PriceList;
use domain::scope::Scope;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Service, all_but, only, sha256};
use store::money::{Begun, NewPurchase};
use store::outcome::Removal;

/// A route that needs a scope. `{upload}`, `{job}`, `{artifact}`, `{key}`, `{session}` and
/// `{order}` are Anna's; `{removed}` was.
struct Route(Method, &'static str, Scope);

fn guarded() -> Vec<Route> {
    use Scope::{
        AccountRead, AccountWrite, ArtifactsRead, BillingRead, BillingWrite, JobsRead, JobsWrite, OpsRead,
        OpsWrite, UploadsWrite,
    };
    vec![
        Route(Method::GET, "/v1/account", AccountRead),
        Route(Method::PATCH, "/v1/account", AccountWrite),
        Route(Method::DELETE, "/v1/account", AccountWrite),
        Route(Method::GET, "/v1/sessions", AccountRead),
        Route(Method::DELETE, "/v1/sessions/{session}", AccountWrite),
        Route(Method::POST, "/v1/api-keys", AccountWrite),
        Route(Method::GET, "/v1/api-keys", AccountRead),
        Route(Method::DELETE, "/v1/api-keys/{key}", AccountWrite),
        Route(Method::POST, "/v1/uploads", UploadsWrite),
        Route(Method::GET, "/v1/uploads", UploadsWrite),
        Route(Method::GET, "/v1/uploads/{upload}", UploadsWrite),
        Route(Method::HEAD, "/v1/uploads/{upload}", UploadsWrite),
        Route(Method::PATCH, "/v1/uploads/{upload}", UploadsWrite),
        Route(Method::DELETE, "/v1/uploads/{upload}", UploadsWrite),
        Route(Method::GET, "/v1/uploads/{upload}/peaks", UploadsWrite),
        Route(Method::POST, "/v1/jobs", JobsWrite),
        Route(Method::GET, "/v1/jobs", JobsRead),
        Route(Method::GET, "/v1/jobs/{job}", JobsRead),
        Route(Method::DELETE, "/v1/jobs/{job}", JobsWrite),
        Route(Method::POST, "/v1/jobs/{job}/cancel", JobsWrite),
        Route(Method::GET, "/v1/jobs/{job}/events", JobsRead),
        Route(Method::GET, "/v1/jobs/{job}/report", JobsRead),
        Route(Method::GET, "/v1/artifacts/{artifact}/content", ArtifactsRead),
        Route(Method::GET, "/v1/artifacts/{artifact}/peaks", ArtifactsRead),
        Route(Method::GET, RECEIPT, JobsRead),
        Route(Method::POST, "/v1/quotes", JobsWrite),
        Route(Method::GET, "/v1/credits", BillingRead),
        Route(Method::POST, "/v1/checkouts", BillingWrite),
        Route(Method::GET, "/v1/orders", BillingRead),
        Route(Method::GET, "/v1/orders/{order}", BillingRead),
        Route(Method::POST, "/v1/orders/{order}/withdrawal", BillingWrite),
        Route(Method::GET, "/v1/invoices", BillingRead),
        Route(Method::GET, "/v1/ops/queue", OpsRead),
        Route(Method::GET, "/v1/ops/jobs", OpsRead),
        Route(Method::GET, "/v1/ops/workers", OpsRead),
        Route(Method::GET, "/v1/ops/failures", OpsRead),
        Route(Method::GET, "/v1/ops/retention", OpsRead),
        Route(Method::GET, "/v1/ops/audit", OpsRead),
        Route(Method::POST, "/v1/ops/jobs/{job}/retry", OpsWrite),
        Route(Method::POST, "/v1/ops/jobs/{job}/cancel", OpsWrite),
        Route(Method::POST, "/v1/ops/pause", OpsWrite),
        Route(Method::POST, "/v1/ops/resume", OpsWrite),
    ]
}

/// Nobody is written on a receipt: whoever knows the id may read it.
const RECEIPT: &str = "/v1/receipts/{removed}";

impl Route {
    /// For owners of what it is about.
    fn is_of_owners(&self) -> bool {
        !self.is_of_operators() && self.1 != RECEIPT
    }

    /// For operators: whose a thing is decides nothing, and no producer comes in, whatever the key says.
    const fn is_of_operators(&self) -> bool {
        matches!(self.2, Scope::OpsRead | Scope::OpsWrite)
    }
}

/// Routes that anybody may ask.
const OPEN: [(&str, &str); 9] = [
    ("post", "/v1/sign-in"),
    ("post", "/v1/sessions"),
    ("options", "/v1/uploads"),
    ("get", "/v1/policies"),
    ("get", "/v1/presets"),
    ("get", "/v1/capabilities"),
    ("post", "/v1/stripe/events"),
    ("get", "/healthz"),
    ("get", "/readyz"),
];

/// Something of each kind, all of it Anna's.
struct Ids(Vec<(&'static str, String)>);

impl Ids {
    async fn of(anna: &Person<'_>) -> Self {
        let job = anna.mastered().await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let token = anna.service.link(&anna.account).await;
        let session = anna.post("/v1/sessions", json!({"token": token})).await;
        let key = anna.post("/v1/api-keys", json!({"name": "n", "scopes": ["jobs:read"]})).await;
        Self(vec![
            ("{upload}", text(&job["inputs"][0]["upload"])),
            ("{job}", text(&job["id"])),
            ("{artifact}", text(&job["artifacts"][0]["id"])),
            ("{session}", text(&session.json::<Value>().await.unwrap()["id"])),
            ("{key}", text(&key.json::<Value>().await.unwrap()["id"])),
            ("{order}", order(anna).await),
            ("{removed}", removed(anna).await),
        ])
    }

    fn path(&self, pattern: &str) -> String {
        self.0.iter().fold(pattern.to_owned(), |path, (name, id)| path.replace(name, id))
    }

    /// A request that would be done if its sender might.
    fn ask(&self, service: &Service, route: &Route) -> RequestBuilder {
        let request = service.ask(route.0.clone(), &self.path(route.1)).header("Tus-Resumable", "1.0.0");
        match (&route.0, route.1) {
            (&Method::POST, "/v1/uploads") => request.header("Upload-Length", 5),
            (&Method::POST, "/v1/api-keys") => request.json(&json!({"name": "n", "scopes": ["jobs:read"]})),
            (&Method::POST, "/v1/jobs" | "/v1/quotes") => {
                request.json(&json!({"kind": "master", "inputs": [{"upload": self.path("{upload}")}]}))
            }
            (&Method::DELETE, "/v1/account") => request.json(&json!({"email": "anna@example.org"})),
            (&Method::POST, "/v1/checkouts") => {
                request.json(&json!({"pack": "small", "may_pay_confirmed": true}))
            }
            (&Method::POST, path) if path.starts_with("/v1/ops/") => {
                request.json(&json!({"reason": "a test"}))
            }
            (&Method::PATCH, "/v1/account") => request.json(&json!({"email": "ada@example.org"})),
            (&Method::PATCH, _) => {
                request.header("Upload-Offset", 5).header("Content-Type", "application/offset+octet-stream")
            }
            _ => request,
        }
    }
}

/// An order that was begun; gives its id.
async fn order(anna: &Person<'_>) -> String {
    let new = NewPurchase {
        account: anna.account.id.clone(),
        pack: PriceList::default().packs()[0].clone(),
        idempotency_key: None,
        body_hash: sha256(b""),
        terms_version: "1".to_owned(),
    };
    match anna.service.store.begin_purchase(&new, anna.service.now()).await.unwrap() {
        Begun::New(purchase) => purchase.id.to_string(),
        other => panic!("{other:?}"),
    }
}

/// An upload that was deleted; gives its id.
async fn removed(anna: &Person<'_>) -> String {
    let upload = anna.ready_upload().await;
    let (store, now) = (&anna.service.store, anna.service.now());
    let removal = store.delete_upload(&anna.account.id, &upload, now).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    upload.to_string()
}

#[tokio::test]
async fn mc_30_nobody_gets_in_without_credentials() {
    let service = Service::start().await;
    let ids = Ids::of(&service.producer("anna").await).await;
    let wrong = format!("Bearer mxk_{}", "A".repeat(43));
    for route in guarded() {
        for credentials in [None, Some("Bearer x"), Some("Basic YTpi"), Some(wrong.as_str())] {
            let mut request = ids.ask(&service, &route);
            if let Some(credentials) = credentials {
                request = request.header("Authorization", credentials);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{} {} {credentials:?}", route.0, route.1);
            assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"mixrunners\"");
        }
    }
}

#[tokio::test]
async fn mc_27_a_key_without_the_scope_is_refused_by_its_name_and_with_it_alone_is_not() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let ids = Ids::of(&anna).await;
    for route in guarded() {
        let Route(method, pattern, scope) = &route;
        let without = service.key(&anna.account, all_but(*scope)).await;
        let answer = ids.ask(&service, &route).bearer_auth(without).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {pattern}");
        if *method != Method::HEAD {
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], "scope_missing");
            assert!(problem["detail"].as_str().unwrap().contains(scope.as_str()), "{problem}");
        }
    }
    let operator = service.store.ensure_local_owner(service.now()).await.unwrap();
    for route in guarded().into_iter().filter(|Route(method, _, _)| *method == Method::GET) {
        let account = if route.is_of_operators() { &operator } else { &anna.account };
        let enough = service.key(account, only(route.2)).await;
        let answer = ids.ask(&service, &route).bearer_auth(enough).send().await.unwrap();
        assert!(answer.status().is_success(), "{} {}: {}", route.0, route.1, answer.status());
    }
}

#[tokio::test]
async fn mr_12a_what_belongs_to_somebody_else_is_answered_like_what_does_not_exist() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let hers = Ids::of(&anna).await;
    let nothing =
        Ids(hers.0.iter().map(|(name, id)| (*name, format!("{}_{}", &id[..3], "0".repeat(26)))).collect());
    let nonsense = Ids(hers.0.iter().map(|(name, _)| (*name, "%2e%2e%2fx".to_owned())).collect());
    let of_owners = || guarded().into_iter().filter(Route::is_of_owners);
    for route in of_owners().filter(|route| route.1.contains('{')) {
        let mut answers = Vec::new();
        for ids in [&hers, &nothing, &nonsense] {
            let answer = ids.ask(&service, &route).bearer_auth(&ben.key).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{} {}", route.0, ids.path(route.1));
            let mut problem: Value = answer.json().await.unwrap_or_default();
            for own in ["request_id", "instance"] {
                problem[own] = Value::Null;
            }
            answers.push(problem);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{} {}", route.0, route.1);
    }
    for route in of_owners().filter(|Route(method, path, _)| *method == Method::GET && path.contains('{')) {
        let own = hers.ask(&service, &route).bearer_auth(&anna.key).send().await.unwrap();
        assert!(own.status().is_success(), "the case is real: {} is there for Anna", route.1);
    }
}

#[tokio::test]
async fn lists_hold_only_what_is_ones_own() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    anna.mastered().await;
    for path in ["/v1/uploads", "/v1/jobs"] {
        assert_eq!(anna.json(path).await["data"].as_array().unwrap().len(), 1, "{path}");
        assert_eq!(ben.json(path).await["data"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn no_route_escapes_these_tables() {
    let service = Service::start().await;
    let document: Value =
        service.ask(Method::GET, "/openapi.json").send().await.unwrap().json().await.unwrap();
    let mut told: Vec<(String, String)> = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let pattern = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
            let pattern = pattern.collect::<Vec<_>>().join("/");
            let is_open = OPEN.contains(&(method.as_str(), path.as_str()));
            assert_eq!(operation.get("security").is_none(), is_open, "{method} {path}");
            told.push((method.clone(), pattern));
        }
    }
    let mut known: Vec<(String, String)> =
        OPEN.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    known.extend(guarded().iter().map(|Route(method, path, _)| {
        let pattern = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
        (method.as_str().to_lowercase(), pattern.collect::<Vec<_>>().join("/"))
    }));
    told.sort();
    known.sort();
    assert_eq!(told, known);
}
