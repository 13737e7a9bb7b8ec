//! How everything ends: at its time, wholly, and with a receipt that leads to nobody.

use std::slice::from_ref;
use std::time::Duration;

use domain::blob::BlobPrefix;
use domain::breaker::ALWAYS;
use domain::clock_trust::Reading;
use domain::job::Job;
use domain::lease::LEASE;
use domain::removal::{BETWEEN_LOOKS, Cause, Day, ORPHAN_AGE, Removed, again_after, subject};

use super::world::{DAY, SECOND, World, made};
use crate::outcome::Removal;
use crate::reaping::Look;

const LIFE: Duration = Duration::from_secs(120 * 86_400);

async fn finished(world: &World) -> Job {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    world.again(&job).await
}

pub(super) async fn mr_7f_a_job_and_its_input_are_there_at_120_days_less_a_moment_and_gone_at_120_days(
    world: World,
) {
    let job = finished(&world).await;
    let upload = job.inputs[0].upload.clone();
    let end = job.state.finished_at().unwrap() + LIFE;
    let moment = Duration::from_micros(1);
    assert_eq!(world.store.remove_due(end - moment, 50).await.unwrap(), 0);
    assert_eq!(world.store.due(end - moment, 9).await.unwrap(), []);
    let due = world.store.due(end, 9).await.unwrap();
    let ids: Vec<&str> = due.iter().map(|due| due.id.as_str()).collect();
    assert_eq!(ids, [job.id.as_str(), upload.as_str()]);
    assert!(world.store.job(&job.account, &job.id).await.unwrap().is_some(), "a plan changes nothing");
    // The look at the upload ended before, so it is the third that goes.
    assert_eq!(world.store.remove_due(end, 50).await.unwrap(), 3);
    assert_eq!(world.store.remove_due(end, 50).await.unwrap(), 0, "once");
    assert_eq!(world.store.job(&job.account, &job.id).await.unwrap(), None);
    assert_eq!(world.store.upload(&job.account, &upload).await.unwrap(), None);
    let doomed = world.doomed().await;
    for place in [BlobPrefix::job(&job.id), BlobPrefix::upload(&upload)] {
        assert!(doomed.contains(&place.to_string()), "{place} in {doomed:?}");
    }
}

pub(super) async fn mr_7f_a_removed_job_leaves_a_receipt_of_days_and_so_does_each_thing_it_made(
    world: World,
) {
    let job = finished(&world).await;
    let end = world.clock.advance(LIFE + DAY);
    world.store.remove_due(end, 50).await.unwrap();
    let receipt = async |id: &str| world.store.receipt(&subject(id)).await.unwrap();
    let of_job = receipt(job.id.as_str()).await.expect("a receipt");
    assert_eq!((of_job.removed, of_job.cause), (Removed::Job, Cause::Retention));
    assert_eq!((of_job.due_on, of_job.removed_on), (Some(Day::of(end - DAY)), Day::of(end)));
    assert_eq!(of_job.verified_on, None, "not before it was looked at twice");
    world.emptied(3).await;
    let of_artifact = receipt(job.artifacts[0].id.as_str()).await.expect("a receipt");
    assert_eq!((of_artifact.removed, of_artifact.files), (Removed::Artifact, 3));
    assert_eq!(of_artifact.verified_on, Some(Day::of(world.now())));
    let of_upload = receipt(job.inputs[0].upload.as_str()).await.expect("a receipt");
    assert_eq!((of_upload.removed, of_upload.cause), (Removed::Upload, Cause::Retention));
    assert_eq!(receipt("job_00000000000000000000000000").await, None);
    world.store.remove_stale(world.clock.advance(DAY * 732)).await.unwrap();
    assert_eq!(receipt(job.id.as_str()).await, None, "not for ever either");
}

pub(super) async fn mr_13c_what_its_owner_deletes_leaves_the_same_receipt(world: World) {
    let job = finished(&world).await;
    let removal = world.store.delete_job(&job.account, &job.id, world.now()).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    let receipt = world.store.receipt(&subject(job.id.as_str())).await.unwrap().expect("a receipt");
    assert_eq!((receipt.cause, receipt.due_on), (Cause::Erasure, None));
}

pub(super) async fn mr_7b_an_upload_that_was_never_finished_or_never_used_goes_at_its_own_time(world: World) {
    let anna = world.account("anna").await;
    let unfinished = world.receiving_upload(&anna.id, Some(100)).await;
    let unused = world.ready_upload(&anna.id).await;
    for (upload, life) in [(unfinished, DAY), (unused, DAY * 7)] {
        let end = world.store.upload(&anna.id, &upload).await.unwrap().unwrap().delete_at.unwrap();
        assert!(end <= world.now() + life, "{life:?}");
        world.store.remove_due(end - SECOND, 50).await.unwrap();
        assert!(world.store.upload(&anna.id, &upload).await.unwrap().is_some());
        world.store.remove_due(end, 50).await.unwrap();
        assert_eq!(world.store.upload(&anna.id, &upload).await.unwrap(), None);
        let receipt = world.store.receipt(&subject(upload.as_str())).await.unwrap().unwrap();
        assert_eq!(receipt.cause, Cause::Expiry);
    }
}

pub(super) async fn a_place_is_given_up_only_after_two_empty_looks_a_minute_apart(world: World) {
    let job = finished(&world).await;
    world.store.delete_job(&job.account, &job.id, world.now()).await.unwrap();
    let place = world.doomed_places().await.remove(0);
    let look = async |look: Look| world.store.looked(&place, look, world.now()).await.unwrap();
    assert!(!look(Look::Empty { deleted: 2 }).await);
    assert_eq!(world.store.doomed_blobs(world.now(), 9).await.unwrap(), [], "not before a minute has passed");
    world.clock.advance(BETWEEN_LOOKS);
    assert!(!look(Look::Empty { deleted: 1 }).await, "a late writer begins it anew");
    world.clock.advance(BETWEEN_LOOKS - SECOND);
    assert!(!look(Look::Empty { deleted: 0 }).await, "too early");
    world.clock.advance(BETWEEN_LOOKS);
    assert!(look(Look::Empty { deleted: 0 }).await);
    assert_eq!(world.doomed().await, Vec::<String>::new());
    assert!(!look(Look::Empty { deleted: 0 }).await, "it is over");
    let receipt = world.store.receipt(&subject(job.id.as_str())).await.unwrap().unwrap();
    assert_eq!((receipt.files, receipt.verified_on.is_some()), (3, true));
}

pub(super) async fn a_place_that_cannot_be_emptied_is_tried_again_for_ever_and_told_as_stuck(world: World) {
    let job = finished(&world).await;
    world.store.delete_job(&job.account, &job.id, world.now()).await.unwrap();
    for failures in 1..=6 {
        let place = world.store.doomed_blobs(world.now(), 9).await.unwrap().remove(0);
        world.store.looked(&place, Look::Refused, world.now()).await.unwrap();
        let wait = again_after(failures);
        assert_eq!(world.store.doomed_blobs(world.now() + wait - SECOND, 9).await.unwrap(), []);
        world.clock.advance(wait);
    }
    let state = world.store.reaper_state(world.now()).await.unwrap();
    assert_eq!((state.emptying, state.stuck), (1, 1));
    world.emptied(1).await;
    assert_eq!(world.store.reaper_state(world.now()).await.unwrap().emptying, 0);
}

pub(super) async fn bytes_that_no_row_knows_are_doomed_when_they_are_seen_again_a_day_later(world: World) {
    let job = world.queued_job().await;
    let lost = world.lease("w1").await.unwrap().lease;
    world.store.sweep_expired_leases(world.clock.advance(LEASE)).await.unwrap();
    let place = BlobPrefix::attempt(&lost);
    assert_eq!(world.store.unknown_places(from_ref(&place)).await.unwrap(), [], "it is doomed: known");
    world.emptied(0).await;
    let kept = world.lease("w2").await.unwrap().lease;
    let upload = BlobPrefix::upload(&job.inputs[0].upload);
    let places = [place.clone(), BlobPrefix::attempt(&kept), upload];
    // The first worker wakes up, writes, and is gone before it can say so.
    assert_eq!(world.store.unknown_places(&places).await.unwrap(), from_ref(&place));
    world.store.complete(&kept, &made(&kept), world.now()).await.unwrap();
    assert_eq!(world.store.unknown_places(&places).await.unwrap(), from_ref(&place));
    let tell = async || world.store.orphan(&place, world.now() - ORPHAN_AGE, world.now()).await.unwrap();
    assert!(!tell().await, "its row may be on its way");
    world.clock.advance(ORPHAN_AGE - SECOND);
    assert!(!tell().await);
    world.clock.advance(SECOND);
    assert!(tell().await);
    assert_eq!(world.doomed().await, [place.to_string()]);
}

pub(super) async fn a_freeze_stands_until_somebody_ends_it(world: World) {
    assert!(world.store.freeze("the clock was set", world.now()).await.unwrap());
    let since = world.now();
    world.clock.advance(DAY);
    assert!(!world.store.freeze("something else", world.now()).await.unwrap());
    let state = world.store.reaper_state(world.now()).await.unwrap();
    assert_eq!(state.frozen, Some((since, "the clock was set".to_owned())));
    world.store.thaw(0).await.unwrap();
    assert_eq!(world.store.reaper_state(world.now()).await.unwrap().frozen, None);
}

pub(super) async fn an_approval_covers_what_is_due_and_nothing_after(world: World) {
    for _ in 0..=ALWAYS {
        finished(&world).await;
    }
    let end = world.clock.advance(LIFE);
    let load = async || world.store.reaper_state(world.now()).await.unwrap().load;
    assert_eq!((load().await.due, load().await.is_plausible()), (ALWAYS + 1, false));
    world.store.thaw(ALWAYS + 1).await.unwrap();
    assert!(load().await.is_plausible());
    while world.store.remove_due(end, 20).await.unwrap() > 0 {}
    world.store.ticked(world.now()).await.unwrap();
    assert_eq!((load().await.due, load().await.approved, load().await.gone_lately), (0, 0, ALWAYS + 1));
}

pub(super) async fn the_last_reading_of_a_start_is_kept_and_a_new_start_gets_the_latest_of_any(world: World) {
    let reading = |wall, up, boot: &str| Reading { wall, up, boot: boot.to_owned() };
    let first = reading(world.now(), SECOND, "a");
    assert_eq!(world.store.clock_mark("a").await.unwrap(), None);
    world.store.believe(&first).await.unwrap();
    let later = reading(world.now() + DAY, DAY, "b");
    world.store.believe(&later).await.unwrap();
    assert_eq!(world.store.clock_mark("c").await.unwrap(), Some(later.clone()));
    let again = reading(world.now() + DAY * 2, DAY * 2, "b");
    world.store.believe(&again).await.unwrap();
    assert_eq!(world.store.clock_mark("b").await.unwrap(), Some(again));
}
