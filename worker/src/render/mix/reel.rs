//! Samples on a disk: where the stems of a mix lie while only a few of them are in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use dsp::audio::{Audio, Layout, Samples};
use dsp::mix::{Reel, ReelError};
use dsp::units::SampleRate;

/// How many samples are turned into bytes at once, and back.
const CHUNK_FRAMES: usize = 1 << 16;

/// The samples of one stem in a file of their own: channel after channel, 32-bit floats, least significant byte first.
#[derive(Debug)]
pub struct FileReel {
    file: File,
    rate: SampleRate,
    layout: Layout,
    frames: usize,
}

impl FileReel {
    /// Writes `audio` to `path`, which is made anew.
    pub fn write(path: &Path, audio: &Audio) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        let mut bytes = Vec::with_capacity(CHUNK_FRAMES * size_of::<f32>());
        for channel in audio.channels() {
            for chunk in channel.chunks(CHUNK_FRAMES) {
                bytes.clear();
                chunk.iter().for_each(|sample| bytes.extend_from_slice(&sample.to_le_bytes()));
                out.write_all(&bytes)?;
            }
        }
        out.flush()?;
        drop(out);
        Ok(Self { file, rate: audio.rate(), layout: audio.layout().clone(), frames: audio.frames() })
    }

    /// All of it, in memory.
    pub fn load(&self) -> Result<Audio, ReelError> {
        let mut channels = Vec::with_capacity(self.layout.count());
        for index in 0..self.layout.count() {
            let mut samples = Samples::silence(self.frames);
            self.read(index, 0, &mut samples)?;
            channels.push(samples);
        }
        Ok(Audio::with_layout(self.rate, self.layout.clone(), channels))
    }
}

impl Reel for FileReel {
    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn frames(&self) -> usize {
        self.frames
    }

    fn read(&self, channel: usize, from: usize, into: &mut [f32]) -> Result<(), ReelError> {
        const SIZE: usize = size_of::<f32>();
        let mut bytes = vec![0; into.len().min(CHUNK_FRAMES) * SIZE];
        let mut place = ((channel * self.frames + from) * SIZE) as u64;
        for chunk in into.chunks_mut(CHUNK_FRAMES) {
            let bytes = &mut bytes[..chunk.len() * SIZE];
            self.file.read_exact_at(bytes, place).map_err(|error| ReelError(error.to_string()))?;
            for (sample, four) in chunk.iter_mut().zip(bytes.as_chunks::<SIZE>().0) {
                *sample = f32::from_le_bytes(*four);
            }
            place += bytes.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_as_they_were_from_anywhere() {
        let ramp = |sign: f32| Samples::copied(&(0..150_001).map(|n| sign * n as f32).collect::<Vec<_>>());
        let audio = Audio::from_channels(SampleRate::literal(44_100), vec![ramp(1.0), ramp(-0.5)]);
        let folder = tempfile::tempdir().unwrap();
        let reel = FileReel::write(&folder.path().join("reel"), &audio).unwrap();
        assert_eq!(reel.load().unwrap(), audio);
        let mut part = vec![0.0; 70_000];
        reel.read(1, 80_001, &mut part).unwrap();
        assert_eq!(part, audio.channel(1)[80_001..]);
        assert!(reel.read(1, 80_002, &mut part).is_err(), "beyond the end");
    }
}
