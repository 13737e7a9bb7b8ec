//! Whether a body was signed with our secret, and lately: the scheme `v1` of Stripe's webhooks.
//!
//! The header is `t=SECONDS,v1=HEX,…`; each `v1` is an HMAC-SHA256 over `SECONDS.BODY`. While a secret is exchanged
//! Stripe signs with both, so one that fits is enough. Other schemes than `v1` count for nothing.

use std::time::Duration;

use domain::clock::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time of a signature may be from now, in either direction: what was caught on its way cannot be sent
/// again a day later.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// Why a body is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignatureError {
    /// It was not signed with our secret.
    #[error("the body was not signed with this service's secret")]
    Invalid,
    /// It was, but not within [`TOLERANCE`] of now.
    #[error("the signature is older or newer than {} s", TOLERANCE.as_secs())]
    Stale,
}

/// Whether `body`, exactly as it came, was signed with `secret`. Compares in constant time.
pub fn verify(secret: &str, header: &str, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) => signatures.extend(hex::decode(text)),
            _ => {}
        }
    }
    let time = time.ok_or(SignatureError::Invalid)?;
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Invalid)?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| SignatureError::Invalid)?;
    let mac = mac.chain_update(time.as_bytes()).chain_update(b".").chain_update(body);
    if !signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
        return Err(SignatureError::Invalid);
    }
    let signed = Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    match now.since(signed).max(signed.since(now)) <= TOLERANCE {
        true => Ok(()),
        false => Err(SignatureError::Stale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test";
    const BODY: &[u8] = b"{\"id\":\"evt_1\"}";
    const AT: i64 = 1_800_000_000;
    /// printf '1800000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
    const SIGNATURE: &str = "45705be2a45ab5acdd1395cc695e9e7073125385ec24194921c401dff44176f8";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn check(header: &str, body: &[u8], seconds: i64) -> Result<(), SignatureError> {
        verify(SECRET, header, body, at(seconds))
    }

    #[test]
    fn what_openssl_signs_is_believed_for_five_minutes_before_and_after() {
        let header = format!("t={AT},v1={SIGNATURE}");
        for seconds in [AT, AT + 300, AT - 300] {
            assert_eq!(check(&header, BODY, seconds), Ok(()));
        }
        for seconds in [AT + 301, AT - 301, 0] {
            assert_eq!(check(&header, BODY, seconds), Err(SignatureError::Stale));
        }
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let other = "00".repeat(32);
        let header = format!("t={AT}, v1={other}, v1=zz, v0={other}, v1={SIGNATURE}");
        assert_eq!(check(&header, BODY, AT), Ok(()));
    }

    #[test]
    fn whatever_was_not_signed_like_this_is_not_believed() {
        let (late, short) = (AT + 1, &SIGNATURE[..62]);
        for header in [
            String::new(),
            format!("v1={SIGNATURE}"),
            format!("t={AT}"),
            format!("t={AT},v0={SIGNATURE}"),
            format!("t={late},v1={SIGNATURE}"),
            format!("t={AT},v1={short}"),
            format!("t={AT},v1="),
            format!("t=soon,v1={SIGNATURE}"),
            format!("t=9223372036854775807,v1={SIGNATURE}"),
        ] {
            assert_eq!(check(&header, BODY, AT), Err(SignatureError::Invalid), "{header:?}");
        }
        let header = format!("t={AT},v1={SIGNATURE}");
        assert_eq!(check(&header, b"{ \"id\":\"evt_1\"}", AT), Err(SignatureError::Invalid), "written anew");
        assert_eq!(verify("whsec_other", &header, BODY, at(AT)), Err(SignatureError::Invalid));
    }
}
