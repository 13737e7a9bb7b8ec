//! Buckets at the S3 server of the tests.

use fixtures::moto::Moto;
use reqwest::Client;

const VERSIONS: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

/// A new bucket that keeps every version of what it holds; gives its name.
pub async fn versioned(server: &Moto) -> String {
    let (name, http) = (server.new_name(), Client::new());
    let url = format!("{}/{name}", server.endpoint);
    for request in [http.put(&url), http.put(format!("{url}?versioning")).body(VERSIONS)] {
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }
    name
}
