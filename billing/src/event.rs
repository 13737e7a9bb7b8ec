//! What a signed body is about. No more is read of it than what to look up: the object itself is fetched again, because
//! a body tells what was so when it was written, and bodies come late and in any order.

use serde::Deserialize;

use crate::client::Mode;

/// What a body is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Stripe's name for it.
    pub id: String,
    /// What it says happened: `checkout.session.completed`.
    pub kind: String,
    /// Whether it is about real money.
    pub mode: Mode,
    /// The account it is about, if that is not our own.
    pub other_account: Option<String>,
    /// What to look up: a checkout (`cs_…`) or a payment (`pi_…`); `None` for what is not followed.
    pub object: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    account: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    payment_intent: Option<IdOrObject>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IdOrObject {
    Id(String),
    Object { id: String },
}

impl Event {
    /// Reads a body; `None` if it is no event.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let id = body.data.object.id;
        let payment = body.data.object.payment_intent.map(|payment| match payment {
            IdOrObject::Id(id) | IdOrObject::Object { id } => id,
        });
        let object = match body.kind.split('.').collect::<Vec<_>>()[..] {
            ["checkout", "session", _] => id,
            ["charge", "refunded" | "dispute" | "refund", ..] | ["refund", ..] => payment,
            _ => None,
        };
        let mode = if body.livemode { Mode::Live } else { Mode::Test };
        Some(Self { id: body.id, kind: body.kind, mode, other_account: body.account, object })
    }

    /// Whether it is of a kind that moves money here.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        ["checkout.session.", "charge.refund", "charge.dispute.", "refund."]
            .iter()
            .any(|start| self.kind.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, object: &str) -> Option<Event> {
        let body = format!(
            r#"{{"id":"evt_1","object":"event","type":"{kind}","livemode":false,"data":{{"object":{object}}}}}"#
        );
        Event::read(body.as_bytes())
    }

    #[test]
    fn an_event_names_the_checkout_or_the_payment_to_look_up() {
        let session = r#"{"id":"cs_1","payment_intent":"pi_1"}"#;
        let of_payment = r#"{"id":"ch_1","payment_intent":{"id":"pi_1"}}"#;
        for (kind, object, expected) in [
            ("checkout.session.completed", session, Some("cs_1")),
            ("checkout.session.expired", session, Some("cs_1")),
            ("charge.refunded", of_payment, Some("pi_1")),
            ("charge.dispute.created", r#"{"id":"du_1","payment_intent":"pi_1"}"#, Some("pi_1")),
            ("refund.failed", r#"{"id":"re_1","payment_intent":"pi_1"}"#, Some("pi_1")),
            ("refund.updated", r#"{"id":"re_1","payment_intent":null}"#, None),
            ("customer.created", r#"{"id":"cus_1"}"#, None),
        ] {
            let event = read(kind, object).unwrap();
            assert_eq!(event.object.as_deref(), expected, "{kind}");
            assert_eq!(event.is_followed(), kind != "customer.created");
        }
    }

    #[test]
    fn what_is_no_event_is_none() {
        assert_eq!(Event::read(b"{}"), None);
        assert_eq!(Event::read(b"[]"), None);
        assert_eq!(read("a", "7"), None);
        assert!(read("balance.available", "{}").is_some(), "an unknown kind is one");
    }
}
