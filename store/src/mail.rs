//! Mail: what is to be sent, and the links in it.
//!
//! A mail is written into the outbox in the transaction that causes it, and taken from there by whoever sends. What it
//! says, and to whom, is sealed before it comes here; so is the address behind a link.

use std::time::Duration;

use domain::account::{Account, Email};
use domain::clock::Timestamp;
use domain::ids::{AccountId, MailId, SessionId};
use domain::secret::SecretHash;

use crate::error::Result;
use crate::outcome::NewSession;
use crate::{Engine, Store, postgres, sqlite};

/// A mail to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMail {
    /// Its id; what is sealed opens for it alone.
    pub id: MailId,
    /// To whom, and what it says; at most 64 KiB.
    pub sealed: Vec<u8>,
    /// From then on nobody needs it any more.
    pub expires_at: Timestamp,
}

/// A mail that is to be tried now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueMail {
    /// Its id.
    pub id: MailId,
    /// See [`NewMail`].
    pub sealed: Vec<u8>,
    /// Which try it is, from 1.
    pub tries: u32,
}

/// What a link is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkPurpose {
    /// To sign in, and to sign up before that where there is no account. Whoever asked is old enough and agreed to
    /// this version of the terms.
    SignIn {
        /// Which.
        terms_version: String,
    },
    /// To give an account another address.
    Address(AccountId),
}

/// A link that is asked for, and the mail that brings it.
#[derive(Clone, Debug)]
pub struct NewMailLink {
    /// Of the token in it.
    pub hash: SecretHash,
    /// What for.
    pub purpose: LinkPurpose,
    /// The address, under the token.
    pub sealed_address: Vec<u8>,
    /// How long it works.
    pub expires_at: Timestamp,
    /// The mail.
    pub mail: NewMail,
    /// Who is mailed, and the network that asks: counted by their tags, and kept nowhere.
    pub address: String,
    /// The network.
    pub network: String,
}

/// What became of asking for a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It is taken. Whether a mail goes out is not told: beyond the pace of its address none does.
    Taken,
    /// The network asked too often.
    TooOften {
        /// After so long it may again.
        wait: Duration,
    },
}

/// A link that works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailLink {
    /// What for.
    pub purpose: LinkPurpose,
    /// The address, under the token.
    pub sealed_address: Vec<u8>,
}

/// What became of an account's wish for another address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddressChange {
    /// It has it.
    Done(Account),
    /// Another account has it.
    InUse,
    /// The link does not work (any more), or is not of this account.
    Spent,
}

/// How much was removed because its time was over.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Swept {
    /// Mails that nobody sent.
    pub mails: u64,
    /// Links that nobody opened.
    pub links: u64,
    /// What was known of who asked lately: addresses and networks.
    pub paces: u64,
}

/// What somebody agreed to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// That they are at least as old as the terms ask for.
    pub age_confirmed: bool,
    /// Which text.
    pub terms_version: String,
}

/// Links and the accounts behind them.
impl Store {
    /// Writes a link and the mail that brings it. Everything that an address has to do with it is the same whether it
    /// has an account, has none, or is beyond its pace.
    pub async fn ask_for_link(&self, new: &NewMailLink, now: Timestamp) -> Result<Asked> {
        each!(self, mail::ask_for_link(new, now))
    }

    /// A link, unless it was used or its time is over. It is not used up.
    pub async fn mail_link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<MailLink>> {
        each!(self, mail::mail_link(hash, now))
    }

    /// Uses a link up that signs in: the session begins, and the agreement is noted. If the account signed in by mail
    /// before, and no browser of it that is signed in calls itself like this one, `notice` is sent. `None`, and nothing
    /// is done, if the link was used or its time is over.
    pub async fn enter_by_link(
        &self,
        hash: &SecretHash,
        new: &NewSession,
        notice: &NewMail,
        now: Timestamp,
    ) -> Result<Option<SessionId>> {
        each!(self, mail::enter_by_link(hash, new, notice, now))
    }

    /// Uses a link up that proves an address: the account has it from now on, and `notice` is sent.
    pub async fn change_email(
        &self,
        account: &AccountId,
        hash: &SecretHash,
        email: &Email,
        notice: Option<&NewMail>,
        now: Timestamp,
    ) -> Result<AddressChange> {
        each!(self, accounts::change_email(account, hash, email, notice, now))
    }

    /// What the owner of an account agreed to; `None` if the account was not made by mail.
    pub async fn agreement(&self, account: &AccountId) -> Result<Option<Agreement>> {
        each!(self, mail::agreement(account))
    }
}

/// The outbox.
impl Store {
    /// Mails to be tried now, the most overdue first. Nobody else gets them for [`domain::mailing::TRY_WITHIN`].
    pub async fn take_mails(&self, limit: u32, now: Timestamp) -> Result<Vec<DueMail>> {
        each!(self, mail::take_mails(limit, now))
    }

    /// A mail was sent, or can never be: it is removed.
    pub async fn end_mail(&self, id: &MailId) -> Result<()> {
        each!(self, mail::end_mail(id))
    }

    /// A try came to nothing. True if the mail is tried again; after the last try it is removed.
    pub async fn postpone_mail(&self, id: &MailId, now: Timestamp) -> Result<bool> {
        each!(self, mail::postpone_mail(id, now))
    }

    /// Removes mails, links and paces whose time is over.
    pub async fn sweep_mail(&self, now: Timestamp) -> Result<Swept> {
        each!(self, mail::sweep_mail(now))
    }
}
