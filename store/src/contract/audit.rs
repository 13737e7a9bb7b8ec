//! What operators did leaves rows, and the rows a chain.

use domain::audit::{Broken, Chain};
use domain::ids::JobId;
use domain::job::Job;
use tokio::task::JoinSet;

use super::world::{World, act, digest, input_problem};
use crate::auditing::Verified;

pub(super) async fn every_act_leaves_a_row_that_says_who_why_and_what_came_of_it(world: World) {
    let job = world.queued_job().await;
    let now = world.now();
    let retry = async |job: &Job, why| world.store.retry_anyones(&job.id, &act(why), now).await.unwrap();
    world.store.pause(&act("a new disk"), now).await.unwrap();
    world.store.resume(&act("it is in"), now).await.unwrap();
    world.store.resume(&act("once more"), now).await.unwrap();
    retry(&job, "it hurries").await;
    let lease = world.lease("w1").await.unwrap().lease;
    retry(&job, "it runs").await;
    world.store.fail(&lease, &input_problem(), now).await.unwrap();
    retry(&job, "its owner asks").await;
    world.store.cancel_anyones(&job.id, &act("too late"), now).await.unwrap();
    let nobody = JobId::new(&*world.entropy);
    assert_eq!(world.store.cancel_anyones(&nobody, &act("who is it?"), now).await.unwrap(), None);

    let mut rows = world.store.audit_rows(None, 99).await.unwrap();
    rows.reverse();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.deed.action.as_str(), row.deed.reason.as_str(), row.deed.outcome.as_str()))
        .collect();
    let expected = [
        ("pause", "a new disk", "done"),
        ("resume", "it is in", "done"),
        ("resume", "once more", "unchanged"),
        ("retry", "it hurries", "hastened"),
        ("retry", "it runs", "unchanged"),
        ("retry", "its owner asks", "again"),
        ("cancel", "too late", "unchanged"),
    ];
    assert_eq!(told, expected, "and none for a job that is not there");
    assert!(rows.iter().all(|row| row.deed.actor == "terminal" && row.deed.at == now));
    assert_eq!(rows[0].deed.job, None);
    assert_eq!(rows[3].deed.job.as_deref(), Some(job.id.as_str()));
    let older = world.store.audit_rows(Some(rows[5].seq), 2).await.unwrap();
    assert_eq!(older.iter().map(|row| row.seq).collect::<Vec<_>>(), [5, 4]);
    let Verified::Sound(end) = world.store.verify_audit(None).await.unwrap() else { panic!("it is sound") };
    assert_eq!((end.seq, end.hash), (7, rows[6].hash));
}

pub(super) async fn acts_of_many_at_once_make_one_chain(world: World) {
    const HANDS: usize = 12;
    const EACH: usize = 5;
    let stores = [world.store.clone(), world.beside().await];
    let mut hands = JoinSet::new();
    for store in stores.iter().cycle().take(HANDS) {
        let (store, now) = (store.clone(), world.now());
        hands.spawn(async move {
            for _ in 0..EACH {
                store.pause(&act("mine"), now).await.unwrap();
            }
        });
    }
    hands.join_all().await;
    let Verified::Sound(end) = world.store.verify_audit(None).await.unwrap() else { panic!("it is sound") };
    assert_eq!(end.seq, (HANDS * EACH) as i64);
}

pub(super) async fn an_end_that_was_noted_is_recognised_and_another_is_not(world: World) {
    let sound = async |noted: Option<&Chain>| world.store.verify_audit(noted).await.unwrap();
    assert_eq!(sound(None).await, Verified::Sound(Chain::START), "nothing was done yet");
    world.store.pause(&act("one"), world.now()).await.unwrap();
    let Verified::Sound(noted) = sound(None).await else { panic!("it is sound") };
    world.store.resume(&act("two"), world.now()).await.unwrap();
    assert!(matches!(sound(Some(&noted)).await, Verified::Sound(Chain { seq: 2, .. })));
    let another = Chain { hash: digest(3), ..noted };
    assert_eq!(sound(Some(&another)).await, Verified::Broken(Broken::Rewritten { seq: 1 }));
    let later = Chain { seq: 9, ..noted };
    assert_eq!(sound(Some(&later)).await, Verified::Broken(Broken::Missing { seq: 3 }));
}
