//! The only place that reads the machine's clock and its randomness. Everything below takes them as arguments.
#![expect(clippy::disallowed_methods, reason = "this is where ambient time and randomness enter the program")]

use std::time::{Instant, SystemTime};

use domain::clock::{Clock, Timestamp};
use domain::ids::Entropy;

/// The wall clock as it was at the start, moved on by the monotonic one: it never steps back, so that a lease
/// measured with it cannot grow when somebody sets the machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    anchor: Timestamp,
    since: Instant,
}

impl SteadyClock {
    /// Anchored now.
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { anchor: Timestamp::from_micros(0) + since_epoch, since: Instant::now() }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.anchor + self.since.elapsed()
    }
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness every id and secret could be guessed: nothing may go on.
            eprintln!("mixrunners: the operating system gives no randomness: {error}");
            std::process::exit(70);
        }
    }
}

/// Opens `link` in the browser of this machine, if it has a screen. Whether it worked cannot be known; the link
/// is printed in any case.
pub fn open_in_browser(link: &str) {
    use std::process::{Command, Stdio};
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if has_screen || cfg!(target_os = "macos") {
        let _ = Command::new(opener).arg(link).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    }
}

/// Whether somebody reads standard error on a screen.
pub fn errors_are_read_by_people() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal()
}
