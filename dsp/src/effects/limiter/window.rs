//! What the gain curve and the dips share: the sliding maximum and the smoothing kernel.

/// Three cascaded boxes: non-negative, symmetric, `2 * reach + 1` long, close to a Gaussian.
///
/// The sum is one, plus as much as single precision can lose in adding the products up: smoothing must never
/// come out above what it smooths.
pub(super) fn smoothing_kernel(reach: usize) -> Vec<f32> {
    let length = 2 * reach + 1;
    let outer = (length + 2).div_ceil(3).min(reach + 1);
    let inner = length + 2 - 2 * outer;
    let taps = convolve(&convolve(&vec![1.0; outer], &vec![1.0; outer]), &vec![1.0; inner]);
    debug_assert_eq!(taps.len(), length);
    let rounding = 1.0 + f64::from(f32::EPSILON) * (length + 8) as f64;
    let scale = rounding / taps.iter().sum::<f64>();
    taps.iter().map(|tap| (tap * scale) as f32).collect()
}

fn convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

/// The maximum over `window` neighbours, by doubling the span: log2(window) passes that all vectorise.
///
/// On return `values[i]` is the maximum of the given `values[i..i + window]`, for every `i` that has them all.
/// `spare` is as long as `values`.
#[inline(always)]
pub(super) fn sliding_max(values: &mut Vec<f32>, spare: &mut Vec<f32>, window: usize) {
    let mut span = 1;
    while span < window {
        let shift = span.min(window - span);
        let kept = values.len() - shift;
        for ((out, a), b) in spare[..kept].iter_mut().zip(&values[..kept]).zip(&values[shift..]) {
            *out = if *a > *b { *a } else { *b };
        }
        spare.truncate(kept);
        values.truncate(kept);
        std::mem::swap(values, spare);
        span += shift;
    }
}

/// `out[i]` = 1 − Σ `kernel[j]` · `reductions[i + j]`: from how far down to a gain.
#[inline(always)]
pub(super) fn smoothed_gains(reductions: &[f32], kernel: &[f32], out: &mut [f32]) {
    smoothed(reductions, kernel, out);
    for gain in out {
        *gain = at_least_zero(1.0 - *gain);
    }
}

/// `out[i]` = Σ `kernel[j]` · `values[i + j]`.
#[inline(always)]
pub(super) fn smoothed(values: &[f32], kernel: &[f32], out: &mut [f32]) {
    const LANES: usize = 32;
    let (whole, rest) = out.as_chunks_mut::<LANES>();
    let done = whole.len() * LANES;
    for (chunk, out) in whole.iter_mut().enumerate() {
        let mut sums = [0.0f32; LANES];
        for (j, &tap) in kernel.iter().enumerate() {
            let from = chunk * LANES + j;
            for (sum, value) in sums.iter_mut().zip(&values[from..from + LANES]) {
                *sum += tap * value;
            }
        }
        *out = sums;
    }
    for (i, out) in rest.iter_mut().enumerate() {
        let mut sum = 0.0f32;
        for (j, &tap) in kernel.iter().enumerate() {
            sum += tap * values[done + i + j];
        }
        *out = sum;
    }
}

/// Unlike `f32::max` this is one instruction, since no NaN can come here.
#[inline(always)]
pub(super) fn at_least_zero(value: f32) -> f32 {
    if value > 0.0 { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_symmetric_non_negative_and_sums_to_one() {
        for reach in 1..200 {
            let kernel = smoothing_kernel(reach);
            assert_eq!(kernel.len(), 2 * reach + 1);
            let sum: f64 = kernel.iter().map(|&tap| f64::from(tap)).sum();
            assert!((1.0..1.0 + 1e-4).contains(&sum), "reach {reach}: {sum}");
            for (a, b) in kernel.iter().zip(kernel.iter().rev()) {
                assert!(*a >= 0.0 && a == b, "reach {reach}");
            }
        }
    }

    #[test]
    fn the_sliding_maximum_is_the_maximum_of_every_window() {
        let given: Vec<f32> = (0..200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32).collect();
        for window in 1..40 {
            let (mut values, mut spare) = (given.clone(), given.clone());
            sliding_max(&mut values, &mut spare, window);
            assert_eq!(values.len(), given.len() + 1 - window);
            for (i, &max) in values.iter().enumerate() {
                let expected = given[i..i + window].iter().copied().fold(0.0, f32::max);
                assert_eq!(max, expected, "window {window} at {i}");
            }
        }
    }
}
