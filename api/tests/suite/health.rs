//! What the service says of itself.

use api::listening::{Doors, listen};
use api::{FiguresAt, Monitor};
use domain::scope::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Service, eventually, only};

#[tokio::test]
async fn health_tells_what_can_be_reached() {
    let service = Service::start().await;
    let told = async |path: &str| service.ask(Method::GET, path).send().await.unwrap();
    let health: Value = told("/healthz").await.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["database"], &health["blobs"]),
        (&json!("ok"), &json!("answers"), &json!("answers"))
    );
    assert_eq!((&health["workers_alive"], &health["queue_paused"]), (&json!(0), &json!(false)));
    assert_eq!(told("/readyz").await.status(), StatusCode::OK);
    std::fs::remove_dir_all(service.folder.path().join("blobs")).unwrap();
    eventually("it is noticed", async || told("/readyz").await.status() == StatusCode::SERVICE_UNAVAILABLE)
        .await;
    let health: Value = told("/healthz").await.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["database"], &health["blobs"]),
        (&json!("degraded"), &json!("answers"), &json!("fails"))
    );
    service.store.close().await;
    eventually("it is noticed", async || {
        let health: Value = told("/healthz").await.json().await.unwrap();
        (&health["database"], &health["workers_alive"]) == (&json!("fails"), &Value::Null)
    })
    .await;
    let unready = told("/readyz").await;
    assert_eq!(
        (unready.status(), unready.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::SERVICE_UNAVAILABLE, "5")
    );
}

#[tokio::test]
async fn figures_are_for_operators_and_name_nobody() {
    let service = Service::start().await;
    let (anna, operator) = (service.producer("anna").await, service.operator().await);
    let job = anna.order().await;
    assert_eq!(service.ask(Method::GET, "/metrics").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(anna.get("/metrics").await.status(), StatusCode::FORBIDDEN);
    let key = service.key(&operator.account, only(Scope::JobsRead)).await;
    let other = service.ask(Method::GET, "/metrics").bearer_auth(key).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
    let answer = operator.get("/metrics").await;
    assert_eq!(
        answer.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("mixrunners_queue_depth{kind=\"master\"} 1"), "{text}");
    assert!(text.contains(
        "mixrunners_http_requests_total{method=\"PATCH\",route=\"/v1/uploads/{id}\",status=\"204\"}"
    ));
    for part in [job.as_str(), anna.account.id.as_str(), "upl_", "acc_", "anna", "Song", "127.0.0.1"] {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_method_of_anybodys_making_is_no_line_of_its_own() {
    let service = Service::start().await;
    let operator = service.operator().await;
    for method in ["BREW", "brew2"] {
        operator.ask(Method::from_bytes(method.as_bytes()).unwrap(), "/v1/jobs").send().await.unwrap();
    }
    let text = operator.get("/metrics").await.text().await.unwrap();
    assert!(text.contains("method=\"other\"") && !text.to_lowercase().contains("brew"), "{text}");
}

#[tokio::test]
async fn with_a_listener_of_their_own_the_figures_are_there_alone() {
    let service = Service::start().await;
    let monitor =
        Monitor::new(&service.store, &service.blobs, service.clock.clone(), &[api::figures::registry()]);
    let app = service.app.clone().watched_by(monitor.clone(), FiguresAt::OwnListener);
    let operator = service.operator().await;
    let mut addresses = Vec::new();
    for routes in [api::router(app), api::operators_router(monitor)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        tokio::spawn(listen(listener, routes, Doors::default(), CancellationToken::new()));
    }
    let ask = async |address: std::net::SocketAddr, path: &str| {
        let request =
            reqwest::Client::new().get(format!("http://{address}{path}")).bearer_auth(&operator.key);
        request.send().await.unwrap().status()
    };
    assert_eq!(ask(addresses[0], "/metrics").await, StatusCode::NOT_FOUND);
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(ask(addresses[1], path).await, StatusCode::OK, "{path}");
    }
    for path in ["/", "/v1/ops/queue", "/v1/account", "/openapi.json"] {
        assert_eq!(ask(addresses[1], path).await, StatusCode::NOT_FOUND, "{path}");
    }
}
