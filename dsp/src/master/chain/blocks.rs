//! One block at a time: what comes in, its transforms, the gains, what goes out.

use realfft::num_complex::Complex32;

use super::filters::{Bins, Filters, SPLITS};
use super::gains::Gains;
use super::ramps::{self, Into, Motion};
use super::streams::Stream;
use crate::parts::cascade::Form;
use crate::parts::fft::{Fft, Framing};
use crate::simd::{Kernel, dispatch};

/// What one thread needs to render segments, made once.
#[derive(Debug)]
pub struct Scratch {
    framing: Framing,
    /// The block's frames: of mid and side, or of a channel.
    planes: [Vec<f32>; 2],
    /// The hop that comes out of each.
    outputs: [Vec<f32>; 2],
    motion: Motion,
    /// If there are symmetric filters.
    transforms: Option<Transforms>,
}

#[derive(Debug)]
struct Transforms {
    fft: Fft,
    block: Vec<f32>,
    spectrum: Vec<Complex32>,
    product: Vec<Complex32>,
}

impl Scratch {
    pub(super) fn new(framing: &Framing, fft: Option<&Fft>) -> Self {
        let plane = if fft.is_some() { framing.fft_frames } else { 0 };
        let bins = framing.bins();
        Self {
            framing: *framing,
            planes: [vec![0.0; plane], vec![0.0; plane]],
            outputs: [vec![0.0; framing.hop], vec![0.0; framing.hop]],
            motion: Motion::new(framing.hop),
            transforms: fft.map(|fft| Transforms {
                fft: fft.clone(),
                block: vec![0.0; framing.fft_frames],
                spectrum: vec![Complex32::ZERO; bins],
                product: vec![Complex32::ZERO; bins],
            }),
        }
    }

    pub(super) fn move_gains(&mut self, gains: &Gains, first: usize) {
        self.motion.load(gains, first);
    }

    /// Reads the margins of the first block.
    pub(super) fn begin(&mut self, stream: &mut Stream<'_>, form: Form) {
        let [first, second] = &mut self.planes;
        let margins = 2 * self.framing.margin;
        stream.fill([&mut first[..margins], &mut second[..margins]], form);
    }

    /// Reads the next block and filters it.
    pub(super) fn filter(&mut self, stream: &mut Stream<'_>, filters: &[Filters; 2], form: Form) {
        let Framing { margin, hop, .. } = self.framing;
        let [first, second] = &mut self.planes;
        stream.fill([&mut first[2 * margin..], &mut second[2 * margin..]], form);
        let Some(transforms) = &mut self.transforms else { return };
        let planes = if form == Form::MidSide { 2 } else { 1 };
        for ((plane, out), filters) in self.planes.iter_mut().zip(&mut self.outputs).zip(filters).take(planes)
        {
            transforms.filter(plane, margin..margin + hop, filters, &self.motion, out);
            plane.copy_within(hop.., 0);
        }
    }

    /// What came out of [`Self::filter`], as left and right or as the one channel.
    pub(super) fn deliver(&self, out: [&mut [f32]; 2], form: Form) {
        let [mid, side] = &self.outputs;
        let [left, right] = out;
        let count = left.len();
        match form {
            Form::LeftRight => left.copy_from_slice(&mid[..count]),
            Form::MidSide => {
                let both = mid.iter().zip(side);
                for ((left, right), (mid, side)) in left.iter_mut().zip(right).zip(both) {
                    (*left, *right) = (mid + side, mid - side);
                }
            }
        }
    }

    /// Without transforms: straight through, but for the gain of everything.
    pub(super) fn pass(&mut self, stream: &mut Stream<'_>, out: [&mut [f32]; 2]) {
        let count = out[0].len();
        let [left, right] = &mut self.outputs;
        stream.fill([&mut left[..count], &mut right[..count]], Form::LeftRight);
        for (samples, out) in self.outputs.iter().zip(out).filter(|(_, out)| !out.is_empty()) {
            moved(self.motion.whole(), &samples[..count], out);
        }
    }
}

impl Transforms {
    /// Frames `middle` of `plane` through `filters` and the gains.
    fn filter(
        &mut self,
        plane: &[f32],
        middle: std::ops::Range<usize>,
        filters: &Filters,
        motion: &Motion,
        out: &mut [f32],
    ) {
        let differs = |band: usize| filters.bands.is_some() && motion.more(band).is_some();
        let splits = (0..SPLITS).any(differs);
        if filters.whole.is_none() && !splits {
            moved(motion.whole(), &plane[middle], out);
            return;
        }
        if plane.iter().all(|&sample| sample == 0.0) {
            out.fill(0.0);
            return;
        }
        self.fft.forward(plane, &mut self.spectrum);
        match &filters.whole {
            None => moved(motion.whole(), &plane[middle.clone()], out),
            Some(bins) => {
                self.shaped(bins);
                moved(motion.whole(), &self.block[middle.clone()], out);
            }
        }
        for (band, bins) in filters.bands.iter().flatten().enumerate() {
            if let Some(points) = motion.more(band) {
                self.shaped(bins);
                ramps::apply(points, &self.block[middle.clone()], out, Into::Add);
            }
        }
    }

    /// The block as filtered by `bins`.
    fn shaped(&mut self, bins: &Bins) {
        let (spectrum, product) = (&self.spectrum[..], &mut self.product[..]);
        match bins {
            Bins::Straight(bins) => dispatch(Multiply { spectrum, bins, product }),
            Bins::Turned(bins) => dispatch(Turn { spectrum, bins, product }),
        }
        self.fft.inverse(&mut self.product, &mut self.block);
    }
}

/// `samples` times the gain through `points`, if there is one.
fn moved(points: Option<&[f32]>, samples: &[f32], out: &mut [f32]) {
    match points {
        Some(points) => ramps::apply(points, samples, out, Into::Set),
        None => out.copy_from_slice(samples),
    }
}

struct Multiply<'a> {
    spectrum: &'a [Complex32],
    bins: &'a [f32],
    product: &'a mut [Complex32],
}

impl Kernel for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((product, spectrum), gain) in self.product.iter_mut().zip(self.spectrum).zip(self.bins) {
            *product = Complex32::new(spectrum.re * gain, spectrum.im * gain);
        }
    }
}

struct Turn<'a> {
    spectrum: &'a [Complex32],
    bins: &'a [Complex32],
    product: &'a mut [Complex32],
}

impl Kernel for Turn<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((product, spectrum), factor) in self.product.iter_mut().zip(self.spectrum).zip(self.bins) {
            *product = Complex32::new(
                spectrum.re * factor.re - spectrum.im * factor.im,
                spectrum.re * factor.im + spectrum.im * factor.re,
            );
        }
    }
}
