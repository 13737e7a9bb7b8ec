//! Files that come in.

use domain::ids::UploadId;
use domain::job::StateName;
use domain::upload::UploadState;

use super::world::{DAY, SECOND, World, checked, digest, input_problem, made};
use crate::StoreError;
use crate::outcome::{Enqueued, Removal, SameBytes};

pub(super) async fn an_upload_becomes_ready_by_a_check(world: World) {
    let anna = world.account("anna").await;
    let id = world.ready_upload(&anna.id).await;
    let upload = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!((upload.state, &upload.audio), (UploadState::Ready, &Some(checked().audio)));
    assert_eq!((upload.sha256, upload.extension()), (Some(digest(1)), Some("wav".into())));
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap(), [], "a check is internal");
}

pub(super) async fn an_offset_moves_only_from_where_it_is(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, None).await;
    let lock = world.upload_lock(&id).await;
    let moves = async |from, to| world.store.advance_upload(&lock, from, to).await.unwrap();
    assert!(moves(0, 60).await, "a length need not be known");
    assert!(!moves(0, 70).await, "the offset is 60");
    assert!(!moves(60, 50).await, "never back");
    assert!(!world.store.declare_upload_size(&lock, 59).await.unwrap(), "more bytes are here");
    assert!(world.store.declare_upload_size(&lock, 100).await.unwrap());
    assert!(!world.store.declare_upload_size(&lock, 101).await.unwrap(), "it was told already");
    assert!(!moves(60, 101).await, "beyond the end");
    assert!(moves(60, 100).await);
    let upload = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!((upload.received_bytes, upload.size_bytes), (100, Some(100)));
}

pub(super) async fn of_ten_parallel_writers_one_moves_the_offset(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, Some(100)).await;
    let lock = world.upload_lock(&id).await;
    let writers: Vec<_> = (1..=10)
        .map(|to| {
            let (store, lock) = (world.store.clone(), lock.clone());
            tokio::spawn(async move { store.advance_upload(&lock, 0, to).await.unwrap() })
        })
        .collect();
    let mut moved = 0;
    for writer in writers {
        moved += i32::from(writer.await.unwrap());
    }
    assert_eq!(moved, 1);
}

pub(super) async fn an_upload_finishes_only_when_all_bytes_are_here(world: World) {
    let anna = world.account("anna").await;
    let id = world.receiving_upload(&anna.id, Some(100)).await;
    let lock = world.upload_lock(&id).await;
    let finish = async || world.store.finish_upload(&lock, &digest(1), world.now()).await.unwrap();
    assert!(world.store.advance_upload(&lock, 0, 99).await.unwrap());
    assert!(!finish().await, "a byte is missing");
    assert!(world.store.advance_upload(&lock, 99, 100).await.unwrap());
    assert!(finish().await);
    assert!(!finish().await, "only once");
    assert!(world.lease("w1").await.is_some());
    assert!(world.lease("w1").await.is_none(), "one check, not two");
}

pub(super) async fn a_rejected_upload_says_why_and_cannot_be_ordered(world: World) {
    let anna = world.account("anna").await;
    let id = world.checking_upload(&anna.id).await;
    let early = world.store.enqueue(&world.order(&anna.id, &id), world.now()).await.unwrap();
    assert_eq!(refusal(&early), [("/inputs/0/upload", "upload_not_ready")]);
    let check = world.lease("w1").await.unwrap();
    world.store.rejected_upload(&check.lease, &input_problem(), world.now()).await.unwrap();
    let upload = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!((upload.state, upload.problem), (UploadState::Rejected, Some(input_problem())));
    let late = world.store.enqueue(&world.order(&anna.id, &id), world.now()).await.unwrap();
    assert_eq!(refusal(&late), [("/inputs/0/upload", "upload_rejected")]);
}

pub(super) fn refusal(enqueued: &Enqueued) -> Vec<(&str, &str)> {
    match enqueued {
        Enqueued::Refused(errors) => {
            errors.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect()
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub(super) async fn a_check_whose_process_dies_three_times_rejects_its_upload(world: World) {
    let anna = world.account("anna").await;
    let id = world.checking_upload(&anna.id).await;
    for state in [StateName::Queued, StateName::Queued, StateName::Failed] {
        let check = world.lease("w1").await.unwrap();
        assert_eq!(world.store.process_died(&check.lease, world.now()).await.unwrap(), state);
    }
    let upload = world.store.upload(&anna.id, &id).await.unwrap().unwrap();
    assert_eq!(upload.state, UploadState::Rejected);
    assert_eq!(upload.problem.unwrap().code, "job_quarantined");
}

pub(super) async fn an_upload_that_a_living_job_needs_is_not_deleted(world: World) {
    let job = world.queued_job().await;
    let delete =
        async || world.store.delete_upload(&job.account, &job.inputs[0].upload, world.now()).await.unwrap();
    assert_eq!(delete().await, Removal::InUse);
    let lease = world.lease("w1").await.unwrap().lease;
    assert_eq!(delete().await, Removal::InUse);
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    assert_eq!(delete().await, Removal::Removed);
    assert_eq!(delete().await, Removal::Unknown);
    assert_eq!(world.again(&job).await.artifacts.len(), 1, "the master stays");
}

pub(super) async fn a_deleted_upload_dooms_its_blobs_and_ends_its_check(world: World) {
    let anna = world.account("anna").await;
    let id = world.checking_upload(&anna.id).await;
    let check = world.lease("w1").await.unwrap();
    let removal = world.store.delete_upload(&anna.id, &id, world.now()).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    assert!(world.doomed().await.contains(&format!("u/{id}/")));
    let late = world.store.checked_upload(&check.lease, &checked(), &SameBytes::Nowhere, world.now()).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    world.emptied(1).await;
    assert_eq!(world.doomed().await, Vec::<String>::new(), "the case must be real");
    world.store.discard(&check.lease, world.now()).await.unwrap();
    assert!(world.doomed().await.contains(&format!("u/{id}/")), "what the check stored late goes too");
    assert!(world.lease("w1").await.is_none());
}

pub(super) async fn lists_go_backwards_in_time_page_by_page(world: World) {
    let anna = world.account("anna").await;
    let mut newest_first = Vec::new();
    for number in 0..5 {
        newest_first.insert(0, world.receiving_upload(&anna.id, Some(1)).await);
        if number % 2 == 1 {
            world.clock.advance(SECOND);
        }
    }
    let whole = ids(world.store.list_uploads(&anna.id, None, 9).await.unwrap());
    let mut pages = Vec::new();
    loop {
        let page = world.store.list_uploads(&anna.id, pages.last(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.extend(ids(page));
    }
    assert_eq!(pages, whole);
    assert_eq!(whole.len(), 5);
    assert_eq!(whole[0], newest_first[0]);
}

fn ids(uploads: Vec<domain::upload::Upload>) -> Vec<UploadId> {
    uploads.into_iter().map(|upload| upload.id).collect()
}

pub(super) async fn an_unused_upload_goes_after_seven_days_and_a_used_one_with_its_first_job(world: World) {
    let anna = world.account("anna").await;
    let delete_at =
        async |id: &UploadId| world.store.upload(&anna.id, id).await.unwrap().expect("there").delete_at;
    let begun = world.receiving_upload(&anna.id, Some(1)).await;
    assert_eq!(delete_at(&begun).await, Some(world.now() + DAY));
    let id = world.ready_upload(&anna.id).await;
    assert_eq!(delete_at(&id).await, Some(world.now() + DAY * 7));
    let first = world.enqueue(&world.order(&anna.id, &id)).await;
    assert_eq!(delete_at(&id).await, None, "a job needs it");
    world.clock.advance(SECOND);
    world.store.cancel(&anna.id, &first.id, world.now()).await.unwrap();
    let due = Some(world.now() + DAY * 120);
    assert_eq!(delete_at(&id).await, due);
    world.clock.advance(DAY);
    let second = world.enqueue(&world.order(&anna.id, &id)).await;
    assert_eq!(delete_at(&id).await, due, "a later job extends nothing");
    world.store.cancel(&anna.id, &second.id, world.now()).await.unwrap();
    assert_eq!(delete_at(&id).await, due);
}

pub(super) async fn a_reference_is_kept_while_a_job_needs_it_and_goes_with_the_first(world: World) {
    let anna = world.account("anna").await;
    let (song, reference) = (world.ready_upload(&anna.id).await, world.ready_upload(&anna.id).await);
    let mut order = world.order(&anna.id, &song);
    order.wish.references = vec![reference.clone()];
    let job = world.enqueue(&order).await;
    let delete_at =
        async || world.store.upload(&anna.id, &reference).await.unwrap().expect("there").delete_at;
    let delete = async || world.store.delete_upload(&anna.id, &reference, world.now()).await.unwrap();
    assert_eq!((delete_at().await, delete().await), (None, Removal::InUse));
    world.clock.advance(SECOND);
    world.store.cancel(&anna.id, &job.id, world.now()).await.unwrap();
    let due = Some(world.now() + DAY * 120);
    assert_eq!(delete_at().await, due);
    world.clock.advance(DAY);
    order.wish.title = "Again".into();
    let again = world.enqueue(&order).await;
    world.store.cancel(&anna.id, &again.id, world.now()).await.unwrap();
    assert_eq!((delete_at().await, delete().await), (due, Removal::Removed));
}
