//! Whoever has results that go is mailed before, and finds the day afterwards.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::notice::{FIRST_NOTICE, LAST_NOTICE};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{BASE, Service};

const MOMENT: Duration = Duration::from_micros(1);

#[tokio::test]
async fn mr_7g_two_mails_tell_of_a_deletion_before_and_then_the_answer_is_410_with_its_day() {
    let service = Service::start().await;
    let anna = service.producer("anna").await;
    let job = anna.mastered().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let told: String = job["delete_at"].as_str().unwrap().to_owned();
    let goes = Timestamp::try_from(told.clone()).unwrap();
    // Another's result, of somebody whom no mail reaches.
    service.operator().await.mastered().await;

    let minute = format!("{} {} UTC", &told[..10], &told[11..16]);
    for (mails_before, notice) in [(0, FIRST_NOTICE), (1, LAST_NOTICE)] {
        let wait = (goes - notice - MOMENT).since(service.now());
        service.clock.advance(wait);
        assert_eq!(service.mails().await.len(), mails_before, "a moment too early");
        service.clock.advance(MOMENT);
        assert_eq!(service.mails().await.len(), mails_before + 1);
        let mails = service.mails().await;
        assert_eq!(mails.len(), mails_before + 1, "once");
        let mail = mails.last().unwrap();
        assert!(mail.contains("To: anna@example.org"), "{mail}");
        assert!(mail.contains(&format!("One of your results will be deleted at {minute}.")), "{mail}");
        assert!(mail.contains(&format!("\n{BASE}/\n")), "{mail}");
        assert!(!mail.contains(job["title"].as_str().unwrap()), "a mailbox keeps no title for us: {mail}");
        assert_eq!(anna.get(&path).await.status(), StatusCode::OK);
    }
    let wait = goes.since(service.now());
    service.clock.advance(wait);
    assert_eq!(service.mails().await.len(), 2);
    let answer = anna.get(&path).await;
    assert_eq!(answer.status(), StatusCode::GONE);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["deleted_at"]), (&json!("gone_retention"), &json!(told)));
}
