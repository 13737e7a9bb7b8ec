//! A service that takes money, and the stand-in for whom it takes it from.

use std::time::Duration;

use api::payments::{self, Payments, Terms};
use api::{Limits, Site};
use domain::money::PriceList;
use fixtures::stripe::{SECRET_KEY, Stripe, Told, WEBHOOK_SECRET, sign};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, START, Service};

pub struct Shop {
    pub service: Service,
    pub stripe: Stripe,
}

impl Shop {
    pub async fn open() -> Self {
        let stripe = Stripe::start(START.micros() / 1_000_000).await;
        let client = billing::Stripe::new(SECRET_KEY, Some(&stripe.base)).unwrap();
        let base = "https://mix.example".to_owned();
        let webhook_secret = WEBHOOK_SECRET.to_owned();
        let terms = Terms { stripe: client, webhook_secret, prices: PriceList::default(), base };
        let service = Service::start_selling(Limits::default(), Site::Loopback, Some(terms)).await;
        Self { service, stripe }
    }

    pub fn payments(&self) -> &Payments {
        self.service.payments.as_ref().expect("it takes money")
    }

    /// What goes on by itself, so much later.
    pub async fn round_after(&self, wait: Duration) {
        self.service.clock.advance(wait);
        payments::round(self.payments()).await.unwrap();
    }

    /// Delivers an event, signed now.
    pub async fn deliver(&self, told: &Told) -> StatusCode {
        let body = told.body.to_string();
        let at = self.service.now().micros() / 1_000_000;
        self.post_event(&sign(WEBHOOK_SECRET, body.as_bytes(), at), body).await.status()
    }

    pub async fn post_event(&self, signature: &str, body: String) -> Response {
        let request =
            self.service.ask(Method::POST, "/v1/stripe/events").header("Stripe-Signature", signature);
        request.header("Content-Type", "application/json").body(body).send().await.unwrap()
    }

    /// Delivers everything that was told, once and in order.
    pub async fn deliver_all(&self) {
        for told in self.stripe.mail() {
            assert_eq!(self.deliver(&told).await, StatusCode::OK, "{}", told.kind);
        }
    }

    /// The last checkout that was opened.
    pub fn session(&self) -> String {
        self.stripe.sessions().pop().expect("a checkout was opened")
    }

    /// Buys the small pack: 10 credits for 9 euros. Gives the order's id.
    pub async fn buy(&self, person: &Person<'_>) -> String {
        let order = self.begin(person).await;
        self.stripe.pay(&self.session());
        self.deliver_all().await;
        order
    }

    /// Opens a checkout; gives the order's id.
    pub async fn begin(&self, person: &Person<'_>) -> String {
        let answer = person.post("/v1/checkouts", json!({"pack": "small", "may_pay_confirmed": true})).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let checkout: Value = answer.json().await.unwrap();
        checkout["id"].as_str().unwrap().to_owned()
    }

    pub async fn balance(&self, person: &Person<'_>) -> (i64, i64) {
        let credits = person.json("/v1/credits").await;
        (credits["available"].as_i64().unwrap(), credits["held"].as_i64().unwrap())
    }

    pub async fn state(&self, person: &Person<'_>, order: &str) -> String {
        let order = person.json(&format!("/v1/orders/{order}")).await;
        order["state"].as_str().unwrap().to_owned()
    }

    /// Nothing may disagree, wherever the test has come to.
    pub async fn must_agree(&self) {
        let payments = self.payments();
        let differences =
            payments::reconcile(payments, START - Duration::from_secs(3600), payments::Repair::No).await;
        assert_eq!(differences.unwrap(), []);
    }
}

pub async fn code(answer: Response, status: u16) -> String {
    assert_eq!(answer.status().as_u16(), status);
    let problem: Value = answer.json().await.unwrap();
    problem["code"].as_str().unwrap().to_owned()
}
