use super::*;
use crate::lease::WorkerName;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn lease(fence: Fence) -> Lease {
    Lease { worker: WorkerName("w1".into()), fence, until: NOW + SECOND * 10 }
}

fn problem() -> Problem {
    Problem::ours("disk_full", "The disk is full", "0 bytes left")
}

/// One event of every kind, as the holder of fence 7 would cause it.
fn every_event() -> Vec<Event> {
    vec![
        Event::Paid,
        Event::Leased(lease(8)),
        Event::Renewed { fence: 7, until: NOW + SECOND * 20 },
        Event::Completed { fence: 7 },
        Event::Failed { fence: 7, problem: problem() },
        Event::Hindered { fence: 7, failures: 1, wait: SECOND, problem: problem() },
        Event::ProcessDied { fence: 7, deaths: 1 },
        Event::LeaseExpired { deaths: 1 },
        Event::Released { fence: 7 },
        Event::CancelRequested,
        Event::Hastened,
    ]
}

fn running() -> JobState {
    JobState::Running { lease: lease(7) }
}

#[test]
fn nothing_moves_a_job_that_is_over() {
    let ends = [
        JobState::Succeeded { at: NOW },
        JobState::Failed { at: NOW, problem: problem() },
        JobState::Cancelled { at: NOW },
    ];
    for end in ends {
        for event in every_event() {
            assert!(end.clone().after(event.clone(), NOW + SECOND * 100).is_err(), "{event:?} moved {end:?}");
        }
    }
}

#[test]
fn a_holder_of_an_older_fence_moves_nothing() {
    let newer = JobState::Running { lease: lease(8) };
    for event in every_event() {
        let takes_no_fence = matches!(event, Event::CancelRequested | Event::LeaseExpired { .. });
        if !takes_no_fence {
            assert!(newer.clone().after(event.clone(), NOW).is_err(), "{event:?} moved a newer lease");
        }
    }
}

#[test]
fn a_running_job_moves_to_every_state_the_diagram_shows() {
    let moves = every_event().into_iter().filter_map(|event| {
        let name = event.name();
        running().after(event, NOW + SECOND * 10).ok().map(|state| (name, state.name()))
    });
    let expected = [
        ("renewed", StateName::Running),
        ("completed", StateName::Succeeded),
        ("failed", StateName::Failed),
        ("hindered", StateName::Queued),
        ("process died", StateName::Queued),
        ("lease expired", StateName::Queued),
        ("released", StateName::Queued),
        ("cancel requested", StateName::Cancelled),
    ];
    assert_eq!(moves.collect::<Vec<_>>(), expected);
}

#[test]
fn a_lease_expires_at_its_end_and_not_a_microsecond_before() {
    let end = NOW + SECOND * 10;
    let early = end - Duration::from_micros(1);
    assert!(running().after(Event::LeaseExpired { deaths: 1 }, early).is_err());
    assert!(running().after(Event::LeaseExpired { deaths: 1 }, end).is_ok());
}

#[test]
fn the_third_death_quarantines_and_is_our_fault() {
    let second = running().after(Event::ProcessDied { fence: 7, deaths: 2 }, NOW).unwrap();
    assert_eq!(second, JobState::Queued { not_before: NOW });
    let third = running().after(Event::ProcessDied { fence: 7, deaths: 3 }, NOW).unwrap();
    let problem = third.problem().expect("failed");
    assert_eq!((problem.code.as_str(), problem.fault), ("job_quarantined", crate::problem::Fault::Ours));
}

#[test]
fn the_eighth_failure_of_ours_is_the_last_try() {
    let hindered = |failures| Event::Hindered { fence: 7, failures, wait: SECOND * 64, problem: problem() };
    let seventh = running().after(hindered(7), NOW).unwrap();
    assert_eq!(seventh, JobState::Queued { not_before: NOW + SECOND * 64 });
    assert_eq!(running().after(hindered(8), NOW).unwrap().name(), StateName::Failed);
}

#[test]
fn a_job_in_backoff_is_not_leased_early() {
    let waiting = JobState::Queued { not_before: NOW + SECOND };
    assert!(waiting.clone().after(Event::Leased(lease(1)), NOW).is_err());
    assert!(waiting.after(Event::Leased(lease(1)), NOW + SECOND).is_ok());
}
