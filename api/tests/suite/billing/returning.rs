//! What is bought and not used goes back; what a bank takes back freezes what is left.

use std::time::Duration;

use fixtures::stripe::Fault;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::shop::{Shop, code};
use crate::harness::Person;

const MINUTE: Duration = Duration::from_secs(60);

async fn withdraw(person: &Person<'_>, order: &str) -> Response {
    person.post(&format!("/v1/orders/{order}/withdrawal"), json!({})).await
}

#[tokio::test]
async fn an_order_of_which_nothing_was_used_goes_back_once() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let order = shop.buy(&anna).await;
    for _ in 0..2 {
        let answer = withdraw(&anna, &order).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let told: Value = answer.json().await.unwrap();
        assert_eq!((&told["state"], &told["refunded_minor"]), (&json!("refunded"), &json!(900)));
        assert_eq!(shop.balance(&anna).await, (0, 0));
    }
    shop.stripe.decide_refund("succeeded");
    shop.deliver_all().await;
    shop.round_after(MINUTE).await;
    assert_eq!(shop.stripe.totals(), (1, 900), "sent back once");
    assert_eq!(shop.state(&anna, &order).await, "refunded");
    shop.must_agree().await;
}

#[tokio::test]
async fn a_repayment_whose_answer_is_lost_is_made_once() {
    for fault in [Fault::DoneButAnswered500, Fault::DoneButCut, Fault::NotDone] {
        let shop = Shop::open().await;
        let anna = shop.service.producer("anna").await;
        let order = shop.buy(&anna).await;
        shop.stripe.have_a_bad_day(fault);
        let answer = withdraw(&anna, &order).await;
        assert_eq!(answer.status(), StatusCode::OK, "{fault:?}: the wish is kept");
        assert_eq!(shop.balance(&anna).await, (0, 0), "{fault:?}");
        for _ in 0..3 {
            shop.round_after(MINUTE).await;
        }
        assert_eq!(shop.stripe.totals(), (1, 900), "{fault:?}");
        assert_eq!(shop.state(&anna, &order).await, "refunded", "{fault:?}");
        shop.must_agree().await;
    }
}

#[tokio::test]
async fn a_repayment_that_a_bank_sends_back_leaves_the_credits() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let order = shop.buy(&anna).await;
    withdraw(&anna, &order).await;
    shop.stripe.decide_refund("failed");
    shop.deliver_all().await;
    assert_eq!((shop.state(&anna, &order).await.as_str(), shop.balance(&anna).await), ("paid", (10, 0)));
    assert_eq!(code(withdraw(&anna, &order).await, 409).await, "refund_refused");
    let invoices = anna.json("/v1/invoices").await;
    let kinds: Vec<_> = invoices["data"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds, ["correction", "credit_note", "invoice"]);
    shop.must_agree().await;
}

#[tokio::test]
async fn what_was_used_cannot_be_given_back_and_what_was_given_back_cannot_be_used() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let order = shop.buy(&anna).await;
    let job = anna.order_of(&upload).await;
    let answer = withdraw(&anna, &order).await;
    assert_eq!(code(answer, 409).await, "credits_spent");
    assert_eq!(anna.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await.status(), StatusCode::OK);
    assert_eq!(withdraw(&anna, &order).await.status(), StatusCode::OK);
    let body = json!({"kind": "master", "inputs": [{"upload": upload}]});
    assert_eq!(code(anna.post("/v1/jobs", body).await, 402).await, "insufficient_credits");
    let unpaid = shop.begin(&anna).await;
    assert_eq!(code(withdraw(&anna, &unpaid).await, 409).await, "nothing_to_return");
}

#[tokio::test]
async fn a_dispute_stops_spending_and_buying_until_it_is_decided() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let order = shop.buy(&anna).await;
    let session = shop.session();
    let body = json!({"kind": "master", "inputs": [{"upload": upload}]});
    shop.stripe.dispute(&session, "warning_needs_response");
    shop.deliver_all().await;
    assert_eq!(
        anna.post("/v1/jobs", body.clone()).await.status(),
        StatusCode::CREATED,
        "a question stops nothing"
    );
    shop.stripe.decide_dispute("needs_response");
    shop.deliver_all().await;
    assert_eq!(anna.json("/v1/credits").await["restricted"], true);
    assert_eq!(anna.json(&format!("/v1/orders/{order}")).await["disputed"], true);
    assert_eq!(code(anna.post("/v1/jobs", body.clone()).await, 423).await, "account_restricted");
    assert_eq!(
        code(anna.post("/v1/checkouts", json!({"pack": "small", "may_pay_confirmed": true})).await, 423)
            .await,
        "account_restricted"
    );
    assert_eq!(code(withdraw(&anna, &order).await, 423).await, "account_restricted");
    shop.service.work().await;
    shop.stripe.decide_dispute("won");
    shop.deliver_all().await;
    assert_eq!(shop.balance(&anna).await, (7, 0), "what was ordered before was made, and nothing was taken");
    assert_eq!(anna.post("/v1/jobs", body).await.status(), StatusCode::CREATED);
    shop.must_agree().await;
}

#[tokio::test]
async fn a_lost_dispute_takes_its_credits_and_leaves_what_was_made() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let upload = anna.ready_upload().await;
    let order = shop.buy(&anna).await;
    let job = anna.order_of(&upload).await;
    shop.service.work().await;
    shop.stripe.dispute(&shop.session(), "needs_response");
    shop.stripe.decide_dispute("lost");
    shop.deliver_all().await;
    assert_eq!(shop.balance(&anna).await, (-3, 0), "what was spent is owed");
    assert_eq!(shop.state(&anna, &order).await, "refunded");
    assert_eq!(anna.json(&format!("/v1/jobs/{job}")).await["artifacts"].as_array().unwrap().len(), 3);
    shop.must_agree().await;
}
