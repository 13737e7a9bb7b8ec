//! Whether the machine's clock may be believed when it says that 120 days have passed.
//!
//! A deletion cannot be undone, a late one can be caught up with: in doubt nothing is deleted. What is refused to
//! readers does not depend on this.

use std::time::Duration;

use crate::clock::Timestamp;

/// What the machine says at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The wall clock, which anybody may set.
    pub wall: Timestamp,
    /// How long the machine has been up, sleep included: nobody sets that.
    pub up: Duration,
    /// Which start of the machine that is counted from; empty where the system does not say.
    pub boot: String,
}

/// Where readings come from.
pub trait Readings: Send + Sync {
    /// What the machine says now.
    fn reading(&self) -> Reading;
}

/// Why a clock is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Doubt {
    /// While the machine ran, its clock moved by something else than the time that passed.
    #[error("the clock was set by {0:+} s while the machine ran")]
    Set(i64),
    /// After a start the clock stands before where it stood.
    #[error("after a start of the machine its clock is {0} s behind where it was")]
    Behind(u64),
    /// After a start it stands so far ahead that somebody should say whether that is true.
    #[error("after a start of the machine its clock is {0} days ahead of where it was")]
    FarAhead(u64),
}

/// Clocks are corrected by a network now and then; by more than this they are not.
pub const SET_AT_MOST: Duration = Duration::from_secs(5 * 60);
/// A machine that was off for longer needs somebody's word for the date.
pub const OFF_AT_MOST: Duration = Duration::from_secs(7 * 86_400);

/// What speaks against believing `now`, given the last reading that was believed.
#[must_use]
pub fn doubt(before: &Reading, now: &Reading) -> Option<Doubt> {
    let (forth, back) = (now.wall.since(before.wall), before.wall.since(now.wall));
    let same_start = before.boot == now.boot && now.up >= before.up;
    if same_start {
        let passed = i128::from(whole_seconds(now.up - before.up));
        let moved = i128::from(whole_seconds(forth)) - i128::from(whole_seconds(back));
        let set = moved - passed;
        let is_small = set.unsigned_abs() <= u128::from(SET_AT_MOST.as_secs());
        return (!is_small).then(|| Doubt::Set(i64::try_from(set).unwrap_or(i64::MAX)));
    }
    if back > SET_AT_MOST {
        return Some(Doubt::Behind(back.as_secs()));
    }
    (forth > OFF_AT_MOST).then_some(Doubt::FarAhead(forth.as_secs() / 86_400))
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn reading(wall_s: u64, up_s: u64, boot: &str) -> Reading {
        let wall = Timestamp::from_micros(0) + Duration::from_secs(wall_s);
        Reading { wall, up: Duration::from_secs(up_s), boot: boot.to_owned() }
    }

    #[test]
    fn a_clock_that_moves_with_the_time_is_believed() {
        let before = reading(1_000 * DAY, 100, "a");
        for (now, why) in [
            (reading(1_000 * DAY + 30, 130, "a"), "half a minute later"),
            (reading(1_000 * DAY + 330, 130, "a"), "corrected by five minutes"),
            (reading(1_119 * DAY, 100 + 119 * DAY, "a"), "after 119 days"),
            (reading(1_006 * DAY, 20, "b"), "after six days off"),
            (reading(1_000 * DAY - 200, 20, "b"), "a little behind after a start"),
        ] {
            assert_eq!(doubt(&before, &now), None, "{why}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_not() {
        let before = reading(1_000 * DAY, 100, "a");
        let ahead = i64::try_from(130 * DAY).unwrap();
        for (now, why) in [
            (reading(1_130 * DAY + 30, 130, "a"), Doubt::Set(ahead)),
            (reading(970 * DAY + 30, 130, "a"), Doubt::Set(-30 * i64::try_from(DAY).unwrap())),
            (reading(1_000 * DAY + 331, 130, "a"), Doubt::Set(301)),
            (reading(970 * DAY, 20, "b"), Doubt::Behind(30 * DAY)),
            (reading(1_130 * DAY, 20, "b"), Doubt::FarAhead(130)),
        ] {
            assert_eq!(doubt(&before, &now), Some(why));
        }
    }
}
