//! The one life cycle of everything that turns audio into audio.

use crate::audio::Audio;

/// Built whole by its `new(params, rate, channels)`; then `process` any number of blocks in order.
///
/// An unbuilt processor does not exist, and a wrong parameter never gets this far: parameters are checked once,
/// in their own constructor. Offline stages of the engine see the whole signal and have no latency; a streaming
/// processor says its own.
pub trait Processor {
    /// Frames by which the output lags the input.
    fn latency(&self) -> usize;
    /// Changes a block in place: one slice per channel, all of one length, any length.
    fn process(&mut self, block: &mut [&mut [f32]]);
    /// Forgets every sample seen: afterwards it behaves like a new one.
    fn reset(&mut self);
}

/// Runs `processor` over all of `audio` and takes its latency off again, so that the first frame stays first.
pub fn run(processor: &mut dyn Processor, audio: &mut Audio) {
    let latency = processor.latency();
    let frames = audio.frames();
    if latency == 0 {
        let mut block: Vec<&mut [f32]> = audio.channels_mut().iter_mut().map(|c| &mut c[..]).collect();
        processor.process(&mut block);
        return;
    }
    let mut padded = Audio::silence(audio.rate(), audio.layout().clone(), frames + latency);
    for (long, short) in padded.channels_mut().iter_mut().zip(audio.channels()) {
        long[..frames].copy_from_slice(short);
    }
    let mut block: Vec<&mut [f32]> = padded.channels_mut().iter_mut().map(|c| &mut c[..]).collect();
    processor.process(&mut block);
    for (short, long) in audio.channels_mut().iter_mut().zip(padded.channels()) {
        short.copy_from_slice(&long[latency..]);
    }
}
