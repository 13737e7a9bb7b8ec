//! Purchases: whatever is told, however often and in whatever order, comes out once.

use std::time::Duration;

use domain::attempt::Room;
use domain::ids::{AccountId, PurchaseId};
use domain::money::purchase::{
    DisputeState, PurchaseState, RefundReason, RefundState, Seen, SeenDispute, SeenRefund, SeenState,
    Withdrawal,
};
use domain::money::{Balance, Book, PriceList};

use super::world::{SECOND, World, digest};
use crate::money::{
    Applied, Begun, CallEnd, CallKind, InvoiceKind, KnownEvent, NewEvent, NewPurchase, Purchase, Withdrawn,
};
use crate::outcome::Enqueued;

/// The pack of every story: 10 credits for 9 euros.
const CREDITS: i64 = 10;
const MINOR: i64 = 900;

pub(super) fn new_purchase(account: &AccountId, key: Option<&str>) -> NewPurchase {
    let pack = PriceList::default().pack("small").expect("a pack").clone();
    assert_eq!((pack.credits.count(), pack.price.minor()), (CREDITS, MINOR));
    NewPurchase {
        account: account.clone(),
        pack,
        idempotency_key: key.map(ToOwned::to_owned),
        body_hash: digest(1),
        terms_version: "1".to_owned(),
    }
}

/// A purchase that can be paid.
pub(super) async fn open(world: &World, account: &AccountId) -> Purchase {
    let begun = world.store.begin_purchase(&new_purchase(account, None), world.now()).await.unwrap();
    let Begun::New(purchase) = begun else { panic!("expected a new purchase, got {begun:?}") };
    let (session, url) = (session_of(&purchase.id), Some("https://pay.example/1"));
    let opened = world.store.purchase_opened(&purchase.id, &session, url, world.now()).await.unwrap();
    opened.expect("it is there")
}

fn session_of(id: &PurchaseId) -> String {
    format!("cs_{}", &id.as_str()[4..])
}

pub(super) fn paid(id: &PurchaseId) -> Seen {
    let state = SeenState::Paid { amount_minor: MINOR, currency: "eur".into() };
    let payment = Some(format!("pi_{}", &id.as_str()[4..]));
    Seen { state, payment, country: Some("FI".into()), refunds: Vec::new(), disputes: Vec::new() }
}

fn refunded(id: &PurchaseId, amount_minor: i64, state: RefundState, reason: RefundReason) -> Seen {
    let refund = SeenRefund { id: format!("re_{id}"), amount_minor, state, reason };
    Seen { refunds: vec![refund], ..paid(id) }
}

fn disputed(id: &PurchaseId, state: DisputeState) -> Seen {
    let dispute = SeenDispute { id: format!("du_{id}"), amount_minor: MINOR, state };
    Seen { disputes: vec![dispute], ..paid(id) }
}

pub(super) fn event(id: &str) -> NewEvent {
    NewEvent { id: id.into(), kind: "checkout.session.completed".into(), object: None, digest: digest(3) }
}

pub(super) async fn apply(world: &World, id: &PurchaseId, seen: &Seen, event: Option<&NewEvent>) -> Applied {
    world.store.apply(id, &session_of(id), seen, event, world.now()).await.unwrap()
}

async fn merged(world: &World, id: &PurchaseId, seen: &Seen) -> Purchase {
    match apply(world, id, seen, None).await {
        Applied::Merged { now, .. } => *now,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_payment_buys_its_credits_once_however_often_it_is_told(world: World) {
    let anna = world.account("anna").await;
    let purchase = open(&world, &anna.id).await;
    assert_eq!((purchase.state, purchase.paid_at), (PurchaseState::Open, None));
    let seen = paid(&purchase.id);
    assert!(matches!(
        apply(&world, &purchase.id, &seen, Some(&event("evt_1"))).await,
        Applied::Merged { .. }
    ));
    assert_eq!(apply(&world, &purchase.id, &seen, Some(&event("evt_1"))).await, Applied::Repeated);
    let known = world.store.known_event("evt_1").await.unwrap();
    assert_eq!(known, Some(KnownEvent { digest: digest(3), is_parked: false }));
    assert!(matches!(
        apply(&world, &purchase.id, &seen, Some(&event("evt_2"))).await,
        Applied::Merged { .. }
    ));
    let late = Seen { state: SeenState::Open, ..paid(&purchase.id) };
    assert_eq!(merged(&world, &purchase.id, &late).await.state, PurchaseState::Paid, "a look that came late");
    let opened = world.store.purchase_opened(&purchase.id, "cs_late", None, world.now()).await.unwrap();
    assert_eq!(opened.unwrap().state, PurchaseState::Paid, "an answer that came late");
    assert_eq!(world.balance(&anna.id).await, Balance { available: CREDITS, held: 0 });
    let books = world.store.books().await.unwrap();
    let of = |unit: &str, book| {
        books.iter().find(|one| one.unit == unit && one.book == book).map(|one| one.amount)
    };
    assert_eq!((of("eur", Book::Clearing), of("eur", Book::Sales)), (Some(MINOR), Some(-MINOR)));
    assert_eq!(of("credit", Book::Issued), Some(-CREDITS));
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn the_same_key_is_the_same_purchase_and_another_body_a_conflict(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let new = new_purchase(&anna.id, Some("k"));
    let Begun::New(first) = world.store.begin_purchase(&new, world.now()).await.unwrap() else {
        panic!("new")
    };
    let again = world.store.begin_purchase(&new, world.now()).await.unwrap();
    assert_eq!(again, Begun::Existing(first.clone()));
    let other = NewPurchase { body_hash: digest(2), ..new.clone() };
    assert_eq!(world.store.begin_purchase(&other, world.now()).await.unwrap(), Begun::Conflict);
    let bens = NewPurchase { account: ben.id.clone(), ..new };
    assert!(matches!(world.store.begin_purchase(&bens, world.now()).await.unwrap(), Begun::New(_)));
    assert_eq!(
        world.store.purchase(&ben.id, &first.id).await.unwrap(),
        None,
        "a foreign purchase is unknown"
    );
    assert_eq!(world.store.list_purchases(&anna.id, None, 9).await.unwrap(), [first]);
}

pub(super) async fn another_amount_buys_nothing_and_another_payment_is_not_merged(world: World) {
    let anna = world.account("anna").await;
    let purchase = open(&world, &anna.id).await;
    let state = SeenState::Paid { amount_minor: MINOR - 1, currency: "eur".into() };
    let cheaper = Seen { state, ..paid(&purchase.id) };
    assert_eq!(merged(&world, &purchase.id, &cheaper).await.state, PurchaseState::Mismatch);
    assert_eq!(world.balance(&anna.id).await, Balance::default());
    let second = Seen { payment: Some("pi_other".into()), ..paid(&purchase.id) };
    assert_eq!(apply(&world, &purchase.id, &second, Some(&event("evt_1"))).await, Applied::Unknown);
    assert_eq!(world.store.known_event("evt_1").await.unwrap(), None, "nothing was written");
    assert_eq!(world.store.invoices(&anna.id, None, 9).await.unwrap(), []);
}

pub(super) async fn who_withdraws_loses_the_credits_at_once_and_has_them_again_if_the_money_stays(
    world: World,
) {
    let anna = world.account("anna").await;
    let purchase = open(&world, &anna.id).await;
    let early = world.store.withdraw(&anna.id, &purchase.id, world.now()).await.unwrap();
    assert_eq!(early, Withdrawn::NothingToReturn, "it was not paid");
    merged(&world, &purchase.id, &paid(&purchase.id)).await;
    for _ in 0..2 {
        let asked = world.store.withdraw(&anna.id, &purchase.id, world.now()).await.unwrap();
        assert!(matches!(&asked, Withdrawn::Asked(one) if one.withdrawal == Withdrawal::Asked), "{asked:?}");
        assert_eq!(world.balance(&anna.id).await, Balance::default());
    }
    world.clock.advance(SECOND * 60);
    let calls = world.store.take_calls(9, world.now()).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.kind).collect::<Vec<_>>(), [CallKind::Refund], "once");
    assert_eq!(world.store.take_calls(9, world.now()).await.unwrap(), [], "until its next try");
    world.store.end_call(&calls[0].key, CallEnd::Refused, world.now()).await.unwrap();
    world.store.end_call(&calls[0].key, CallEnd::Refused, world.now()).await.unwrap();
    assert_eq!(world.balance(&anna.id).await, Balance { available: CREDITS, held: 0 });
    let again = world.store.withdraw(&anna.id, &purchase.id, world.now()).await.unwrap();
    assert_eq!(again, Withdrawn::RefusedBefore);
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn money_that_went_back_takes_its_credits_along_and_gets_a_credit_note(world: World) {
    let anna = world.account("anna").await;
    let purchase = open(&world, &anna.id).await;
    // Before anybody told that it was paid.
    let (id, other) = (&purchase.id, RefundReason::Other);
    merged(&world, id, &refunded(id, 450, RefundState::Pending, other)).await;
    assert_eq!(world.balance(&anna.id).await.available, CREDITS / 2);
    merged(&world, id, &refunded(id, 450, RefundState::Succeeded, other)).await;
    merged(&world, id, &refunded(id, 450, RefundState::Pending, other)).await;
    assert_eq!(world.balance(&anna.id).await.available, CREDITS / 2, "a look that came late");
    merged(&world, id, &refunded(id, 450, RefundState::Failed, other)).await;
    assert_eq!(world.balance(&anna.id).await.available, CREDITS, "the bank sent it back");
    let invoices = world.store.invoices(&anna.id, None, 9).await.unwrap();
    let told: Vec<_> = invoices.iter().map(|row| (row.number, row.kind, row.price.minor())).collect();
    let expected = [
        (3, InvoiceKind::Correction, 450),
        (2, InvoiceKind::CreditNote, 450),
        (1, InvoiceKind::Invoice, MINOR),
    ];
    assert_eq!(told, expected);
    assert_eq!(invoices[0].country.as_deref(), Some("FI"));
    let older = world.store.invoices(&anna.id, Some(&invoices[0].id), 1).await.unwrap();
    assert_eq!(older, invoices[1..2]);
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn what_is_spent_or_held_cannot_be_withdrawn(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let purchase = open(&world, &anna.id).await;
    merged(&world, &purchase.id, &paid(&purchase.id)).await;
    let job = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
    let withdraw = async || world.store.withdraw(&anna.id, &purchase.id, world.now()).await.unwrap();
    assert_eq!(withdraw().await, Withdrawn::Delivered { available: CREDITS - 3 });
    world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap();
    let ben = world.account("ben").await;
    let foreign = world.store.withdraw(&ben.id, &purchase.id, world.now()).await.unwrap();
    assert_eq!(foreign, Withdrawn::Unknown);
    assert!(matches!(withdraw().await, Withdrawn::Asked(_)), "nothing was delivered after all");
}

pub(super) async fn of_a_withdrawal_and_orders_at_the_same_time_the_credits_go_one_way(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let stores = [world.store.clone(), world.beside().await];
    for _ in 0..8 {
        let purchase = open(&world, &anna.id).await;
        merged(&world, &purchase.id, &paid(&purchase.id)).await;
        let before = world.balance(&anna.id).await.available;
        let (order, prices, now) = (world.order(&anna.id, &upload), PriceList::default(), world.now());
        let (withdrawn, ordered) = tokio::join!(
            stores[0].withdraw(&anna.id, &purchase.id, now),
            stores[1].admit(&order, Room::ENDLESS, Some(&prices), now)
        );
        let went_back = matches!(withdrawn.unwrap(), Withdrawn::Asked(_));
        let spent = matches!(ordered.unwrap(), Enqueued::New(_));
        let after = world.balance(&anna.id).await.available;
        assert_eq!(after, before - CREDITS * i64::from(went_back) - 3 * i64::from(spent));
        assert!(after >= 0 && (went_back || spent), "{after}");
        let jobs = world.store.list_jobs(&anna.id, None, None, 99).await.unwrap();
        for job in jobs {
            world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap();
        }
        let left = world.balance(&anna.id).await.available;
        assert_eq!(left, before - CREDITS * i64::from(went_back), "all that was held is back");
    }
}

pub(super) async fn a_dispute_freezes_what_is_there_until_it_is_decided(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let order = world.order(&anna.id, &upload);
    let purchase = open(&world, &anna.id).await;
    merged(&world, &purchase.id, &paid(&purchase.id)).await;
    let frozen = async || world.store.purse(&anna.id).await.unwrap().is_frozen;
    merged(&world, &purchase.id, &disputed(&purchase.id, DisputeState::Inquiry)).await;
    assert!(!frozen().await, "a question takes nothing");
    world.enqueue_priced(&order).await;
    merged(&world, &purchase.id, &disputed(&purchase.id, DisputeState::Open)).await;
    assert!(frozen().await);
    assert_eq!(world.priced(&order).await, Enqueued::Frozen);
    let more = world.store.begin_purchase(&new_purchase(&anna.id, None), world.now()).await.unwrap();
    assert_eq!(more, Begun::Frozen);
    let lease = world.lease("w1").await.expect("what was ordered before is made").lease;
    world.store.complete(&lease, &super::world::made(&lease), world.now()).await.unwrap();
    merged(&world, &purchase.id, &disputed(&purchase.id, DisputeState::Lost)).await;
    assert!(!frozen().await);
    assert_eq!(world.balance(&anna.id).await.available, -3, "what was spent is owed");
    merged(&world, &purchase.id, &disputed(&purchase.id, DisputeState::Open)).await;
    assert!(!frozen().await, "a look that came late");
    assert!(matches!(world.priced(&order).await, Enqueued::Insufficient { available: -3, .. }));
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}

pub(super) async fn an_event_about_what_is_not_there_yet_is_parked_for_a_day(world: World) {
    let anna = world.account("anna").await;
    let (early, never) = (event("evt_early"), event("evt_never"));
    for parked in [&early, &never] {
        world.store.park_event(parked, world.now()).await.unwrap();
    }
    world.store.ignore_event(&event("evt_other"), world.now()).await.unwrap();
    assert_eq!(world.store.take_parked_events(9, world.now()).await.unwrap(), [], "not yet");
    world.clock.advance(SECOND * 600);
    assert_eq!(world.store.take_parked_events(9, world.now()).await.unwrap().len(), 2);
    assert_eq!(world.store.take_parked_events(9, world.now()).await.unwrap(), [], "each once");
    let purchase = open(&world, &anna.id).await;
    let merged = apply(&world, &purchase.id, &paid(&purchase.id), Some(&early)).await;
    assert!(matches!(merged, Applied::Merged { .. }));
    assert_eq!(apply(&world, &purchase.id, &paid(&purchase.id), Some(&early)).await, Applied::Repeated);
    world.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(world.store.take_parked_events(9, world.now()).await.unwrap(), [], "given up");
    let known = world.store.known_event("evt_never").await.unwrap().expect("it is remembered");
    assert!(!known.is_parked);
}

pub(super) async fn what_may_still_change_is_looked_at_ever_more_rarely(world: World) {
    let anna = world.account("anna").await;
    let purchase = open(&world, &anna.id).await;
    let mut looks = 0;
    for _ in 0..24 * 60 {
        world.clock.advance(SECOND * 60);
        looks += world.store.take_purchases_to_look_at(9, world.now()).await.unwrap().len();
    }
    assert!((20..=40).contains(&looks), "{looks} looks in a day");
    merged(&world, &purchase.id, &paid(&purchase.id)).await;
    world.clock.advance(SECOND * 36_000);
    assert_eq!(world.store.take_purchases_to_look_at(9, world.now()).await.unwrap(), [], "it is paid");
    let pending = refunded(&purchase.id, 900, RefundState::Pending, RefundReason::Other);
    merged(&world, &purchase.id, &pending).await;
    world.clock.advance(SECOND * 36_000);
    assert_eq!(world.store.take_purchases_to_look_at(9, world.now()).await.unwrap().len(), 1);
}

pub(super) async fn a_purchase_that_could_not_be_opened_ends(world: World) {
    let anna = world.account("anna").await;
    let begun = world.store.begin_purchase(&new_purchase(&anna.id, None), world.now()).await.unwrap();
    let Begun::New(purchase) = begun else { panic!("{begun:?}") };
    world.clock.advance(SECOND * 60);
    let calls = world.store.take_calls(9, world.now()).await.unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.kind, &call.purchase)).collect();
    assert_eq!(told, [(CallKind::Checkout, &purchase.id)]);
    world.store.end_call(&calls[0].key, CallEnd::GivenUp, world.now()).await.unwrap();
    let ended = world.store.purchase(&anna.id, &purchase.id).await.unwrap().unwrap();
    assert_eq!(ended.state, PurchaseState::Expired);
    world.clock.advance(SECOND * 36_000);
    assert_eq!(world.store.take_calls(9, world.now()).await.unwrap(), []);
    assert_eq!(
        merged(&world, &purchase.id, &paid(&purchase.id)).await.state,
        PurchaseState::Paid,
        "it was, after all"
    );
    assert_eq!(world.balance(&anna.id).await.available, CREDITS);
}
