//! A part of a master for nothing, before anything is bought.

use std::time::Duration;

use domain::task::Task;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::shop::{Shop, code};
use crate::harness::{Person, Service};

fn body(upload: &str, preview: Value) -> Value {
    json!({"kind": "master", "inputs": [{"upload": upload}], "preview": preview})
}

async fn order(person: &Person<'_>, upload: &str, preview: Value) -> Value {
    let answer = person.post("/v1/jobs", body(upload, preview)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_preview_costs_nothing_says_what_it_is_and_the_master_after_it_is_paid_for() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await.to_string();
    let part = json!({"start_s": 2.5, "length_s": 5.0});
    let quote: Value = anna.post("/v1/quotes", body(&upload, part.clone())).await.json().await.unwrap();
    assert_eq!((&quote["credits"], &quote["price"]), (&json!(0), &Value::Null));
    let job = order(&anna, &upload, part.clone()).await;
    assert_eq!((&job["credits"], &job["money"], &job["preview"]), (&json!(0), &json!("none"), &part));
    let leased = shop.service.work().await;
    assert!(matches!(&leased.task, Task::Render { recipe, .. } if recipe.preview.is_some()), "{leased:?}");
    let job = anna.json(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await;
    let days = |job: &Value| {
        let time = |name: &str| job[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        time("delete_at").duration_since(time("finished_at")).as_hours() / 24
    };
    assert_eq!((job["state"].as_str(), days(&job)), (Some("succeeded"), 7));
    assert_eq!(job["artifacts"][0]["delete_at"], job["delete_at"]);
    let loudest = order(&anna, &upload, json!({})).await;
    assert_eq!(loudest["preview"], json!({"start_s": null, "length_s": 30.0}));
    // The master of the same upload costs what it costs.
    assert_eq!(shop.balance(&anna).await, (0, 0));
    let master = json!({"kind": "master", "inputs": [{"upload": upload}]});
    assert_eq!(code(anna.post("/v1/jobs", master.clone()).await, 402).await, "insufficient_credits");
    shop.buy(&anna).await;
    let job: Value = anna.post("/v1/jobs", master).await.json().await.unwrap();
    assert_eq!((&job["money"], &job["preview"]), (&json!("held"), &Value::Null));
    shop.service.work().await;
    shop.service.work().await;
    let job = anna.json(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await;
    assert_eq!((&job["money"], days(&job)), (&json!("captured"), 120));
    assert_eq!(shop.balance(&anna).await, (7, 0));
    shop.must_agree().await;
}

#[tokio::test]
async fn a_part_that_cannot_be_is_told_with_its_value_and_its_bound() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await.to_string();
    for (part, pointer, detail) in [
        (json!({"start_s": 10}), "/preview/start_s", "start_s is 10 s; the song ends at 10.000 s"),
        (
            json!({"length_s": 0}),
            "/preview/length_s",
            "length_s is 0 s; it can be more than 0 and up to 60 s",
        ),
        (json!({"length_s": 61}), "/preview/length_s", "length_s is 61 s; it can be 0 to 60 s"),
        (json!({"start_s": -1}), "/preview/start_s", "start_s is -1 s; it can be 0 to 86400 s"),
    ] {
        for path in ["/v1/jobs", "/v1/quotes"] {
            let answer = anna.post(path, body(&upload, part.clone())).await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {part}");
            let problem: Value = answer.json().await.unwrap();
            let error = &problem["errors"][0];
            assert_eq!(
                (error["pointer"].as_str(), error["detail"].as_str()),
                (Some(pointer), Some(detail)),
                "{path}"
            );
        }
    }
    assert_eq!(anna.json("/v1/jobs").await["data"], json!([]));
}

#[tokio::test]
async fn ten_previews_a_day_are_free_and_the_eleventh_waits_for_tomorrow() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    assert_eq!(anna.json("/v1/capabilities").await["prices"]["previews_per_day"], 10);
    let upload = anna.ready_upload().await.to_string();
    for _ in 0..10 {
        let job = order(&anna, &upload, json!({})).await;
        // Nor does it help to delete what was made.
        anna.ask(reqwest::Method::DELETE, &format!("/v1/jobs/{}", job["id"].as_str().unwrap()))
            .send()
            .await
            .unwrap();
    }
    let answer = anna.post("/v1/jobs", body(&upload, json!({}))).await;
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert_eq!(code(answer, 429).await, "previews_used");
    // The same mailbox under another spelling is another account and no other person.
    let again = shop.service.producer("anna+2").await;
    let second = again.ready_upload().await.to_string();
    assert_eq!(code(again.post("/v1/jobs", body(&second, json!({}))).await, 429).await, "previews_used");
    shop.service.clock.advance(Duration::from_secs(wait));
    order(&anna, &upload, json!({})).await;
}

#[tokio::test]
async fn a_process_without_the_pepper_of_another_makes_no_preview_and_every_master() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await.to_string();
    order(&anna, &upload, json!({})).await;
    std::fs::remove_dir_all(shop.service.folder.path().join("peppers")).unwrap();
    assert_eq!(code(anna.post("/v1/jobs", body(&upload, json!({}))).await, 503).await, "previews_away");
    assert!(!shop.service.folder.path().join("peppers").exists(), "it makes no other");
    shop.buy(&anna).await;
    let master = json!({"kind": "master", "inputs": [{"upload": upload}]});
    assert_eq!(anna.post("/v1/jobs", master).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn where_everything_is_free_previews_are_not_counted() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let upload = anna.ready_upload().await.to_string();
    for _ in 0..12 {
        order(&anna, &upload, json!({"length_s": 5})).await;
    }
    assert!(!service.folder.path().join("peppers").exists());
}
