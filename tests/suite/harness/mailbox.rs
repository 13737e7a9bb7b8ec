//! Mail, where a folder stands for a mail server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::json;

const TRIES: usize = 300;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// Asks for a link to sign in, and gives the token in it once it lies in `folder`, where no other mail may be.
pub async fn mailed_token(http: &Client, base: &str, email: &str, folder: &Path) -> String {
    let terms = domain::policy::TERMS.version;
    let body = json!({"email": email, "age_confirmed": true, "terms_version": terms});
    let answer = http.post(format!("{base}/v1/sign-in")).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    for _ in 0..TRIES {
        let mut mails = folder.read_dir().into_iter().flatten().flatten().map(|file| file.path());
        if let Some(mail) = mails.find(|path| path.extension().is_some_and(|it| it == "eml")) {
            let mail = fs::read_to_string(mail).expect("a mail is text");
            return fixtures::smtp::token(&mail).expect("a link in it");
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    panic!("no mail came");
}
