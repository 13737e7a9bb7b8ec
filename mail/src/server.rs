//! Where the mail server is.

use std::fmt;
use std::net::IpAddr;

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};

/// A mail server: `smtps://USER:PASSWORD@HOST:PORT` with TLS from the first byte, or `smtp://…`, which turns TLS on
/// (STARTTLS) before anything of interest is said. On this machine `smtp://` does without; elsewhere it does with
/// `?tls=none` alone, for a network that nobody else is in.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    url: String,
    /// For people: scheme, host and port.
    shown: String,
}

/// A text that is no address of a mail server. It is not told: it may hold a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the address of the mail server must be smtps://USER:PASSWORD@HOST:PORT or smtp://HOST:PORT: {0}")]
pub struct ServerAddressError(String);

impl ServerAddressError {
    pub(crate) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl ServerAddress {
    /// From the configuration.
    pub fn parse(text: &str) -> Result<Self, ServerAddressError> {
        let wrong = ServerAddressError::new;
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let rest = rest.trim_end_matches('/');
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        if place.is_empty() || place.contains('/') {
            return Err(wrong("there is no host in it"));
        }
        let url = match (scheme, query) {
            ("smtps", None) => format!("smtps://{rest}"),
            ("smtp", None) if is_near(place) => format!("smtp://{rest}"),
            ("smtp", Some("tls=none")) => format!("smtp://{rest}"),
            ("smtp", None | Some("tls=required")) => format!("smtp://{rest}?tls=required"),
            ("smtps" | "smtp", Some(_)) => {
                return Err(wrong("after ? only tls=required or tls=none can stand"));
            }
            _ => return Err(wrong("its scheme is neither smtp nor smtps")),
        };
        let address = Self { url, shown: format!("{scheme}://{place}") };
        address.builder().map_err(|_| wrong("it cannot be read"))?;
        Ok(address)
    }

    pub(crate) fn builder(&self) -> Result<AsyncSmtpTransportBuilder, lettre::transport::smtp::Error> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&self.url)
    }
}

/// Without its password.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_near(place: &str) -> bool {
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_machine_or_where_the_address_says_so() {
        let url = |text: &str| ServerAddress::parse(text).unwrap().url;
        assert_eq!(url("smtp://127.0.0.1:25"), "smtp://127.0.0.1:25");
        assert_eq!(url("smtp://[::1]:25/"), "smtp://[::1]:25");
        assert_eq!(url("smtp://mail.example"), "smtp://mail.example?tls=required");
        assert_eq!(url("smtp://mail.example:25?tls=none"), "smtp://mail.example:25");
        assert_eq!(url("smtps://a:b@mail.example"), "smtps://a:b@mail.example");
        assert_eq!(url("smtp://127.0.0.1.example.org"), "smtp://127.0.0.1.example.org?tls=required");
    }

    #[test]
    fn what_is_no_address_is_refused_and_no_password_is_printed() {
        for text in [
            "",
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://user:secret@",
            "smtp://mail.example?tls=no",
        ] {
            let error = ServerAddress::parse(text).unwrap_err().to_string();
            assert!(
                error.contains("smtps://USER:PASSWORD@HOST:PORT") && !error.contains("secret"),
                "{error}"
            );
        }
        let address = ServerAddress::parse("smtps://user:se@cret@mail.example:465").unwrap();
        assert_eq!(format!("{address} {address:?}"), "smtps://mail.example:465 smtps://mail.example:465");
    }
}
