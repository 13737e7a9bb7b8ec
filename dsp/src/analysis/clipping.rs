//! Flat tops: what an overloaded converter or a clipper leaves.

use rayon::prelude::*;

use crate::analysis::features::Clipping;
use crate::analysis::windows::Windows;
use crate::audio::Audio;

/// Neighbours of one value at the top that are no accident.
const SHORTEST: usize = 3;
/// What counts as the top, of the channel's highest.
const TOP: f32 = 0.99;

/// Counts flat tops in each channel. Only windows that reach the top are looked at again.
pub(super) fn of(audio: &Audio, windows: &Windows) -> Clipping {
    let channels = audio.channel_count().min(2);
    let counts: Vec<Clipping> = (0..channels)
        .into_par_iter()
        .map(|channel| of_channel(audio.channel(channel), windows, channel))
        .collect();
    counts.iter().fold(NONE, |sum, count| Clipping {
        runs: sum.runs + count.runs,
        samples: sum.samples + count.samples,
        longest: sum.longest.max(count.longest),
    })
}

const NONE: Clipping = Clipping { runs: 0, samples: 0, longest: 0 };

fn of_channel(samples: &[f32], windows: &Windows, channel: usize) -> Clipping {
    let highest = windows.windows.iter().fold(0.0f32, |highest, window| highest.max(window.peaks[channel]));
    let mut found = NONE;
    if highest == 0.0 {
        return found;
    }
    let (mut value, mut length) = (0.0f32, 0usize);
    let mut end = |value: &mut f32, length: &mut usize| {
        if *length >= SHORTEST {
            found.runs += 1;
            found.samples += *length;
            found.longest = found.longest.max(*length);
        }
        (*value, *length) = (0.0, 0);
    };
    for window in &windows.windows {
        if window.peaks[channel] < TOP * highest {
            end(&mut value, &mut length);
            continue;
        }
        for &sample in &samples[window.first..window.first + window.frames] {
            if sample.abs() < TOP * highest {
                if length > 0 {
                    end(&mut value, &mut length);
                }
            } else if sample == value {
                length += 1;
            } else {
                end(&mut value, &mut length);
                (value, length) = (sample, 1);
            }
        }
    }
    end(&mut value, &mut length);
    found
}
