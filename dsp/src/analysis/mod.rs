//! What is true of a mix besides its loudness: the facts that decisions of tone, dynamics and width are made from.
//!
//! One pass of transforms over the whole signal, blocks at fixed seams, so that the number of threads changes nothing.
//!
//! | module | what |
//! |---|---|
//! | [`features`] | the facts as plain values |
//! | [`control`] | levels of the four bands of dynamics at the control rate |
//! | [`picture`] | what a page draws of a signal |
//! | [`average_spectrum`](mod@average_spectrum) | one level per band for all of a signal |
//! | [`likeness`] | how two signals differ |

pub mod average_spectrum;
pub mod control;
pub mod features;
pub mod likeness;
pub mod picture;

pub use control::{CONTROL_FRAMES, ControlLevels};
pub use features::{
    Bandwidth, Clipping, Dynamics, Features, Hum, LowEnd, Spectrum, SpectrumLevels, Stereo, Tempo,
};
