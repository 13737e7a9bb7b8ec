//! A copy of the database from before: what was removed since is removed again.

use domain::job::StateName;
use domain::removal::{Cause, Day, LoggedRemoval, REMOVALS_LOGGED, Removed, subject};

use super::purchases::{apply, open, paid};
use super::world::{DAY, SECOND, World, made};
use crate::outcome::Removal;

fn logged(world: &World, id: &str, removed: Removed, cause: Cause) -> LoggedRemoval {
    LoggedRemoval { subject: subject(id), removed, cause, removed_on: Day::of(world.now()) }
}

pub(super) async fn mx_23_each_removal_is_told_until_it_is_written_down(world: World) {
    let anna = world.account("anna").await.id;
    let upload = world.ready_upload(&anna).await;
    let job = world.enqueue(&world.order(&anna, &upload)).await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let unlogged = async || world.store.unlogged_removals(10, world.now()).await.unwrap();
    assert_eq!(unlogged().await, []);
    world.store.delete_job(&anna, &job.id, world.now()).await.unwrap();
    let first = logged(&world, job.id.as_str(), Removed::Job, Cause::Erasure);
    assert_eq!(unlogged().await, [first], "its artifact goes with it");
    world.store.removals_are_logged(&[first]).await.unwrap();
    assert_eq!(unlogged().await, []);
    world.store.erase_account(&anna, world.now()).await.unwrap();
    let mut told = unlogged().await;
    told.sort_by_key(|removal| removal.removed);
    let upload = logged(&world, upload.as_str(), Removed::Upload, Cause::Erasure);
    assert_eq!(told, [upload, logged(&world, anna.as_str(), Removed::Account, Cause::Erasure)]);
    assert_eq!(world.store.unknown_removals(&[first, upload]).await.unwrap(), []);
    world.clock.advance(REMOVALS_LOGGED);
    assert_eq!(unlogged().await, [], "no copy from before is left");
}

pub(super) async fn mx_23_what_a_copy_brings_back_goes_again_and_the_rest_stays(world: World) {
    let [anna, ben] = [world.account("anna").await.id, world.account("ben").await.id];
    let annas = world.ready_upload(&anna).await;
    let bens =
        [world.ready_upload(&ben).await, world.ready_upload(&ben).await, world.ready_upload(&ben).await];
    // As the copy has it: of Ben's jobs one is over, one runs, and one waits for an upload that was deleted later.
    let over = world.enqueue(&world.order(&ben, &bens[0])).await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let running = world.enqueue(&world.order(&ben, &bens[0])).await;
    let stale = world.lease("w1").await.unwrap().lease;
    let waiting = world.enqueue(&world.order(&ben, &bens[1])).await;
    let log = [
        logged(&world, anna.as_str(), Removed::Account, Cause::Erasure),
        logged(&world, over.id.as_str(), Removed::Job, Cause::Retention),
        logged(&world, running.id.as_str(), Removed::Job, Cause::Erasure),
        logged(&world, bens[1].as_str(), Removed::Upload, Cause::Expiry),
        logged(&world, "job_made_after_the_copy", Removed::Job, Cause::Erasure),
    ];
    assert_eq!(world.store.unknown_removals(&log).await.unwrap(), log);
    world.clock.advance(SECOND);
    assert_eq!(world.store.remove_again(&log, world.now()).await.unwrap(), 4);

    let store = &world.store;
    assert_eq!(store.account(&anna).await.unwrap(), None);
    assert_eq!(store.upload(&anna, &annas).await.unwrap(), None, "with all it had");
    assert_eq!(store.upload(&ben, &bens[1]).await.unwrap(), None);
    for job in [&over, &running] {
        assert_eq!(store.job(&ben, &job.id).await.unwrap(), None);
    }
    assert!(store.complete(&stale, &made(&stale), world.now()).await.is_err(), "its worker has lost it");
    assert_eq!(world.again(&waiting).await.state.name(), StateName::Cancelled, "it waits for nothing");
    for upload in [&bens[0], &bens[2]] {
        assert!(store.upload(&ben, upload).await.unwrap().is_some());
    }
    for removal in &log {
        let receipt = store.receipt(&removal.subject).await.unwrap().expect("a receipt");
        assert_eq!((receipt.removed, receipt.cause), (removal.removed, removal.cause));
    }
    for place in [format!("u/{annas}/"), format!("u/{}/", bens[1]), format!("j/{}/", over.id)] {
        assert!(world.doomed().await.contains(&place), "{place}");
    }
    assert_eq!(store.unknown_removals(&log).await.unwrap(), []);
    assert_eq!(store.remove_again(&log, world.now()).await.unwrap(), 0, "twice is once");
    assert_eq!(store.delete_job(&ben, &waiting.id, world.now() + DAY).await.unwrap(), Removal::Removed);
}

pub(super) async fn mx_23_an_account_that_goes_again_is_paid_nothing_back_by_a_copy(world: World) {
    let anna = world.account("anna").await.id;
    let purchase = open(&world, &anna).await;
    apply(&world, &purchase.id, &paid(&purchase.id), None).await;
    assert!(world.balance(&anna).await.available > 0, "by the copy nothing of it was used yet");
    let log = [logged(&world, anna.as_str(), Removed::Account, Cause::Erasure)];
    assert_eq!(world.store.remove_again(&log, world.now()).await.unwrap(), 1);
    world.clock.advance(SECOND * 7200);
    assert_eq!(
        world.store.take_calls(9, world.now()).await.unwrap(),
        [],
        "what was used since, it cannot tell"
    );
    let bought = world.store.anyones_purchase(&purchase.id).await.unwrap().expect("the books stay");
    assert_eq!(bought.account, None);
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
}
