//! Mail: asked for, written, sent once, and forgotten.

use std::time::Duration;

use domain::account::{Account, Email};
use domain::ids::MailId;
use domain::mailing::{Pace, TRIES_MAX, TRY_WITHIN, wait_after};
use domain::secret::{Secret, SecretKind};

use super::world::{DAY, SECOND, World};
use crate::mail::{AddressChange, Agreement, Asked, LinkPurpose, NewMail, NewMailLink, Swept};
use crate::outcome::NewSession;

const TEN_MINUTES: Duration = Duration::from_secs(600);

impl World {
    fn mail(&self) -> NewMail {
        let id = MailId::new(&*self.entropy);
        NewMail { id, sealed: b"sealed".to_vec(), expires_at: self.now() + TEN_MINUTES }
    }

    fn link(&self, purpose: LinkPurpose, address: &str, network: &str) -> (Secret, NewMailLink) {
        let token = self.secret(SecretKind::SignInLink);
        let new = NewMailLink {
            hash: token.hash(),
            purpose,
            sealed_address: address.as_bytes().to_vec(),
            expires_at: self.now() + TEN_MINUTES,
            mail: self.mail(),
            address: address.to_owned(),
            network: network.to_owned(),
        };
        (token, new)
    }

    /// A link to sign in that was asked for.
    async fn sign_in_link(&self, address: &str) -> Secret {
        let (token, new) = self.link(terms("1"), address, address);
        assert_eq!(self.store.ask_for_link(&new, self.now()).await.unwrap(), Asked::Taken);
        token
    }

    fn browser(&self, account: &Account, device: &str) -> NewSession {
        NewSession {
            account: account.id.clone(),
            hash: self.secret(SecretKind::Session).hash(),
            device: device.to_owned(),
            expires_at: self.now() + 30 * DAY,
        }
    }

    /// Whether the browser came in, and whether its owner is told.
    async fn enters(&self, token: &Secret, account: &Account, device: &str) -> (bool, bool) {
        self.send_all().await;
        let new = self.browser(account, device);
        let entered = self.store.enter_by_link(&token.hash(), &new, &self.mail(), self.now()).await.unwrap();
        (entered.is_some(), self.send_all().await == 1)
    }

    /// Sends what is in the outbox; gives how much it was.
    async fn send_all(&self) -> usize {
        let due = self.store.take_mails(100, self.now()).await.unwrap();
        for mail in &due {
            self.store.end_mail(&mail.id).await.unwrap();
        }
        due.len()
    }
}

fn terms(version: &str) -> LinkPurpose {
    LinkPurpose::SignIn { terms_version: version.to_owned() }
}

pub(super) async fn mr_3b_a_mailed_link_signs_in_once_however_many_open_it_at_once(world: World) {
    let anna = world.account("anna").await;
    let token = world.sign_in_link("anna").await;
    let link = world.store.mail_link(&token.hash(), world.now()).await.unwrap().unwrap();
    assert_eq!((link.purpose, &link.sealed_address[..]), (terms("1"), &b"anna"[..]));
    let opens: Vec<_> = (0..20)
        .map(|_| {
            let (store, now, hash) = (world.store.clone(), world.now(), token.hash());
            let (new, notice) = (world.browser(&anna, "Firefox"), world.mail());
            tokio::spawn(async move { store.enter_by_link(&hash, &new, &notice, now).await.unwrap() })
        })
        .collect();
    let mut sessions = Vec::new();
    for open in opens {
        sessions.extend(open.await.unwrap());
    }
    let list = world.store.list_sessions(&anna.id, world.now()).await.unwrap();
    assert_eq!(
        list.iter().map(|session| &session.id).collect::<Vec<_>>(),
        sessions.iter().collect::<Vec<_>>()
    );
    assert_eq!(sessions.len(), 1);
    assert_eq!(world.store.mail_link(&token.hash(), world.now()).await.unwrap(), None);
}

pub(super) async fn mr_3b_a_mailed_link_ends_with_its_ten_minutes(world: World) {
    let anna = world.account("anna").await;
    let token = world.sign_in_link("anna").await;
    world.clock.advance(TEN_MINUTES - Duration::from_micros(1));
    assert!(world.store.mail_link(&token.hash(), world.now()).await.unwrap().is_some());
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(world.store.mail_link(&token.hash(), world.now()).await.unwrap(), None);
    assert_eq!(world.enters(&token, &anna, "Firefox").await, (false, false));
    assert_eq!(world.store.list_sessions(&anna.id, world.now()).await.unwrap(), []);
}

pub(super) async fn mc_2_what_is_kept_of_an_agreement_is_a_boolean_and_a_version(world: World) {
    let anna = world.account("anna").await;
    assert_eq!(world.store.agreement(&anna.id).await.unwrap(), None);
    let first = world.sign_in_link("anna").await;
    assert!(world.enters(&first, &anna, "Firefox").await.0);
    let said = |version: &str| Some(Agreement { age_confirmed: true, terms_version: version.to_owned() });
    assert_eq!(world.store.agreement(&anna.id).await.unwrap(), said("1"));
    let (later, new) = world.link(terms("2"), "anna", "anna");
    world.store.ask_for_link(&new, world.now()).await.unwrap();
    assert_eq!(world.store.agreement(&anna.id).await.unwrap(), said("1"), "asking alone agrees to nothing");
    assert!(world.enters(&later, &anna, "Firefox").await.0);
    assert_eq!(world.store.agreement(&anna.id).await.unwrap(), said("2"));
}

pub(super) async fn mc_17_the_owner_is_told_of_a_browser_that_was_not_there(world: World) {
    let anna = world.account("anna").await;
    let mut told = Vec::new();
    for device in ["Firefox", "Firefox", "Chromium"] {
        let token = world.sign_in_link("anna").await;
        told.push(world.enters(&token, &anna, device).await);
    }
    assert_eq!(told, [(true, false), (true, false), (true, true)], "the first of all is no news");
    world.clock.advance(30 * DAY);
    let token = world.sign_in_link("anna").await;
    assert_eq!(world.enters(&token, &anna, "Firefox").await, (true, true), "none is signed in any more");
}

pub(super) async fn mr_3b_an_address_gets_five_mails_an_hour_and_never_hears_of_the_sixth(world: World) {
    let start = world.now();
    for _ in 0..Pace::PER_ADDRESS.count {
        world.sign_in_link("anna").await;
        world.clock.advance(SECOND);
    }
    assert_eq!(world.send_all().await, Pace::PER_ADDRESS.count);
    let dead = world.sign_in_link("anna").await;
    assert_eq!(world.send_all().await, 0, "the answer was the same, and no mail is sent");
    assert_eq!(world.store.mail_link(&dead.hash(), world.now()).await.unwrap(), None);
    world.sign_in_link("ben").await;
    assert_eq!(world.send_all().await, 1, "others are not concerned");
    world.clock.advance(Duration::from_secs(3600) - (world.now().since(start)));
    world.sign_in_link("anna").await;
    assert_eq!(world.send_all().await, 1, "an hour after the first there is room for one");
    world.sign_in_link("anna").await;
    assert_eq!(world.send_all().await, 0);
}

pub(super) async fn mr_3b_a_network_asks_twenty_times_an_hour(world: World) {
    let ask = async |number: usize| {
        let (token, new) = world.link(terms("1"), &format!("guest {number}"), "one network");
        (token, world.store.ask_for_link(&new, world.now()).await.unwrap())
    };
    for number in 0..Pace::PER_NETWORK.count {
        assert_eq!(ask(number).await.1, Asked::Taken);
    }
    world.clock.advance(SECOND * 100);
    let (token, asked) = ask(99).await;
    assert_eq!(asked, Asked::TooOften { wait: SECOND * 3500 });
    assert_eq!(world.store.mail_link(&token.hash(), world.now()).await.unwrap(), None);
    world.sign_in_link("from elsewhere").await;
    world.clock.advance(SECOND * 3500);
    assert_eq!(ask(100).await.1, Asked::Taken);
}

pub(super) async fn mr_3b_paces_hold_however_many_ask_at_once(world: World) {
    let asks: Vec<_> = (0..30)
        .map(|number| {
            let (_, new) = world.link(terms("1"), "anna", &format!("network {number}"));
            let (store, now) = (world.store.clone(), world.now());
            tokio::spawn(async move { store.ask_for_link(&new, now).await.unwrap() })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Asked::Taken);
    }
    assert_eq!(world.send_all().await, Pace::PER_ADDRESS.count);
}

pub(super) async fn a_mail_is_with_one_sender_at_a_time_and_is_tried_again_ever_more_rarely(world: World) {
    world.sign_in_link("anna").await;
    let other = world.beside().await;
    let [due] = &world.store.take_mails(9, world.now()).await.unwrap()[..] else { panic!("one is due") };
    assert_eq!((due.tries, &due.sealed[..]), (1, &b"sealed"[..]));
    assert_eq!(other.take_mails(9, world.now()).await.unwrap(), [], "another sender does not get it");
    assert!(other.postpone_mail(&due.id, world.now()).await.unwrap());
    world.clock.advance(wait_after(1) - Duration::from_micros(1));
    assert_eq!(other.take_mails(9, world.now()).await.unwrap(), []);
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(other.take_mails(9, world.now()).await.unwrap()[0].tries, 2);
    // The sender dies without a word.
    world.clock.advance(TRY_WITHIN);
    assert_eq!(world.store.take_mails(9, world.now()).await.unwrap()[0].tries, 3);
    world.store.end_mail(&due.id).await.unwrap();
    world.clock.advance(TRY_WITHIN);
    assert_eq!(world.store.take_mails(9, world.now()).await.unwrap(), []);
}

pub(super) async fn a_mail_is_tried_eight_times_and_not_beyond_its_time(world: World) {
    let (_, mut new) = world.link(terms("1"), "anna", "anna");
    new.mail.expires_at = world.now() + DAY;
    world.store.ask_for_link(&new, world.now()).await.unwrap();
    let mut tries = 0;
    loop {
        let due = world.store.take_mails(9, world.now()).await.unwrap();
        let Some(mail) = due.first() else { break };
        tries = mail.tries;
        world.store.postpone_mail(&mail.id, world.now()).await.unwrap();
        world.clock.advance(wait_after(tries));
    }
    assert_eq!(tries, TRIES_MAX);
    assert_eq!(
        world.store.sweep_mail(world.now()).await.unwrap().mails,
        0,
        "it was removed with its last try"
    );
    world.sign_in_link("ben").await;
    world.clock.advance(TEN_MINUTES);
    assert_eq!(world.store.take_mails(9, world.now()).await.unwrap(), [], "nobody waits for it any more");
    assert_eq!(world.store.sweep_mail(world.now()).await.unwrap().mails, 1);
}

pub(super) async fn mr_13b_an_address_changes_by_its_own_link_and_the_old_one_is_told(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let wish = async |address: &str| {
        let (token, new) = world.link(LinkPurpose::Address(anna.id.clone()), address, address);
        world.store.ask_for_link(&new, world.now()).await.unwrap();
        world.send_all().await;
        token.hash()
    };
    let email = |name: &str| Email::parse(&format!("{name}@example.org")).unwrap();
    let hash = wish("ada").await;
    let change = async |account: &Account, hash, name: &str| {
        let notice = world.mail();
        let now = world.now();
        world.store.change_email(&account.id, &hash, &email(name), Some(&notice), now).await.unwrap()
    };
    assert_eq!(change(&ben, hash, "ada").await, AddressChange::Spent, "it is not his");
    let after = Account { email: email("ada"), ..anna.clone() };
    assert_eq!(change(&anna, hash, "ada").await, AddressChange::Done(after.clone()));
    assert_eq!(world.send_all().await, 1, "the notice");
    assert_eq!(world.store.account_by_email(&email("ada")).await.unwrap(), Some(after));
    assert_eq!(world.store.account_by_email(&email("anna")).await.unwrap(), None);
    assert_eq!(change(&anna, hash, "ada").await, AddressChange::Spent, "once");
    let taken = wish("ben").await;
    assert_eq!(change(&anna, taken, "ben").await, AddressChange::InUse);
    assert_eq!(world.send_all().await, 0, "nothing happened, so nobody is told");
    let late = wish("eva").await;
    world.clock.advance(TEN_MINUTES);
    assert_eq!(change(&anna, late, "eva").await, AddressChange::Spent);
}

pub(super) async fn a_link_signs_in_or_proves_an_address_and_not_the_other(world: World) {
    let anna = world.account("anna").await;
    let sign_in = world.sign_in_link("anna").await;
    let (proof, new) = world.link(LinkPurpose::Address(anna.id.clone()), "ada", "ada");
    world.store.ask_for_link(&new, world.now()).await.unwrap();
    assert_eq!(world.enters(&proof, &anna, "Firefox").await, (false, false));
    let ada = Email::parse("ada@example.org").unwrap();
    let (store, now) = (&world.store, world.now());
    let changed = store.change_email(&anna.id, &sign_in.hash(), &ada, None, now).await.unwrap();
    assert_eq!(changed, AddressChange::Spent);
    assert!(world.enters(&sign_in, &anna, "Firefox").await.0, "the case is real: both still worked");
}

pub(super) async fn what_was_asked_for_is_forgotten(world: World) {
    world.sign_in_link("anna").await;
    world.send_all().await;
    world.clock.advance(TEN_MINUTES);
    let swept = world.store.sweep_mail(world.now()).await.unwrap();
    assert_eq!(swept, Swept { links: 1, ..Swept::default() });
    world.clock.advance(Duration::from_secs(3000));
    let swept = world.store.sweep_mail(world.now()).await.unwrap();
    assert_eq!(swept, Swept { paces: 2, ..Swept::default() }, "of the address and of the network");
}
