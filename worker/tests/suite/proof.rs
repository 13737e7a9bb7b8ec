//! Programs whose cage does not hold, or is not there. That the real one holds is shown in `tests/escape`.

use std::os::unix::fs::PermissionsExt;

use worker::cage::{Trial, Unproven, prove};

/// What comes of a program that answers to every trial with these lines of shell.
async fn proof_of(script: &str) -> Result<(), Unproven> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let proof = prove(&program, &folder.path().join("scratch")).await;
    let left = std::fs::read_dir(folder.path().join("scratch")).unwrap().count();
    assert_eq!(left, 0, "its folder is gone");
    proof
}

#[tokio::test]
async fn a_trial_that_succeeds_or_ends_in_a_way_that_proves_nothing_is_named() {
    let work_and = |otherwise: &str| format!(r#"case "$*" in *work) exit 0;; *{otherwise}; esac; exit 77"#);
    assert!(proof_of(&work_and(") exit 77;")).await.is_ok());
    assert!(proof_of(&work_and(") kill -SYS $$;")).await.is_ok());
    for script in ["read-a-file) exit 0;", "read-a-file) kill -KILL $$;", "read-a-file) exit 70;"] {
        match proof_of(&work_and(script)).await {
            Err(Unproven::Open(open)) => assert_eq!(open, ["read-a-file"], "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    match proof_of("exit 0").await {
        Err(Unproven::Open(open)) => assert_eq!(open.len(), Trial::ALL.len() - 1),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cage_in_which_nothing_works_is_none_and_its_word_is_passed_on() {
    match proof_of("echo 'mixrunners: files (Landlock): this kernel has none' >&2; exit 70").await {
        Err(Unproven::None(said)) => assert_eq!(said, "files (Landlock): this kernel has none"),
        other => panic!("{other:?}"),
    }
}
