//! The overview of a whole song that a page draws: for each column, how far the wave goes down and up.

use dsp::audio::Audio;
use dsp::simd::{Kernel, dispatch};
use rayon::prelude::*;

/// The overview of one song.
#[derive(Clone, PartialEq, Debug)]
pub struct Peaks {
    /// How many frames the columns share. Column `c` of `n` stands for the frames from `c·frames/n` to
    /// `(c+1)·frames/n`, rounded down: the first begins with the song, the last ends with it, none is left out.
    pub frames: usize,
    /// For each channel, in order, its columns.
    pub channels: Vec<Vec<Extent>>,
}

/// The lowest and the highest sample of a column; full scale is ±1.0.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Extent {
    /// The lowest.
    pub low: f32,
    /// The highest.
    pub high: f32,
}

impl Extent {
    /// Both in 1/127 of full scale, rounded outwards so that what is there can be seen, and clamped.
    #[must_use]
    pub fn quantised(self) -> [i8; 2] {
        [(self.low * 127.0).floor() as i8, (self.high * 127.0).ceil() as i8].map(|value| value.max(-127))
    }
}

/// The overview of `audio` in `columns` columns, or in one for each frame where there are fewer frames.
#[must_use]
pub fn peaks(audio: &Audio, columns: usize) -> Peaks {
    let frames = audio.frames();
    let columns = columns.min(frames);
    let start = |column: usize| (column as u128 * frames as u128 / columns as u128) as usize;
    let channels = audio.channels().iter().map(|samples| {
        (0..columns)
            .into_par_iter()
            .with_min_len(64)
            .map(|column| dispatch(ExtentOf(&samples[start(column)..start(column + 1)])))
            .collect()
    });
    Peaks { frames, channels: channels.collect() }
}

struct ExtentOf<'a>(&'a [f32]);

impl Kernel for ExtentOf<'_> {
    type Output = Extent;

    #[inline(always)]
    fn run(self) -> Extent {
        const LANES: usize = 16;
        let first = self.0.first().copied().unwrap_or(0.0);
        let (mut low, mut high) = ([first; LANES], [first; LANES]);
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        for block in blocks {
            for lane in 0..LANES {
                low[lane] = if block[lane] < low[lane] { block[lane] } else { low[lane] };
                high[lane] = if block[lane] > high[lane] { block[lane] } else { high[lane] };
            }
        }
        let all = || low.iter().chain(&high).chain(rest).copied();
        Extent { low: all().fold(first, f32::min), high: all().fold(first, f32::max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::audio::Samples;
    use dsp::units::SampleRate;

    fn ramp(frames: usize) -> Audio {
        let up: Vec<f32> = (0..frames).map(|n| n as f32 / frames as f32).collect();
        let down: Vec<f32> = up.iter().map(|x| -x).collect();
        Audio::from_channels(SampleRate::literal(44_100), vec![Samples::copied(&up), Samples::copied(&down)])
    }

    #[test]
    fn columns_cover_every_frame_once_up_to_the_ends_of_the_song() {
        for (frames, columns) in [(1_000_003, 1_800), (100, 7), (5, 5), (3, 100), (1, 1)] {
            let overview = peaks(&ramp(frames), columns);
            let up = &overview.channels[0];
            assert_eq!(up.len(), columns.min(frames));
            assert_eq!(up[0].low, 0.0);
            assert_eq!(up[up.len() - 1].high, (frames - 1) as f32 / frames as f32);
            for pair in up.windows(2) {
                let step = pair[1].low - pair[0].high;
                assert!((step * frames as f32 - 1.0).abs() < 0.1, "one frame from column to column: {step}");
            }
            assert_eq!(overview.channels[1][0].high, 0.0);
        }
    }

    #[test]
    fn silence_and_nothing_have_an_overview_too() {
        let silence = Audio::silence(SampleRate::literal(8_000), dsp::audio::Layout::mono(), 0);
        assert!(peaks(&silence, 100).channels[0].is_empty());
    }

    #[test]
    fn quantised_columns_are_rounded_outwards() {
        assert_eq!(Extent { low: -0.001, high: 0.001 }.quantised(), [-1, 1]);
        assert_eq!(Extent { low: -7.0, high: 7.0 }.quantised(), [-127, 127]);
        assert_eq!(Extent::default().quantised(), [0, 0]);
    }
}
