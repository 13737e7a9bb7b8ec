//! Who sends, and files that come in parts.

use domain::account::Account;
use domain::ids::UploadId;
use domain::retention::Retention;
use domain::upload::{Concat, MetadataKept, UploadState};

use super::uploads::refusal;
use super::world::{DAY, SECOND, World, digest};
use crate::outcome::{NewUpload, Removal};
use crate::uploading::{JoinRefusal, Joined, LEASE, Renewed, Taken};

pub(super) async fn one_sender_at_a_time_and_the_next_one_is_heard_of(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, Some(100)).await;
    let take = async || world.store.take_upload_lock(&id, world.now()).await.unwrap();
    let first = world.upload_lock(&id).await;
    let renewed = async || world.store.renew_upload_lock(&first, world.now()).await.unwrap();
    assert_eq!(renewed().await, Renewed::Kept { asked: false });
    assert_eq!(take().await, Taken::Held);
    assert_eq!(take().await, Taken::Held);
    assert_eq!(renewed().await, Renewed::Kept { asked: true });
    world.store.release_upload_lock(&first).await.unwrap();
    assert_eq!(renewed().await, Renewed::Lost, "it was given back");
    let second = world.upload_lock(&id).await;
    assert!(second.fence > first.fence);
    world.store.release_upload_lock(&first).await.unwrap();
    assert_eq!(take().await, Taken::Held, "the first cannot give back what the second has");
    assert_eq!(
        world.store.renew_upload_lock(&second, world.now()).await.unwrap(),
        Renewed::Kept { asked: true }
    );
    let nobody = UploadId::new(&*world.entropy);
    assert_eq!(world.store.take_upload_lock(&nobody, world.now()).await.unwrap(), Taken::Unknown);
    world.store.delete_upload(&anna.id, &id, world.now()).await.unwrap();
    assert_eq!(world.store.renew_upload_lock(&second, world.now()).await.unwrap(), Renewed::Lost);
}

pub(super) async fn of_ten_who_ask_for_an_upload_at_once_one_gets_it(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, Some(100)).await;
    let askers: Vec<_> = (0..10)
        .map(|_| {
            let (store, id, now) = (world.store.clone(), id.clone(), world.now());
            tokio::spawn(async move { store.take_upload_lock(&id, now).await.unwrap() })
        })
        .collect();
    let mut got = 0;
    for asker in askers {
        got += i32::from(matches!(asker.await.unwrap(), Taken::Taken(_)));
    }
    assert_eq!(got, 1);
}

pub(super) async fn a_lock_that_is_renewed_lasts_and_one_that_is_not_lapses(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, Some(100)).await;
    let first = world.upload_lock(&id).await;
    let take = async || world.store.take_upload_lock(&id, world.now()).await.unwrap();
    world.clock.advance(LEASE - SECOND);
    let renewed = async || world.store.renew_upload_lock(&first, world.now()).await.unwrap();
    assert!(matches!(renewed().await, Renewed::Kept { .. }));
    world.clock.advance(LEASE - SECOND);
    assert_eq!(take().await, Taken::Held);
    world.clock.advance(SECOND);
    assert!(matches!(renewed().await, Renewed::Kept { .. }), "late, but nobody has taken it");
    assert_eq!(take().await, Taken::Held);
    world.clock.advance(LEASE);
    assert!(matches!(take().await, Taken::Taken(second) if second.fence > first.fence));
    assert_eq!(renewed().await, Renewed::Lost);
    assert_eq!(take().await, Taken::Held);
    world.store.release_upload_locks().await.unwrap();
    assert!(matches!(take().await, Taken::Taken(_)), "a new start lets go of all");
}

pub(super) async fn whoever_lost_the_lock_moves_nothing(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, None).await;
    let frozen = world.upload_lock(&id).await;
    assert!(world.store.advance_upload(&frozen, 0, 10).await.unwrap(), "the case must be real");
    world.clock.advance(LEASE);
    let holder = world.upload_lock(&id).await;
    assert!(!world.store.advance_upload(&frozen, 10, 20).await.unwrap());
    assert!(!world.store.declare_upload_size(&frozen, 10).await.unwrap());
    assert!(world.store.declare_upload_size(&holder, 10).await.unwrap());
    let finish = async |lock| world.store.finish_upload(lock, &digest(1), world.now()).await.unwrap();
    assert!(!finish(&frozen).await);
    let upload = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!((upload.received_bytes, upload.state), (10, UploadState::Receiving));
    assert!(finish(&holder).await);
}

/// A part with so many bytes, all of which are here.
async fn part(world: &World, owner: &Account, bytes: u64) -> UploadId {
    let new = new_upload(world, owner, Concat::Partial, Some(bytes));
    world.store.create_upload(&new, world.now()).await.unwrap();
    let lock = world.upload_lock(&new.id).await;
    assert!(world.store.advance_upload(&lock, 0, bytes).await.unwrap());
    world.store.release_upload_lock(&lock).await.unwrap();
    new.id
}

fn new_upload(world: &World, owner: &Account, concat: Concat, size_bytes: Option<u64>) -> NewUpload {
    NewUpload {
        id: UploadId::new(&*world.entropy),
        account: owner.id.clone(),
        name: "Song.wav".into(),
        filetype: None,
        concat,
        metadata: MetadataKept::None,
        size_bytes,
        expires_at: Retention::POLICY.of_new_upload(world.now()),
    }
}

async fn join(world: &World, owner: &Account, parts: &[UploadId]) -> Joined {
    let header = format!("final;{}", parts.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" "));
    let new = new_upload(world, owner, Concat::Final { header }, None);
    world.store.join_uploads(&new, parts, 1000, world.now()).await.unwrap()
}

async fn joined(world: &World, owner: &Account, parts: &[UploadId]) -> UploadId {
    match join(world, owner, parts).await {
        Joined::New(upload) => upload.id,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_part_is_never_checked_ordered_or_listed(world: World) {
    let anna = world.account("anna").await;
    let id = part(&world, &anna, 60).await;
    let lock = world.upload_lock(&id).await;
    assert!(!world.store.finish_upload(&lock, &digest(1), world.now()).await.unwrap());
    assert!(world.lease("w1").await.is_none(), "there is nothing to check");
    let order = world.store.enqueue(&world.order(&anna.id, &id), world.now()).await.unwrap();
    assert_eq!(refusal(&order), [("/inputs/0/upload", "upload_not_ready")]);
    assert_eq!(world.store.list_uploads(&anna.id, None, 9).await.unwrap(), []);
    let seen = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!((seen.concat, seen.received_bytes), (Concat::Partial, 60));
}

pub(super) async fn parts_are_joined_once_however_often_it_is_asked(world: World) {
    let anna = world.account("anna").await;
    let parts = [part(&world, &anna, 60).await, part(&world, &anna, 0).await, part(&world, &anna, 7).await];
    let whole = joined(&world, &anna, &parts).await;
    assert!(matches!(join(&world, &anna, &parts).await, Joined::Before(upload) if upload.id == whole));
    let backwards = [parts[2].clone(), parts[0].clone()];
    assert_eq!(
        join(&world, &anna, &backwards).await,
        Joined::Refused(JoinRefusal::Taken(parts[2].clone())),
        "they belong to another"
    );
    let lock = world.upload_lock(&whole).await;
    assert!(world.store.finish_upload(&lock, &digest(1), world.now()).await.unwrap());
    assert!(matches!(join(&world, &anna, &parts).await, Joined::Before(upload) if upload.id == whole));
}

pub(super) async fn the_parts_go_when_their_whole_is_finished_and_count_once(world: World) {
    let anna = world.account("anna").await;
    let parts = [part(&world, &anna, 60).await, part(&world, &anna, 7).await];
    let whole = joined(&world, &anna, &parts).await;
    let upload = world.store.upload(&anna.id, &whole).await.unwrap().unwrap();
    assert_eq!((upload.size_bytes, upload.state), (Some(67), UploadState::Receiving));
    let sizes = world.store.part_sizes(&anna.id, &parts).await.unwrap();
    assert_eq!(sizes, [Some(60), Some(7)]);
    let removal = world.store.delete_upload(&anna.id, &parts[0], world.now()).await.unwrap();
    assert_eq!(removal, Removal::InUse, "its whole needs it");
    let lock = world.upload_lock(&whole).await;
    assert!(world.store.finish_upload(&lock, &digest(1), world.now()).await.unwrap());
    assert_eq!(world.store.part_sizes(&anna.id, &parts).await.unwrap(), [None, None]);
    let doomed = world.doomed().await;
    assert!(parts.iter().all(|part| doomed.contains(&format!("u/{part}/"))), "{doomed:?}");
    assert!(!doomed.contains(&format!("u/{whole}/")));
    assert!(world.lease("w1").await.is_some(), "the whole is checked");
    assert!(world.lease("w1").await.is_none(), "and nothing else");
}

pub(super) async fn what_cannot_be_joined_is_named_and_nothing_is_done(world: World) {
    let (anna, boris) = (world.account("anna").await, world.account("boris").await);
    let mine = part(&world, &anna, 60).await;
    let foreign = part(&world, &boris, 60).await;
    let unfinished = new_upload(&world, &anna, Concat::Partial, Some(60));
    world.store.create_upload(&unfinished, world.now()).await.unwrap();
    let endless = new_upload(&world, &anna, Concat::Partial, None);
    world.store.create_upload(&endless, world.now()).await.unwrap();
    let whole = world.receiving_upload(&anna.id, Some(0)).await;
    let large = part(&world, &anna, 941).await;
    let nobody = UploadId::new(&*world.entropy);
    for (second, refusal) in [
        (&foreign, JoinRefusal::Unknown(foreign.clone())),
        (&nobody, JoinRefusal::Unknown(nobody.clone())),
        (&unfinished.id, JoinRefusal::Unfinished(unfinished.id.clone())),
        (&endless.id, JoinRefusal::Unfinished(endless.id.clone())),
        (&whole, JoinRefusal::NotPartial(whole.clone())),
        (&large, JoinRefusal::TooLarge(1001)),
    ] {
        let refused = join(&world, &anna, &[mine.clone(), second.clone()]).await;
        assert_eq!(refused, Joined::Refused(refusal));
    }
    assert_eq!(world.store.list_uploads(&anna.id, None, 9).await.unwrap().len(), 1, "no whole was made");
    world.clock.advance(DAY);
    let late = join(&world, &anna, std::slice::from_ref(&mine)).await;
    assert_eq!(late, Joined::Refused(JoinRefusal::Unknown(mine)));
}

pub(super) async fn an_unfinished_whole_takes_its_parts_along(world: World) {
    let anna = world.account("anna").await;
    let parts = [part(&world, &anna, 60).await, part(&world, &anna, 7).await];
    let whole = joined(&world, &anna, &parts).await;
    let removal = world.store.delete_upload(&anna.id, &whole, world.now()).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    for id in parts.iter().chain([&whole]) {
        assert_eq!(world.store.upload(&anna.id, id).await.unwrap(), None);
        assert!(world.doomed().await.contains(&format!("u/{id}/")));
    }
}

pub(super) async fn parts_that_nobody_joins_go_after_a_day(world: World) {
    let anna = world.account("anna").await;
    let alone = part(&world, &anna, 60).await;
    world.clock.advance(DAY - SECOND);
    let late = part(&world, &anna, 7).await;
    let whole = joined(&world, &anna, std::slice::from_ref(&late)).await;
    assert_eq!(world.store.remove_due(world.now(), 9).await.unwrap(), 0);
    world.clock.advance(SECOND);
    assert_eq!(world.store.remove_due(world.now(), 9).await.unwrap(), 1);
    assert_eq!(world.store.upload(&anna.id, &alone).await.unwrap(), None);
    world.clock.advance(DAY - SECOND);
    assert_eq!(
        world.store.remove_due(world.now(), 9).await.unwrap(),
        2,
        "a whole that was left, and its part"
    );
    assert_eq!(world.store.upload(&anna.id, &whole).await.unwrap(), None);
}
