//! An account goes, with all it has.

use domain::account::Email;
use domain::ids::{AccountId, JobId, UploadId};
use domain::job::StateName;
use domain::money::{Balance, PriceList};
use domain::order::Input;
use domain::recipe::Recipe;
use domain::removal::{Cause, Day, Removed, subject};
use domain::secret::{SecretHash, SecretKind};
use domain::tags::Tags;
use domain::upload::{Concat, MetadataKept};

use super::purchases::{apply, new_purchase, open, paid};
use super::world::{SECOND, World, digest, input_problem, keyring, made};
use crate::StoreError;
use crate::money::{CallKind, NewPurchase, Withdrawn};
use crate::outcome::{Enqueued, NewApiKey, NewSession, NewUpload, Removal};

/// What Anna's account has before it goes.
struct Whole {
    account: AccountId,
    session: SecretHash,
    link: SecretHash,
    key: SecretHash,
    jobs: Vec<JobId>,
    uploads: Vec<UploadId>,
}

/// Of each kind one thing, a job in each state among them.
async fn whole(world: &World) -> Whole {
    let anna = world.account("anna").await.id;
    let [session, link, key] = [SecretKind::Session, SecretKind::SignInLink, SecretKind::ApiKey]
        .map(|kind| world.secret(kind).hash());
    let expires_at = world.now() + SECOND * 1000;
    let new = NewSession { account: anna.clone(), hash: session, device: "Firefox".into(), expires_at };
    world.store.create_session(&new, world.now()).await.unwrap();
    world.store.create_sign_in_link(&anna, &link, expires_at).await.unwrap();
    let scopes = [domain::scope::Scope::JobsRead].into_iter().collect();
    let new = NewApiKey { account: anna.clone(), name: "laptop".into(), scopes, hash: key, expires_at: None };
    world.store.create_api_key(&new, world.now()).await.unwrap();
    let upload = world.ready_upload(&anna).await;
    let order = || world.order(&anna, &upload);
    let mut jobs = Vec::new();
    for end in ["succeeded", "failed", "running", "queued"] {
        let job = world.enqueue(&order()).await;
        match end {
            "succeeded" => {
                let lease = world.lease("w1").await.unwrap().lease;
                world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
            }
            "failed" => {
                let lease = world.lease("w1").await.unwrap().lease;
                world.store.fail(&lease, &input_problem(), world.now()).await.unwrap();
            }
            "running" => drop(world.lease("w1").await.unwrap()),
            _ => {}
        }
        assert_eq!(world.again(&job).await.state.name().as_str(), end);
        jobs.push(job.id);
    }
    let uploads =
        vec![upload, world.receiving_upload(&anna, Some(10)).await, world.checking_upload(&anna).await];
    Whole { account: anna, session, link, key, jobs, uploads }
}

pub(super) async fn mr_7c_of_an_erased_account_no_row_is_left_and_its_worker_loses_its_lease(world: World) {
    let ben = world.account("ben").await;
    let bens = world.ready_upload(&ben.id).await;
    let had = whole(&world).await;
    let running = world.store.job(&had.account, &had.jobs[2]).await.unwrap().unwrap();
    assert_eq!(running.state.name(), StateName::Running, "the case must be real");
    let erased = world.store.erase_account(&had.account, world.now()).await.unwrap().expect("it was there");
    assert_eq!((erased.jobs, erased.uploads), (4, 3));

    let (store, now) = (&world.store, world.now());
    assert_eq!(store.account(&had.account).await.unwrap(), None);
    assert_eq!(store.account_by_email(&Email::parse("anna@example.org").unwrap()).await.unwrap(), None);
    assert_eq!(store.session(&had.session, now).await.unwrap(), None);
    assert_eq!(store.api_key(&had.key, now).await.unwrap(), None);
    assert_eq!(store.redeem_sign_in_link(&had.link, now).await.unwrap(), None);
    assert_eq!(store.list_uploads(&had.account, None, 9).await.unwrap(), []);
    assert_eq!(store.list_jobs(&had.account, None, None, 9).await.unwrap(), []);
    let lease = domain::lease::LeaseId { job: had.jobs[2].clone(), fence: 1 };
    let beat = store.heartbeat(&lease, None, now).await;
    assert!(matches!(beat, Err(StoreError::LeaseLost)), "{beat:?}");
    let commit = store.complete(&lease, &made(&lease), now).await;
    assert!(matches!(commit, Err(StoreError::LeaseLost)), "{commit:?}");
    assert_eq!(world.lease("w1").await, None, "nothing of it waits");
    let doomed = world.doomed().await;
    for job in &had.jobs {
        assert!(doomed.contains(&format!("j/{job}/")), "{doomed:?}");
    }
    for upload in &had.uploads {
        assert!(doomed.contains(&format!("u/{upload}/")), "{doomed:?}");
    }

    assert_eq!(store.erase_account(&had.account, now).await.unwrap(), None, "twice is once");
    assert!(store.upload(&ben.id, &bens).await.unwrap().is_some(), "another's stay");
    let anew = world.account("anna").await;
    assert_ne!(anew.id, had.account, "the same address later is somebody new");
    assert_eq!(store.list_sessions(&anew.id, now).await.unwrap(), []);
}

pub(super) async fn bp_22_who_may_pay_is_kept_with_the_last_terms_until_the_account_goes(world: World) {
    let [anna, ben] = [world.account("anna").await.id, world.account("ben").await.id];
    let said = async |account: &AccountId| world.store.payer_agreement(account).await.unwrap();
    assert_eq!(said(&anna).await, None, "nobody asked yet");
    for terms in ["1", "2"] {
        let new = NewPurchase { terms_version: terms.to_owned(), ..new_purchase(&anna, Some(terms)) };
        world.store.begin_purchase(&new, world.now()).await.unwrap();
        assert_eq!(said(&anna).await.as_deref(), Some(terms));
    }
    // The same order once more is no new word.
    let again = NewPurchase { terms_version: "3".to_owned(), ..new_purchase(&anna, Some("2")) };
    world.store.begin_purchase(&again, world.now()).await.unwrap();
    assert_eq!((said(&anna).await.as_deref(), said(&ben).await), (Some("2"), None));
    world.store.erase_account(&anna, world.now()).await.unwrap().expect("it was there");
    assert_eq!(said(&anna).await, None);
}

pub(super) async fn mr_13c_the_receipt_of_an_account_is_verified_with_its_last_place(world: World) {
    let had = whole(&world).await;
    let erased = world.store.erase_account(&had.account, world.now()).await.unwrap().unwrap();
    let receipt = async |id: &str| world.store.receipt(&subject(id)).await.unwrap().expect("a receipt");
    let first = receipt(had.account.as_str()).await;
    assert_eq!(first, erased.receipt);
    let today = Day::of(world.now());
    assert_eq!((first.removed, first.cause, first.removed_on), (Removed::Account, Cause::Erasure, today));
    assert_eq!(first.verified_on, None, "bytes lie in places still");
    for id in had.jobs.iter().map(JobId::as_str).chain(had.uploads.iter().map(UploadId::as_str)) {
        assert_eq!(receipt(id).await.cause, Cause::Erasure, "{id}");
    }
    let places = world.doomed_places().await.len() as u64;
    assert!(places >= 7, "the case must be real");
    world.emptied(2).await;
    let last = receipt(had.account.as_str()).await;
    assert_eq!((last.verified_on, last.files), (Some(Day::of(world.now())), 2 * places));

    let nobody = world.account("carl").await.id;
    let erased = world.store.erase_account(&nobody, world.now()).await.unwrap().unwrap();
    assert_eq!(erased.receipt.verified_on, Some(Day::of(world.now())), "it had no place");
    assert_eq!(receipt(nobody.as_str()).await, erased.receipt);
}

pub(super) async fn mc_21_what_was_bought_and_not_used_goes_back_and_the_books_stay_without_the_person(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let purchase = open(&world, &anna).await;
    apply(&world, &purchase.id, &paid(&purchase.id), None).await;
    world.give(&anna, 5).await;
    let upload = world.ready_upload(&anna).await;
    world.enqueue_priced(&world.order(&anna, &upload)).await;
    assert_eq!(world.balance(&anna).await, Balance { available: 12, held: 3 }, "the case must be real");
    let later = open(&world, &anna).await;
    // And one whose page is yet to be opened.
    world.store.begin_purchase(&new_purchase(&anna, Some("mine")), world.now()).await.unwrap();

    let erased = world.store.erase_account(&anna, world.now()).await.unwrap().unwrap();
    assert_eq!((erased.purchases_returned, erased.credits_lost), (1, 5), "what a job held came back first");
    let bought = world.store.anyones_purchase(&purchase.id).await.unwrap().expect("the books stay");
    assert_eq!((bought.account, bought.url), (None, None));
    let calls = async || {
        world.clock.advance(SECOND * 7200);
        let calls = world.store.take_calls(9, world.now()).await.unwrap();
        assert!(
            calls.iter().all(|call| call.kind == CallKind::Refund),
            "no page to pay at is opened any more"
        );
        calls.into_iter().map(|call| call.purchase).collect::<Vec<_>>()
    };
    assert_eq!(calls().await, std::slice::from_ref(&purchase.id));
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());

    // Who pays after having gone gets it back.
    apply(&world, &later.id, &paid(&later.id), None).await;
    let mut waiting = calls().await;
    waiting.sort();
    let mut both = vec![purchase.id.clone(), later.id.clone()];
    both.sort();
    assert_eq!(waiting, both);
    assert_eq!(world.store.money_faults().await.unwrap(), Vec::<String>::new());
    let asked = world.store.withdraw(&anna, &later.id, world.now()).await.unwrap();
    assert_eq!(asked, Withdrawn::Unknown, "nobody is its customer");
}

pub(super) async fn mx_24_of_two_jobs_on_one_upload_the_second_renders_after_the_first_was_erased(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let upload = world.ready_upload(&anna).await;
    let [first, second] = [1, 2].map(|_| world.order(&anna, &upload));
    let first = world.enqueue(&first).await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let second = world.enqueue(&second).await;
    let refused = world.store.delete_upload(&anna, &upload, world.now()).await.unwrap();
    assert_eq!(refused, Removal::InUse, "nobody takes it from a job that waits");
    assert_eq!(world.store.delete_job(&anna, &first.id, world.now()).await.unwrap(), Removal::Removed);
    let place = format!("u/{upload}/");
    assert!(!world.doomed().await.contains(&place), "another job needs it");
    let leased = world.lease("w1").await.expect("the second waits");
    assert!(world.store.upload(&anna, &upload).await.unwrap().is_some(), "its input is there");
    world.store.complete(&leased.lease, &made(&leased.lease), world.now()).await.unwrap();
    assert_eq!(world.again(&second).await.state.name(), StateName::Succeeded);
    assert_eq!(world.store.delete_job(&anna, &second.id, world.now()).await.unwrap(), Removal::Removed);
    // Whether the song goes too is its owner's choice; if not, it goes when the first job's time is up.
    assert_eq!(world.store.delete_upload(&anna, &upload, world.now()).await.unwrap(), Removal::Removed);
    assert_eq!(world.store.upload(&anna, &upload).await.unwrap(), None);
    assert!(world.doomed().await.contains(&place));
    let receipt = world.store.receipt(&subject(upload.as_str())).await.unwrap().expect("a receipt");
    assert_eq!((receipt.removed, receipt.cause), (Removed::Upload, Cause::Erasure));
}

pub(super) async fn mx_24_an_erased_account_takes_its_own_upload_along_whatever_others_hold(world: World) {
    let [anna, ben] = [world.account("anna").await.id, world.account("ben").await.id];
    // The same song, of the same hash, at two people: nothing is shared between accounts.
    let [annas, bens] = [world.ready_upload(&anna).await, world.ready_upload(&ben).await];
    let hash = async |account, upload| world.store.upload(account, upload).await.unwrap().unwrap().sha256;
    assert_eq!(hash(&anna, &annas).await, hash(&ben, &bens).await, "the case must be real");
    world.store.erase_account(&anna, world.now()).await.unwrap().unwrap();
    let doomed = world.doomed().await;
    assert!(doomed.contains(&format!("u/{annas}/")) && !doomed.contains(&format!("u/{bens}/")), "{doomed:?}");
    assert!(world.store.upload(&ben, &bens).await.unwrap().is_some());
}

fn is_done_or_of_nobody<T>(answer: crate::Result<T>) {
    assert!(answer.as_ref().err().is_none_or(StoreError::is_of_erased_account), "{:?}", answer.err());
}

pub(super) async fn mr_7c_an_erasure_amid_orders_uploads_and_leases_leaves_nothing_of_the_account(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let upload = world.ready_upload(&anna).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24_u64 {
        let (store, anna, upload, now) = (world.store.clone(), anna.clone(), upload.clone(), world.now());
        let (order, secret) = (world.order(&anna, &upload), world.secret(SecretKind::Session).hash());
        let (id, new_upload) = (UploadId::new(&*world.entropy), anna.clone());
        tasks.spawn(async move {
            match number % 4 {
                0 => is_done_or_of_nobody(store.enqueue(&order, now).await),
                1 => {
                    let expires_at = now + SECOND * 100;
                    let new = NewUpload {
                        id,
                        account: new_upload,
                        name: "late.wav".into(),
                        filetype: None,
                        concat: Concat::Whole,
                        metadata: MetadataKept::NameAndType,
                        size_bytes: None,
                        expires_at,
                    };
                    is_done_or_of_nobody(store.create_upload(&new, now).await);
                }
                2 => {
                    let expires_at = now + SECOND * 100;
                    let new =
                        NewSession { account: anna, hash: secret, device: "a program".into(), expires_at };
                    is_done_or_of_nobody(store.create_session(&new, now).await);
                }
                _ => drop(store.lease_next(&domain::lease::WorkerName("w".into()), now).await.unwrap()),
            }
        });
        if number == 12 {
            let (store, anna, now) = (world.store.clone(), world.account("anna").await.id, world.now());
            tasks.spawn(async move {
                let erased = store.erase_account(&anna, now).await.unwrap();
                assert!(erased.is_some(), "it is there once");
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(world.store.account(&anna).await.unwrap(), None);
    assert_eq!(world.store.list_uploads(&anna, None, 99).await.unwrap(), []);
    assert_eq!(world.store.everyones_jobs(None, None, 99).await.unwrap(), []);
    assert_eq!(world.lease("w1").await, None);
    // Whatever came in before has its place written down, and its receipt.
    let receipt = world.store.receipt(&subject(upload.as_str())).await.unwrap();
    assert_eq!(receipt.map(|receipt| receipt.cause), Some(Cause::Erasure));
}

pub(super) async fn mr_8d_without_keys_jobs_are_seen_without_what_people_wrote_and_nothing_is_written(
    world: World,
) {
    let anna = world.account("anna").await.id;
    let upload = world.ready_upload(&anna).await;
    let mut order = world.order(&anna, &upload);
    order.wish.recipe =
        Recipe { tags: Tags { artist: Some("Ada".into()), ..Tags::default() }, ..order.wish.recipe };
    order.idempotency_key = Some("my first".into());
    let job = world.enqueue(&order).await;
    assert_eq!((job.title.as_str(), job.recipe.tags.artist.as_deref()), ("Song", Some("Ada")));

    let locked = world.beside_without_keys().await;
    let seen = locked.anyones_job(&job.id).await.unwrap().expect("it is there");
    assert_eq!((seen.title.as_str(), &seen.recipe.tags), ("", &Tags::default()));
    assert_eq!(seen.recipe.loudness, job.recipe.loudness, "how it is done is no secret");
    assert_eq!(locked.everyones_jobs(None, None, 9).await.unwrap().len(), 1);
    let email = Email::parse("anna@example.org").unwrap();
    let refused = [
        locked.account_by_email(&email).await.map(drop),
        locked.account(&anna).await.map(drop),
        locked.upload(&anna, &upload).await.map(drop),
        locked.enqueue(&order, world.now()).await.map(drop),
        locked.lease_next(&domain::lease::WorkerName("w".into()), world.now()).await.map(drop),
    ];
    for answer in refused {
        assert!(matches!(answer, Err(StoreError::Locked)), "{answer:?}");
    }
    assert_eq!(world.again(&job).await.state.name(), StateName::Queued, "the lease was not given");
    let cancelled = locked.cancel(&anna, &job.id, world.now()).await.unwrap().expect("it is there");
    assert_eq!(cancelled.state.name(), StateName::Cancelled, "what needs no words is done");
    let again = world.store.enqueue(&order, world.now()).await.unwrap();
    assert!(
        matches!(again, Enqueued::Existing(_)),
        "its own name for the order is known by its tag: {again:?}"
    );
    order.body_hash = digest(8);
    assert_eq!(world.store.enqueue(&order, world.now()).await.unwrap(), Enqueued::Conflict);
}

pub(super) async fn mx_17_keys_of_accounts_are_wrapped_anew_and_older_ones_are_not_needed_any_more(
    world: World,
) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let old = world.store.keks_in_use().await.unwrap();
    assert_eq!(old, keyring().ids(), "the case must be real");
    let newer = "2:0202020202020202020202020202020202020202020202020202020202020202";
    let first = "1:0101010101010101010101010101010101010101010101010101010101010101";
    let both = crate::sealing::Keyring::parse(&format!("{first},{newer}")).unwrap();
    let count = crate::sealing::rewrap(&world.store, &both, &*world.entropy).await.unwrap();
    assert_eq!(count, 2, "the account's key and that of the tags");
    let newest = crate::sealing::Keyring::parse(newer).unwrap();
    assert_eq!(world.store.keks_in_use().await.unwrap(), newest.ids());
    let after = world.beside_without_keys().await;
    assert!(after.unlock(&keyring()).await.is_err(), "the old one alone is refused");
    after.unlock(&newest).await.unwrap();
    assert_eq!(after.account_by_email(&anna.email).await.unwrap(), Some(anna.clone()));
    assert_eq!(after.upload(&anna.id, &upload).await.unwrap().unwrap().name, "Song.wav");
}

pub(super) async fn a_price_is_no_reason_to_keep_a_title(world: World) {
    let anna = world.account("anna").await.id;
    world.give(&anna, 30).await;
    let uploads = [world.ready_upload(&anna).await, world.ready_upload(&anna).await];
    let mut order = world.order(&anna, &uploads[0]);
    order.wish.kind = domain::job::JobKind::Album;
    order.wish.inputs =
        uploads.iter().map(|upload| Input { title: "Side".into(), ..upload.clone().into() }).collect();
    let prices = PriceList::default();
    let admitted = world.store.admit(&order, domain::attempt::Room::ENDLESS, Some(&prices), world.now());
    let Enqueued::New(job) = admitted.await.unwrap() else { panic!("a new job") };
    assert_eq!(job.inputs.iter().map(|input| input.title.as_str()).collect::<Vec<_>>(), ["Side", "Side"]);
    let locked = world.beside_without_keys().await.anyones_job(&job.id).await.unwrap().unwrap();
    assert!(locked.inputs.iter().all(|input| input.title.is_empty()));
}
