use std::fs;
use std::os::unix::fs::PermissionsExt;

use domain::ids::{SeededEntropy, UploadId};

use super::*;

fn blob(seed: u64) -> BlobKey {
    BlobKey::upload_source(&UploadId::new(&SeededEntropy::new(seed)))
}

fn secret() -> Zeroizing<[u8; KEY_BYTES]> {
    Zeroizing::new([9; KEY_BYTES])
}

const SEAL: SealId = SealId([5; 16]);

#[test]
fn what_was_wrapped_opens_for_its_blob_and_its_write_alone() {
    let entropy = SeededEntropy::new(1);
    let ring = Keyring::fleeting(&entropy);
    let (kek, wrapped) = ring.wrap(&blob(1), SEAL, &secret(), &entropy).unwrap();
    assert_eq!(wrapped.len(), 60, "the nonce, the key, the tag: as the table has it");
    assert!(!wrapped.windows(8).any(|bytes| bytes == [9; 8]), "the key itself is not there");
    assert_eq!(*ring.unwrap(&blob(1), SEAL, kek, &wrapped).unwrap(), *secret());
    let refused = |blob: &BlobKey, seal: SealId, wrapped: &[u8]| {
        matches!(ring.unwrap(blob, seal, kek, wrapped), Err(KeyringError::Broken { .. }))
    };
    assert!(refused(&blob(2), SEAL, &wrapped), "another blob's");
    assert!(refused(&blob(1), SealId([6; 16]), &wrapped), "another write's");
    assert!(refused(&blob(1), SEAL, &wrapped[1..]));
    assert!(refused(&blob(1), SEAL, &[]));
    let mut flipped = wrapped.clone();
    flipped[20] ^= 1;
    assert!(refused(&blob(1), SEAL, &flipped));
}

#[test]
fn a_new_key_wraps_at_once_and_the_old_one_still_unwraps() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
    let first = Keyring::init(folder.path(), &entropy).unwrap();
    let running = Keyring::of_folder(folder.path()).unwrap();
    let (kek, old) = running.wrap(&blob(1), SEAL, &secret(), &entropy).unwrap();
    assert_eq!(kek, first);
    let second = Keyring::rotate(folder.path(), &entropy).unwrap();
    assert!(second > first);
    let restarted = Keyring::of_folder(folder.path()).unwrap();
    assert_eq!(restarted.ids(), [first, second]);
    let (kek, new) = restarted.wrap(&blob(1), SEAL, &secret(), &entropy).unwrap();
    assert_eq!(kek, second);
    assert_eq!(*restarted.unwrap(&blob(1), SEAL, first, &old).unwrap(), *secret());
    assert_eq!(
        *running.unwrap(&blob(1), SEAL, second, &new).unwrap(),
        *secret(),
        "it looks into the folder again"
    );
}

#[test]
fn a_first_key_is_made_once_and_only_its_owner_may_read_it() {
    let (parent, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
    let folder = parent.path().join("keys");
    assert!(matches!(Keyring::of_folder(&folder), Err(KeyringError::Empty(_))));
    assert!(matches!(Keyring::rotate(&folder, &entropy), Err(KeyringError::Empty(_))));
    let id = Keyring::init(&folder, &entropy).unwrap();
    assert!(matches!(Keyring::init(&folder, &entropy), Err(KeyringError::Exists(_))));
    let path = folder.join(format!("{id}.kek"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
    assert_eq!(fs::read(&path).unwrap().len(), KEY_BYTES);
    for open in [0o640, 0o604, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        let refused = Keyring::of_folder(&folder).unwrap_err();
        assert!(matches!(refused, KeyringError::TooOpen { mode, .. } if mode == open), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(Keyring::of_folder(&folder).unwrap().ids(), [id]);
}

#[test]
fn a_key_file_that_is_not_what_its_name_says_is_refused() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
    let id = Keyring::init(folder.path(), &entropy).unwrap();
    let path = folder.path().join(format!("{id}.kek"));
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[31] ^= 1;
    for (bytes, what) in [(&flipped[..], "bits of it changed"), (&whole[..31], "31 bytes"), (&[], "0 bytes")]
    {
        fs::write(&path, bytes).unwrap();
        let refused = Keyring::of_folder(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
    }
    fs::write(&path, &whole).unwrap();
    fs::write(folder.path().join("notes.txt"), "two copies: safe and vault").unwrap();
    assert_eq!(Keyring::of_folder(folder.path()).unwrap().ids(), [id]);
    fs::write(folder.path().join("old.kek"), &whole).unwrap();
    assert!(matches!(Keyring::of_folder(folder.path()), Err(KeyringError::Corrupt { .. })));
}

#[test]
fn a_ring_of_text_is_the_ring_of_the_folder() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
    let first = Keyring::init(folder.path(), &entropy).unwrap();
    let second = Keyring::rotate(folder.path(), &entropy).unwrap();
    let hex = |id: KekId| -> String {
        let bytes = fs::read(folder.path().join(format!("{id}.kek"))).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let text = format!("2:{},1:{}", hex(second), hex(first));
    assert_eq!(Keyring::parse(&text).unwrap().ids(), [first, second]);
    for wrong in ["", "1", "1:", "0:", &hex(first), &format!("x:{}", hex(first)), &format!("{text},")] {
        let refused = Keyring::parse(wrong).unwrap_err().to_string();
        assert!(wrong.len() < 9 || !refused.contains(&hex(first)), "no key is printed: {refused}");
    }
}

#[test]
fn a_ring_never_prints_its_keys() {
    let key = "ab".repeat(KEY_BYTES);
    let ring = Keyring::parse(&format!("1:{key}")).unwrap();
    let printed =
        format!("{ring:?} {}", ring.must_hold(KekId { number: 2, fingerprint: [0; 8] }).unwrap_err());
    assert!(printed.contains("0001-") && !printed.contains("abababab"), "{printed}");
}
