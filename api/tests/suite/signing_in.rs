//! Signing up and in by mail, and another address.

use std::time::Duration;

use api::Site;
use api::mailing::round;
use domain::account::Email;
use domain::mailing::{Pace, TRIES_MAX, wait_after};
use domain::policy::TERMS;
use fixtures::smtp::{BadDay, MailServer};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{BASE, Service};

const FIREFOX: &str = "Mozilla/5.0 Firefox/149.0";

fn wish(email: &str) -> Value {
    json!({"email": email, "age_confirmed": true, "terms_version": TERMS.version})
}

async fn ask(service: &Service, body: &Value) -> Response {
    service.ask(Method::POST, "/v1/sign-in").json(body).send().await.unwrap()
}

/// Asks for a link and opens it; gives the cookie.
async fn sign_in(service: &Service, email: &str, device: &str) -> String {
    assert_eq!(ask(service, &wish(email)).await.status(), StatusCode::ACCEPTED);
    let token = service.mailed_token().await;
    let answer = open(service, &token, device).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn open(service: &Service, token: &str, device: &str) -> Response {
    let request = service.ask(Method::POST, "/v1/sessions").header("User-Agent", device);
    request.json(&json!({"token": token})).send().await.unwrap()
}

async fn as_browser(
    service: &Service,
    cookie: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let request = service.ask(method, path).header("Cookie", cookie);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn account(service: &Service, cookie: &str) -> Value {
    as_browser(service, cookie, Method::GET, "/v1/account", None).await.1
}

async fn accounts_with(service: &Service, address: &str) -> usize {
    let email = Email::parse(address).unwrap();
    service.store.account_by_email(&email).await.unwrap().into_iter().count()
}

/// What clients can tell answers apart by.
async fn visible(answer: Response) -> (StatusCode, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status(), headers, answer.text().await.unwrap())
}

#[tokio::test]
async fn mr_3b_an_address_is_all_it_takes_and_the_account_is_made_when_the_link_is_opened() {
    let service = Service::start().await;
    assert_eq!(ask(&service, &wish("Anna@Example.org")).await.status(), StatusCode::ACCEPTED);
    let token = service.mailed_token().await;
    assert_eq!(accounts_with(&service, "anna@example.org").await, 0, "a stranger's address is no account");
    let mail = service.mails().await.remove(0);
    assert!(
        mail.contains("To: anna@example.org") && mail.contains(&format!("\n{BASE}/sign-in#{token}\n")),
        "{mail}"
    );

    let answer = open(&service, &token, FIREFOX).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let anna = account(&service, &cookie).await;
    assert_eq!((&anna["email"], &anna["roles"]), (&json!("anna@example.org"), &json!(["producer"])));
    assert_eq!(open(&service, &token, FIREFOX).await.status(), StatusCode::UNAUTHORIZED, "once");
    let again = sign_in(&service, "anna@example.org", FIREFOX).await;
    assert_eq!(account(&service, &again).await["id"], anna["id"], "the same account");
    let ben = sign_in(&service, "ben@example.org", FIREFOX).await;
    let ids = [
        anna["id"].as_str().unwrap().to_owned(),
        account(&service, &ben).await["id"].as_str().unwrap().to_owned(),
    ];
    assert!(ids.iter().all(|id| id.starts_with("acc_") && id.len() == 30), "{ids:?}");
    let alike = ids[0].bytes().zip(ids[1].bytes()).filter(|(a, b)| a == b).count();
    assert!(alike < 16, "ids of two accounts that were made one after the other are not alike: {ids:?}");
}

#[tokio::test]
async fn mr_3b_nothing_but_the_address_can_be_given() {
    let service = Service::start().await;
    for extra in ["name", "password", "birth_date", "phone"] {
        let mut body = wish("anna@example.org");
        body[extra] = json!("2001-02-03");
        let answer = ask(&service, &body).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{extra}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{extra}"));
        assert_eq!(problem["errors"][0]["code"], "unknown_field");
    }
    for email in
        ["anna", "anna@example.org\r\nBcc: all@example.org", "a@b@c", "owner@localhost", &"a".repeat(321)]
    {
        let answer = ask(&service, &wish(email)).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{email}");
    }
    assert_eq!(service.mails().await, Vec::<String>::new());
}

#[tokio::test]
async fn mc_2_without_the_tick_or_with_another_text_nobody_signs_up() {
    let service = Service::start().await;
    let told: Value = service.ask(Method::GET, "/v1/policies").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&told["data"][0]["id"], &told["data"][0]["version"]),
        (&json!("terms"), &json!(TERMS.version))
    );
    for (change, value) in [
        ("age_confirmed", json!(false)),
        ("age_confirmed", Value::Null),
        ("age_confirmed", json!("true")),
        ("age_confirmed", json!(1)),
        ("terms_version", json!("2020-01-01")),
        ("terms_version", Value::Null),
    ] {
        let mut body = wish("anna@example.org");
        body[change] = value.clone();
        let answer = ask(&service, &body).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{change}: {value}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["pointer"], format!("/{change}"), "{problem}");
    }
    assert_eq!(service.mails().await, Vec::<String>::new());
    let cookie = sign_in(&service, "anna@example.org", FIREFOX).await;
    let anna = account(&service, &cookie).await;
    assert_eq!((&anna["age_confirmed"], &anna["terms_version"]), (&json!(true), &json!(TERMS.version)));
    let names: Vec<_> = anna.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["age_confirmed", "created_at", "email", "id", "payer_terms_version", "roles", "terms_version"],
        "no birth date"
    );
}

#[tokio::test]
async fn mr_3b_the_answer_is_the_same_for_a_known_a_new_and_a_pestered_address() {
    let service = Service::start().await;
    sign_in(&service, "anna@example.org", FIREFOX).await;
    let known = visible(ask(&service, &wish("anna@example.org")).await).await;
    let new = visible(ask(&service, &wish("nobody@example.org")).await).await;
    assert_eq!(known, new);
    assert_eq!(known.0, StatusCode::ACCEPTED);
    let (mails, alike) = (service.mails().await, |mail: &String| mail.lines().count());
    assert_eq!(alike(&mails[1]), alike(&mails[2]), "the mails say the same");
    for _ in 0..Pace::PER_ADDRESS.count {
        let pestered = visible(ask(&service, &wish("nobody@example.org")).await).await;
        assert_eq!(pestered, new);
    }
    assert_eq!(service.mails().await.len(), 2 + Pace::PER_ADDRESS.count, "the sixth was not sent");
}

#[tokio::test]
async fn mr_3b_a_network_that_asks_too_often_is_told_when_to_come_back() {
    let service = Service::start().await;
    for number in 0..Pace::PER_NETWORK.count {
        assert_eq!(
            ask(&service, &wish(&format!("guest{number}@example.org"))).await.status(),
            StatusCode::ACCEPTED
        );
    }
    service.clock.advance(Duration::from_secs(600));
    let answer = ask(&service, &wish("anna@example.org")).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "3000");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "too_many_mails");
    service.clock.advance(Duration::from_secs(3000));
    assert_eq!(ask(&service, &wish("anna@example.org")).await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn mr_3b_behind_a_proxy_it_is_the_callers_network_that_counts() {
    let site = Site::Public { origin: "https://mix.example".to_owned() };
    let service = Service::start_mailing(site, &MailServer::start()).await;
    let ask_from = async |network: &str, number: usize| {
        let request = service.ask(Method::POST, "/v1/sign-in").header("X-Forwarded-For", network);
        request.json(&wish(&format!("guest{number}@example.org"))).send().await.unwrap().status()
    };
    for number in 0..Pace::PER_NETWORK.count {
        // What comes before the last address is the caller's own word, and changes nothing.
        assert_eq!(ask_from(&format!("10.0.0.{number}, 198.51.100.1"), number).await, StatusCode::ACCEPTED);
    }
    assert_eq!(ask_from("198.51.100.1", 50).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask_from("198.51.100.2", 51).await, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn mr_3b_a_link_that_another_sites_page_sends_or_that_is_late_opens_nothing() {
    let service = Service::start().await;
    ask(&service, &wish("anna@example.org")).await;
    let token = service.mailed_token().await;
    let forged = service.ask(Method::POST, "/v1/sessions").header("Sec-Fetch-Site", "cross-site");
    let forged = forged.json(&json!({"token": token})).send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    service.clock.advance(Duration::from_secs(600));
    assert_eq!(open(&service, &token, FIREFOX).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(accounts_with(&service, "anna@example.org").await, 0);
}

#[tokio::test]
async fn mc_17_a_browser_that_was_not_there_is_told_of_by_mail() {
    let service = Service::start().await;
    for device in [FIREFOX, FIREFOX] {
        sign_in(&service, "anna@example.org", device).await;
    }
    assert_eq!(service.mails().await.len(), 2, "two links, and no news");
    let chromium =
        sign_in(&service, "anna@example.org", "Mozilla/5.0 (X11; Linux x86_64) Chrome/155 <b>").await;
    let mails = service.mails().await;
    assert_eq!(mails.len(), 4);
    let notice = mails.last().unwrap();
    assert!(
        notice.contains("Subject: A new browser signed in") && notice.contains("\nChrome on Linux\n"),
        "{notice}"
    );
    assert!(!notice.contains("155") && !notice.contains("#mx"), "no more of it is kept: {notice}");
    let (_, list) = as_browser(&service, &chromium, Method::GET, "/v1/sessions", None).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn mr_13b_an_account_gets_another_address_when_the_new_one_proves_itself_and_the_old_one_hears_of_it() {
    let service = Service::start().await;
    let anna = sign_in(&service, "anna@example.org", FIREFOX).await;
    let correct = async |cookie: &str, body: Value| {
        as_browser(&service, cookie, Method::PATCH, "/v1/account", Some(body)).await
    };
    let (status, told) = correct(&anna, json!({"email": "ada@example.org"})).await;
    assert_eq!(
        (status, &told["email"]),
        (StatusCode::ACCEPTED, &json!("anna@example.org")),
        "nothing changed yet"
    );
    let token = service.mailed_token().await;
    let mail = service.mails().await.pop().unwrap();
    assert!(
        mail.contains("To: ada@example.org") && mail.contains(&format!("{BASE}/account#{token}")),
        "{mail}"
    );
    assert_eq!(
        open(&service, &token, FIREFOX).await.status(),
        StatusCode::UNAUTHORIZED,
        "it signs nobody in"
    );

    let ben = sign_in(&service, "ben@example.org", FIREFOX).await;
    let (status, problem) = correct(&ben, json!({"token": token})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("address_link_spent")), "not his");
    let (status, told) = correct(&anna, json!({"token": token})).await;
    assert_eq!((status, &told["email"]), (StatusCode::OK, &json!("ada@example.org")));
    let notice = service.mails().await.pop().unwrap();
    assert!(notice.contains("To: anna@example.org") && notice.contains("has another address"), "{notice}");
    assert!(
        !notice.contains("ada@example.org"),
        "the old address learns that it is not this one any more: {notice}"
    );
    assert_eq!(correct(&anna, json!({"token": token})).await.0, StatusCode::CONFLICT, "once");
    let id = account(&service, &anna).await["id"].clone();
    let again = sign_in(&service, "ada@example.org", FIREFOX).await;
    assert_eq!(account(&service, &again).await["id"], id);

    let taken = correct(&ben, json!({"email": "ada@example.org"})).await;
    assert_eq!(taken.0, StatusCode::ACCEPTED, "who has an account is not told to whoever asks");
    let token = service.mailed_token().await;
    let (status, problem) = correct(&ben, json!({"token": token})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("address_in_use")),
        "who reads it may know"
    );
}

#[tokio::test]
async fn mr_13b_a_correction_that_says_too_much_or_nothing_is_refused() {
    let service = Service::start().await;
    let anna = sign_in(&service, "anna@example.org", FIREFOX).await;
    for (body, pointer) in [
        (json!({}), "/email"),
        (json!({"email": "anna@example.org"}), "/email"),
        (json!({"email": "ada"}), "/email"),
        (json!({"email": "ada@example.org", "token": "mxa_"}), "/token"),
        (json!({"roles": ["operator"]}), "/email"),
    ] {
        let (status, problem) = as_browser(&service, &anna, Method::PATCH, "/v1/account", Some(body)).await;
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(pointer))
        );
    }
    let owner = service.operator().await;
    let answer = owner
        .ask(Method::PATCH, "/v1/account")
        .json(&json!({"email": "ada@example.org"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "local_owner");
}

#[tokio::test]
async fn a_mail_server_on_its_bad_days_gets_each_mail_in_the_end_and_none_for_ever() {
    let server = MailServer::start();
    let service = Service::start_mailing(Site::Loopback, &server).await;
    server.expects(&[BadDay::IsBusy, BadDay::DropsAfterData]);
    assert_eq!(ask(&service, &wish("anna@example.org")).await.status(), StatusCode::ACCEPTED);
    for tries in 1..=2 {
        assert_eq!(round(&service.mailing).await.unwrap(), 1);
        assert_eq!(round(&service.mailing).await.unwrap(), 0, "it waits");
        service.clock.advance(wait_after(tries));
    }
    assert_eq!(round(&service.mailing).await.unwrap(), 1);
    assert_eq!(round(&service.mailing).await.unwrap(), 0, "it is gone");
    let got = server.received();
    assert_eq!(got.len(), 2, "one that was taken without a word, one with");
    assert_eq!(got[0].header("message-id"), got[1].header("message-id"));
    assert_eq!(got[0].to, ["anna@example.org"]);
    let token = got[1].token().unwrap();
    assert_eq!(open(&service, &token, FIREFOX).await.status(), StatusCode::CREATED);

    server.expects(&[BadDay::Refuses]);
    ask(&service, &wish("nobody@example.org")).await;
    assert_eq!(round(&service.mailing).await.unwrap(), 1);
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(round(&service.mailing).await.unwrap(), 0, "a mailbox that is not there is not tried again");
    server.expects(&[BadDay::IsBusy; TRIES_MAX as usize]);
    ask(&service, &wish("eva@example.org")).await;
    let mut tries = 0;
    for _ in 0..TRIES_MAX {
        tries += round(&service.mailing).await.unwrap();
        service.clock.advance(Duration::from_secs(135));
    }
    assert_eq!(tries, 5, "a link that does not work any more is not sent");
}

#[tokio::test]
async fn a_request_does_not_wait_for_the_mail_server_and_two_senders_send_once() {
    let server = MailServer::start();
    let service = Service::start_mailing(Site::Loopback, &server).await;
    server.expects(&[BadDay::Hesitates]);
    assert_eq!(ask(&service, &wish("anna@example.org")).await.status(), StatusCode::ACCEPTED);
    let sending = tokio::spawn({
        let mailing = service.mailing.clone();
        async move { round(&mailing).await.unwrap() }
    });
    crate::harness::eventually("the server has it", async || server.received().len() == 1).await;
    assert_eq!(ask(&service, &wish("ben@example.org")).await.status(), StatusCode::ACCEPTED, "nobody waits");
    assert_eq!(round(&service.mailing).await.unwrap(), 1, "another sender has the second one alone");
    server.release();
    assert_eq!(sending.await.unwrap(), 1);
    let to: Vec<_> = server.received().iter().map(|mail| mail.to[0].clone()).collect();
    assert_eq!(to, ["anna@example.org", "ben@example.org"]);
}

#[tokio::test]
async fn neither_address_nor_token_lies_in_the_database_before_the_link_is_opened() {
    let service = Service::start().await;
    let bytes = || {
        let files = service.folder.path().read_dir().unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect::<Vec<u8>>()
    };
    let holds = |text: &str| bytes().windows(text.len()).any(|window| window == text.as_bytes());
    ask(&service, &wish("canary.before@example.org")).await;
    assert!(holds(TERMS.version), "the case is real: this is where it would be found");
    assert!(!holds("canary.before"), "in the outbox and behind the link");
    let token = service.mailed_token().await;
    assert!(!holds(&token) && !holds(token.strip_prefix("mxl_").unwrap()));
    assert_eq!(open(&service, &token, FIREFOX).await.status(), StatusCode::CREATED);
}
