//! What is true of a mix besides its loudness: the facts that decisions of tone, dynamics and width are made from.
//!
//! One pass of transforms over the whole signal, blocks at fixed seams, so that the number of threads changes nothing;
//! and one over its samples. Statistics of the blocks follow.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`features`] | the facts as plain values | `Features` |
//! | [`control`] | levels of the four bands of dynamics at the control rate | `ControlLevels` |
//! | [`finding`] | what a producer should know of a mix | `Finding`, `findings` |
//! | `blocks` | the pass of transforms: what each block says | `Blocks` |
//! | `grid` | powers of bins to bands of the grid and to strips | `Grid` |
//! | `split` | the bands of dynamics of one block | `Split` |
//! | `windows` | the pass over samples: levels and peaks of 50 ms | `Windows` |
//! | `activity` | which blocks count | `Activity` |
//! | `spectrum`, `stereo`, `dynamics`, `low_end`, `bandwidth`, `clipping`, `tempo`, `hum` | one group of facts each | |
//! | [`picture`] | what a page draws of a signal | `Picture` |
//! | [`average_spectrum`](mod@average_spectrum) | one level per band for all of a signal | |
//! | [`likeness`] | how two signals differ | `Likeness` |

mod activity;
pub mod average_spectrum;
mod bandwidth;
mod blocks;
mod clipping;
pub mod control;
mod dynamics;
pub mod features;
pub mod finding;
mod grid;
mod hum;
pub(crate) mod level;
pub mod likeness;
mod low_end;
pub mod picture;
mod spectrum;
mod split;
mod stereo;
mod tempo;
mod windows;

pub use control::{CONTROL_FRAMES, ControlLevels};
pub use features::{
    Bandwidth, Clipping, Dynamics, Features, Hum, LowEnd, Spectrum, SpectrumLevels, Stereo, Tempo,
};

pub use finding::{Finding, findings};

use crate::audio::Audio;
use crate::progress::{Cancelled, Watch};
use activity::Activity;
use blocks::Blocks;
use windows::Windows;

/// Finds out what is true of a mix. Of more than two channels, the first two count.
///
/// Takes any length, silence and no frames at all included; samples that are not finite, or more than 180 dB above
/// full scale, read as 0, and so do those below −300 dBFS. Every level is finite: nothing is −200 dB.
pub fn analyse(audio: &Audio, watch: &dyn Watch) -> Result<Features, Cancelled> {
    let windows = Windows::of(audio, watch)?;
    let blocks = Blocks::of(audio, &windows.dc(), watch)?;
    let activity = Activity::of(&blocks);
    let control = control::levels(&blocks, audio);
    Ok(Features {
        active_seconds: activity.seconds,
        spectrum: spectrum::of(&blocks, &activity),
        stereo: stereo::of(&blocks, &windows, &activity),
        dynamics: dynamics::of(&windows, &control, &activity),
        low_end: low_end::of(&blocks, &activity),
        bandwidth: bandwidth::of(&blocks, &activity),
        noise_floor: dynamics::noise_floor(&windows, &activity),
        clipping: clipping::of(audio, &windows),
        tempo: tempo::of(&control),
        dc: windows.dc(),
        hum: hum::of(&blocks),
        control,
    })
}
