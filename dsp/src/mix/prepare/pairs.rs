//! Which stems are microphones of one source, and what makes them add up.

use super::Prepared;
use super::heard::Heard;
use super::lag::{Lag, Moved, Turned};
use crate::mix::Stem;
use crate::mix::finding::StemFinding;
use crate::mix::plan::{Part, Polarity};
use crate::mix::role::Role;
use crate::units::Milliseconds;

/// Correlation from which two stems hold one source.
const CORRELATION_MIN: f64 = 0.5;
/// Share of the votes that must agree.
const AGREEMENT_MIN: f64 = 0.7;
/// Turned over alone, they meet within this.
const TOGETHER_SECONDS: f64 = 0.0005;
/// Farther apart is a choice or a room, not a distance between microphones.
const MOVE_MAX_SECONDS: f64 = 0.005;
/// What is nearer makes no difference below 2 kHz.
const MOVE_MIN_SECONDS: f64 = 0.000_05;
/// What moving must add to the low end of the sum.
const MOVE_GAIN_DB: f64 = 1.0;
/// Turning over must add something.
const TURN_GAIN_DB: f64 = 0.3;

/// Turns over and moves stems within groups that can be microphones of one source. Of a group, the loudest is what
/// the others are held against, and the earliest is what they are moved to. Microphones above a kit are never moved,
/// nor are the two of a stereo pair; close ones are turned over where that makes them agree with those above.
pub(super) fn align(stems: &[&Stem<'_>], heard: &[Heard], prepared: &mut [Prepared]) {
    const SOURCES: [Role; 7] = [
        Role::Kick,
        Role::Snare,
        Role::Bass,
        Role::RhythmGuitar,
        Role::LeadGuitar,
        Role::AcousticGuitar,
        Role::Keys,
    ];
    for role in Role::ALL.iter().copied() {
        let group: Vec<usize> = (0..stems.len())
            .filter(|index| prepared[*index].role == role && prepared[*index].part == Part::Plays)
            .collect();
        let Some(loudest) = loudest(&group, heard) else { continue };
        let lags: Vec<(usize, Lag)> = group
            .iter()
            .filter(|index| **index != loudest)
            .filter_map(|index| {
                Some((*index, Lag::between(&heard[loudest].archive, &heard[*index].archive)?))
            })
            .filter(|(_, lag)| lag.agreement >= AGREEMENT_MIN && lag.correlation.abs() >= CORRELATION_MIN)
            .collect();
        let are_pair = |index: usize| are_sides(stems, prepared, index, loudest);
        let sides: Vec<bool> = lags.iter().map(|(index, _)| are_pair(*index)).collect();
        let may_move = SOURCES.contains(&role);
        let mut movable = Vec::new();
        for ((index, lag), is_pair) in lags.into_iter().zip(sides) {
            if may_move && !is_pair {
                movable.push((index, lag));
            } else if is_pair || role == Role::Overheads {
                turn(stems, prepared, index, loudest, lag);
            }
        }
        meet(stems, prepared, loudest, &movable);
    }
    against_overheads(stems, heard, prepared);
}

fn loudest(group: &[usize], heard: &[Heard]) -> Option<usize> {
    let energy = |index: usize| heard[index].archive.samples.iter().map(|s| f64::from(s * s)).sum::<f64>();
    let with = group.iter().map(|index| (*index, energy(*index)));
    with.reduce(|a, b| if b.1 > a.1 { b } else { a }).filter(|_| group.len() > 1).map(|(index, _)| index)
}

/// Left and right of one thing, one channel each.
fn are_sides(stems: &[&Stem<'_>], prepared: &[Prepared], one: usize, other: usize) -> bool {
    let sides = [one, other].map(|index| prepared[index].guess.side);
    let are_mono = [one, other].iter().all(|index| stems[*index].reel.layout().count() == 1);
    are_mono && sides.iter().all(Option::is_some) && sides[0] != sides[1]
}

/// Turns `index` over if it is inverted against `against` and both meet.
fn turn(stems: &[&Stem<'_>], prepared: &mut [Prepared], index: usize, against: usize, lag: Lag) {
    let is_inverted = lag.correlation < 0.0 && lag.seconds.abs() < TOGETHER_SECONDS;
    let gains = lag.gain_db(Turned::Over, Moved::Not) > TURN_GAIN_DB;
    if is_inverted && gains && stems[index].wish.polarity.is_none() {
        turn_over(stems, prepared, index, against);
    }
}

fn turn_over(stems: &[&Stem<'_>], prepared: &mut [Prepared], index: usize, against: usize) {
    prepared[index].polarity = Polarity::Inverted;
    prepared[index].findings.push(StemFinding::Inverted { against: stems[against].name.clone() });
}

/// Turns over and moves microphones of one source so that they meet with the earliest.
fn meet(stems: &[&Stem<'_>], prepared: &mut [Prepared], loudest: usize, lags: &[(usize, Lag)]) {
    let mut places = vec![(loudest, 0.0f64)];
    for (index, lag) in lags {
        let wish = &stems[*index].wish;
        let turned = if lag.correlation < 0.0 { Turned::Over } else { Turned::Not };
        let moves = (MOVE_MIN_SECONDS..=MOVE_MAX_SECONDS).contains(&lag.seconds.abs())
            && lag.gain_db(turned, Moved::ToMeet) - lag.gain_db(turned, Moved::Not) > MOVE_GAIN_DB
            && lag.gain_db(turned, Moved::ToMeet) > MOVE_GAIN_DB
            && wish.delay.is_none()
            && stems[loudest].wish.delay.is_none();
        let is_together = moves || lag.seconds.abs() < TOGETHER_SECONDS;
        let moved = if moves { Moved::ToMeet } else { Moved::Not };
        let gains = lag.gain_db(Turned::Over, moved) > TURN_GAIN_DB;
        if turned == Turned::Over && is_together && gains && wish.polarity.is_none() {
            turn_over(stems, prepared, *index, loudest);
        }
        if moves {
            places.push((*index, lag.seconds));
        }
    }
    let earliest =
        places.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap_or((loudest, 0.0));
    for (index, seconds) in places {
        let late_ms = ((seconds - earliest.1) * 1000.0 * 100.0).round() / 100.0;
        if late_ms > 0.0 {
            let by = Milliseconds::literal(late_ms);
            prepared[index].delay = Milliseconds::literal(-late_ms);
            prepared[index].findings.push(StemFinding::Late { against: stems[earliest.0].name.clone(), by });
        }
    }
}

/// Close microphones are turned over, all of a drum together, where the low end of the sum with those above the kit
/// gains by it. The distance between them makes them late, which they may be.
fn against_overheads(stems: &[&Stem<'_>], heard: &[Heard], prepared: &mut [Prepared]) {
    const CERTAINTY_MIN: f64 = 0.8;
    const GAIN_DB: f64 = 1.0;
    let plays = |prepared: &Prepared, role: Role| prepared.role == role && prepared.part == Part::Plays;
    let above: Vec<usize> = (0..stems.len())
        .filter(|index| plays(&prepared[*index], Role::Overheads))
        .filter(|index| {
            prepared[*index].guess.certainty >= CERTAINTY_MIN || stems[*index].wish.role.is_some()
        })
        .collect();
    let Some(overhead) = loudest(&above, heard).or(above.first().copied()) else { return };
    for role in [Role::Kick, Role::Snare, Role::Toms, Role::Hats] {
        let close: Vec<usize> = (0..stems.len()).filter(|index| plays(&prepared[*index], role)).collect();
        let Some(main) = loudest(&close, heard).or(close.first().copied()) else { continue };
        let Some(lag) = Lag::between(&heard[overhead].archive, &heard[main].archive) else { continue };
        let is_sure = lag.agreement >= AGREEMENT_MIN && lag.correlation.abs() >= CORRELATION_MIN;
        let is_inverted = (lag.correlation < 0.0) != (prepared[main].polarity != prepared[overhead].polarity);
        if !is_sure || !is_inverted || lag.gain_db(Turned::Over, Moved::Not) < GAIN_DB {
            continue;
        }
        for index in close.into_iter().filter(|index| stems[*index].wish.polarity.is_none()) {
            if prepared[index].polarity == Polarity::Inverted {
                prepared[index].polarity = Polarity::Kept;
                prepared[index].findings.retain(|finding| !matches!(finding, StemFinding::Inverted { .. }));
            } else {
                turn_over(stems, prepared, index, overhead);
            }
        }
    }
}
