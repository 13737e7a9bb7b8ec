//! A database whose answers come late: nobody waits for ever, and the service says what is wrong.

use std::time::Duration;

use fixtures::late_line::LateLine;
use fixtures::postgres::Postgres;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::harness::fleet::Fleet;
use crate::harness::producer::Producer;

const LATE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_late_requests_are_turned_away_and_health_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::of_this_process();
    let line = LateLine::to(&server.socket());
    let direct = server.database();
    let (path, _) = direct.split_once('?').unwrap();
    let database = path.replace("@localhost/", &format!("@127.0.0.1:{}/", line.port()));
    let fleet = Fleet::new(folder.path(), database);
    let (_api, anna) = fleet.api();
    assert_eq!(anna.get("/v1/jobs").await.status(), StatusCode::OK);
    assert_eq!(health(&anna).await["database"], "answers");

    line.delay(LATE);
    let answers = tokio::join!(anna.get("/v1/jobs"), anna.get("/v1/uploads"), anna.get("/v1/account"));
    for answer in [answers.0, answers.1, answers.2] {
        is_turned_away(answer).await;
    }
    until("health says so", || async {
        let health = health(&anna).await;
        health["status"] == "degraded" && ["slow", "fails"].iter().any(|word| health["database"] == *word)
    })
    .await;
    let unready = anna.get("/readyz").await;
    assert_eq!(unready.status(), StatusCode::SERVICE_UNAVAILABLE);

    line.delay(Duration::ZERO);
    until("it works again", || async { anna.get("/v1/jobs").await.status() == StatusCode::OK }).await;
    until("health says so", || async { health(&anna).await["status"] == "ok" }).await;
}

async fn is_turned_away(answer: Response) {
    let (status, after) = (answer.status(), answer.headers().get("retry-after").cloned());
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"database_away".into()),
        "{problem}"
    );
    assert_eq!(after.expect("it says when to come back"), "5");
}

async fn health(anna: &Producer) -> Value {
    let answer = anna.get("/healthz").await;
    assert_eq!(answer.status(), StatusCode::OK, "the process lives in any case");
    answer.json().await.unwrap()
}

async fn until<F: Future<Output = bool>>(what: &str, reached: impl Fn() -> F) {
    for _ in 0..600 {
        if reached().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to be that {what}");
}
