//! Stripe: what is said to it, what is seen there, and whether it was Stripe that spoke.
//!
//! **Invariants**: nothing is kept here, and nothing is decided; no card data passes through, since customers pay on
//! Stripe's own pages; what goes out is the price, a name for the pack and ids of ours. A crate of its own, so that
//! nothing else waits for its generated types when it is built.
//!
//! | module | what |
//! |---|---|
//! | [`client`] | opening a checkout, looking at one, sending money back |
//! | [`signature`] | whether a body was signed with our secret, lately |
//! | [`event`] | what a signed body is about |

pub mod client;
pub mod event;
pub mod signature;

pub use client::{Mode, Opened, Stripe, StripeError, WantedCheckout};
pub use event::Event;
pub use signature::{SignatureError, verify};
