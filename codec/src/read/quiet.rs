//! A panic in someone else's decoder becomes an error, and says nothing on the terminal.
//!
//! `catch_unwind` stops the panic, but the message is printed before, by the process's panic hook. So the first
//! decode wraps the hook that is installed then: the wrapper stays silent on a thread that is decoding, and
//! calls the old hook everywhere else. A program with a hook of its own installs it before its first decode.
//! Neither helps where memory runs out, which aborts: strangers' files are decoded in a process of their own.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// The decoder panicked; what it had is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Panicked;

/// Runs `work`, whose panic is caught and not printed.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !DECODING.get() {
                previous(info);
            }
        }));
    });
    let outer = DECODING.replace(true);
    // Nothing of what `work` borrows is used after a panic: decoding ends with an error.
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    DECODING.set(outer);
    outcome.map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_the_thread_can_panic_aloud_again() {
        assert_eq!(catch(|| -> u8 { panic!("as a decoder would") }), Err(Panicked));
        assert!(!DECODING.get());
        assert_eq!(catch(|| 7), Ok(7));
    }
}
