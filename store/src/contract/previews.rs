//! Previews: free, few, and gone soon.

use std::time::Duration;

use domain::account::Account;
use domain::attempt::Room;
use domain::ids::UploadId;
use domain::money::{Credits, PriceList};
use domain::order::Order;
use domain::preview::Part;
use domain::problem::Money;
use domain::removal::Day;

use super::abuse::{mail, peppers, tags};
use super::world::{DAY, SECOND, World, made};
use crate::abuse::{Peppers, PreviewQuota};
use crate::money::Quoted;
use crate::outcome::Enqueued;

const LIFE: Duration = Duration::from_secs(7 * 86_400);

fn order(world: &World, account: &Account, upload: &UploadId, start_s: Option<f64>) -> Order {
    let mut order = world.order(&account.id, upload);
    order.wish.recipe.preview = Some(Part { start_s, length_s: 5.0 });
    order
}

async fn quota(world: &World, peppers: &Peppers, address: &str, per_day: u32) -> PreviewQuota {
    PreviewQuota { per_day, tags: tags(world, peppers, &mail(address)).await }
}

async fn admit(world: &World, order: &Order, quota: Option<&PreviewQuota>) -> Enqueued {
    world.store.admit_preview(order, Room::ENDLESS, quota, world.now()).await.unwrap()
}

pub(super) async fn a_preview_is_free_lives_7_days_and_leaves_its_upload_for_a_master(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let order_of_it = order(&world, &anna, &upload, Some(2.0));
    let prices = PriceList::default();
    let Quoted::Ready(quote) = world.store.quote(&anna.id, &order_of_it.wish, Some(&prices)).await.unwrap()
    else {
        panic!("it can be ordered")
    };
    assert_eq!(quote.credits, Credits::ZERO);
    let Enqueued::New(job) = admit(&world, &order_of_it, None).await else { panic!("there is room") };
    assert_eq!((job.credits, job.money), (Credits::ZERO, Money::None));
    assert_eq!(job.recipe.preview, order_of_it.wish.recipe.preview);
    let priced = world.enqueue_priced(&order_of_it).await;
    assert_eq!(priced.credits, Credits::ZERO, "whoever orders it at whatever price");
    world.store.delete_job(&anna.id, &priced.id, world.now()).await.unwrap();
    world.clock.advance(DAY);
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let job = world.again(&job).await;
    assert_eq!(job.delete_at, Some(world.now() + LIFE));
    assert_eq!(job.artifacts[0].delete_at, world.now() + LIFE);
    let goes_at = async || world.store.upload(&anna.id, &upload).await.unwrap().unwrap().delete_at;
    assert_eq!(goes_at().await, Some(world.now() + LIFE), "as if no job had used it");
    // A master of the same upload costs what it costs, and the upload then goes with it.
    world.give(&anna.id, 10).await;
    let master = world.enqueue_priced(&world.order(&anna.id, &upload)).await;
    assert_eq!((master.credits.count(), goes_at().await), (3, None));
    // A preview that ends meanwhile takes nothing from a master that still waits.
    let Enqueued::New(again) = admit(&world, &order_of_it, None).await else { panic!("there is room") };
    world.store.cancel(&anna.id, &again.id, world.now()).await.unwrap();
    assert_eq!(goes_at().await, None);
    let lease = world.lease("w1").await.unwrap().lease;
    assert_eq!(lease.job, master.id);
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    assert_eq!(
        (world.again(&master).await.money, world.balance(&anna.id).await.available),
        (Money::Captured, 7)
    );
    let end = goes_at().await;
    assert_eq!(end, Some(world.now() + DAY * 120));
    let Enqueued::New(after) = admit(&world, &order_of_it, None).await else { panic!("there is room") };
    world.store.cancel(&anna.id, &after.id, world.now()).await.unwrap();
    assert_eq!(goes_at().await, end, "and no preview changes that");
    world.clock.advance(LIFE - SECOND);
    let preview = async || world.store.job(&job.account, &job.id).await.unwrap();
    world.store.remove_due(job.delete_at.unwrap() - SECOND, 50).await.unwrap();
    assert!(preview().await.is_some());
    world.store.remove_due(job.delete_at.unwrap(), 50).await.unwrap();
    assert!(preview().await.is_none());
}

pub(super) async fn mr_8b_previews_are_counted_by_account_and_by_address(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let left = async |account: &Account, address: &str| {
        let quota = quota(&world, &ours, address, 3).await;
        world.store.previews_left(&account.id, &quota, world.now()).await.unwrap()
    };
    for used in 0..3 {
        assert_eq!(left(&anna, "anna@example.org").await, 3 - used);
        let quota = quota(&world, &ours, "anna@example.org", 3).await;
        let outcome = admit(&world, &order(&world, &anna, &upload, None), Some(&quota)).await;
        assert!(matches!(outcome, Enqueued::New(_)), "{outcome:?}");
    }
    let quota_of = |address: &'static str| quota(&world, &ours, address, 3);
    let again_at = Day::of(world.now()).next().start();
    let used_up = Enqueued::PreviewsUsed { per_day: 3, again_at };
    let fourth = order(&world, &anna, &upload, None);
    assert_eq!(admit(&world, &fourth, Some(&quota_of("anna@example.org").await)).await, used_up);
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap().len(), 3);
    // Erased and signed up again, under another spelling of the same address.
    assert_eq!(world.by_hand("DELETE FROM accounts").await.unwrap(), 1);
    let again = world.account("anna+again").await;
    let upload = world.ready_upload(&again.id).await;
    assert_eq!(left(&again, "Anna+again@example.org").await, 0);
    let order_of_it = order(&world, &again, &upload, None);
    assert_eq!(admit(&world, &order_of_it, Some(&quota_of("anna+again@example.org").await)).await, used_up);
    // Somebody else's address has its own, and a master was never refused.
    let ben = world.account("ben").await;
    assert_eq!(left(&ben, "ben@example.org").await, 3);
    world.give(&again.id, 3).await;
    world.enqueue_priced(&world.order(&again.id, &upload)).await;
    // Tomorrow there are three again.
    world.clock.advance(again_at.since(world.now()));
    assert_eq!(left(&again, "anna@example.org").await, 3);
    let outcome = admit(&world, &order_of_it, Some(&quota_of("anna@example.org").await)).await;
    assert!(matches!(outcome, Enqueued::New(_)), "{outcome:?}");
}

pub(super) async fn of_many_previews_at_once_no_more_are_taken_than_there_are(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let mut orders = Vec::new();
    // Two accounts with one mailbox.
    for name in ["anna", "anna+two"] {
        let account = world.account(name).await;
        let upload = world.ready_upload(&account.id).await;
        orders.extend(std::iter::repeat_n(order(&world, &account, &upload, None), 10));
    }
    let quota = quota(&world, &ours, "anna@example.org", 5).await;
    let outcomes =
        futures_util::future::join_all(orders.iter().map(|order| admit(&world, order, Some(&quota)))).await;
    let taken = outcomes.iter().filter(|outcome| matches!(outcome, Enqueued::New(_))).count();
    assert_eq!(taken, 5);
}

pub(super) async fn a_part_that_begins_beyond_the_end_makes_no_job_and_counts_nothing(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let quota = quota(&world, &peppers(folder.path(), 1), "anna@example.org", 3).await;
    let beyond = order(&world, &anna, &upload, Some(10.0));
    let Enqueued::Refused(errors) = admit(&world, &beyond, Some(&quota)).await else {
        panic!("it is 10 s long")
    };
    assert_eq!((errors[0].pointer.as_str(), errors[0].code.as_str()), ("/preview/start_s", "out_of_range"));
    assert_eq!(errors[0].detail, "start_s is 10 s; the song ends at 10.000 s");
    assert!(matches!(
        world.store.quote(&anna.id, &beyond.wish, None).await.unwrap(),
        Quoted::Refused(refused) if refused == errors
    ));
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap(), []);
    assert_eq!(world.store.previews_left(&anna.id, &quota, world.now()).await.unwrap(), 3);
}
