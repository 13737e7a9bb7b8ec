//! One kernel, compiled for each instruction set, chosen at run time.
//!
//! A kernel is written once, in plain Rust over fixed arrays of lanes, and inlined into a function that is
//! compiled for AVX2. The scalar twin is the same source compiled for the baseline, and since Rust never
//! contracts `a * b + c` by itself, both give the same bits: results do not depend on the machine.
//! On AArch64 the baseline has NEON already. This is the only file that may hold `unsafe`.
#![expect(unsafe_code, reason = "calling a function compiled for an instruction set that was just detected")]

use std::sync::atomic::{AtomicBool, Ordering};

/// A computation worth compiling for several instruction sets. `run` must be `#[inline(always)]`,
/// and so must everything hot that it calls, or the code stays at the baseline.
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Computes it. Write loops over arrays of 4 or 8 lanes along time or channels, with a fixed order of sums.
    fn run(self) -> Self::Output;
}

static BASELINE_ONLY: AtomicBool = AtomicBool::new(false);

/// For tests and benches: `true` makes every kernel run on the baseline, the scalar twin.
pub fn set_baseline_only(on: bool) {
    BASELINE_ONLY.store(on, Ordering::Relaxed);
}

/// Runs `kernel` on the best instruction set that this machine has.
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && !BASELINE_ONLY.load(Ordering::Relaxed) {
        // SAFETY: the one requirement of `on_avx2` is that the processor has AVX2, which the line above asked.
        return unsafe { on_avx2(kernel) };
    }
    on_baseline(kernel)
}

/// Runs `kernel` as compiled for the baseline: the scalar twin that parity tests compare with.
pub fn on_baseline<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn on_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
