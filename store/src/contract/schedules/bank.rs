//! The provider as it really is: what was paid, what went back, what is disputed. It keeps its answers by key.

use std::collections::BTreeMap;

use domain::ids::Entropy;
use domain::money::purchase::{
    DisputeState, RefundReason, RefundState, Seen, SeenDispute, SeenRefund, SeenState,
};

use super::pick;
use crate::money::NewEvent;

#[derive(Default)]
pub(super) struct Bank {
    /// By the purchase's id.
    pub(super) sessions: BTreeMap<String, Session>,
    answers: BTreeMap<String, String>,
    /// Told, and to be delivered: once, several times, late.
    pub(super) mail: Vec<Told>,
    events: u64,
}

#[derive(Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) seen: Seen,
    pub(super) price_minor: i64,
}

/// An event on its way, about a purchase.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) event: NewEvent,
    pub(super) purchase: String,
    /// Whether it says that something was paid.
    pub(super) of_payment: bool,
}

impl Bank {
    /// Opens a session. The same key is the same session, however often it is asked for.
    pub(super) fn open(&mut self, key: &str, purchase: &str, price_minor: i64) -> String {
        if let Some(id) = self.answers.get(key) {
            return id.clone();
        }
        assert!(!self.sessions.contains_key(purchase), "a second session of {purchase} could be paid twice");
        let id = format!("cs_{purchase}");
        let seen = Seen {
            state: SeenState::Open,
            payment: None,
            country: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        self.sessions.insert(purchase.to_owned(), Session { id: id.clone(), seen, price_minor });
        self.answers.insert(key.to_owned(), id.clone());
        id
    }

    /// Sends everything of a payment back; refuses if something went back before, or while it is disputed.
    pub(super) fn refund(&mut self, key: &str, purchase: &str, chance: &dyn Entropy) -> Result<(), ()> {
        if self.answers.contains_key(key) {
            return Ok(());
        }
        let session = self.sessions.get_mut(purchase).ok_or(())?;
        let disputed = session.seen.disputes.iter().any(|dispute| dispute.state != DisputeState::Won);
        if session.returned_minor() > 0 || disputed {
            return Err(());
        }
        let id = format!("re_{key}");
        let state = [RefundState::Pending, RefundState::Succeeded][pick(chance, 2)];
        let (amount_minor, reason) = (session.price_minor, RefundReason::Withdrawal);
        session.seen.refunds.push(SeenRefund { id: id.clone(), amount_minor, state, reason });
        self.answers.insert(key.to_owned(), id);
        self.tell(purchase, false, chance);
        Ok(())
    }

    /// Something that happens at the provider's own pages, to one purchase.
    pub(super) fn happen(&mut self, chance: &dyn Entropy) {
        let Some(purchase) = self.sessions.keys().nth(pick(chance, self.sessions.len().max(1))).cloned()
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&purchase) else { return };
        let is_paid = matches!(session.seen.state, SeenState::Paid { .. });
        let mut of_payment = false;
        match (is_paid, pick(chance, 10)) {
            (false, 0..=6) if session.seen.state == SeenState::Open => {
                session.pay(&purchase);
                of_payment = true;
            }
            (false, 7) if session.seen.state == SeenState::Open => session.seen.state = SeenState::Expired,
            (false, 8) if session.seen.state == SeenState::Open => session.seen.state = SeenState::Failed,
            (true, 0) => session.repay_a_part(chance),
            (true, 1 | 2) => session.dispute(&purchase),
            (true, 3 | 4) => session.decide(chance),
            (true, 5..=7) => session.move_refunds(chance),
            _ => return,
        }
        self.tell(&purchase, of_payment, chance);
    }

    /// Tells once, or up to five times; whatever is told lies in the mail until it is delivered.
    fn tell(&mut self, purchase: &str, of_payment: bool, chance: &dyn Entropy) {
        self.events += 1;
        let event = NewEvent {
            id: format!("evt_{purchase}_{}", self.events),
            kind: "told".into(),
            object: None,
            digest: super::super::world::digest(4),
        };
        let told = Told { event, purchase: purchase.to_owned(), of_payment };
        for _ in 0..=pick(chance, 5) {
            self.mail.push(told.clone());
        }
    }

    /// Ends what is open, so that nothing more can come.
    pub(super) fn come_to_an_end(&mut self, chance: &dyn Entropy) {
        for purchase in self.sessions.keys().cloned().collect::<Vec<_>>() {
            let Some(session) = self.sessions.get_mut(&purchase) else { continue };
            if session.seen.state == SeenState::Open {
                session.seen.state = SeenState::Expired;
            }
            session.decide(chance);
            session.move_refunds(chance);
            for refund in &mut session.seen.refunds {
                refund.state = refund.state.after(RefundState::Succeeded);
            }
            self.tell(&purchase, false, chance);
        }
    }
}

impl Session {
    fn pay(&mut self, purchase: &str) {
        self.seen.state = SeenState::Paid { amount_minor: self.price_minor, currency: "eur".into() };
        self.seen.payment = Some(format!("pi_{purchase}"));
    }

    pub(super) fn is_paid(&self) -> bool {
        matches!(self.seen.state, SeenState::Paid { .. })
    }

    /// What went back and stayed there.
    pub(super) fn returned_minor(&self) -> i64 {
        let alive = |refund: &&SeenRefund| refund.state != RefundState::Failed;
        self.seen.refunds.iter().filter(alive).map(|refund| refund.amount_minor).sum()
    }

    pub(super) fn lost_minor(&self) -> i64 {
        let lost = |dispute: &&SeenDispute| dispute.state == DisputeState::Lost;
        self.seen.disputes.iter().filter(lost).map(|dispute| dispute.amount_minor).sum()
    }

    fn repay_a_part(&mut self, chance: &dyn Entropy) {
        let left = self.price_minor - self.returned_minor() - self.lost_minor();
        if left < 100 || self.seen.disputes.iter().any(|dispute| dispute.state == DisputeState::Open) {
            return;
        }
        let amount_minor = 1 + pick(chance, left as usize) as i64;
        let id = format!("re_{}_{}", self.id, self.seen.refunds.len());
        let reason = RefundReason::Other;
        self.seen.refunds.push(SeenRefund { id, amount_minor, state: RefundState::Pending, reason });
    }

    fn dispute(&mut self, purchase: &str) {
        if self.seen.disputes.is_empty() && self.returned_minor() == 0 {
            let (id, amount_minor) = (format!("du_{purchase}"), self.price_minor);
            self.seen.disputes.push(SeenDispute { id, amount_minor, state: DisputeState::Open });
        }
    }

    fn decide(&mut self, chance: &dyn Entropy) {
        for dispute in &mut self.seen.disputes {
            dispute.state = dispute.state.after([DisputeState::Won, DisputeState::Lost][pick(chance, 2)]);
        }
    }

    fn move_refunds(&mut self, chance: &dyn Entropy) {
        for refund in &mut self.seen.refunds {
            let next = [RefundState::Succeeded, RefundState::Succeeded, RefundState::Failed][pick(chance, 3)];
            refund.state = refund.state.after(next);
        }
    }
}
