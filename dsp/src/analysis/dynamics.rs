//! How levels move.

use crate::analysis::activity::Activity;
use crate::analysis::control::{CONTROL_FRAMES, ControlLevels};
use crate::analysis::features::Dynamics;
use crate::analysis::level::{level_db, percentile};
use crate::analysis::windows::{Window, Windows};
use crate::units::{Dbfs, Decibels};

pub(super) fn of(windows: &Windows, control: &ControlLevels, activity: &Activity) -> Dynamics {
    let levels = sorted(windows.active(activity).map(|window| level_db(window.power())).collect());
    Dynamics {
        crest: crest(windows, activity),
        level_range: spread(&levels, 0.1, 0.95),
        band_range: std::array::from_fn(|band| {
            spread(&band_levels(&control.powers[band], windows.window_frames, activity), 0.5, 0.95)
        }),
    }
}

/// The 5th percentile of levels where there is no digital silence; none if it is not far below the music, or if what
/// is as quiet as that moves as music does.
pub(super) fn noise_floor(windows: &Windows, activity: &Activity) -> Option<Dbfs> {
    /// What is less below the median of active windows is quiet music, not noise.
    const BELOW_MUSIC_DB: f64 = 20.0;
    /// Levels of noise scatter by less than 0.5 dB in 50 ms.
    const STEADY_DB: f64 = 1.5;
    let music = sorted(windows.active(activity).map(|window| level_db(window.power())).collect());
    let sounding = windows.windows.iter().filter(|window| window.peaks != [0.0; 2]);
    let all = sorted(sounding.map(|window| level_db(window.power())).collect());
    if music.is_empty() {
        return None;
    }
    let floor = percentile(&all, 0.05);
    let is_far_below = floor <= percentile(&music, 0.5) - BELOW_MUSIC_DB;
    let is_steady = floor - percentile(&all, 0.01) <= STEADY_DB;
    (is_far_below && is_steady).then(|| Dbfs::literal(floor))
}

/// Peak over level in windows of 200 ms, in the channel that is louder there; the median of active ones.
fn crest(windows: &Windows, activity: &Activity) -> Decibels {
    let crests = windows.windows.chunks(4).filter(|four| {
        let middle = four[0].first + four.iter().map(|window| window.frames).sum::<usize>() / 2;
        activity.at(middle)
    });
    let crests = sorted(crests.map(crest_of).collect());
    Decibels::literal(if crests.is_empty() { 0.0 } else { percentile(&crests, 0.5) })
}

fn crest_of(windows: &[Window]) -> f64 {
    let frames: usize = windows.iter().map(|window| window.frames).sum();
    let energies = [|w: &Window| w.energy.left, |w: &Window| w.energy.right]
        .map(|energy| windows.iter().map(energy).sum::<f64>());
    let louder = usize::from(energies[1] > energies[0]);
    let peak = windows.iter().fold(0.0f32, |highest, window| highest.max(window.peaks[louder]));
    level_db(f64::from(peak).powi(2)) - level_db(energies[louder] / frames as f64)
}

/// Levels of a band in windows of about 50 ms, active ones.
fn band_levels(powers: &[f32], window_frames: usize, activity: &Activity) -> Vec<f64> {
    let runs = (window_frames as f64 / CONTROL_FRAMES as f64).round().max(1.0) as usize;
    let windows = powers.chunks(runs).enumerate();
    let active =
        windows.filter(|(index, powers)| activity.at((index * runs + powers.len() / 2) * CONTROL_FRAMES));
    let mean = |powers: &[f32]| powers.iter().map(|p| f64::from(*p)).sum::<f64>() / powers.len() as f64;
    sorted(active.map(|(_, powers)| level_db(mean(powers))).collect())
}

fn spread(sorted: &[f64], low: f64, high: f64) -> Decibels {
    if sorted.is_empty() {
        return Decibels::ZERO;
    }
    Decibels::literal(percentile(sorted, high) - percentile(sorted, low))
}

fn sorted(mut levels: Vec<f64>) -> Vec<f64> {
    levels.sort_unstable_by(f64::total_cmp);
    levels
}
