//! From which network a request comes, as far as one can know.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::app::{App, Site};
use crate::error::ApiError;

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// One host by IPv4, or one customer's network by IPv6 (the first 64 bits).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Network(pub(crate) String);

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_string()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

impl FromRequestParts<App> for Network {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0);
        Ok(Self::of(caller(&app.site, &app.proxies, peer, &parts.headers)))
    }
}

/// What a proxy of ours says is believed, and of that the last address alone: the ones before it are the caller's word.
fn caller(site: &Site, proxies: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_proxy = match site {
        Site::Loopback => false,
        Site::Public { .. } => peer.to_canonical().is_loopback() || proxies.contains(&peer.to_canonical()),
    };
    let told = headers.get_all("x-forwarded-for").iter().next_back();
    let told = told.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    match told {
        Some(address) if is_proxy => address,
        _ => peer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let name = axum::http::HeaderName::from_static("x-forwarded-for");
        lines.iter().map(|line| (name.clone(), line.parse().unwrap())).collect()
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else_is() {
        let public = Site::Public { origin: "https://mix.example".into() };
        let ours: IpAddr = "10.0.0.7".parse().unwrap();
        let ask = |site: &Site, peer: &str, lines: &[&str]| {
            caller(site, &[ours], peer.parse().unwrap(), &headers(lines)).to_string()
        };
        let forged = ["1.1.1.1, 198.51.100.9"];
        assert_eq!(ask(&public, "127.0.0.1", &forged), "198.51.100.9");
        assert_eq!(ask(&public, "10.0.0.7", &["1.1.1.1", "198.51.100.9"]), "198.51.100.9");
        assert_eq!(ask(&public, "203.0.113.4", &forged), "203.0.113.4", "a stranger says so");
        assert_eq!(ask(&public, "127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(ask(&Site::Loopback, "127.0.0.1", &forged), "127.0.0.1");
    }

    #[test]
    fn a_network_is_a_host_or_a_customer() {
        let of = |text: &str| Network::of(text.parse().unwrap()).0;
        assert_eq!(of("198.51.100.9"), "198.51.100.9");
        assert_eq!(of("::ffff:198.51.100.9"), "198.51.100.9");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::9"));
    }
}
