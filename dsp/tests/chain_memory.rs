//! Rendering a segment allocates nothing: a binary of its own, since it counts what the whole program asks for.
#![expect(unsafe_code, reason = "an allocator is unsafe to write; this one only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use dsp::analysis::control::CONTROL_FRAMES;
use dsp::bands::Curve;
use dsp::master::chain::{Chain, ChainPlan, Compressor, Gains};
use dsp::signal;
use dsp::units::{Dbfs, Decibels, Hertz, Milliseconds, SampleRate};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is that of the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, so from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_segment_is_rendered_without_allocating() {
    let compressor = Compressor {
        threshold: Dbfs::literal(-30.0),
        ratio: 2.0,
        knee: Decibels::literal(6.0),
        attack: Milliseconds::literal(15.0),
        release: Milliseconds::literal(150.0),
        makeup: Decibels::ZERO,
        mix: 1.0,
    };
    let plan = ChainPlan {
        high_pass: Some(Hertz::literal(25.0)),
        tone: Curve::of(|frequency| 2.0 * (frequency.value().ln()).sin()),
        bands: Some([compressor; 4]),
        ..ChainPlan::NEUTRAL
    };
    let rate = SampleRate::literal(44_100);
    for channels in [1, 2] {
        let mix = signal::noise(rate, channels, Dbfs::literal(-20.0), 400_000, 1);
        let chain = Chain::new(&plan, rate, channels);
        let curve = |seed: usize| -> Vec<f32> {
            (0..mix.frames().div_ceil(CONTROL_FRAMES)).map(|k| ((k * seed) as f32).cos()).collect()
        };
        let gains = Gains::Four([1, 2, 3, 4].map(curve));
        let mut scratch = chain.scratch();
        let mut out = signal::noise(rate, channels, Dbfs::literal(-90.0), chain.segment_frames(), 1);
        let mut parts: Vec<&mut [f32]> =
            out.channels_mut().iter_mut().map(|channel| &mut channel[..]).collect();
        let before = ALLOCATIONS.load(Ordering::SeqCst);
        assert!(before > 0, "the case must be real: allocations are counted");
        chain.render_segment(&mut scratch, &mix, &gains, 0, &mut parts);
        assert_eq!(ALLOCATIONS.load(Ordering::SeqCst) - before, 0, "{channels} channels");
    }
}
