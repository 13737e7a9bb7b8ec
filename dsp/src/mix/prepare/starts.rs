//! Where stems start on the session's clock.

use crate::mix::Stem;

/// Frames by which each stem starts after the earliest. All 0 unless every file says when it starts, and each of them
/// sounds while the longest one does: a clock that puts a stem elsewhere is that of another session.
pub(super) fn of(stems: &[&Stem<'_>]) -> Vec<usize> {
    let none = || vec![0; stems.len()];
    let Some(starts) = stems.iter().map(|stem| stem.starts_at_frame).collect::<Option<Vec<u64>>>() else {
        return none();
    };
    let end = |index: usize| starts[index].saturating_add(stems[index].reel.frames() as u64);
    let longest =
        (0..stems.len()).max_by_key(|index| (stems[*index].reel.frames(), std::cmp::Reverse(*index)));
    let (Some(longest), Some(earliest)) = (longest, starts.iter().min()) else { return none() };
    let overlaps = |index: usize| starts[index] < end(longest) && end(index) > starts[longest];
    if (0..stems.len()).all(overlaps) {
        starts.iter().map(|start| (start - earliest) as usize).collect()
    } else {
        none()
    }
}
