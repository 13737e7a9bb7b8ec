//! Schedules of what can happen around money, drawn at random: payments, repayments and disputes at a provider that
//! tells of them twice, late, in any order or not at all; calls whose answers get lost; customers who order, cancel and
//! withdraw; workers that succeed, fail and die. A small model of the provider is the judge: what every customer has in
//! the end follows from what was paid there and what was made here, whatever the schedule.
//!
//! `MIXRUNNERS_SCHEDULES` says how many, or which: [`USUAL`] otherwise. Each is the same whoever draws it, so that many
//! can be taken in parts. The first thousand on a disk in memory:
//! `TMPDIR=/dev/shm MIXRUNNERS_SCHEDULES=0..1000 cargo test --release -p store any_schedule`

use std::ops::Range;

use domain::ids::Entropy;

use self::bank::Bank;
use self::customer::{Customer, Handler};
use super::world::World;

mod bank;
mod customer;

const USUAL: u64 = 50;
/// Acts of one schedule before everything comes to its end.
const ACTS: u64 = 60;
/// The audit reads all rows there are, so it is not made after each.
const BETWEEN_AUDITS: u64 = 50;

pub(super) async fn any_schedule_of_payments_and_failures_comes_out_the_same(world: World) {
    let mut seen = customer::Tally::default();
    for number in schedules() {
        match run(&world, number, Handler::Ours).await {
            Ok(tally) => seen.add(&tally),
            Err(fault) => panic!("schedule {number}: {fault}"),
        }
        if number % BETWEEN_AUDITS == 0 {
            assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new(), "schedule {number}");
        }
    }
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
    assert!(seen.everything_happened(), "the case must be real: {seen:?}");
}

/// Planted: a handler that gives credits whenever it is told of a payment, as one would write it at first. The judge
/// must see it, or the story above proves nothing.
pub(super) async fn a_handler_that_believes_every_event_is_caught(world: World) {
    let mut caught = 0;
    for number in 0..20 {
        caught += u32::from(run(&world, number, Handler::Believing).await.is_err());
    }
    assert!(caught > 5, "caught in {caught} of 20 schedules");
}

async fn run(world: &World, number: u64, handler: Handler) -> Result<customer::Tally, String> {
    let mut customer = Customer::new(world, number, handler).await;
    let mut bank = Bank::default();
    for _ in 0..ACTS {
        customer.act(&mut bank).await?;
    }
    customer.come_to_an_end(&mut bank).await?;
    customer.judge(&bank).await
}

#[expect(clippy::disallowed_methods, reason = "how much a test does is for whoever runs it to say")]
fn schedules() -> Range<u64> {
    let Ok(text) = std::env::var("MIXRUNNERS_SCHEDULES") else { return 0..USUAL };
    let number = |text: &str| text.parse().expect("MIXRUNNERS_SCHEDULES is a number, or two as in 0..1000");
    text.split_once("..").map_or_else(|| 0..number(&text), |(first, end)| number(first)..number(end))
}

/// A number below `bound`.
fn pick(chance: &dyn Entropy, bound: usize) -> usize {
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    (u64::from_le_bytes(bytes) % bound as u64) as usize
}
