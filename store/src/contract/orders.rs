//! How an order becomes a job.

use domain::ids::UploadId;
use domain::job::{JobKind, Stage, StateName};
use domain::order::Input;
use domain::stem::{Off, Setting, StemSettings};
use domain::task::Task;

use super::uploads::refusal;
use super::world::{SECOND, World, digest, made};
use crate::outcome::{Enqueued, Progress, Removal};

pub(super) async fn the_same_key_and_body_is_the_same_job(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let mut order = world.order(&anna.id, &upload);
    order.idempotency_key = Some("song-1".into());
    let job = world.enqueue(&order).await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let again = world.store.enqueue(&order, world.now()).await.unwrap();
    assert_eq!(again, Enqueued::Existing(world.again(&job).await), "as it is now");
    assert!(world.lease("w1").await.is_none());
}

pub(super) async fn the_same_key_with_another_body_is_a_conflict(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let mut order = world.order(&anna.id, &world.ready_upload(&anna.id).await);
    order.idempotency_key = Some("song-1".into());
    world.enqueue(&order).await;
    let other_body = domain::order::Order { body_hash: digest(8), ..order.clone() };
    assert_eq!(world.store.enqueue(&other_body, world.now()).await.unwrap(), Enqueued::Conflict);
    let mut bens = world.order(&ben.id, &order.wish.inputs[0].upload);
    bens.idempotency_key = order.idempotency_key;
    let answer = world.store.enqueue(&bens, world.now()).await.unwrap();
    assert_eq!(refusal(&answer), [("/inputs/0/upload", "unknown_upload")], "a key is of one account");
}

pub(super) async fn of_ten_parallel_orders_with_one_key_one_makes_a_job(world: World) {
    let anna = world.account("anna").await;
    let mut order = world.order(&anna.id, &world.ready_upload(&anna.id).await);
    order.idempotency_key = Some("song-1".into());
    let orders: Vec<_> = (0..10)
        .map(|_| {
            let (store, order, now) = (world.store.clone(), order.clone(), world.now());
            tokio::spawn(async move { store.enqueue(&order, now).await.unwrap() })
        })
        .collect();
    let (mut new, mut existing) = (0, 0);
    for order in orders {
        match order.await.unwrap() {
            Enqueued::New(_) => new += 1,
            Enqueued::Existing(_) => existing += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((new, existing), (1, 9));
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 20).await.unwrap().len(), 1);
}

pub(super) async fn an_order_of_what_is_not_there_names_the_input(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let bens = world.ready_upload(&ben.id).await;
    let nobodys = UploadId::new(&*world.entropy);
    for upload in [bens, nobodys] {
        let answer = world.store.enqueue(&world.order(&anna.id, &upload), world.now()).await.unwrap();
        assert_eq!(refusal(&answer), [("/inputs/0/upload", "unknown_upload")]);
    }
    assert_eq!(world.store.list_jobs(&anna.id, None, None, 9).await.unwrap(), []);
}

pub(super) async fn a_job_shows_its_place_and_its_history(world: World) {
    let anna = world.account("anna").await;
    let upload = world.ready_upload(&anna.id).await;
    let first = world.enqueue(&world.order(&anna.id, &upload)).await;
    world.clock.advance(SECOND);
    let second = world.enqueue(&world.order(&anna.id, &upload)).await;
    assert_eq!((first.queue_position, second.queue_position), (Some(0), Some(1)));
    let listed = world.store.list_jobs(&anna.id, None, None, 9).await.unwrap();
    assert_eq!(listed, [second.clone(), first.clone()], "a list tells the same");
    let lease = world.lease("w1").await.unwrap().lease;
    let progress = Progress { stage: Stage::Master, fraction: 0.5 };
    world.store.heartbeat(&lease, Some(progress), world.now()).await.unwrap();
    world.store.heartbeat(&lease, Some(progress), world.now()).await.unwrap();
    let running = world.again(&first).await;
    assert_eq!((running.stage, running.progress, running.attempt), (Some(Stage::Master), 0.5, 1));
    assert_eq!((running.queue_position, world.again(&second).await.queue_position), (None, Some(0)));
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let lines: Vec<_> = world.store.job_events(&anna.id, &first.id, 0, 9).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.seq, line.state, line.stage, line.progress)).collect();
    let expected = [
        (1, StateName::Queued, None, 0.0),
        (2, StateName::Running, None, 0.0),
        (3, StateName::Running, Some(Stage::Master), 0.5),
        (4, StateName::Succeeded, None, 1.0),
    ];
    assert_eq!(told, expected, "a beat that tells nothing new adds no line");
    assert_eq!(world.store.job_events(&anna.id, &first.id, 3, 9).await.unwrap(), lines[3..]);
    let succeeded = world.store.list_jobs(&anna.id, Some(StateName::Succeeded), None, 9).await.unwrap();
    assert_eq!(succeeded, [world.again(&first).await]);
    let newest = world.store.list_jobs(&anna.id, None, None, 1).await.unwrap();
    let older = world.store.list_jobs(&anna.id, None, Some(&newest[0].id), 9).await.unwrap();
    assert_eq!((newest[0].id.clone(), older), (second.id, succeeded));
}

pub(super) async fn a_job_reads_back_after_the_store_was_opened_again(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let before = world.again(&job).await;
    assert_eq!(before.artifacts.len(), 1);
    assert_eq!(before.engine_version.as_deref(), Some("0.1.0"));
    let world = world.reopened().await;
    assert_eq!(world.again(&job).await, before);
}

pub(super) async fn a_deleted_job_is_gone_and_dooms_all_it_made(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let artifact = world.again(&job).await.artifacts.remove(0);
    let removal = world.store.delete_job(&job.account, &job.id, world.now()).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    assert_eq!(world.store.job(&job.account, &job.id).await.unwrap(), None);
    assert_eq!(world.store.artifact(&job.account, &artifact.id).await.unwrap(), None);
    assert_eq!(world.store.job_events(&job.account, &job.id, 0, 9).await.unwrap(), []);
    let prefix = format!("j/{}/", job.id);
    assert!(artifact.blob.as_str().starts_with(&prefix));
    assert_eq!(world.doomed().await, [prefix]);
    world.emptied(2).await;
    assert_eq!(world.doomed().await, Vec::<String>::new());
}

pub(super) async fn an_album_keeps_its_tracks_in_order_and_what_it_is_to_sound_like(world: World) {
    let anna = world.account("anna").await;
    let mut uploads = Vec::new();
    for _ in 0..12 {
        uploads.push(world.ready_upload(&anna.id).await);
    }
    // Ids are random, so that this order is neither theirs nor that of the uploads.
    let (tracks, references) = uploads.split_at(10);
    let inputs: Vec<Input> = tracks
        .iter()
        .rev()
        .enumerate()
        .map(|(place, upload)| Input {
            upload: upload.clone(),
            title: format!("Track {place}"),
            settings: StemSettings::default(),
        })
        .collect();
    let mut order = world.order(&anna.id, &uploads[0]);
    (order.wish.kind, order.wish.inputs) = (JobKind::Album, inputs.clone());
    order.wish.references = references.iter().rev().cloned().collect();
    let job = world.enqueue(&order).await;
    assert_eq!((job.kind, &job.inputs, &job.references), (JobKind::Album, &inputs, &order.wish.references));
    let leased = world.lease("w1").await.unwrap();
    let expected = Task::Render {
        kind: JobKind::Album,
        inputs,
        references: order.wish.references,
        recipe: Box::new(order.wish.recipe),
        title: "Song".into(),
    };
    assert_eq!(leased.task, expected);
    let mut completion = made(&leased.lease);
    completion.artifacts[0].track = Some(10);
    world.store.complete(&leased.lease, &completion, world.now()).await.unwrap();
    assert_eq!(world.again(&job).await.artifacts[0].track, Some(10));
}

pub(super) async fn a_mix_keeps_what_was_decided_about_each_stem(world: World) {
    let anna = world.account("anna").await;
    let uploads = [world.ready_upload(&anna.id).await, world.ready_upload(&anna.id).await];
    let mut order = world.order(&anna.id, &uploads[0]);
    let decided = StemSettings {
        role: Some("lead_vox".into()),
        gain_db: Some(-1.5),
        high_pass_hz: Some(Setting::Off(Off::Off)),
        ride: Some(vec![(0.0, 0.5), (1.0, -0.25)]),
        ..StemSettings::default()
    };
    let kinds = [(JobKind::Mix, decided), (JobKind::MixAndMaster, StemSettings::default())];
    for (upload, (kind, settings)) in uploads.into_iter().zip(kinds) {
        order.wish.kind = kind;
        order.wish.inputs = vec![Input { upload, title: String::new(), settings }];
        let job = world.enqueue(&order).await;
        assert_eq!((job.kind, &job.inputs), (kind, &order.wish.inputs));
    }
}

pub(super) async fn a_reference_that_cannot_be_used_is_named(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let (song, foreign) = (world.ready_upload(&anna.id).await, world.ready_upload(&ben.id).await);
    let coming = world.receiving_upload(&anna.id, Some(1)).await;
    let mut order = world.order(&anna.id, &song);
    order.wish.references = vec![foreign, coming];
    let refused = world.store.enqueue(&order, world.now()).await.unwrap();
    let expected = [("/references/0", "unknown_upload"), ("/references/1", "upload_not_ready")];
    assert_eq!(refusal(&refused), expected);
}
