//! A program that uses the API: uploads by tus, orders, waits, downloads. Written from the contract alone.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use super::{Service, mixrunners};

/// A holder of an API key.
pub struct Producer {
    pub http: Client,
    pub base: String,
    pub secret: String,
}

/// Small enough that an upload takes several requests.
const PATCH_BYTES: usize = 1 << 20;
const TRIES: usize = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// A frozen process takes a request and answers when it thaws.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

impl Producer {
    /// Makes a key by `mixrunners api-key create` while the service runs.
    pub fn with_key(service: &Service, data: &Path) -> Self {
        Self::with_key_in(&service.base, "--data", data)
    }

    /// The same, where the keys are kept elsewhere: `--data DIR` or `--database URL`.
    pub fn with_key_in(base: &str, kept: &str, place: impl AsRef<OsStr>) -> Self {
        Self::with_key_by(mixrunners(&[]), base, kept, place)
    }

    /// The same by a `mixrunners` that is started in another way.
    pub fn with_key_by(mut program: Command, base: &str, kept: &str, place: impl AsRef<OsStr>) -> Self {
        let output = program
            .args(["api-key", "create", "--email", "anna@example.org", "--scopes"])
            .arg("uploads:write,jobs:read,jobs:write,artifacts:read,account:read,billing:read,billing:write")
            .arg(kept)
            .arg(place)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("text");
        let secret = printed.lines().last().expect("the secret on the last line").to_owned();
        assert_eq!(printed.lines().count(), 1, "nothing else is printed on standard output");
        Self { http: Client::new(), base: base.to_owned(), secret }
    }

    /// With a key that was made before.
    pub fn known(base: &str, secret: &str) -> Self {
        Self { http: Client::new(), base: base.to_owned(), secret: secret.to_owned() }
    }

    /// As [`Self::get_json`], however long it takes until there is an answer; `None` if there is no such thing.
    pub async fn get_at_last(&self, path: &str) -> Option<Value> {
        self.at_last(|| self.http.get(self.url(path))).await
    }

    /// Posts again and again until there is an answer, always under the same key.
    pub async fn post_at_last(&self, path: &str, key: &str, body: Value) -> Value {
        let post = || self.http.post(self.url(path)).header("Idempotency-Key", key).json(&body);
        self.at_last(post).await.unwrap_or_else(|| panic!("POST {path}: there is no such thing"))
    }

    async fn at_last(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Option<Value> {
        for _ in 0..TRIES {
            match request().bearer_auth(&self.secret).timeout(ANSWER_WITHIN).send().await {
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => return None,
                Ok(answer) if answer.status().is_success() => match answer.json().await {
                    Ok(body) => return Some(body),
                    Err(error) => println!("an answer broke off: {error}"),
                },
                Ok(answer) if answer.status().is_server_error() => {}
                Ok(answer) => panic!("{}: {:?}", answer.status(), answer.text().await),
                Err(_) => {} // it is down
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("no answer after {TRIES} tries")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).bearer_auth(&self.secret).send().await.expect("an answer")
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    /// tus creation; gives the upload's path.
    pub async fn create_upload(&self, name: &str, size: usize) -> String {
        let answer = self
            .http
            .post(self.url("/v1/uploads"))
            .bearer_auth(&self.secret)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", size)
            .header("Upload-Metadata", format!("filename {}", base64(name.as_bytes())))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED, "{:?}", answer.text().await);
        header(answer.headers(), "location")
    }

    /// Where the service says the upload stands.
    pub async fn offset(&self, location: &str) -> usize {
        let answer = self
            .http
            .head(self.url(location))
            .bearer_auth(&self.secret)
            .header("Tus-Resumable", "1.0.0")
            .send()
            .await
            .expect("an answer");
        header(answer.headers(), "upload-offset").parse().expect("a number")
    }

    pub async fn patch(
        &self,
        location: &str,
        offset: usize,
        bytes: &[u8],
    ) -> Result<Response, reqwest::Error> {
        self.http
            .patch(self.url(location))
            .bearer_auth(&self.secret)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes.to_vec())
            .send()
            .await
    }

    /// The whole of tus: creation, then patches to the end. Gives the upload's id.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let location = self.create_upload(name, bytes.len()).await;
        let mut offset = 0;
        while offset < bytes.len() {
            let end = bytes.len().min(offset + PATCH_BYTES);
            let answer = self.patch(&location, offset, &bytes[offset..end]).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            offset = end;
        }
        location.rsplit('/').next().expect("an id").to_owned()
    }

    /// Polls an upload until it is checked.
    pub async fn checked(&self, upload: &str) -> Value {
        self.until(&format!("/v1/uploads/{upload}"), |u| u["state"] == "ready" || u["state"] == "rejected")
            .await
    }

    /// Orders a master.
    pub async fn order(&self, upload: &str, recipe: Value) -> Value {
        let key = format!("order of {upload} {recipe}");
        let body =
            json!({"kind": "master", "title": "Song", "inputs": [{"upload": upload}], "recipe": recipe});
        self.order_body(&key, body).await
    }

    /// Orders whatever `body` says.
    pub async fn order_body(&self, key: &str, body: Value) -> Value {
        let order = self.http.post(self.url("/v1/jobs")).bearer_auth(&self.secret);
        let answer = order.header("Idempotency-Key", key).json(&body).send().await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body
    }

    /// Polls a job until it is over.
    pub async fn finished(&self, job: &Value) -> Value {
        let id = job["id"].as_str().expect("an id");
        self.until(&format!("/v1/jobs/{id}"), |j| {
            ["succeeded", "failed", "cancelled"].iter().any(|state| j["state"] == *state)
        })
        .await
    }

    pub async fn until(&self, path: &str, reached: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..TRIES {
            let seen = self.get_json(path).await;
            if reached(&seen) {
                return seen;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("{path} did not get there: {}", self.get_json(path).await);
    }

    /// The bytes of a job's artifact of this kind and name or format.
    pub async fn download(&self, job: &Value, kind: &str, format: &str) -> Vec<u8> {
        let artifact = artifact(job, kind, format);
        let id = artifact["id"].as_str().expect("an id");
        let answer = self.get(&format!("/v1/artifacts/{id}/content")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.expect("a body").to_vec()
    }
}

/// The one artifact of this kind and format.
pub fn artifact<'a>(job: &'a Value, kind: &str, format: &str) -> &'a Value {
    let artifacts = job["artifacts"].as_array().expect("a list");
    let mut found = artifacts.iter().filter(|a| a["kind"] == kind && a["format"] == format);
    found.next().unwrap_or_else(|| panic!("no {kind} in {format}: {job}"))
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).unwrap_or_else(|| panic!("a header {name}: {headers:?}"));
    value.to_str().expect("text").to_owned()
}

/// RFC 4648 section 4, as tus metadata wants it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
