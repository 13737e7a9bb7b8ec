//! Up to ten second-order sections in a row, for two channels at once, in double precision.
//!
//! The sections work side by side, each a frame behind the one before it, so that the recursions fill vector lanes and
//! none waits for another. What comes out is [`Cascade::lag`] frames late; the caller feeds that much further on.

use super::biquad::Biquad;
use crate::simd::{Kernel, dispatch};

/// Sections at most.
pub const SECTIONS: usize = 2 * VECTORS;
const VECTORS: usize = 5;
/// Two sections, left and right of each.
const LANES: usize = 4;
type Lanes = [f64; LANES];

/// The sections; those that are not needed pass everything as it is.
///
/// The lower halves of the vectors hold the first half of the sections, the upper halves the second: so a vector's
/// input is the whole of the vector before it, and only the first needs its halves put together.
#[derive(Clone, PartialEq, Debug)]
pub struct Cascade {
    vectors: usize,
    b: [[Lanes; VECTORS]; 3],
    a: [[Lanes; VECTORS]; 2],
    slowest_decay: f64,
}

/// What a [`Cascade`] remembers of a pair of channels.
#[derive(Clone, Copy, Default, Debug)]
pub struct State {
    /// What each section gave for its latest frame.
    last: [Lanes; VECTORS],
    memory: [[Lanes; VECTORS]; 2],
}

impl Cascade {
    /// # Panics
    /// If there are more than ten sections.
    #[must_use]
    pub fn new(sections: &[Biquad]) -> Self {
        assert!(sections.len() <= SECTIONS, "at most ten sections");
        let vectors = sections.len().div_ceil(2).max(1);
        let section = |vector: usize, lane: usize| {
            let index = vector + lane / 2 * vectors;
            sections.get(index).filter(|_| vector < vectors).unwrap_or(&Biquad::IDENTITY)
        };
        let lanes = |part: &dyn Fn(&Biquad) -> f64| {
            std::array::from_fn(|vector| std::array::from_fn(|lane| part(section(vector, lane))))
        };
        Self {
            vectors,
            b: [0, 1, 2].map(|k| lanes(&|section| section.b[k])),
            a: [0, 1].map(|k| lanes(&|section| section.a[k])),
            slowest_decay: sections.iter().map(Biquad::decay).fold(0.0, f64::max),
        }
    }

    /// Frames by which the output lies behind the input.
    #[must_use]
    pub fn lag(&self) -> usize {
        2 * self.vectors - 1
    }

    /// After so many frames, what came before is forgotten to e⁻²², −190 dB, times what the sections make of it.
    #[must_use]
    pub fn memory_frames(&self) -> usize {
        if self.slowest_decay > 0.0 { (-22.0 / self.slowest_decay.ln()).ceil() as usize } else { 0 }
    }

    /// Filters `left` and `right`; `output[n]` receives frame `n − lag` of both channels as `pair` makes it.
    ///
    /// All four are equally long.
    #[inline]
    pub fn run(&self, state: &mut State, input: [&[f32]; 2], output: [&mut [f32]; 2], form: Form) {
        match self.vectors {
            1 => dispatch(Run::<1> { cascade: self, state, input, output, form }),
            2 => dispatch(Run::<2> { cascade: self, state, input, output, form }),
            3 => dispatch(Run::<3> { cascade: self, state, input, output, form }),
            4 => dispatch(Run::<4> { cascade: self, state, input, output, form }),
            _ => dispatch(Run::<5> { cascade: self, state, input, output, form }),
        }
        state.forget();
    }
}

/// What a pair of channels is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Left and right as they are.
    LeftRight,
    /// (L + R) / 2 and (L − R) / 2.
    MidSide,
}

impl State {
    /// Zeros stand for what has rung out, before it turns into numbers that processors are slow with.
    fn forget(&mut self) {
        const GONE: f64 = 1e-30;
        for value in
            self.last.as_flattened_mut().iter_mut().chain(self.memory.as_flattened_mut().as_flattened_mut())
        {
            if value.abs() < GONE {
                *value = 0.0;
            }
        }
    }
}

struct Run<'a, const USED: usize> {
    cascade: &'a Cascade,
    state: &'a mut State,
    input: [&'a [f32]; 2],
    output: [&'a mut [f32]; 2],
    form: Form,
}

impl<const USED: usize> Kernel for Run<'_, USED> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Cascade { b, a, .. } = *self.cascade;
        let State { mut last, memory: [mut first, mut second] } = *self.state;
        let [left_out, right_out] = self.output;
        let (left, right) = (self.input[0], self.input[1]);
        let frames = left_out.len();
        let (left, right, right_out) = (&left[..frames], &right[..frames], &mut right_out[..frames]);
        for n in 0..frames {
            let second_half = last[USED - 1];
            let mut x = [f64::from(left[n]), f64::from(right[n]), second_half[0], second_half[1]];
            for vector in 0..USED {
                let mut y = [0.0; LANES];
                for lane in 0..LANES {
                    y[lane] = b[0][vector][lane] * x[lane] + first[vector][lane];
                }
                for lane in 0..LANES {
                    first[vector][lane] =
                        b[1][vector][lane] * x[lane] + second[vector][lane] - a[0][vector][lane] * y[lane];
                }
                for lane in 0..LANES {
                    second[vector][lane] = b[2][vector][lane] * x[lane] - a[1][vector][lane] * y[lane];
                }
                // The next vector takes what this one gave for the frame before.
                x = last[vector];
                last[vector] = y;
            }
            let (l, r) = (last[USED - 1][2], last[USED - 1][3]);
            match self.form {
                Form::LeftRight => {
                    left_out[n] = l as f32;
                    right_out[n] = r as f32;
                }
                Form::MidSide => {
                    left_out[n] = ((l + r) * 0.5) as f32;
                    right_out[n] = ((l - r) * 0.5) as f32;
                }
            }
        }
        *self.state = State { last, memory: [first, second] };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Decibels, Hertz, SampleRate};

    const RATE: SampleRate = SampleRate::literal(44_100);

    fn sections() -> [Biquad; SECTIONS] {
        let hertz = Hertz::literal;
        [
            Biquad::high_pass(hertz(30.0), RATE),
            Biquad::low_shelf(hertz(60.0), Decibels::literal(4.0), 0.7, RATE),
            Biquad::bell(hertz(90.0), Decibels::literal(-3.0), 1.2, RATE),
            Biquad::bell(hertz(150.0), Decibels::literal(5.0), 0.8, RATE),
            Biquad::bell(hertz(300.0), Decibels::literal(2.0), 1.1, RATE),
            Biquad::bell(hertz(450.0), Decibels::literal(-2.0), 0.9, RATE),
            Biquad::bell(hertz(600.0), Decibels::literal(3.0), 2.9, RATE),
            Biquad::bell(hertz(45.0), Decibels::literal(-6.0), 2.0, RATE),
            Biquad::bell(hertz(220.0), Decibels::literal(-8.0), 1.4, RATE),
            Biquad::bell(hertz(800.0), Decibels::literal(9.0), 0.7, RATE),
        ]
    }

    fn one_after_another(sections: &[Biquad], input: &[f32]) -> Vec<f64> {
        let mut signal: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
        for section in sections {
            let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
            for sample in &mut signal {
                let x = *sample;
                let y = section.b[0] * x + section.b[1] * x1 + section.b[2] * x2
                    - section.a[0] * y1
                    - section.a[1] * y2;
                (x2, x1, y2, y1) = (x1, x, y1, y);
                *sample = y;
            }
        }
        signal
    }

    #[test]
    fn side_by_side_is_one_after_another() {
        let input: [Vec<f32>; 2] = [1u32, 7].map(|seed| {
            (0..3000u32)
                .map(|i| ((i * 2 + seed).wrapping_mul(2_654_435_761) >> 9) as f32 / 8e6 - 0.5)
                .collect()
        });
        for count in 0..=SECTIONS {
            let used = &sections()[..count];
            let cascade = Cascade::new(used);
            let (mut state, mut out) = (State::default(), [vec![0.0f32; 3000], vec![0.0f32; 3000]]);
            let [left, right] = &mut out;
            cascade.run(&mut state, [&input[0], &input[1]], [left, right], Form::LeftRight);
            for channel in 0..2 {
                let want = one_after_another(used, &input[channel]);
                for n in 0..3000 - cascade.lag() {
                    assert!(
                        (f64::from(out[channel][n + cascade.lag()]) - want[n]).abs() < 2e-7,
                        "{count} at {n}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_bell_has_its_gain_at_its_centre_and_a_shelf_half_of_it_at_its_corner() {
        let db = |section: Biquad, hz: f64| 10.0 * section.power_at(Hertz::literal(hz), RATE).log10();
        let [high_pass, shelf, _, bell, ..] = sections();
        assert!((db(high_pass, 30.0) + 3.010_3).abs() < 1e-3);
        assert!((db(shelf, 60.0) - 2.0).abs() < 1e-6 && (db(shelf, 1.0) - 4.0).abs() < 1e-2);
        assert!((db(bell, 150.0) - 5.0).abs() < 1e-6 && db(bell, 15_000.0).abs() < 1e-2);
    }
}
