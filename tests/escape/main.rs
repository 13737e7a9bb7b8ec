//! Attempts to break out of the cage in which strangers' files are opened: what a decoder might do once a file has
//! taken it over. Each is made by code that is loaded into the real program and acts when it reads its request.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its harness too")]

mod actions;
mod lacking;
mod place;
mod stage;

use std::process::Command;

use actions::{ACTIONS, Action};
use place::{Ended, Place};
use worker::cage::Layer;

#[test]
fn every_action_works_outside_the_cage() {
    let mut denied = Vec::new();
    for action in ACTIONS {
        if action.only_for_root && !place::is_root() {
            println!("{}: only the superuser can do it outside, so it is not shown", action.name);
            continue;
        }
        let ended = Place::new().stage(action, &[]);
        if ended != Ended::Escaped {
            denied.push((action.name, ended));
        }
    }
    assert_eq!(denied, [], "the cases must be real");
}

#[test]
fn no_action_leaves_the_cage() {
    assert!(ACTIONS.len() >= 50);
    let mut escaped = Vec::new();
    for action in ACTIONS {
        let ended = Place::new().program(action);
        if !matches!(ended, Ended::Denied | Ended::Killed(_)) {
            escaped.push((action.name, ended));
        }
    }
    assert_eq!(escaped, []);
}

#[test]
fn a_cage_that_lacks_one_wall_is_found_out() {
    let mut kept_all_the_same = Vec::new();
    for layer in Layer::ALL {
        let others: Vec<Layer> = Layer::ALL.into_iter().filter(|other| *other != layer).collect();
        let kept_by_it = |action: &&Action| action.kept_by == Some(layer) && place::may_show(action);
        let kept: Vec<&Action> = ACTIONS.iter().filter(kept_by_it).collect();
        assert!(!kept.is_empty(), "nothing would show that {layer:?} is missing");
        for action in kept {
            let ended = Place::new().stage(action, &others);
            if ended != Ended::Escaped {
                kept_all_the_same.push((action.name, layer, ended));
            }
        }
    }
    assert_eq!(kept_all_the_same, []);
}

/// The worker's end of the pipe stays open here, so that nothing but the worker's death can end the child.
#[test]
fn a_child_dies_with_its_worker_even_if_somebody_holds_its_pipe() {
    let place = Place::new();
    let (pipe, _held) = place.named_pipe();
    let mut worker = Command::new("sh")
        .args(["-c", r#"cd "$2"; "$0" render <"$1" & echo $!; wait"#, place::PROGRAM])
        .arg(&pipe)
        .arg(place.scratch())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let child = place::first_number(&mut worker);
    place::until("the child is in its cage", || place::is_caged(child));
    worker.kill().unwrap();
    worker.wait().unwrap();
    place::until("the child is dead", || !place::is_alive(child));
}
