//! Where the energy of long frames lies.

use realfft::num_complex::Complex32;

use super::Sound;
use super::ear::SILENT_DB;
use crate::analysis::level::percentile;
use crate::units::SampleRate;

#[derive(Debug)]
pub(super) struct Colour {
    bin_hz: f64,
    /// The first bin of each band, and the end.
    edges: Vec<usize>,
    flat: std::ops::Range<usize>,
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Frame {
    bands: [f32; Sound::BANDS],
    power: f64,
    /// In octaves above 1 kHz.
    centroid: f32,
    flatness_db: f32,
}

impl Colour {
    pub(super) fn new(rate: SampleRate, frames: usize) -> Self {
        let bin_hz = rate.as_f64() / frames as f64;
        let bins = frames / 2 + 1;
        let bin = |hz: f64| ((hz / bin_hz).ceil() as usize).clamp(1, bins);
        let mut edges: Vec<usize> = Sound::BAND_EDGES_HZ.iter().map(|hz| bin(*hz)).collect();
        edges.push(bins);
        Self { bin_hz, edges, flat: bin(200.0)..bin(8000.0), frames: Vec::new() }
    }

    pub(super) fn add(&mut self, spectrum: &[Complex32]) {
        let mut bands = [0.0f32; Sound::BANDS];
        let (mut power, mut moment) = (0.0f64, 0.0f64);
        for (band, ends) in bands.iter_mut().zip(self.edges.windows(2)) {
            for (bin, value) in spectrum[ends[0]..ends[1]].iter().enumerate() {
                let norm = value.norm_sqr();
                *band += norm;
                moment += f64::from(norm) * (ends[0] + bin) as f64;
            }
            power += f64::from(*band);
        }
        let centroid_hz = (moment / power.max(1e-30) * self.bin_hz).max(20.0);
        self.frames.push(Frame {
            bands,
            power,
            centroid: (centroid_hz / 1000.0).log2() as f32,
            flatness_db: self.flatness_db(spectrum) as f32,
        });
    }

    /// Over groups of bins that have the same width, so that few logarithms are needed.
    fn flatness_db(&self, spectrum: &[Complex32]) -> f64 {
        const GROUP: usize = 4;
        let groups = spectrum[self.flat.clone()].chunks_exact(GROUP);
        let count = groups.len().max(1) as f64;
        let (mut logs, mut sum) = (0.0f64, 0.0f64);
        for group in groups {
            let power = group.iter().map(Complex32::norm_sqr).sum::<f32>() + 1e-20;
            logs += f64::from(power.log10());
            sum += f64::from(power);
        }
        10.0 * (logs / count - (sum / count).max(1e-20).log10())
    }

    /// Which frames sound.
    pub(super) fn active(&self) -> Vec<bool> {
        let mut powers: Vec<f64> = self.frames.iter().map(|frame| frame.power).collect();
        powers.sort_by(f64::total_cmp);
        if powers.is_empty() {
            return Vec::new();
        }
        let loud = percentile(&powers, 0.95).max(powers[powers.len() - 1] * 1e-2);
        let least = (loud * 10f64.powf(-SILENT_DB / 10.0)).max(1e-9);
        self.frames.iter().map(|frame| frame.power > least).collect()
    }

    pub(super) fn describe(&self, active: &[bool], sound: &mut Sound) {
        let frames = || self.frames.iter().zip(active).filter(|(_, active)| **active).map(|(frame, _)| frame);
        let count = frames().count().max(1) as f64;
        let total: f64 = frames().map(|frame| frame.power).sum();
        for (band, share) in sound.bands_db.iter_mut().enumerate() {
            let power: f64 = frames().map(|frame| f64::from(frame.bands[band])).sum();
            *share = (10.0 * (power / total.max(1e-30)).max(1e-8).log10()).max(-80.0);
        }
        let mean = |value: &dyn Fn(&Frame) -> f64| frames().map(value).sum::<f64>() / count;
        sound.centroid_octaves = mean(&|frame| f64::from(frame.centroid));
        sound.centroid_spread_octaves =
            mean(&|frame| (f64::from(frame.centroid) - sound.centroid_octaves).powi(2)).sqrt();
        sound.flatness_db = mean(&|frame| f64::from(frame.flatness_db));
    }
}
