//! PCG32 (XSH-RR 64/32), a small random number generator that can start anywhere in its sequence.
//!
//! M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
//! Generation", Harvey Mudd College HMC-CS-2014-0905. Starting anywhere (F. Brown, "Random Number Generation with
//! Arbitrary Strides", 1994) lets each part of a signal be dithered on its own and still get the same numbers.

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;

/// One sequence of 2^64 numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pcg32 {
    start: u64,
    increment: u64,
}

impl Pcg32 {
    /// Numbers computed at once, each lane taking every eighth number of the sequence.
    pub const LANES: usize = 8;

    /// The sequence `stream`, started at `seed`. Two streams have no numbers in common by design.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let increment = (stream << 1) | 1;
        let start = increment.wrapping_add(seed).wrapping_mul(MULTIPLIER).wrapping_add(increment);
        Self { start, increment }
    }

    /// The numbers from position `index` on, eight at a time.
    #[must_use]
    pub fn from(&self, index: u64) -> Lanes {
        let mut states = [0; Self::LANES];
        states[0] = self.jump(index).apply(self.start);
        for i in 1..Self::LANES {
            states[i] = states[i - 1].wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
        }
        Lanes { states, stride: self.jump(Self::LANES as u64) }
    }

    /// `steps` steps as one, by squaring.
    fn jump(&self, mut steps: u64) -> Step {
        let mut total = Step { multiplier: 1, increment: 0 };
        let mut power = Step { multiplier: MULTIPLIER, increment: self.increment };
        while steps > 0 {
            if steps & 1 == 1 {
                total = total.then(power);
            }
            power = power.then(power);
            steps >>= 1;
        }
        total
    }
}

/// state ← state · multiplier + increment.
#[derive(Clone, Copy, Debug)]
struct Step {
    multiplier: u64,
    increment: u64,
}

impl Step {
    fn apply(self, state: u64) -> u64 {
        state.wrapping_mul(self.multiplier).wrapping_add(self.increment)
    }

    fn then(self, next: Self) -> Self {
        Self {
            multiplier: self.multiplier.wrapping_mul(next.multiplier),
            increment: next.apply(self.increment),
        }
    }
}

/// Eight consecutive numbers at a time.
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    states: [u64; Pcg32::LANES],
    stride: Step,
}

impl Lanes {
    /// The next eight numbers of the sequence.
    #[inline(always)]
    pub fn draw(&mut self) -> [u32; Pcg32::LANES] {
        let mut out = [0; Pcg32::LANES];
        for (out, state) in out.iter_mut().zip(&mut self.states) {
            let now = *state;
            let mixed = (((now >> 18) ^ now) >> 27) as u32;
            let turn = (now >> 59) as u32;
            *out = (mixed >> turn) | (mixed << ((32 - turn) & 31));
            *state = now.wrapping_mul(self.stride.multiplier).wrapping_add(self.stride.increment);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_demo() {
        let mut lanes = Pcg32::new(42, 54).from(0);
        let published = [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e];
        assert_eq!(lanes.draw()[..6], published);
    }

    #[test]
    fn starting_in_the_middle_gives_the_same_numbers() {
        let generator = Pcg32::new(7, 1);
        let mut whole = generator.from(0);
        let all: Vec<u32> = (0..100).flat_map(|_| whole.draw()).collect();
        for start in [0usize, 1, 8, 13, 400, 791] {
            assert_eq!(generator.from(start as u64).draw()[..], all[start..start + 8], "from {start}");
        }
    }
}
