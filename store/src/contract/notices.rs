//! Whoever has results that go is told so before.

use std::time::Duration;

use domain::account::Account;
use domain::clock::Timestamp;
use domain::ids::{JobId, MailId};
use domain::notice::{FIRST_NOTICE, LAST_NOTICE, TOLD_ALONG};
use domain::preview::Part;
use domain::recipe::Recipe;
use domain::retention::Retention;

use super::world::{DAY, World, input_problem, made};
use crate::mail::NewMail;

const MOMENT: Duration = Duration::from_micros(1);

impl World {
    /// A job that succeeds now.
    async fn result(&self, account: &Account, recipe: Recipe) -> JobId {
        let upload = self.ready_upload(&account.id).await;
        let mut order = self.order(&account.id, &upload);
        order.wish.recipe = recipe;
        let job = self.enqueue(&order).await;
        let lease = self.lease("w1").await.unwrap().lease;
        assert_eq!(lease.job, job.id);
        self.store.complete(&lease, &made(&lease), self.now()).await.unwrap();
        job.id
    }

    fn mail_of_a_day(&self) -> NewMail {
        let id = MailId::new(&*self.entropy);
        NewMail { id, sealed: b"sealed".to_vec(), expires_at: self.now() + DAY }
    }

    /// Gives what is to be told to all: who hears of which jobs.
    async fn told(&self) -> Vec<(Account, Vec<JobId>)> {
        let mut told = Vec::new();
        for id in self.store.accounts_to_notify(10, self.now()).await.unwrap() {
            let notice = self.store.deletion_notice(&id, self.now()).await.unwrap().expect("it was said so");
            let mail = self.mail_of_a_day();
            assert!(self.store.give_deletion_notice(&notice, Some(&mail), self.now()).await.unwrap());
            let mails = self.store.take_mails(10, self.now()).await.unwrap();
            assert_eq!(mails.iter().map(|mail| &mail.id).collect::<Vec<_>>(), [&mail.id]);
            self.store.end_mail(&mail.id).await.unwrap();
            let account = self.store.account(&id).await.unwrap().unwrap();
            told.push((account, notice.results.into_iter().map(|result| result.job).collect()));
        }
        told
    }

    fn be_at(&self, time: Timestamp) {
        self.clock.advance(time.since(self.now()));
        assert_eq!(self.now(), time);
    }
}

pub(super) async fn mr_7g_a_result_is_told_of_fourteen_and_three_days_before_it_goes_once_each(world: World) {
    let anna = world.account("anna").await;
    let job = world.result(&anna, Recipe::default()).await;
    let goes = Retention::POLICY.of_ended_job(world.now());
    for notice in [FIRST_NOTICE, LAST_NOTICE] {
        world.be_at(goes - notice - MOMENT);
        assert_eq!(world.told().await, [], "a moment before");
        world.clock.advance(MOMENT);
        assert_eq!(world.told().await, [(anna.clone(), vec![job.clone()])]);
        assert_eq!(world.told().await, [], "once");
    }
    world.be_at(goes);
    assert_eq!(world.told().await, [], "what went is not told of");

    let late = world.result(&anna, Recipe::default()).await;
    world.be_at(Retention::POLICY.of_ended_job(world.now()) - DAY);
    assert_eq!(
        world.told().await,
        [(anna.clone(), vec![late])],
        "nobody told anything for long: one mail is enough"
    );
    assert_eq!(world.told().await, []);
    let last = world.result(&anna, Recipe::default()).await;
    world.be_at(Retention::POLICY.of_ended_job(world.now()) - DAY);
    let notice = world.store.deletion_notice(&anna.id, world.now()).await.unwrap().unwrap();
    world.store.delete_job(&anna.id, &last, world.now()).await.unwrap();
    let given = world.store.give_deletion_notice(&notice, Some(&world.mail_of_a_day()), world.now()).await;
    assert!(!given.unwrap(), "its owner deleted it meanwhile");
    assert_eq!(world.store.take_mails(10, world.now()).await.unwrap(), []);
}

pub(super) async fn mr_7g_what_goes_within_the_same_day_is_told_in_one_mail(world: World) {
    let [anna, ben] = [world.account("anna").await, world.account("ben").await];
    let first = world.result(&anna, Recipe::default()).await;
    let goes = Retention::POLICY.of_ended_job(world.now());
    let bens = world.result(&ben, Recipe::default()).await;
    world.clock.advance(TOLD_ALONG);
    let along = world.result(&anna, Recipe::default()).await;
    world.clock.advance(MOMENT);
    let later = world.result(&anna, Recipe::default()).await;
    for notice in [FIRST_NOTICE, LAST_NOTICE] {
        world.be_at(goes - notice);
        let mut told = world.told().await;
        told.sort_by_key(|(account, _)| account.email.as_str().to_owned());
        let annas = vec![first.clone(), along.clone()];
        assert_eq!(told, [(anna.clone(), annas), (ben.clone(), vec![bens.clone()])]);
        world.clock.advance(TOLD_ALONG);
        assert_eq!(world.told().await, [], "it was told along");
        world.clock.advance(MOMENT);
        assert_eq!(world.told().await, [(anna.clone(), vec![later.clone()])]);
    }
}

pub(super) async fn mr_7g_however_many_give_a_notice_at_once_there_is_one_mail(world: World) {
    let anna = world.account("anna").await;
    world.result(&anna, Recipe::default()).await;
    world.be_at(Retention::POLICY.of_ended_job(world.now()) - FIRST_NOTICE);
    let notice = world.store.deletion_notice(&anna.id, world.now()).await.unwrap().unwrap();
    let gives: Vec<_> = (0..10)
        .map(|_| {
            let (store, notice, mail, now) =
                (world.store.clone(), notice.clone(), world.mail_of_a_day(), world.now());
            tokio::spawn(async move { store.give_deletion_notice(&notice, Some(&mail), now).await.unwrap() })
        })
        .collect();
    let mut given = 0;
    for give in gives {
        given += usize::from(give.await.unwrap());
    }
    assert_eq!((given, world.store.take_mails(10, world.now()).await.unwrap().len()), (1, 1));
}

pub(super) async fn mr_7g_nobody_is_told_of_a_preview_of_a_failure_or_of_what_a_frozen_reaper_leaves(
    world: World,
) {
    let anna = world.account("anna").await;
    let preview = Part { start_s: None, length_s: 5.0 };
    world.result(&anna, Recipe { preview: Some(preview), ..Recipe::default() }).await;
    assert_eq!(world.told().await, [], "it goes in a week");
    let upload = world.ready_upload(&anna.id).await;
    world.enqueue(&world.order(&anna.id, &upload)).await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.fail(&lease, &input_problem(), world.now()).await.unwrap();
    let goes = Retention::POLICY.of_ended_job(world.now());
    world.be_at(goes - LAST_NOTICE);
    assert_eq!(world.told().await, [], "there is nothing to download");

    let job = world.result(&anna, Recipe::default()).await;
    world.be_at(Retention::POLICY.of_ended_job(world.now()) - LAST_NOTICE);
    assert!(world.store.freeze("the clock was set", world.now()).await.unwrap());
    assert_eq!(world.told().await, [], "the clock that says so is not believed");
    world.store.thaw(0).await.unwrap();
    assert_eq!(world.told().await, [(anna.clone(), vec![job])]);
    let local = world.store.ensure_local_owner(world.now()).await.unwrap();
    world.result(&local, Recipe::default()).await;
    world.be_at(Retention::POLICY.of_ended_job(world.now()) - LAST_NOTICE);
    let notice = world.store.deletion_notice(&local.id, world.now()).await.unwrap().unwrap();
    assert!(world.store.give_deletion_notice(&notice, None, world.now()).await.unwrap());
    assert_eq!(world.told().await, [], "noted, and mailed to nobody");
}
