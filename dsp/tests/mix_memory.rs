//! A session does not fit into memory, and need not: a binary of its own, since it counts what the whole program holds.
#![expect(unsafe_code, reason = "an allocator is unsafe to write; this one only counts and passes on")]
#![expect(clippy::disallowed_methods, reason = "a test owns its pool")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use dsp::audio;
use dsp::mix::{self, MixWish, Reel, ReelError, STEMS_MAX, Stem, StemWish};
use dsp::progress::Unwatched;
use dsp::units::SampleRate;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::SeqCst) + layout.size();
        MOST.fetch_max(held, Ordering::SeqCst);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is that of the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: `pointer` came from `alloc` above, so from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const RATE: SampleRate = SampleRate::literal(48_000);
const SECONDS: usize = 20;

/// Samples that are computed whenever they are read: chords in bursts.
#[derive(Debug)]
struct Computed(u32);

impl Reel for Computed {
    fn rate(&self) -> SampleRate {
        RATE
    }

    fn layout(&self) -> audio::Layout {
        audio::Layout::stereo()
    }

    fn frames(&self) -> usize {
        SECONDS * RATE.hertz() as usize
    }

    fn read(&self, channel: usize, from: usize, into: &mut [f32]) -> Result<(), ReelError> {
        let step = 0.01 + 0.003 * self.0 as f32 + 0.0001 * channel as f32;
        for (n, sample) in into.iter_mut().enumerate() {
            let frame = from + n;
            let since = (frame + 977 * self.0 as usize) % 24_000;
            *sample = 0.2 * ((frame % 1_000_000) as f32 * step).sin() / (1.0 + since as f32 / 2000.0);
        }
        Ok(())
    }
}

#[test]
fn as_many_stems_as_a_mix_takes_need_less_than_two_gibibytes_at_five_minutes() {
    let reels: Vec<Computed> = (0..STEMS_MAX as u32).map(Computed).collect();
    let stem =
        |reel| Stem { name: format!("{reel:?}"), reel, starts_at_frame: None, wish: StemWish::default() };
    let stems: Vec<Stem<'_>> = reels.iter().map(|reel| stem(reel as &dyn Reel)).collect();
    let before = HELD.load(Ordering::SeqCst);
    MOST.store(before, Ordering::SeqCst);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    let wish = MixWish::new(0.5, 0.5).unwrap();
    let mixed = pool.install(|| mix::mix(&stems, &wish, None, &Unwatched)).unwrap();
    let playing = mixed.plan.stems.iter().filter(|stem| stem.part == mix::Part::Plays).count();
    assert!(playing > 48, "the case must be real: {playing} play");
    // Whatever is held grows with the length but for some tables: a share of what five minutes may take.
    let most = MOST.load(Ordering::SeqCst) - before;
    let allowed = (2usize << 30) * SECONDS / 300;
    let all = STEMS_MAX * SECONDS * RATE.hertz() as usize * 8;
    assert!(most < allowed && allowed < all, "{most} bytes of {allowed}");
}
