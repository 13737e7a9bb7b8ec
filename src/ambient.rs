//! The only place that reads the machine's clock and its randomness. Everything below takes them as arguments.
#![expect(clippy::disallowed_methods, reason = "this is where ambient time and randomness enter the program")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use domain::clock::{Clock, Timestamp};
use domain::clock_trust::{Reading, Readings};
use domain::ids::Entropy;

/// The wall clock as it was at the start, moved on by how long the machine has been up since, sleep included: it never
/// steps back, so that a lease measured with it cannot grow when somebody sets the machine's clock, and a machine
/// that slept does not serve what became due meanwhile.
#[derive(Debug)]
pub struct SteadyClock {
    /// In microseconds since 1970 UTC, at `since`.
    anchor: AtomicI64,
    since: Duration,
}

impl SteadyClock {
    /// Anchored now.
    pub fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let anchor = Timestamp::from_micros(0) + since_epoch;
        Self { anchor: AtomicI64::new(anchor.micros()), since: up() }
    }

    /// Sets it to `time` if it stands before: what was past once stays past, though the machine's clock was set back
    /// before the start.
    pub fn is_at_least(&self, time: Timestamp) {
        let behind = i64::try_from(time.since(self.now()).as_micros()).unwrap_or(0);
        self.anchor.fetch_add(behind, Ordering::Relaxed);
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let anchor = Timestamp::from_micros(self.anchor.load(Ordering::Relaxed));
        anchor + up().saturating_sub(self.since)
    }
}

/// How long the machine has been up, sleep included: nobody sets that.
fn up() -> Duration {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    // Elsewhere the monotonic clock goes on in sleep.
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(id);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// All clocks of the machine, each as it is.
#[derive(Clone, Copy, Debug)]
pub struct MachineClocks;

impl Readings for MachineClocks {
    fn reading(&self) -> Reading {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // Where the system does not tell its starts apart, a new one is known by having been up for less time.
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Reading { wall: Timestamp::from_micros(0) + wall, up: up(), boot: boot.trim().to_owned() }
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

/// A secret of the environment, unless it is empty.
pub fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The keys that seal the audio, from those who keep them in a vault of their own. On a command line anybody on the
/// host could read them.
pub fn key_in_environment() -> Option<String> {
    secret("MIXRUNNERS_KEK")
}

/// Another service than AWS for buckets, as AWS's own tools are told of it. What else they read, their library does.
pub fn bucket_endpoint() -> Option<String> {
    let named = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].map(|name| std::env::var(name).ok());
    named.into_iter().flatten().find(|url| !url.is_empty())
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
