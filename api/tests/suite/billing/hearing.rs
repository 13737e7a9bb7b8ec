//! What Stripe tells, and what only says that it is Stripe.

use std::time::Duration;

use fixtures::stripe::{WEBHOOK_SECRET, sign};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::shop::{Shop, code};

const NOW: i64 = 1_800_000_000;

#[tokio::test]
async fn events_come_twice_late_and_in_any_order_and_count_once() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let order = shop.begin(&anna).await;
    let session = shop.session();
    shop.stripe.pay(&session);
    shop.stripe.refund(&session, 450);
    shop.stripe.decide_refund("succeeded");
    let mut mail = shop.stripe.mail();
    assert!(mail.len() == 3, "the case must be real: {mail:?}");
    mail.reverse();
    for told in mail.iter().chain(&mail).chain(mail.iter().rev()) {
        assert_eq!(shop.deliver(told).await, StatusCode::OK, "{}", told.kind);
        assert_eq!(shop.balance(&anna).await, (5, 0), "what is so at Stripe counts, not what is told first");
    }
    assert_eq!(shop.state(&anna, &order).await, "partly_refunded");
    let kinds: Vec<Value> = anna.json("/v1/invoices").await["data"].as_array().unwrap().clone();
    assert_eq!(kinds.iter().map(|row| &row["kind"]).collect::<Vec<_>>(), ["credit_note", "invoice"]);
    shop.must_agree().await;
}

#[tokio::test]
async fn of_twenty_deliveries_at_once_one_counts() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    shop.begin(&anna).await;
    shop.stripe.pay(&shop.session());
    let told = shop.stripe.mail().remove(0);
    let deliveries = futures_util::future::join_all((0..20).map(|_| shop.deliver(&told))).await;
    assert!(deliveries.iter().all(|status| *status == StatusCode::OK), "{deliveries:?}");
    assert_eq!(shop.balance(&anna).await, (10, 0));
    assert_eq!(anna.json("/v1/credits").await["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_stripe_did_not_sign_lately_does_nothing() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    shop.begin(&anna).await;
    shop.stripe.pay(&shop.session());
    let body = shop.stripe.mail().remove(0).body.to_string();
    let good = sign(WEBHOOK_SECRET, body.as_bytes(), NOW);
    let (t, v1) = good.split_once(',').unwrap();
    for (signature, told) in [
        (String::new(), "signature_invalid"),
        (t.to_owned(), "signature_invalid"),
        (format!("{t},v1=nothex"), "signature_invalid"),
        (format!("{t},v0={}", &v1[3..]), "signature_invalid"),
        (sign("whsec_other", body.as_bytes(), NOW), "signature_invalid"),
        (sign(WEBHOOK_SECRET, format!("{body} ").as_bytes(), NOW), "signature_invalid"),
        (sign(WEBHOOK_SECRET, body.as_bytes(), NOW - 301), "signature_stale"),
        (sign(WEBHOOK_SECRET, body.as_bytes(), NOW + 301), "signature_stale"),
    ] {
        assert_eq!(code(shop.post_event(&signature, body.clone()).await, 400).await, told, "{signature}");
    }
    assert_eq!(code(anna.post("/v1/stripe/events", json!({})).await, 400).await, "signature_invalid");
    let large = "x".repeat(256 * 1024 + 1);
    let signed = sign(WEBHOOK_SECRET, large.as_bytes(), NOW);
    assert_eq!(code(shop.post_event(&signed, large).await, 413).await, "body_too_large");
    let garbage = sign(WEBHOOK_SECRET, b"[]", NOW);
    assert_eq!(code(shop.post_event(&garbage, "[]".to_owned()).await, 400).await, "malformed_json");
    assert_eq!(shop.balance(&anna).await, (0, 0));
    let rotated = format!("{t},v1={},{v1}", "0".repeat(64));
    assert_eq!(shop.post_event(&rotated, body).await.status(), StatusCode::OK, "one of two secrets fits");
    assert_eq!(shop.balance(&anna).await, (10, 0));
}

#[tokio::test]
async fn an_event_of_the_other_mode_is_refused() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    shop.begin(&anna).await;
    shop.stripe.go_live();
    shop.stripe.pay(&shop.session());
    let body = shop.stripe.mail().remove(0).body.to_string();
    let answer = shop.post_event(&sign(WEBHOOK_SECRET, body.as_bytes(), NOW), body).await;
    assert_eq!(code(answer, 400).await, "wrong_mode");
    assert_eq!(shop.balance(&anna).await, (0, 0));
}

#[tokio::test]
async fn what_is_not_followed_or_not_known_is_taken_and_does_nothing() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    for (id, kind, object) in [
        ("evt_a", "customer.created", json!({"id": "cus_1"})),
        ("evt_b", "checkout.session.completed", json!({"id": "cs_test_unknown"})),
        ("evt_c", "charge.refunded", json!({"id": "ch_1", "payment_intent": "pi_unknown"})),
        ("evt_d", "refund.updated", json!({"id": "re_1", "payment_intent": null})),
        ("evt_e", "something.new", json!({})),
    ] {
        let event =
            json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}});
        let body = event.to_string();
        let answer = shop.post_event(&sign(WEBHOOK_SECRET, body.as_bytes(), NOW), body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        let known = shop.service.store.known_event(id).await.unwrap().unwrap();
        assert_eq!(known.is_parked, ["evt_b", "evt_c", "evt_d"].contains(&id), "{id}");
    }
    assert_eq!(shop.balance(&anna).await, (0, 0));
}

#[tokio::test]
async fn an_event_that_comes_while_stripe_is_away_is_told_again_and_then_counts() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    shop.begin(&anna).await;
    shop.stripe.pay(&shop.session());
    let told = shop.stripe.mail().remove(0);
    shop.stripe.have_a_bad_day(fixtures::stripe::Fault::NotDone);
    assert_eq!(shop.deliver(&told).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(shop.service.store.known_event(&told.id).await.unwrap(), None, "it is not noted as done");
    assert_eq!(shop.deliver(&told).await, StatusCode::OK);
    assert_eq!(shop.balance(&anna).await, (10, 0));
}

#[tokio::test]
async fn another_amount_than_was_asked_for_buys_nothing() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let order = shop.begin(&anna).await;
    shop.stripe.pay_another_amount(&shop.session(), 90);
    shop.deliver_all().await;
    assert_eq!(shop.state(&anna, &order).await, "payment_mismatch");
    assert_eq!(shop.balance(&anna).await, (0, 0));
    let withdrawal = anna.post(&format!("/v1/orders/{order}/withdrawal"), json!({})).await;
    assert_eq!(code(withdrawal, 409).await, "nothing_to_return");
}

#[tokio::test]
async fn reconciling_finds_what_no_event_told_and_merges_it_when_asked() {
    let shop = Shop::open().await;
    let anna = shop.service.producer("anna").await;
    let order = shop.buy(&anna).await;
    shop.stripe.refund(&shop.session(), 900);
    drop(shop.stripe.mail());
    let since = shop.service.now() - Duration::from_secs(3600);
    let reconcile = async |repair| api::payments::reconcile(shop.payments(), since, repair).await.unwrap();
    for repair in [api::payments::Repair::No, api::payments::Repair::Merge] {
        let told: Vec<String> = reconcile(repair).await.iter().map(ToString::to_string).collect();
        assert_eq!(told, [format!("{order}: 0 repaid here and 900 at Stripe")]);
    }
    assert_eq!(reconcile(api::payments::Repair::No).await, []);
    assert_eq!((shop.state(&anna, &order).await.as_str(), shop.balance(&anna).await), ("refunded", (0, 0)));
}
