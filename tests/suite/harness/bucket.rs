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

/// The keys in a listing, but for those of removals that are written down.
pub fn keys_of_sound(listing: &str) -> Vec<String> {
    let keys = listing.split("<Key>").skip(1).filter_map(|rest| rest.split("</").next());
    keys.filter(|key| !key.split('/').any(|name| name == "r")).map(ToOwned::to_owned).collect()
}
