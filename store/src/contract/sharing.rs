//! The same file twice in one account lies here once, and goes with its last upload.

use domain::blob::BlobPrefix;
use domain::ids::{AccountId, UploadId};
use domain::removal::{Cause, Day, subject};
use domain::retention::Retention;
use domain::upload::MetadataKept;

use super::world::{DAY, SECOND, World, checked, digest, made};
use crate::outcome::{Admitted, Leased, NewUpload, Removal, SameBytes, Twin, UploadRoom};

impl World {
    /// An upload of the same bytes as every other here, whose check is leased.
    async fn leased_check(&self, account: &AccountId) -> (UploadId, Leased) {
        let id = self.checking_upload(account).await;
        (id, self.lease("checker").await.expect("a check waits"))
    }

    async fn end_check(&self, check: &Leased, same: &SameBytes) -> Option<Twin> {
        self.store.checked_upload(&check.lease, &checked(), same, self.now()).await.unwrap()
    }

    /// An upload that shares what its account has already, once its worker has read that.
    async fn twin_of(&self, account: &AccountId, place: &UploadId) -> UploadId {
        let (id, check) = self.leased_check(account).await;
        let twin = self.end_check(&check, &SameBytes::Unknown).await.expect("it is here already");
        assert_eq!(twin.place, *place);
        assert_eq!(self.end_check(&check, &SameBytes::At(twin.place)).await, None);
        id
    }

    async fn place(&self, account: &AccountId, id: &UploadId) -> UploadId {
        self.store.upload(account, id).await.unwrap().expect("it is there").place
    }

    async fn remove(&self, account: &AccountId, id: &UploadId) {
        let removal = self.store.delete_upload(account, id, self.now()).await.unwrap();
        assert_eq!(removal, Removal::Removed);
    }
}

fn place_of(id: &UploadId) -> String {
    BlobPrefix::upload(id).to_string()
}

pub(super) async fn mx_5_the_same_file_twice_in_one_account_lies_here_once_and_goes_with_its_last_upload(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let first = world.ready_upload(&anna).await;
    assert_eq!(world.place(&anna, &first).await, first);
    let second = world.twin_of(&anna, &first).await;
    let third = world.twin_of(&anna, &first).await;
    assert_eq!(
        [world.place(&anna, &second).await, world.place(&anna, &third).await],
        [first.clone(), first.clone()]
    );
    assert_eq!(world.doomed().await.len(), 2, "what came twice is emptied");
    assert!(!world.doomed().await.contains(&place_of(&first)));
    world.emptied(1).await;

    world.remove(&anna, &first).await;
    assert_eq!(world.doomed().await, Vec::<String>::new(), "two need it still");
    let receipt = world.store.receipt(&subject(first.as_str())).await.unwrap().unwrap();
    let today = Day::of(world.now());
    assert_eq!((receipt.cause, receipt.verified_on, receipt.files), (Cause::Erasure, Some(today), 0));
    let fourth = world.twin_of(&anna, &first).await;
    world.emptied(1).await;
    world.remove(&anna, &third).await;
    let job = world.enqueue(&world.order(&anna, &fourth)).await;
    world.remove(&anna, &second).await;
    assert_eq!(world.doomed().await, Vec::<String>::new(), "a job needs it");
    let lease = world.lease("w1").await.unwrap().lease;
    assert_eq!(lease.job, job.id);
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    world.remove(&anna, &fourth).await;
    assert_eq!(world.doomed().await, [place_of(&first)], "nobody needs it any more");
    assert_eq!(world.store.receipt(&subject(fourth.as_str())).await.unwrap().unwrap().verified_on, None);
    world.emptied(3).await;
    let receipt = world.store.receipt(&subject(fourth.as_str())).await.unwrap().unwrap();
    assert_eq!((receipt.verified_on, receipt.files), (Some(Day::of(world.now())), 3));
}

pub(super) async fn mx_5_two_accounts_share_nothing_and_of_two_twins_at_the_same_time_the_second_finds_the_first(
    world: World,
) {
    let [anna, ben] = [world.account("anna").await.id, world.account("ben").await.id];
    let annas = world.ready_upload(&anna).await;
    let (bens, check) = world.leased_check(&ben).await;
    assert_eq!(world.end_check(&check, &SameBytes::Unknown).await, None, "nobody is told what others have");
    assert_eq!(world.place(&ben, &bens).await, bens);
    assert_eq!(world.doomed().await, Vec::<String>::new());

    // Whoever says whose bytes they are is believed within the account alone.
    let (again, check) = world.leased_check(&ben).await;
    assert_eq!(world.end_check(&check, &SameBytes::At(annas.clone())).await, None);
    assert_eq!(world.place(&ben, &again).await, again);

    let carl = world.account("carl").await.id;
    let (one, first) = world.leased_check(&carl).await;
    let (other, second) = world.leased_check(&carl).await;
    assert_eq!(world.end_check(&first, &SameBytes::Unknown).await, None);
    assert_eq!(world.end_check(&second, &SameBytes::Unknown).await.expect("it is usable now").place, one);
    world.remove(&carl, &one).await;
    assert_eq!(world.end_check(&second, &SameBytes::At(one.clone())).await, None);
    assert_eq!(world.place(&carl, &other).await, other, "it went meanwhile");
    let due = Retention::POLICY.of_complete_upload(world.now()).since(world.now());
    world.clock.advance(due - SECOND);
    let (fresh, check) = world.leased_check(&carl).await;
    world.clock.advance(SECOND);
    assert_eq!(
        world.end_check(&check, &SameBytes::Unknown).await,
        None,
        "what is due is not given to anybody"
    );
    assert_eq!(world.place(&carl, &fresh).await, fresh);
}

pub(super) async fn mx_5_a_shared_place_is_known_and_no_late_writer_of_a_removed_upload_takes_it(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let (first, check) = world.leased_check(&anna).await;
    assert_eq!(world.end_check(&check, &SameBytes::Unknown).await, None);
    let second = world.twin_of(&anna, &first).await;
    world.emptied(1).await;
    world.remove(&anna, &first).await;
    let [known, unknown] = [&first, &second].map(BlobPrefix::upload);
    assert_eq!(
        world.store.unknown_places(&[known, unknown.clone()]).await.unwrap(),
        [unknown],
        "where nothing is to lie"
    );
    let stale = domain::lease::LeaseId { fence: check.lease.fence + 1, ..check.lease.clone() };
    world.store.discard(&stale, world.now()).await.unwrap();
    assert!(!world.doomed().await.contains(&place_of(&first)), "{:?}", world.doomed().await);

    let erased = world.store.erase_account(&anna, world.now()).await.unwrap().unwrap();
    assert_eq!((erased.uploads, erased.receipt.verified_on), (1, None));
    assert!(world.doomed().await.contains(&place_of(&first)));
    world.emptied(1).await;
    let receipt = world.store.receipt(&subject(anna.as_str())).await.unwrap().unwrap();
    assert_eq!(receipt.verified_on, Some(Day::of(world.now())));
}

pub(super) async fn mx_5_of_twins_that_go_at_the_same_time_the_last_takes_their_place_along(world: World) {
    for _ in 0..10 {
        let anna = world.account("anna").await.id;
        let first = world.ready_upload(&anna).await;
        let second = world.twin_of(&anna, &first).await;
        world.emptied(1).await;
        world.clock.advance(DAY * 7);
        let reaper = {
            let (store, now) = (world.beside().await, world.now());
            tokio::spawn(async move { store.remove_due(now, 1).await.unwrap() })
        };
        let other = world.store.remove_due(world.now(), 1).await.unwrap();
        assert!(reaper.await.unwrap() + other >= 1);
        world.store.remove_due(world.now(), 5).await.unwrap();
        assert_eq!(world.doomed().await, [place_of(&first)], "{second} shared it");
        world.emptied(1).await;
    }
}

pub(super) async fn mx_5_what_an_account_has_twice_counts_once_and_a_length_that_was_not_told_as_the_longest(
    world: World,
) {
    let [anna, ben] = [world.account("anna").await.id, world.account("ben").await.id];
    let room = UploadRoom { account_bytes: 250, longest_bytes: 120 };
    let admit = async |account: &AccountId, size_bytes: Option<u64>| {
        let new = world.new_upload(account, size_bytes);
        world.store.admit_upload(&new, &room, world.now()).await.unwrap()
    };
    let full = |taken_bytes: u64| Admitted::Full { taken_bytes };
    let first = world.ready_upload(&anna).await;
    let second = world.twin_of(&anna, &first).await;
    assert_eq!(admit(&anna, Some(151)).await, full(100), "each of the two has 100 bytes");
    world.remove(&anna, &first).await;
    assert_eq!(admit(&anna, Some(151)).await, full(100), "one of them still does");
    let Admitted::New(endless) = admit(&anna, None).await else { panic!("there is room") };
    assert_eq!(admit(&anna, Some(31)).await, full(220));
    assert!(matches!(admit(&ben, Some(250)).await, Admitted::New(_)), "everybody has room of their own");
    let lock = world.upload_lock(&endless.id).await;
    assert!(world.store.declare_upload_size(&lock, 20).await.unwrap());
    assert_eq!(admit(&anna, Some(131)).await, full(120), "now it is known");
    world.remove(&anna, &second).await;
    assert_eq!(admit(&anna, Some(231)).await, full(20));
    let wishes: Vec<_> = (0..10)
        .map(|_| {
            let (store, now, new) = (world.store.clone(), world.now(), world.new_upload(&anna, Some(100)));
            tokio::spawn(async move { store.admit_upload(&new, &room, now).await.unwrap() })
        })
        .collect();
    let mut admitted = 0;
    for wish in wishes {
        admitted += usize::from(matches!(wish.await.unwrap(), Admitted::New(_)));
    }
    assert_eq!(admitted, 2, "however many ask at once");
    world.clock.advance(DAY);
    assert!(matches!(admit(&anna, Some(250)).await, Admitted::New(_)), "what is due takes no room");
}

pub(super) async fn mx_5_an_upload_with_metadata_beside_its_bytes_shares_nothing(world: World) {
    let anna = world.account("anna").await.id;
    world.ready_upload(&anna).await;
    let new = NewUpload { metadata: MetadataKept::Blob, ..world.new_upload(&anna, Some(100)) };
    world.store.create_upload(&new, world.now()).await.unwrap();
    let lock = world.upload_lock(&new.id).await;
    assert!(world.store.advance_upload(&lock, 0, 100).await.unwrap());
    assert!(world.store.finish_upload(&lock, &digest(1), world.now()).await.unwrap());
    let check = world.lease("checker").await.unwrap();
    assert_eq!(world.end_check(&check, &SameBytes::Unknown).await, None);
    assert_eq!(world.place(&anna, &new.id).await, new.id);
}
