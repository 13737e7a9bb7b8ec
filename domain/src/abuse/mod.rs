//! What is remembered of misuse, and of free previews, after an account is gone: hashes under a secret, days, a count.
//!
//! A hash without a secret would be a list of addresses for whoever tries them all. These are made under a [`Pepper`],
//! which lies outside of the database; once it is destroyed they are noise. A tag carries no account, no job and no
//! time finer than a day, is written only when there is a reason, and may have the effects that stand in one table,
//! none of which is a ban. See `docs/abuse.md`.
//!
//! | part | what |
//! |---|---|
//! | `signal` | what a tag can be made of, in one spelling |
//! | `pepper` | epochs, peppers, tags |
//! | `record` | reasons, effects, and how long each is remembered |

mod pepper;
mod record;
mod signal;

pub use pepper::{AbuseTag, Epoch, Pepper, PepperPrint};
pub use record::{AbuseEffect, AbuseReason, AbuseRecord};
pub use signal::{AbuseKind, Signal, SignalError};
