//! Jobs with nothing in them, for benches of the queue.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::account::Email;
use domain::clock::Timestamp;
use domain::digest::Digest;
use domain::ids::{AccountId, SeededEntropy, UploadId};
use domain::job::JobKind;
use domain::lease::WorkerName;
use domain::order::{Order, Wish};
use domain::recipe::Recipe;
use domain::retention::Retention;
use domain::upload::{AudioFacts, Concat, MetadataKept};
use store::outcome::{Checked, Completion, Leased, NewAccount, NewUpload, SameBytes};
use store::sealing::Keyring;
use store::uploading::Taken;
use store::{Place, Store};

/// Enough that the cap of two running jobs never decides.
pub const ACCOUNTS: usize = 50;

pub async fn open(place: Place<'_>, seed: u64) -> Store {
    let store = Store::open(place, Arc::new(SeededEntropy::new(seed)), Retention::POLICY).await.unwrap();
    store.unlock(&keyring()).await.unwrap();
    store
}

/// What every bench seals with.
pub fn keyring() -> Keyring {
    Keyring::parse(&format!("1:{}", "07".repeat(32))).unwrap()
}

pub fn now() -> Timestamp {
    Timestamp::from_micros(0) + SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

/// An order of each account, which can be given again and again.
pub async fn orders(store: &Store, seed: u64) -> Vec<Order> {
    let entropy = SeededEntropy::new(seed);
    let mut orders = Vec::new();
    for number in 0..ACCOUNTS {
        let email = Email::parse(&format!("a{number}@example.org")).unwrap();
        let account = store.ensure_account(&NewAccount { email, roles: [].into() }, now()).await.unwrap().id;
        let upload = ready_upload(store, &account, UploadId::new(&entropy)).await;
        let wish = Wish {
            kind: JobKind::Master,
            title: "Nothing".into(),
            inputs: vec![upload.into()],
            references: Vec::new(),
            recipe: Recipe::default(),
        };
        orders.push(Order { account, wish, idempotency_key: None, body_hash: Digest::from_bytes([7; 32]) });
    }
    orders
}

async fn ready_upload(store: &Store, account: &AccountId, id: UploadId) -> UploadId {
    let new = NewUpload {
        id: id.clone(),
        account: account.clone(),
        name: "nothing.wav".into(),
        filetype: None,
        concat: Concat::Whole,
        metadata: MetadataKept::NameAndType,
        size_bytes: Some(1),
        expires_at: now() + Duration::from_secs(3600),
    };
    store.create_upload(&new, now()).await.unwrap();
    let taken = store.take_upload_lock(&id, now()).await.unwrap();
    let lock = if let Taken::Taken(lock) = taken { Some(lock) } else { None }.unwrap();
    store.advance_upload(&lock, 0, 1).await.unwrap();
    store.finish_upload(&lock, &Digest::from_bytes([1; 32]), now()).await.unwrap();
    let check = lease(store).await.unwrap();
    let audio = AudioFacts {
        format: "wav".into(),
        sample_rate_hz: 44_100,
        channels: 2,
        bit_depth: Some(24),
        frames: 1,
        duration_s: 1.0,
        lossy: false,
    };
    let checked = Checked { audio, findings: Vec::new() };
    store.checked_upload(&check.lease, &checked, &SameBytes::Nowhere, now()).await.unwrap();
    id
}

pub async fn lease(store: &Store) -> Option<Leased> {
    store.lease_next(&WorkerName("bench".into()), now()).await.unwrap()
}

pub async fn complete(store: &Store, leased: &Leased) {
    let nothing = Completion { artifacts: Vec::new(), engine_version: "0".into() };
    store.complete(&leased.lease, &nothing, now()).await.unwrap();
}
