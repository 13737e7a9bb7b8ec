//! Real conversations with a mail server, good and bad.
#![expect(clippy::unwrap_used, reason = "a test stops at its first surprise")]

use domain::account::Email;
use domain::clock::Timestamp;
use domain::ids::{MailId, SeededEntropy};
use fixtures::smtp::{BadDay, MailServer};
use mail::{Carrier, Letter, MailError, Posted, ServerAddress};

const LINK: &str = "https://mix.example/sign-in#mxl_0123456789012345678901234567890123456789012";

fn carrier(url: &str) -> Carrier {
    let sender = Email::parse("studio@mix.example").unwrap();
    Carrier::server(ServerAddress::parse(url).unwrap(), sender).unwrap()
}

fn letter() -> Letter {
    Letter::sign_in(Email::parse("anna@example.org").unwrap(), "https://mix.example", LINK, 10)
}

fn posted() -> Posted {
    Posted { id: MailId::new(&SeededEntropy::new(1)), at: Timestamp::from_micros(1_800_000_000_000_000) }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_in_both_parts() {
    let server = MailServer::start();
    carrier(&server.url()).carry(&letter(), &posted()).await.unwrap();
    let [got] = &server.received()[..] else { panic!("{:?}", server.received()) };
    assert_eq!(
        (got.from.as_str(), &got.to[..]),
        ("studio@mix.example", &["anna@example.org".to_owned()][..])
    );
    assert_eq!(got.header("Subject"), Some("Your link to mixrunners"));
    assert_eq!(got.header("Date"), Some("Fri, 15 Jan 2027 08:00:00 +0000"));
    assert_eq!(got.header("Message-ID"), Some(format!("<{}@mix.example>", posted().id).as_str()));
    assert!(got.header("Content-Type").unwrap().starts_with("multipart/alternative"), "{got:?}");
    assert_eq!(got.data.matches(LINK).count(), 3, "once as text, twice as HTML: {}", got.data);
    assert_eq!(got.token().as_deref(), LINK.split_once('#').map(|(_, token)| token));
}

#[tokio::test]
async fn what_a_server_says_decides_whether_it_is_tried_again_and_is_not_repeated() {
    let server = MailServer::start();
    let carrier = carrier(&server.url());
    server.expects(&[BadDay::Refuses, BadDay::IsBusy, BadDay::KnowsNobody, BadDay::DropsAfterData]);
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(carrier.carry(&letter(), &posted()).await.unwrap_err());
    }
    let is_final: Vec<_> = outcomes.iter().map(|error| matches!(error, MailError::Refused(_))).collect();
    assert_eq!(is_final, [true, false, false, false], "{outcomes:?}");
    assert!(outcomes.iter().all(|error| !error.to_string().contains("anna")), "{outcomes:?}");
    carrier.carry(&letter(), &posted()).await.unwrap();
    let ids: Vec<_> =
        server.received().iter().map(|mail| mail.header("Message-ID").map(str::to_owned)).collect();
    assert_eq!(ids.len(), 2, "the line broke after it was taken");
    assert_eq!(ids[0], ids[1], "whoever got both can tell that they are one");
}

#[tokio::test]
async fn without_tls_nothing_is_said_to_a_server_that_must_have_it() {
    let server = MailServer::start();
    let url = format!("{}?tls=required", server.url());
    let error = carrier(&url).carry(&letter(), &posted()).await.unwrap_err();
    assert!(matches!(error, MailError::Away(_)), "{error:?}");
    assert_eq!((server.connections(), server.received().len()), (1, 0), "the case is real: it was asked");
}

#[tokio::test]
async fn a_folder_keeps_one_file_a_mail() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("mail");
    let carrier = Carrier::folder(folder.clone(), Email::parse("mixrunners@localhost").unwrap());
    for _ in 0..2 {
        carrier.carry(&letter(), &posted()).await.unwrap();
    }
    let names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [std::ffi::OsString::from(format!("{}.eml", posted().id))]);
    let text = std::fs::read_to_string(folder.join(&names[0])).unwrap();
    assert!(text.contains(&format!("\r\n{LINK}\r\n")), "{text}");
    assert_eq!(carrier.to_string(), format!("is written into {}", folder.display()));
}
