//! What work costs, before and after it is ordered.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::shop::{Shop, code};
use crate::harness::Service;

#[tokio::test]
async fn a_quote_tells_what_an_order_will_cost_and_stores_nothing() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let body =
        json!({"kind": "mix_and_master", "inputs": [{"upload": upload}], "recipe": {"preset": "loud"}});
    let answer = anna.post("/v1/quotes", body.clone()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let quote: Value = answer.json().await.unwrap();
    assert_eq!((&quote["credits"], &quote["wait_s_estimate"]), (&json!(9), &Value::Null));
    assert_eq!(quote["price"], json!({"amount_minor": 810, "currency": "eur"}));
    assert_eq!(quote["findings"], json!([]));
    assert_eq!(anna.json("/v1/jobs").await["data"], json!([]));
    shop.buy(&anna).await;
    let job: Value = anna.post("/v1/jobs", body).await.json().await.unwrap();
    assert_eq!((&job["credits"], &job["money"]), (&quote["credits"], &json!("held")));
    assert_eq!(job["recipe"], quote["effective_recipe"]);
    let wrong = anna.post("/v1/quotes", json!({"kind": "vinyl"})).await;
    assert_eq!(code(wrong, 422).await, "invalid");
    let unknown = json!({"kind": "master", "inputs": [{"upload": format!("upl_{}", "0".repeat(26))}]});
    assert_eq!(code(anna.post("/v1/quotes", unknown).await, 404).await, "not_found");
}

#[tokio::test]
async fn a_quote_is_free_where_payments_are_off() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let body = json!({"kind": "master", "inputs": [{"upload": upload}]});
    let quote: Value = anna.post("/v1/quotes", body).await.json().await.unwrap();
    assert_eq!((&quote["credits"], &quote["price"]), (&json!(0), &Value::Null));
    assert_eq!(quote["effective_recipe"]["preset"], "streaming");
}

#[tokio::test]
async fn an_order_is_held_for_then_paid_or_given_back() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let body = json!({"kind": "master", "inputs": [{"upload": upload}]});
    let answer = anna.post("/v1/jobs", body.clone()).await;
    assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "insufficient_credits");
    assert_eq!(problem["detail"], "This costs 3 credits; you have 0.");
    assert_eq!(anna.json("/v1/jobs").await["data"], json!([]));
    shop.buy(&anna).await;
    let job = anna.order_of(&upload).await;
    assert_eq!(shop.balance(&anna).await, (7, 3));
    shop.service.work().await;
    assert_eq!(anna.json(&format!("/v1/jobs/{job}")).await["money"], "captured");
    assert_eq!(shop.balance(&anna).await, (7, 0));
    let job = anna.order_of(&upload).await;
    let cancelled: Value =
        anna.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await.json().await.unwrap();
    assert_eq!((&cancelled["state"], &cancelled["money"]), (&json!("cancelled"), &json!("released")));
    assert_eq!(shop.balance(&anna).await, (7, 0));
    let entries = anna.json("/v1/credits").await;
    let told: Vec<_> = entries["entries"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    shop.must_agree().await;
}

#[tokio::test]
async fn a_failed_job_tells_in_its_problem_that_the_credits_are_back() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    shop.buy(&anna).await;
    let job = anna.order_of(&upload).await;
    let lease = shop.service.lease().await.lease;
    let problem = domain::problem::Problem::ours("disk_full", "The disk is full", "0 bytes are left");
    shop.service.store.fail(&lease, &problem, shop.service.now()).await.unwrap();
    let told = anna.json(&format!("/v1/jobs/{job}")).await;
    assert_eq!((&told["money"], &told["problem"]["money"]), (&json!("released"), &json!("released")));
    assert_eq!(shop.balance(&anna).await, (10, 0));
}

#[tokio::test]
async fn capabilities_tell_what_everything_costs() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let capabilities = anna.json("/v1/capabilities").await;
    assert_eq!(capabilities["payments"], "on");
    let prices = &capabilities["prices"];
    assert_eq!(prices["mix"], json!({"credits_per_minute": 2, "minutes_min": 3}));
    let small = json!({"id": "small", "credits": 10, "price": {"amount_minor": 900, "currency": "eur"}});
    assert_eq!(prices["packs"][0], small);
}
