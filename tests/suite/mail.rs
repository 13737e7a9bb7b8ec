//! The whole program and a mail server: signing up from the command line's point of view.

use std::time::Duration;

use fixtures::smtp::{BadDay, MailServer};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Service, mixrunners};

fn wish(email: &str) -> Value {
    json!({"email": email, "age_confirmed": true, "terms_version": domain::policy::TERMS.version})
}

#[tokio::test(flavor = "multi_thread")]
async fn mr_3b_a_link_goes_out_by_the_mail_server_and_signs_its_reader_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = MailServer::start();
    server.expects(&[BadDay::DropsAfterData]);
    let url = server.url();
    let environment = [("MIXRUNNERS_SMTP_URL", url.as_str()), ("MIXRUNNERS_MAIL_FROM", "studio@mix.example")];
    let service = Service::start_with(&folder.path().join("data"), &environment);
    let http = Client::new();
    let at = |path: &str| format!("{}{path}", service.base);
    let asked = http.post(at("/v1/sign-in")).json(&wish("anna@example.org")).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    // The first time the line broke before the server could say yes: it is sent again after five seconds.
    for _ in 0..600 {
        if server.received().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let [first, second] = &server.received()[..] else { panic!("{:?}", server.received()) };
    assert_eq!(first.header("message-id"), second.header("message-id"));
    assert_eq!(
        (second.from.as_str(), second.to.join(" ")),
        ("studio@mix.example", "anna@example.org".to_owned())
    );
    let token = second.token().unwrap();
    assert!(second.data.contains(&format!("\n{}#{token}\n", at("/sign-in"))), "{second:?}");
    let opened = http.post(at("/v1/sessions")).json(&json!({"token": token})).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::CREATED);
    assert!(!folder.path().join("data/mail").exists(), "with a server nothing is written beside it");
}

#[test]
fn a_mail_server_that_cannot_be_used_is_refused_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, said) in [
        (
            &["--smtp-url", "http://user:secret@mail.example", "--mail-from", "a@mix.example"][..],
            "smtps://USER",
        ),
        (&["--smtp-url", "smtps://user:secret@mail.example"][..], "--mail-from"),
        (&["--mail-from", "nobody"][..], "--mail-from"),
        (&["--smtp-url", "smtp://127.0.0.1", "--mail-folder", "mail"][..], "--mail-folder"),
    ] {
        let mut command = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        let output = command.arg(folder.path().join("data")).args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
