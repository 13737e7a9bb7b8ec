//! Mail: links that are asked for, and what is told about an account.
//!
//! Whoever asks for a link gets the same answer after the same work, whether there is an account or not: nobody looks.
//! The account is made when the link is opened, by somebody who thereby shows that they read the address. Until then
//! the address lies sealed under the link's token, which is nowhere but in the mail; the mail lies in the outbox until
//! it is sent, sealed under a key that is not in the database.

mod notices;
mod post;

use std::fmt;
use std::sync::Arc;

use domain::account::{Account, Email, Role};
use domain::clock::{Clock, Timestamp};
use domain::ids::{AccountId, Entropy, MailId, SessionId};
use domain::mailing::NOTICE_WITHIN;
use domain::retention::Retention;
use domain::secret::{Secret, SecretHash, SecretKind};
use mail::{Carrier, Letter};
use serde::{Deserialize, Serialize};
use store::Store;
use store::mail::{AddressChange, Asked, LinkPurpose, NewMail, NewMailLink};
use store::outcome::{NewAccount, NewSession};
use store::sealing::{Keyring, open_under, seal_under};
use tokio::sync::Notify;

use crate::error::{ApiError, ApiResult};
use crate::network::Network;

pub use post::{keep_posting, round};

/// What sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailing(Arc<Parts>);

struct Parts {
    store: Store,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    carrier: Carrier,
    /// Where links lead: `https://mix.example`.
    base: String,
    /// Somebody waits for a mail that was just written.
    wake: Notify,
}

/// As it lies in the outbox, sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    at_micros: i64,
    letter: Letter,
}

impl Mailing {
    /// By `carrier`, with links below `base` (`https://mix.example`).
    pub fn new(
        store: Store,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        carrier: Carrier,
        base: String,
    ) -> Self {
        let wake = Notify::new();
        Self(Arc::new(Parts { store, keyring, clock, entropy, carrier, base, wake }))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    /// A letter for the outbox.
    fn seal(&self, letter: Letter, expires_at: Timestamp) -> Result<NewMail, ApiError> {
        let id = MailId::new(self.entropy());
        let written = Written { at_micros: self.now().micros(), letter };
        let plain = serde_json::to_vec(&written).map_err(ApiError::internal)?;
        let sealed = self.0.keyring.seal_note(id.as_str(), &plain, self.entropy());
        Ok(NewMail { id, sealed: sealed.map_err(ApiError::internal)?, expires_at })
    }
}

impl fmt::Debug for Mailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailing").field("carrier", &self.0.carrier).finish_non_exhaustive()
    }
}

/// Mails a link that signs in.
pub(crate) async fn ask_to_sign_in(
    mailing: &Mailing,
    email: &Email,
    terms_version: String,
    network: &Network,
) -> ApiResult<()> {
    let token = Secret::new(SecretKind::SignInLink, mailing.entropy());
    let (base, minutes) = (&mailing.0.base, minutes());
    // In the fragment, which browsers do not send: it reaches no server's log, only the page.
    let link = format!("{base}/sign-in#{}", token.reveal());
    let letter = Letter::sign_in(email.clone(), base, &link, minutes);
    ask(mailing, email, &token, LinkPurpose::SignIn { terms_version }, letter, network).await
}

/// Mails a link that gives the account this address.
pub(crate) async fn ask_to_change(
    mailing: &Mailing,
    account: &AccountId,
    email: &Email,
    network: &Network,
) -> ApiResult<()> {
    let token = Secret::new(SecretKind::AddressProof, mailing.entropy());
    let (base, minutes) = (&mailing.0.base, minutes());
    let link = format!("{base}/account#{}", token.reveal());
    let letter = Letter::prove_address(email.clone(), base, &link, minutes);
    ask(mailing, email, &token, LinkPurpose::Address(account.clone()), letter, network).await
}

fn minutes() -> u64 {
    Retention::POLICY.sign_in_link.as_secs() / 60
}

async fn ask(
    mailing: &Mailing,
    email: &Email,
    token: &Secret,
    purpose: LinkPurpose,
    letter: Letter,
    network: &Network,
) -> ApiResult<()> {
    let now = mailing.now();
    let expires_at = now + Retention::POLICY.sign_in_link;
    let sealed_address = seal_under(token, email.as_str().as_bytes(), mailing.entropy())
        .ok_or_else(|| ApiError::Internal("an address could not be sealed".into()))?;
    let new = NewMailLink {
        hash: token.hash(),
        purpose,
        sealed_address,
        expires_at,
        mail: mailing.seal(letter, expires_at)?,
        address: email.as_str().to_owned(),
        network: network.0.clone(),
    };
    match mailing.0.store.ask_for_link(&new, now).await? {
        Asked::Taken => {
            mailing.0.wake.notify_one();
            Ok(())
        }
        Asked::TooOften { wait } => Err(ApiError::TooManyMails { wait }),
    }
}

/// A link that works, and the address in it.
async fn opened(mailing: &Mailing, token: &Secret) -> ApiResult<Option<(LinkPurpose, Email)>> {
    let Some(link) = mailing.0.store.mail_link(&token.hash(), mailing.now()).await? else { return Ok(None) };
    let address = open_under(token, &link.sealed_address);
    let address = address.and_then(|bytes| Email::parse(std::str::from_utf8(&bytes).ok()?).ok());
    let broken = || ApiError::Internal("the address behind a link does not open".into());
    Ok(Some((link.purpose, address.ok_or_else(broken)?)))
}

/// Removes what lies here of mails to somebody whose account is gone.
pub(crate) async fn forget(mailing: &Mailing, address: &Email) {
    if let Err(error) = mailing.0.carrier.forget(address).await {
        tracing::error!(%error, "mails of an erased account are left in their folder");
    }
}

/// Signs a browser in with a link that was mailed, and up before that. `None` if it does not work (any more).
pub(crate) async fn enter(
    mailing: &Mailing,
    token: &Secret,
    session: SecretHash,
    device: &str,
) -> ApiResult<Option<SessionId>> {
    let Some((LinkPurpose::SignIn { .. }, email)) = opened(mailing, token).await? else { return Ok(None) };
    let (store, now) = (&mailing.0.store, mailing.now());
    // Its own transaction: should the program end here there is an account of somebody who asked for one, read the
    // address and has a link that still works.
    let account = store.ensure_account(&NewAccount { email, roles: [Role::Producer].into() }, now).await?;
    let letter = Letter::new_device(account.email, &mailing.0.base, device, now);
    let notice = mailing.seal(letter, now + NOTICE_WITHIN)?;
    let new = NewSession {
        account: account.id,
        hash: session,
        device: device.to_owned(),
        expires_at: now + Retention::POLICY.session,
    };
    let entered = store.enter_by_link(&token.hash(), &new, &notice, now).await?;
    mailing.0.wake.notify_one();
    Ok(entered)
}

/// Gives the account the address that a link proves, and tells the one it had.
pub(crate) async fn change_address(
    mailing: &Mailing,
    account: &Account,
    token: &Secret,
) -> ApiResult<AddressChange> {
    let Some((LinkPurpose::Address(of), email)) = opened(mailing, token).await? else {
        return Ok(AddressChange::Spent);
    };
    if of != account.id {
        return Ok(AddressChange::Spent);
    }
    let now = mailing.now();
    let letter = Letter::address_changed(account.email.clone(), &mailing.0.base, now);
    let notice = mailing.seal(letter, now + NOTICE_WITHIN)?;
    let changed =
        mailing.0.store.change_email(&account.id, &token.hash(), &email, Some(&notice), now).await?;
    mailing.0.wake.notify_one();
    Ok(changed)
}
