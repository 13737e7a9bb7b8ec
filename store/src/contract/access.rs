//! Who may come in, and what they see.

use std::time::Duration;

use domain::account::Role;
use domain::scope::{Scope, Scopes};
use domain::secret::SecretKind;

use super::world::{SECOND, World, made};
use crate::outcome::{NewApiKey, NewSession, Removal};

pub(super) async fn a_sign_in_link_works_once_under_twenty_parallel_redeems(world: World) {
    let anna = world.account("anna").await;
    let hash = world.secret(SecretKind::SignInLink).hash();
    world.store.create_sign_in_link(&anna.id, &hash, world.now() + SECOND).await.unwrap();
    let redeems: Vec<_> = (0..20)
        .map(|_| {
            let (store, now) = (world.store.clone(), world.now());
            tokio::spawn(async move { store.redeem_sign_in_link(&hash, now).await.unwrap() })
        })
        .collect();
    let mut successes = Vec::new();
    for redeem in redeems {
        successes.extend(redeem.await.unwrap());
    }
    assert_eq!(successes, [anna.id]);
}

pub(super) async fn a_sign_in_link_dies_at_its_minute(world: World) {
    let anna = world.account("anna").await;
    let hash = world.secret(SecretKind::SignInLink).hash();
    let expires_at = world.now() + SECOND * 600;
    world.store.create_sign_in_link(&anna.id, &hash, expires_at).await.unwrap();
    assert_eq!(world.store.redeem_sign_in_link(&hash, expires_at).await.unwrap(), None);
    let just_before = expires_at - Duration::from_micros(1);
    assert_eq!(world.store.redeem_sign_in_link(&hash, just_before).await.unwrap(), Some(anna.id));
}

pub(super) async fn a_session_ends_at_its_time_or_when_revoked(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let hash = world.secret(SecretKind::Session).hash();
    let expires_at = world.now() + SECOND * 100;
    let new = NewSession { account: anna.id.clone(), hash, device: "Firefox".into(), expires_at };
    let id = world.store.create_session(&new, world.now()).await.unwrap();
    let alive = world.store.session(&hash, world.now()).await.unwrap();
    assert_eq!(alive, Some((id.clone(), anna.clone())));
    assert_eq!(world.store.session(&hash, expires_at).await.unwrap(), None);
    assert_eq!(world.store.list_sessions(&anna.id, world.now()).await.unwrap().len(), 1);
    assert_eq!(world.store.list_sessions(&anna.id, expires_at).await.unwrap(), []);
    assert!(!world.store.revoke_session(&ben.id, &id).await.unwrap(), "not by another account");
    assert!(world.store.revoke_session(&anna.id, &id).await.unwrap());
    assert_eq!(world.store.session(&hash, world.now()).await.unwrap(), None);
}

pub(super) async fn an_api_key_ends_at_its_time_or_when_revoked(world: World) {
    let (anna, ben) = (world.account("anna").await, world.account("ben").await);
    let scopes: Scopes = [Scope::JobsRead, Scope::JobsWrite].into_iter().collect();
    let secrets = [world.secret(SecretKind::ApiKey), world.secret(SecretKind::ApiKey)];
    let mut keys = Vec::new();
    for (secret, expires_at) in secrets.iter().zip([None, Some(world.now() + SECOND)]) {
        let (account, name, scopes) = (anna.id.clone(), "laptop".to_owned(), scopes.clone());
        let new = NewApiKey { account, name, scopes, hash: secret.hash(), expires_at };
        keys.push(world.store.create_api_key(&new, world.now()).await.unwrap());
    }
    let opens =
        async |number: usize| world.store.api_key(&secrets[number].hash(), world.now()).await.unwrap();
    assert_eq!(opens(1).await, Some((anna.clone(), scopes.clone())));
    world.clock.advance(SECOND);
    assert_eq!(opens(1).await, None, "its time is over");
    assert_eq!(opens(0).await, Some((anna.clone(), scopes)));
    assert_eq!(world.store.list_api_keys(&anna.id).await.unwrap().len(), 2);
    assert!(!world.store.revoke_api_key(&ben.id, &keys[0].id).await.unwrap(), "not by another account");
    assert!(world.store.revoke_api_key(&anna.id, &keys[0].id).await.unwrap());
    assert_eq!(opens(0).await, None);
}

pub(super) async fn one_address_is_one_account_however_often_it_is_ensured(world: World) {
    let first = world.account("anna").await;
    world.clock.advance(SECOND);
    assert_eq!(world.account("anna").await, first);
    assert_eq!(world.store.account_by_email(&first.email).await.unwrap(), Some(first.clone()));
    assert_eq!(world.store.account(&first.id).await.unwrap(), Some(first));
}

pub(super) async fn the_local_owner_is_made_once_and_is_an_operator(world: World) {
    let owner = world.store.ensure_local_owner(world.now()).await.unwrap();
    assert_eq!(owner.roles, [Role::Producer, Role::Operator].into());
    let world = world.reopened().await;
    assert_eq!(world.store.ensure_local_owner(world.now() + SECOND).await.unwrap(), owner);
}

pub(super) async fn nobody_sees_what_belongs_to_another_account(world: World) {
    let job = world.queued_job().await;
    let lease = world.lease("w1").await.unwrap().lease;
    world.store.complete(&lease, &made(&lease), world.now()).await.unwrap();
    let job = world.again(&job).await;
    let (store, now, owner) = (&world.store, world.now(), &job.account);
    let stranger = &world.account("mallory").await.id;
    let (upload, artifact) = (&job.inputs[0].upload, &job.artifacts[0].id);

    // The case is real: the owner sees all of it.
    assert!(store.upload(owner, upload).await.unwrap().is_some());
    assert!(store.artifact(owner, artifact).await.unwrap().is_some());
    assert!(!store.job_events(owner, &job.id, 0, 9).await.unwrap().is_empty());

    assert_eq!(store.upload(stranger, upload).await.unwrap(), None);
    assert_eq!(store.list_uploads(stranger, None, 9).await.unwrap(), []);
    assert_eq!(store.list_uploads(stranger, Some(upload), 9).await.unwrap(), []);
    assert_eq!(store.delete_upload(stranger, upload, now).await.unwrap(), Removal::Unknown);
    assert_eq!(store.job(stranger, &job.id).await.unwrap(), None);
    assert_eq!(store.list_jobs(stranger, None, None, 9).await.unwrap(), []);
    assert_eq!(store.list_jobs(stranger, None, Some(&job.id), 9).await.unwrap(), []);
    assert_eq!(store.job_events(stranger, &job.id, 0, 9).await.unwrap(), []);
    assert_eq!(store.cancel(stranger, &job.id, now).await.unwrap(), None);
    assert_eq!(store.delete_job(stranger, &job.id, now).await.unwrap(), Removal::Unknown);
    assert_eq!(store.artifact(stranger, artifact).await.unwrap(), None);
    assert_eq!(world.again(&job).await, job, "and the owner's job is as it was");
}
