//! A song that is paid for: the whole program beside a stand-in for Stripe.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use fixtures::stripe::{SECRET_KEY, Stripe, WEBHOOK_SECRET, sign};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::producer::Producer;
use crate::harness::{Service, mixrunners, song};

#[expect(clippy::disallowed_methods, reason = "the program under test has the machine's clock")]
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

async fn post(anna: &Producer, path: &str, body: Value) -> (StatusCode, Value) {
    let request = anna.http.post(anna.url(path)).bearer_auth(&anna.secret).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

fn billing(data: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = mixrunners(&["billing"]);
    command.args(arguments).arg("--data").arg(data).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_4b_credits_are_bought_at_stripe_spent_by_a_song_and_agree_to_the_last() {
    let stripe = Stripe::start(now()).await;
    let environment = [
        ("STRIPE_SECRET_KEY", SECRET_KEY),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("STRIPE_API_BASE", stripe.base.as_str()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (wav, data) = (folder.path().join("song.wav"), folder.path().join("data"));
    song::wav24(&wav, 4.0);
    let service = Service::start_with(&data, &environment);
    let anna = Producer::with_key(&service, &data);
    let upload = anna.upload("song.wav", &fs::read(&wav).unwrap()).await;
    anna.checked(&upload).await;
    let order = json!({"kind": "master", "inputs": [{"upload": upload}]});
    let (status, quote) = post(&anna, "/v1/quotes", order.clone()).await;
    assert_eq!((status, &quote["credits"]), (StatusCode::OK, &json!(3)));
    let (status, problem) = post(&anna, "/v1/jobs", order.clone()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYMENT_REQUIRED, &json!("insufficient_credits")));

    let (status, checkout) =
        post(&anna, "/v1/checkouts", json!({"pack": "small", "may_pay_confirmed": true})).await;
    assert_eq!(status, StatusCode::CREATED, "{checkout}");
    stripe.pay(&stripe.sessions()[0]);
    for told in stripe.mail() {
        let body = told.body.to_string();
        let signature = sign(WEBHOOK_SECRET, body.as_bytes(), now());
        let request = anna.http.post(anna.url("/v1/stripe/events")).header("Stripe-Signature", signature);
        assert_eq!(request.body(body).send().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(anna.get_json("/v1/credits").await["available"], 10);
    let (status, job) = post(&anna, "/v1/jobs", order).await;
    assert_eq!((status, &job["money"], &job["credits"]), (StatusCode::CREATED, &json!("held"), &json!(3)));
    let job = anna.finished(&job).await;
    assert_eq!((&job["state"], &job["money"]), (&json!("succeeded"), &json!("captured")), "{job}");
    let credits = anna.get_json("/v1/credits").await;
    assert_eq!((&credits["available"], &credits["held"]), (&json!(7), &json!(0)));

    let agreed = billing(&data, &environment, &["reconcile"]);
    assert_eq!((agreed.status.code(), words(&agreed).as_str()), (Some(0), "0 differences\n"));
    stripe.refund(&stripe.sessions()[0], 90);
    let told = billing(&data, &environment, &["reconcile", "--merge"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(words(&told).contains("0 repaid here and 90 at Stripe"), "{}", words(&told));
    assert_eq!(anna.get_json("/v1/credits").await["available"], 6);
    for expected in ["Given: 5 credits", "Nothing given"] {
        let given = billing(
            &data,
            &[],
            &["grant", "--email", "anna@example.org", "--credits", "5", "--key", "sorry"],
        );
        assert!(words(&given).contains(expected), "{}", words(&given));
    }
    let back = billing(&data, &[], &["refund", job["id"].as_str().unwrap()]);
    assert!(words(&back).contains("Given back: 3 credits"), "{}", words(&back));
    assert_eq!(anna.get_json("/v1/credits").await["available"], 6 + 5 + 3);
    assert_eq!(billing(&data, &environment, &["reconcile"]).status.code(), Some(0));
}

#[test]
fn settings_that_cannot_take_money_are_refused_before_anybody_pays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixrunners.toml");
    fs::write(&file, "[prices]\nmaster = { credits_per_minute = -1, minutes_min = 3 }\n").unwrap();
    let serve = |environment: &[(&str, &str)]| {
        let mut command = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        let output = command.arg(folder.path().join("data")).envs(environment.iter().copied()).output();
        output.expect("the program starts and ends")
    };
    for (environment, told) in [
        (vec![("STRIPE_SECRET_KEY", "sk_test_1")], "STRIPE_WEBHOOK_SECRET is not"),
        (vec![("STRIPE_SECRET_KEY", "pk_test_1"), ("STRIPE_WEBHOOK_SECRET", "whsec_1")], "sk_test_"),
        (vec![("MIXRUNNERS_CONFIG", file.to_str().unwrap())], "mixrunners.toml"),
    ] {
        let output = serve(&environment);
        assert_eq!(output.status.code(), Some(2), "{environment:?}: {}", words(&output));
        assert!(words(&output).contains(told), "{}", words(&output));
        assert!(!words(&output).contains("pk_test_1"), "a key is never printed");
    }
}
