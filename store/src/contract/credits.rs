//! What a job costs, and what becomes of that.

use domain::attempt::Room;
use domain::job::{JobKind, StateName};
use domain::lease::LEASE;
use domain::money::{Balance, Credits, Movement, PriceList};
use domain::order::Wish;
use domain::problem::Money;

use super::uploads::refusal;
use super::world::{SECOND, World, input_problem, made, our_problem};
use crate::money::{Entry, JobRefund, Quoted};
use crate::outcome::{Enqueued, Removal};

/// What the song of every story costs: it is short, so it counts as three minutes.
const PRICE: i64 = 3;

pub(super) async fn an_order_holds_its_price_and_success_captures_it(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let upload = world.ready_upload(&anna.id).await;
    world.give(&anna.id, 10).await;
    world.give(&ben.id, 1).await;
    let job = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
    assert_eq!((job.credits.count(), job.money), (PRICE, Money::Held));
    assert_eq!(world.balance(&anna.id).await, Balance { available: 7, held: PRICE });
    let lease = world.lease("w1").await.unwrap().lease;
    assert_eq!(world.again(&job).await.money, Money::Held);
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    assert_eq!(world.again(&job).await.money, Money::Captured);
    assert_eq!(world.balance(&anna.id).await, Balance { available: 7, held: 0 });
    assert!(world.store.complete(&lease, &made(&lease), world.now()).await.is_err(), "a late worker");
    assert_eq!(world.balance(&anna.id).await, Balance { available: 7, held: 0 });
    assert_eq!(world.balance(&ben.id).await, Balance { available: 1, held: 0 }, "another's purse");
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn every_other_end_gives_the_credits_back_by_itself(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    world.give(&anna.id, PRICE).await;
    for end in ["cancelled while it waits", "cancelled while it runs", "failed", "hindered", "died", "erased"]
    {
        let job = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
        assert_eq!(world.balance(&anna.id).await, Balance { available: 0, held: PRICE }, "{end}");
        match end {
            "cancelled while it waits" => {
                drop(world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap())
            }
            "cancelled while it runs" => {
                world.lease("w1").await.unwrap();
                world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap();
            }
            "failed" => {
                let lease = world.lease("w1").await.unwrap().lease;
                world.store.fail(&lease, &input_problem(), world.now()).await.unwrap();
            }
            "hindered" => {
                for _ in 0..8 {
                    world.clock.advance(SECOND * 400);
                    let lease = world.lease("w1").await.unwrap().lease;
                    world.store.retry_later(&lease, &our_problem(), world.now()).await.unwrap();
                }
            }
            "died" => {
                for _ in 0..3 {
                    world.lease("w1").await.unwrap();
                    world.clock.advance(LEASE);
                    world.store.sweep_expired_leases(world.now()).await.unwrap();
                }
            }
            _ => {
                let removal = world.store.delete_job(&anna.id, &job.id, world.now()).await.unwrap();
                assert_eq!(removal, Removal::Removed);
            }
        }
        assert_eq!(world.balance(&anna.id).await, Balance { available: PRICE, held: 0 }, "{end}");
        if end != "erased" {
            let job = world.again(&job).await;
            assert_eq!(job.money, Money::Released, "{end}");
            let told = job.state.problem().map(|problem| problem.money);
            let expected = (job.state.name() == StateName::Failed).then_some(Money::Released);
            assert_eq!(told, expected, "{end}: a problem tells what became of the money");
        }
    }
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn an_order_that_costs_more_than_there_is_makes_no_job(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let mut order = world.order(&anna.id, &upload);
    order.idempotency_key = Some("song-1".into());
    world.give(&anna.id, PRICE - 1).await;
    let needed = Credits::new(PRICE).unwrap();
    let answer = world.priced(&order).await;
    assert_eq!(answer, Enqueued::Insufficient { needed, available: PRICE - 1 });
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap(), []);
    assert!(world.lease("w1").await.is_none());
    world.give(&anna.id, 1).await;
    let Enqueued::New(job) = world.priced(&order).await else {
        panic!("the same key, and now there is enough")
    };
    let Enqueued::Existing(again) = world.priced(&order).await else {
        panic!("the same key, and nothing is left")
    };
    assert_eq!(again, job);
    assert_eq!(world.balance(&anna.id).await, Balance { available: 0, held: PRICE }, "held once");
}

pub(super) async fn of_fifty_parallel_spends_of_the_last_credits_one_succeeds(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    world.give(&anna.id, PRICE).await;
    let stores = [world.store.clone(), world.beside().await];
    let mut spending = tokio::task::JoinSet::new();
    for store in stores.iter().cycle().take(50) {
        let (store, order, now) = (store.clone(), world.order(&anna.id, &upload), world.now());
        spending.spawn(async move {
            store.admit(&order, Room::ENDLESS, Some(&PriceList::default()), now).await.unwrap()
        });
    }
    let answers = spending.join_all().await;
    let new = answers.iter().filter(|answer| matches!(answer, Enqueued::New(_))).count();
    let refused =
        answers.iter().filter(|answer| matches!(answer, Enqueued::Insufficient { available: 0, .. }));
    assert_eq!((new, refused.count()), (1, 49));
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 99).await.unwrap().len(), 1);
    assert_eq!(world.balance(&anna.id).await, Balance { available: 0, held: PRICE });
}

pub(super) async fn an_order_without_a_price_list_costs_nothing(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let job = world.enqueue(&world.order(&anna.id, &upload)).await;
    assert_eq!((job.credits, job.money), (Credits::ZERO, Money::None));
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    assert_eq!(world.again(&job).await.money, Money::None);
    assert_eq!(world.store.entries(&anna.id, None, 9).await.unwrap(), []);
}

pub(super) async fn a_gift_is_given_once_for_each_key(world: World) {
    let anna = world.account("anna").await;
    let five = Credits::new(5).unwrap();
    assert!(world.store.grant(&anna.id, five, "welcome", world.now()).await.unwrap());
    assert!(!world.store.grant(&anna.id, five, "welcome", world.now()).await.unwrap());
    assert_eq!(world.balance(&anna.id).await.available, 5);
}

pub(super) async fn the_credits_of_a_job_that_succeeded_can_be_given_back_once(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    world.give(&anna.id, PRICE).await;
    let job = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
    let early = world.store.refund_job(&job.id, world.now()).await.unwrap();
    assert!(matches!(early, JobRefund::NothingSpent(_)), "{early:?}");
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    for _ in 0..2 {
        let refund = world.store.refund_job(&job.id, world.now()).await.unwrap();
        assert!(matches!(&refund, JobRefund::Refunded(job) if job.money == Money::Refunded), "{refund:?}");
        assert_eq!(world.balance(&anna.id).await, Balance { available: PRICE, held: 0 });
    }
    assert_eq!(world.again(&job).await.artifacts.len(), 1, "what was made stays");
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn the_ledger_tells_every_movement_page_by_page_to_its_owner_alone(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let upload = world.ready_upload(&anna.id).await;
    world.give(&anna.id, 10).await;
    world.give(&ben.id, 1).await;
    let mut jobs = Vec::new();
    for _ in 0..2 {
        world.clock.advance(SECOND);
        let job = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
        world.clock.advance(SECOND);
        world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap();
        jobs.push(job.id);
    }
    let (mut told, mut after): (Vec<Entry>, _) = (Vec::new(), None);
    loop {
        let page = world.store.entries(&anna.id, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        told.extend(page);
    }
    let lines: Vec<_> = told.iter().map(|entry| (entry.movement, entry.amount, entry.job.clone())).collect();
    let (first, second) = (Some(jobs[0].clone()), Some(jobs[1].clone()));
    let expected = [
        (Movement::Release, PRICE, second.clone()),
        (Movement::Hold, PRICE, second),
        (Movement::Release, PRICE, first.clone()),
        (Movement::Hold, PRICE, first),
        (Movement::Grant, 10, None),
    ];
    assert_eq!(lines, expected);
    let bens = world.store.entries(&ben.id, Some(&told[0].id), 9).await.unwrap();
    assert_eq!(bens, [], "another's line is no place in one's own list");
    let summed = told.iter().fold(Balance::default(), |sum, entry| sum.after(entry.movement, entry.amount));
    assert_eq!(summed, world.balance(&anna.id).await);
}

pub(super) async fn a_quote_tells_the_price_and_writes_nothing(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let upload = world.ready_upload(&anna.id).await;
    let wish = Wish { kind: JobKind::Mix, ..world.order(&anna.id, &upload).wish };
    let prices = PriceList::default();
    let Quoted::Ready(quote) = world.store.quote(&anna.id, &wish, Some(&prices)).await.unwrap() else {
        panic!("it can be ordered")
    };
    assert_eq!((quote.credits.count(), quote.own_ahead), (2 * PRICE, 0));
    let Quoted::Ready(free) = world.store.quote(&anna.id, &wish, None).await.unwrap() else {
        panic!("the same")
    };
    assert_eq!(free.credits, Credits::ZERO);
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap(), []);
    assert_eq!(world.store.entries(&anna.id, None, 9).await.unwrap(), []);
    let Quoted::Refused(errors) = world.store.quote(&ben.id, &wish, Some(&prices)).await.unwrap() else {
        panic!("it is not Ben's")
    };
    assert_eq!(refusal(&Enqueued::Refused(errors)), [("/inputs/0/upload", "unknown_upload")]);
}
