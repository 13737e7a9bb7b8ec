//! An account erases itself.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Service};

async fn erase(person: &Person<'_>, body: Value) -> (StatusCode, Value) {
    let answer = person.ask(Method::DELETE, "/v1/account").json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn mr_13c_an_account_is_erased_by_its_own_address_and_by_no_other_word() {
    let service = Service::start().await;
    let (anna, ben) = (service.producer("anna").await, service.producer("ben").await);
    let job = anna.mastered().await;
    let open = anna.begin(100).await;
    for wrong in [json!({}), json!({"email": "ben@example.org"}), json!({"email": 7}), json!({"yes": true})] {
        let (status, problem) = erase(&anna, wrong.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
        assert!(pointers.contains(&&json!("/email")), "{problem}");
    }
    assert_eq!(anna.get("/v1/account").await.status(), StatusCode::OK, "nothing was done");

    let (status, erased) = erase(&anna, json!({"email": " Anna@Example.org "})).await;
    assert_eq!(status, StatusCode::OK, "{erased}");
    assert_eq!((&erased["jobs"], &erased["uploads"]), (&json!(1), &json!(2)));
    assert_eq!((&erased["purchases_returned"], &erased["credits_lost"]), (&json!(0), &json!(0)));
    assert!(erased["remains"][0].as_str().unwrap().contains("bookkeeping"), "{erased}");
    assert_eq!(anna.get("/v1/account").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(anna.send(&open, 0, "late").await.status(), StatusCode::UNAUTHORIZED, "a sender that goes on");
    assert_eq!(ben.get("/v1/account").await.status(), StatusCode::OK, "another's stays");

    // Who has the receipt may look without signing in; who has another's job may not.
    let receipt = async |id: &Value| {
        let path = format!("/v1/receipts/{}", id.as_str().unwrap());
        service.ask(Method::GET, &path).send().await.unwrap()
    };
    let of_account: Value = receipt(&erased["receipt"]["id"]).await.json().await.unwrap();
    assert_eq!(of_account, erased["receipt"]);
    assert_eq!((&of_account["removed"], &of_account["cause"]), (&json!("account"), &json!("erasure")));
    assert_eq!(receipt(&job["id"]).await.status(), StatusCode::UNAUTHORIZED);
    let nobody = json!(format!("acc_{}", "0".repeat(26)));
    assert_eq!(receipt(&nobody).await.status(), StatusCode::NOT_FOUND);
}
