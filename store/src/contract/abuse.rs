//! What is remembered of somebody after everything else is gone: enough to recognise, too little to find.

use std::path::Path;
use std::sync::Arc;

use domain::abuse::{AbuseKind, AbuseReason, AbuseRecord, Epoch, Signal};
use domain::account::Email;
use domain::attempt::Room;
use domain::ids::SeededEntropy;
use domain::order::Order;
use domain::preview::Part;
use domain::removal::Day;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256, Sha512};

use super::world::{DAY, World};
use crate::Store;
use crate::abuse::{AbuseTags, PepperError, Peppers, PreviewQuota};
use crate::outcome::Enqueued;

pub(super) const CARD: &str = "Xt5EWLLDS7FJjR1cUnLikely";

pub(super) fn mail(address: &str) -> Signal {
    Signal::email(&Email::parse(address).unwrap())
}

/// The peppers of a process, in a folder.
pub(super) fn peppers(folder: &Path, seed: u64) -> Peppers {
    Peppers::of_folder(folder.join("peppers"), Arc::new(SeededEntropy::new(seed)))
}

pub(super) async fn tags(world: &World, peppers: &Peppers, signal: &Signal) -> AbuseTags {
    peppers.tags(&world.store, signal, world.now()).await.unwrap()
}

async fn reasons(world: &World, peppers: &Peppers, signal: &Signal) -> Vec<AbuseReason> {
    let tags = tags(world, peppers, signal).await;
    let records = world.store.abuse_records(&tags, world.now()).await.unwrap();
    records.iter().map(|record| record.reason).collect()
}

pub(super) async fn mr_7e_an_address_is_recognised_in_every_spelling_and_by_every_process_and_none_without_its_pepper(
    world: World,
) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let written = tags(&world, &ours, &mail("Anna.Berg+mix@gmail.com")).await;
    world.store.record_abuse(&written, AbuseReason::Chargeback, world.now()).await.unwrap();
    let other = peppers(folder.path(), 2);
    for address in ["annaberg@gmail.com", "a.n.n.a.berg@googlemail.com", "ANNABERG+x@gmail.com"] {
        assert_eq!(reasons(&world, &other, &mail(address)).await, [AbuseReason::Chargeback], "{address}");
    }
    assert_eq!(reasons(&world, &other, &mail("anna@gmail.com")).await, []);
    // Under later peppers it is written anew, and found under the one it was written under.
    world.clock.advance(DAY * 300);
    let later = tags(&world, &ours, &mail("annaberg@gmail.com")).await;
    assert_ne!(later.newest.epoch, written.newest.epoch);
    assert_eq!(later.older, [written.newest]);
    assert_eq!(reasons(&world, &ours, &mail("annaberg@gmail.com")).await, [AbuseReason::Chargeback]);
    assert_eq!(ours.destroy_old(world.now()).unwrap(), 0, "its time is not up");
    // A row that was left over when its pepper went is noise: the same address has no tag that is in the table.
    let end = Epoch::destroyed_on(written.newest.epoch).start();
    world.clock.advance(end.since(world.now()));
    assert_eq!(ours.destroy_old(end).unwrap(), 1);
    let left = world.bytes("SELECT tag FROM abuse_tags").await;
    assert_eq!(left, [written.newest.bits.to_vec()], "the case must be real: the row is there");
    let after = tags(&world, &ours, &mail("annaberg@gmail.com")).await;
    assert!(after.all().all(|tag| tag.bits != written.newest.bits));
    assert_eq!(reasons(&world, &ours, &mail("annaberg@gmail.com")).await, []);
}

/// One preview under an account's quota.
async fn preview(world: &World, peppers: &Peppers, order: &Order, address: &str) -> Enqueued {
    let quota = PreviewQuota { per_day: 3, tags: tags(world, peppers, &mail(address)).await };
    world.store.admit_preview(order, Room::ENDLESS, Some(&quota), world.now()).await.unwrap()
}

pub(super) async fn mr_7e_once_an_account_is_gone_nothing_leads_from_a_tag_to_it(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let mut order = world.order(&anna.id, &upload);
    order.wish.recipe.preview = Some(Part { start_s: None, length_s: 5.0 });
    assert!(matches!(preview(&world, &ours, &order, "anna@example.org").await, Enqueued::New(_)));
    assert_eq!(world.by_hand("DELETE FROM accounts").await.unwrap(), 1);
    assert_eq!(world.bytes("SELECT day FROM preview_counts WHERE used < 0").await, Vec::<Vec<u8>>::new());
    assert_eq!(
        world.by_hand("DELETE FROM preview_counts").await.unwrap(),
        0,
        "what counted by account went with it"
    );
    let left = tags(&world, &ours, &mail("anna@example.org")).await;
    let records = world.store.abuse_records(&left, world.now()).await.unwrap();
    let day = Day::of(world.now());
    let expires_day = Day::from_number(day.number() + 120);
    let reason = AbuseReason::PreviewUsed;
    let tag = left.newest;
    assert_eq!(records, [AbuseRecord { tag, reason, first_day: day, last_day: day, hits: 1, expires_day }]);
    assert!(world.store.knows_a_preview_of(&left, world.now()).await.unwrap());
    // Nor does a hash of the account's id, which is random, under which its tombstones are kept.
    assert_ne!(domain::removal::subject(anna.id.as_str()).as_bytes()[..16], tag.bits);
}

pub(super) async fn mr_7e_a_tag_dies_on_its_day(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let (anna, address) = (mail("anna@example.org"), Signal::address("192.0.2.7".parse().unwrap()));
    for (signal, reason) in [(&anna, AbuseReason::PreviewUsed), (&address, AbuseReason::Flood)] {
        let tags = tags(&world, &ours, signal).await;
        world.store.record_abuse(&tags, reason, world.now()).await.unwrap();
    }
    let start = Day::of(world.now()).number();
    let moment = std::time::Duration::from_micros(1);
    for (days, gone) in [(30, 1), (120, 1)] {
        let end = Day::from_number(start + days).start();
        world.clock.advance((end - moment).since(world.now()));
        assert_eq!(world.store.expire_abuse(world.now()).await.unwrap(), 0, "{days}");
        world.clock.advance(moment);
        // What has run out counts no more, whether it was swept or not.
        let found = reasons(&world, &ours, if days == 30 { &address } else { &anna }).await;
        assert_eq!(found, [], "{days}");
        assert_eq!(world.store.remove_stale(world.now()).await.unwrap(), gone, "the reaper's sweep, {days}");
    }
    assert_eq!(world.bytes("SELECT tag FROM abuse_tags").await, Vec::<Vec<u8>>::new());
}

pub(super) async fn mr_8a_the_table_takes_no_other_signal_reason_or_term(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let tags = tags(&world, &peppers(folder.path(), 1), &Signal::card(CARD).unwrap()).await;
    world.store.record_abuse(&tags, AbuseReason::Chargeback, world.now()).await.unwrap();
    for sql in [
        "UPDATE abuse_tags SET kind = 5",
        "UPDATE abuse_tags SET kind = 0",
        "UPDATE abuse_tags SET reason = 7",
        "UPDATE abuse_tags SET hits = 256",
        "UPDATE abuse_tags SET expires_day = last_day + 366",
        "UPDATE abuse_tags SET kind = 2, expires_day = last_day + 31",
        "UPDATE abuse_tags SET first_day = last_day - 366, expires_day = last_day + 365",
        "UPDATE abuse_tags SET first_day = last_day + 1",
    ] {
        let answer = world.by_hand(sql).await;
        assert!(matches!(answer, Err(sqlx::Error::Database(_))), "{sql}: {answer:?}");
    }
    assert_eq!(
        world.by_hand("UPDATE abuse_tags SET kind = 2, expires_day = last_day + 30").await.unwrap(),
        1
    );
}

/// Every way in which somebody might hash an address who does not know the secret.
fn plain_hashes(text: &str, kind: AbuseKind) -> Vec<Vec<u8>> {
    let (prefix, number) = (b"mxr.abuse.v1".as_slice(), kind.number());
    let digit = number.to_string();
    let texts: Vec<Vec<u8>> = [text.to_owned(), text.to_uppercase(), format!("{text}\n")]
        .iter()
        .flat_map(|text| {
            let text = text.as_bytes();
            [
                text.to_vec(),
                [prefix, text].concat(),
                [prefix, &[number], text].concat(),
                [prefix, digit.as_bytes(), text].concat(),
                [&[number], text].concat(),
            ]
        })
        .collect();
    let mut hashes = Vec::new();
    for text in &texts {
        hashes.push(Sha256::digest(text).to_vec());
        hashes.push(Sha512::digest(text).to_vec());
        hashes.push(sha1::Sha1::digest(text).to_vec());
        hashes.push(md5::compute(text).0.to_vec());
        hashes.push(Sha256::digest(Sha256::digest(text)).to_vec());
        for key in [b"".as_slice(), &[0; 32], prefix, b"mixrunners", b"pepper", b"secret"] {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text);
            hashes.push(mac.finalize().into_bytes().to_vec());
        }
    }
    hashes
}

/// Which of `texts` can be read off the table by trying.
async fn matched<'a>(world: &World, texts: &'a [(String, AbuseKind)]) -> Vec<&'a str> {
    let tags = world.bytes("SELECT tag FROM abuse_tags").await;
    let is_in = |hash: &Vec<u8>| tags.iter().any(|tag| hash.windows(tag.len()).any(|part| part == tag));
    let found = texts.iter().filter(|(text, kind)| plain_hashes(text, *kind).iter().any(is_in));
    found.map(|(text, _)| text.as_str()).collect()
}

pub(super) async fn mr_8d_no_plain_hash_of_any_address_matches_a_tag_and_a_planted_one_is_found(
    world: World,
) {
    let folder = tempfile::tempdir().unwrap();
    let ours = peppers(folder.path(), 1);
    let mut texts = Vec::new();
    let mut remember = async |signal: Signal, texts_of_it: [String; 2]| {
        let tags = tags(&world, &ours, &signal).await;
        world.store.record_abuse(&tags, AbuseReason::PreviewUsed, world.now()).await.unwrap();
        texts.extend(texts_of_it.map(|text| (text, signal.kind())));
    };
    for number in 0..40 {
        let address = format!("person{number}+x@example.org");
        remember(mail(&address), [address.clone(), address.replace("+x", "")]).await;
        let address = format!("203.0.113.{number}");
        remember(Signal::address(address.parse().unwrap()), [address.clone(), format!("{address}/32")]).await;
    }
    remember(Signal::card(CARD).unwrap(), [CARD.to_owned(), CARD.to_lowercase()]).await;
    assert_eq!(world.bytes("SELECT tag FROM abuse_tags").await.len(), 81);
    assert_eq!(matched(&world, &texts).await, Vec::<&str>::new());
    // What was hashed is nowhere in clear, neither in the tables nor in the log before them.
    if let Some(files) = world.files() {
        let is_there = |text: &str| files.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(is_there("abuse_tags"), "the case must be real");
        assert!(!is_there(CARD) && !is_there("person7+x@") && !is_there("203.0.113."));
    }
    // The same look finds what was hashed without a secret.
    let planted: [u8; 16] = Sha256::digest("person7@example.org")[..16].try_into().unwrap();
    let tag = domain::abuse::AbuseTag {
        kind: AbuseKind::Email,
        epoch: Epoch::of(Day::of(world.now())),
        bits: planted,
    };
    let tags = AbuseTags { newest: tag, older: Vec::new() };
    world.store.record_abuse(&tags, AbuseReason::PreviewUsed, world.now()).await.unwrap();
    assert_eq!(matched(&world, &texts).await, ["person7@example.org"]);
}

pub(super) async fn hits_of_many_at_once_are_all_counted_up_to_255(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let tags = tags(&world, &peppers(folder.path(), 1), &mail("anna@example.org")).await;
    let at_once = async |count: usize| {
        let stores: Vec<Store> = (0..count).map(|_| world.store.clone()).collect();
        let hits = stores.iter().map(|store| store.record_abuse(&tags, AbuseReason::Flood, world.now()));
        let last = futures_util::future::join_all(hits).await;
        last.into_iter().map(|record| record.unwrap().hits).max().unwrap()
    };
    assert_eq!(at_once(40).await, 40);
    for _ in 0..6 {
        at_once(40).await;
    }
    assert_eq!(at_once(1).await, AbuseRecord::HITS_MAX);
}

pub(super) async fn of_ten_processes_that_share_a_folder_one_makes_the_pepper(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let signal = mail("anna@example.org");
    let processes: Vec<Peppers> = (0..10).map(|seed| peppers(folder.path(), 100 + seed)).collect();
    let asked = processes.iter().map(|process| process.tags(&world.store, &signal, world.now()));
    let tags = futures_util::future::join_all(asked).await;
    let first = tags[0].as_ref().unwrap();
    for tags in &tags {
        assert_eq!(tags.as_ref().unwrap(), first);
    }
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("peppers")).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1, "no half one lies about: {files:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&files[0].metadata().unwrap().permissions());
    assert_eq!((mode & 0o777, files[0].metadata().unwrap().len()), (0o600, 32));
}

pub(super) async fn a_process_that_lacks_a_pepper_says_so_and_makes_no_other(world: World) {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (peppers(one.path(), 1), peppers(other.path(), 2));
    let signal = mail("anna@example.org");
    ours.check(&world.store, world.now()).await.unwrap();
    let written = tags(&world, &ours, &signal).await;
    for _ in 0..2 {
        let lacking = theirs.tags(&world.store, &signal, world.now()).await.unwrap_err();
        assert!(matches!(lacking, PepperError::Missing { kind: AbuseKind::Email, .. }), "{lacking}");
        assert!(lacking.to_string().contains("share the folder"), "{lacking}");
        assert!(theirs.check(&world.store, world.now()).await.is_err());
    }
    assert!(!other.path().join("peppers").exists(), "it made none");
    // With a copy it knows as much as the other.
    let name = format!("email-{:05}.pepper", written.newest.epoch.number());
    std::fs::create_dir(other.path().join("peppers")).unwrap();
    std::fs::copy(one.path().join("peppers").join(&name), other.path().join("peppers").join(&name)).unwrap();
    assert_eq!(tags(&world, &theirs, &signal).await, written);
    // Another pepper under its name is told from it.
    std::fs::write(other.path().join("peppers").join(&name), [7; 32]).unwrap();
    let differs = theirs.tags(&world.store, &signal, world.now()).await.unwrap_err();
    assert!(matches!(differs, PepperError::Differs { .. }), "{differs}");
    // Both looked at the same moment whether there is one, and both made one: the second takes its own back.
    world.clock.advance(DAY * 90);
    std::fs::copy(one.path().join("peppers").join(&name), other.path().join("peppers").join(&name)).unwrap();
    let (mine, yours) = tokio::join!(
        ours.tags(&world.store, &signal, world.now()),
        theirs.tags(&world.store, &signal, world.now())
    );
    assert_eq!([&mine, &yours].iter().filter(|tags| tags.is_ok()).count(), 1, "{mine:?} {yours:?}");
    let files = [one.path(), other.path()].map(|folder| folder.join("peppers").read_dir().unwrap().count());
    assert_eq!(files.iter().sum::<usize>(), 3, "the old one twice, the new one once: {files:?}");
}
