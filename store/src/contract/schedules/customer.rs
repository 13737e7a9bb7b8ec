//! One customer, the service around them, and what both do next.

use std::collections::BTreeSet;

use domain::attempt::Room;
use domain::ids::{AccountId, EntryId, JobId, PurchaseId, SeededEntropy, UploadId};
use domain::job::StateName;
use domain::lease::{LEASE, WorkerName};
use domain::money::purchase::{Seen, Withdrawal};
use domain::money::{Balance, Credits, PriceList};
use domain::problem::Money;

use super::super::purchases::new_purchase;
use super::super::world::{SECOND, World, input_problem, made};
use super::bank::{Bank, Told};
use super::pick;
use crate::money::{Applied, Begun, Call, CallEnd, CallKind, Withdrawn};
use crate::outcome::Enqueued;

/// Who receives what the provider tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Handler {
    /// The one that is tested.
    Ours,
    /// One that gives credits for each event of a payment.
    Believing,
}

pub(super) struct Customer<'w> {
    world: &'w World,
    chance: SeededEntropy,
    handler: Handler,
    account: AccountId,
    upload: UploadId,
    purchases: Vec<PurchaseId>,
    jobs: Vec<JobId>,
    /// Looks that were made and not written down yet: the process is slow, or about to die.
    looks: Vec<(Told, String, Seen)>,
    delivered: BTreeSet<String>,
    tally: Tally,
}

/// What happened, so that a story can show that it was not an empty one.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tally {
    bought: u32,
    repeated: u32,
    stale: u32,
    lost_answers: u32,
    withdrawn: u32,
    withdrawals_refused: u32,
    frozen: u32,
    insufficient: u32,
    succeeded: u32,
    released: u32,
    owed: u32,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        let mut own = self.numbers();
        for (own, other) in own.iter_mut().zip(other.clone().numbers()) {
            **own += *other;
        }
    }

    pub(super) fn everything_happened(mut self) -> bool {
        self.numbers().iter().all(|number| **number > 0)
    }

    fn numbers(&mut self) -> [&mut u32; 11] {
        [
            &mut self.bought,
            &mut self.repeated,
            &mut self.stale,
            &mut self.lost_answers,
            &mut self.withdrawn,
            &mut self.withdrawals_refused,
            &mut self.frozen,
            &mut self.insufficient,
            &mut self.succeeded,
            &mut self.released,
            &mut self.owed,
        ]
    }
}

impl<'w> Customer<'w> {
    pub(super) async fn new(world: &'w World, number: u64, handler: Handler) -> Self {
        let account = world.account(&format!("customer-{number}")).await.id;
        let upload = world.ready_upload(&account).await;
        Self {
            world,
            chance: SeededEntropy::new(1 + number),
            handler,
            account,
            upload,
            purchases: Vec::new(),
            jobs: Vec::new(),
            looks: Vec::new(),
            delivered: BTreeSet::new(),
            tally: Tally::default(),
        }
    }

    fn one_in(&self, bound: usize) -> bool {
        pick(&self.chance, bound) == 0
    }

    pub(super) async fn act(&mut self, bank: &mut Bank) -> Result<(), String> {
        self.world.clock.advance(SECOND * pick(&self.chance, 90) as u32);
        match pick(&self.chance, 16) {
            0 | 1 => self.buy(bank).await,
            2..=4 => {
                bank.happen(&self.chance);
                Ok(())
            }
            5..=7 => self.hear(bank).await,
            8 => self.make_calls(bank).await,
            9 => self.look_around(bank).await,
            10..=12 => self.order().await,
            13 | 14 => self.work().await,
            _ => self.withdraw().await,
        }
    }

    async fn buy(&mut self, bank: &mut Bank) -> Result<(), String> {
        let key = format!("k{}", pick(&self.chance, 1000));
        let new = new_purchase(&self.account, Some(&key));
        let begun = self.world.store.begin_purchase(&new, self.world.now()).await.map_err(told)?;
        let purchase = match begun {
            Begun::New(purchase) => purchase,
            Begun::Existing(_) => return Ok(()),
            Begun::Frozen => {
                self.tally.frozen += 1;
                return Ok(());
            }
            Begun::Conflict => return Err("the same body is no conflict".into()),
        };
        self.purchases.push(purchase.id.clone());
        if self.one_in(4) {
            return Ok(()); // dies before the call
        }
        self.open(bank, &purchase.id).await
    }

    async fn open(&mut self, bank: &mut Bank, id: &PurchaseId) -> Result<(), String> {
        let session = bank.open(&format!("checkout:{id}"), id.as_str(), 900);
        if self.one_in(4) {
            self.tally.lost_answers += 1;
            return Ok(());
        }
        let opened = self.world.store.purchase_opened(id, &session, None, self.world.now()).await;
        opened.map(drop).map_err(told)
    }

    /// An event arrives; what it is about is looked up, and written down now, later or never.
    async fn hear(&mut self, bank: &mut Bank) -> Result<(), String> {
        if !bank.mail.is_empty() {
            let letter = bank.mail.swap_remove(pick(&self.chance, bank.mail.len()));
            if self.handler == Handler::Believing && letter.of_payment {
                return self.believe(&letter).await;
            }
            let session = bank.sessions[&letter.purchase].clone();
            match pick(&self.chance, 5) {
                0 => bank.mail.push(letter), // dies in the middle; it is told again
                1 => self.looks.push((letter, session.id, session.seen)),
                _ => self.write_down(letter, &session.id, &session.seen).await?,
            }
        }
        if !self.looks.is_empty() && self.one_in(2) {
            let (letter, session, seen) = self.looks.swap_remove(pick(&self.chance, self.looks.len()));
            self.tally.stale += u32::from(seen != bank.sessions[&letter.purchase].seen);
            self.write_down(letter, &session, &seen).await?;
        }
        Ok(())
    }

    async fn believe(&mut self, letter: &Told) -> Result<(), String> {
        let key = format!("{}-{}", letter.event.id, pick(&self.chance, usize::MAX));
        let ten = Credits::new(10).map_err(told)?;
        self.world.store.grant(&self.account, ten, &key, self.world.now()).await.map(drop).map_err(told)
    }

    async fn write_down(&mut self, letter: Told, session: &str, seen: &Seen) -> Result<(), String> {
        let id = PurchaseId::parse(&letter.purchase).map_err(told)?;
        let before = self.balance().await?;
        let is_first = self.delivered.insert(letter.event.id.clone());
        let event = Some(&letter.event);
        match self.world.store.apply(&id, session, seen, event, self.world.now()).await.map_err(told)? {
            Applied::Merged { .. } if is_first => Ok(()),
            Applied::Repeated if !is_first && self.balance().await? == before => {
                self.tally.repeated += 1;
                Ok(())
            }
            other => Err(format!("{}, first: {is_first}, came out as {other:?}", letter.event.id)),
        }
    }

    async fn make_calls(&mut self, bank: &mut Bank) -> Result<(), String> {
        let calls = self.world.store.take_calls(99, self.world.now()).await.map_err(told)?;
        for call in calls {
            self.make_call(bank, &call).await?;
        }
        Ok(())
    }

    async fn make_call(&mut self, bank: &mut Bank, call: &Call) -> Result<(), String> {
        match call.kind {
            CallKind::Checkout => self.open(bank, &call.purchase).await,
            CallKind::Refund => {
                let end = match bank.refund(&call.key, call.purchase.as_str(), &self.chance) {
                    Ok(()) => CallEnd::Done,
                    Err(()) => CallEnd::Refused,
                };
                if self.one_in(4) {
                    self.tally.lost_answers += 1;
                    return Ok(());
                }
                self.tally.withdrawals_refused += u32::from(end == CallEnd::Refused);
                self.world.store.end_call(&call.key, end, self.world.now()).await.map_err(told)
            }
        }
    }

    /// The look that needs no event.
    async fn look_around(&mut self, bank: &Bank) -> Result<(), String> {
        let now = self.world.now();
        for purchase in self.world.store.take_purchases_to_look_at(99, now).await.map_err(told)? {
            let Some(session) = bank.sessions.get(purchase.id.as_str()) else { continue };
            let applied = self.world.store.apply(&purchase.id, &session.id, &session.seen, None, now).await;
            applied.map_err(told)?;
        }
        Ok(())
    }

    async fn order(&mut self) -> Result<(), String> {
        let order = self.world.order(&self.account, &self.upload);
        let prices = PriceList::default();
        match self
            .world
            .store
            .admit(&order, Room::ENDLESS, Some(&prices), self.world.now())
            .await
            .map_err(told)?
        {
            Enqueued::New(job) => self.jobs.push(job.id),
            Enqueued::Insufficient { .. } => self.tally.insufficient += 1,
            Enqueued::Frozen => self.tally.frozen += 1,
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    }

    async fn work(&mut self) -> Result<(), String> {
        let (store, now) = (&self.world.store, self.world.now());
        if !self.jobs.is_empty() && self.one_in(4) {
            let job = &self.jobs[pick(&self.chance, self.jobs.len())];
            return store.cancel(&self.account, job, now).await.map(drop).map_err(told);
        }
        store.sweep_expired_leases(now).await.map_err(told)?;
        let Some(leased) = store.lease_next(&WorkerName("w".into()), now).await.map_err(told)? else {
            return Ok(());
        };
        match pick(&self.chance, 6) {
            0 => store.fail(&leased.lease, &input_problem(), now).await,
            1 => store.release(&leased.lease, now).await,
            2 => Ok(()), // falls silent
            _ => store.complete(&leased.lease, &made(&leased.lease), now).await,
        }
        .map_err(told)
    }

    async fn withdraw(&mut self) -> Result<(), String> {
        let Some(id) = self.purchases.get(pick(&self.chance, self.purchases.len().max(1))) else {
            return Ok(());
        };
        let withdrawn = self.world.store.withdraw(&self.account, id, self.world.now()).await.map_err(told)?;
        self.tally.withdrawn += u32::from(matches!(withdrawn, Withdrawn::Asked(_)));
        Ok(())
    }

    /// Everybody does what is left to do; nothing gets lost any more.
    pub(super) async fn come_to_an_end(&mut self, bank: &mut Bank) -> Result<(), String> {
        for round in 0.. {
            self.world.clock.advance(SECOND * 3700);
            self.make_calls(bank).await?;
            if round == 2 {
                bank.come_to_an_end(&self.chance);
            }
            while !bank.mail.is_empty() || !self.looks.is_empty() {
                self.hear(bank).await?;
            }
            self.look_around(bank).await?;
            self.world.clock.advance(LEASE);
            self.work().await?;
            if round > 6 && self.nothing_is_left().await? {
                return Ok(());
            }
            if round > 300 {
                return Err("it does not come to an end".into());
            }
        }
        Ok(())
    }

    async fn nothing_is_left(&self) -> Result<bool, String> {
        let (store, now) = (&self.world.store, self.world.now() + SECOND * 3600 * 2);
        let jobs = store.list_jobs(&self.account, None, None, 1000).await.map_err(told)?;
        let over = jobs.iter().all(|job| job.state.finished_at().is_some());
        Ok(over && store.take_calls(1, now).await.map_err(told)?.is_empty())
    }

    async fn balance(&self) -> Result<Balance, String> {
        Ok(self.world.store.purse(&self.account).await.map_err(told)?.balance)
    }

    /// What the customer has must follow from what was paid at the bank and what was made here.
    pub(super) async fn judge(mut self, bank: &Bank) -> Result<Tally, String> {
        let store = &self.world.store;
        let (mut available, mut spent) = (0, 0);
        for id in &self.purchases {
            let purchase = store.anyones_purchase(id).await.map_err(told)?.ok_or("a purchase is gone")?;
            let Some(session) = bank.sessions.get(id.as_str()) else { continue };
            if !session.is_paid() {
                continue;
            }
            self.tally.bought += 1;
            let back = (session.returned_minor() + session.lost_minor()).min(session.price_minor);
            let taken = match purchase.withdrawal {
                Withdrawal::Asked if session.returned_minor() == session.price_minor => 10,
                Withdrawal::Asked => return Err(format!("{id} was withdrawn and its money did not go back")),
                Withdrawal::None | Withdrawal::Refused => 10 * back / session.price_minor,
            };
            available += 10 - taken;
        }
        for job in store.list_jobs(&self.account, None, None, 1000).await.map_err(told)? {
            match (job.state.name(), job.money, job.artifacts.len()) {
                (StateName::Succeeded, Money::Captured, 1) => {
                    self.tally.succeeded += 1;
                    spent += job.credits.count();
                }
                (StateName::Failed | StateName::Cancelled, Money::Released, 0) => self.tally.released += 1,
                other => return Err(format!("{} is {other:?}", job.id)),
            }
        }
        let expected = Balance { available: available - spent, held: 0 };
        self.tally.owed += u32::from(expected.available < 0);
        if self.balance().await? != expected {
            return Err(format!("there is {:?} and there should be {expected:?}", self.balance().await?));
        }
        self.sums_up(expected).await?;
        Ok(self.tally)
    }

    /// The lines that the customer reads add up to what they are told they have.
    async fn sums_up(&self, expected: Balance) -> Result<(), String> {
        let (mut sum, mut after): (Balance, Option<EntryId>) = (Balance::default(), None);
        loop {
            let page = self.world.store.entries(&self.account, after.as_ref(), 100).await.map_err(told)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            sum = page.iter().fold(sum, |sum, entry| sum.after(entry.movement, entry.amount));
        }
        if sum == expected { Ok(()) } else { Err(format!("the lines add up to {sum:?}, not {expected:?}")) }
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
