//! Removals that are written down beside the bytes.

use domain::blob::BlobPrefix;
use domain::removal::{Cause, Day, LoggedRemoval, Removed, subject};

use super::World;

pub(super) async fn mx_23_removals_are_written_down_by_day_and_read_by_whoever_has_no_keys(world: World) {
    let on = |id: &str, day: i64| LoggedRemoval {
        subject: subject(id),
        removed: Removed::Job,
        cause: Cause::Retention,
        removed_on: Day::from_number(day),
    };
    assert_eq!(world.blobs.logged_days().await.unwrap(), [], "there is no place for them yet");
    let [one, other, later] = [on("a", 20_700), on("b", 20_700), on("c", 20_701)];
    for removal in [one, other, later, one] {
        world.blobs.log_removal(&removal).await.unwrap();
    }
    let read = async |day: i64| {
        let mut logged = world.blobs.logged_removals(Day::from_number(day)).await.unwrap();
        // A bucket that keeps versions tells of each.
        logged.sort_by_key(|removal| removal.key());
        logged.dedup();
        logged
    };
    let mut both = vec![one, other];
    both.sort_by_key(LoggedRemoval::key);
    assert_eq!((read(20_700).await, read(20_701).await, read(20_702).await), (both, vec![later], vec![]));
    for listed in world.names_below(None).await {
        assert_eq!(BlobPrefix::of_place(&listed), None, "the sweep for orphans leaves it: {listed}");
    }
    let days =
        async || world.blobs.logged_days().await.unwrap().into_iter().map(Day::number).collect::<Vec<_>>();
    assert_eq!(days().await, [20_701, 20_700]);
    world.blobs.forget_logged_removals(Day::from_number(20_700)).await.unwrap();
    assert_eq!(days().await, [20_701]);
    assert_eq!((read(20_700).await, read(20_701).await), (vec![], vec![later]));
}
