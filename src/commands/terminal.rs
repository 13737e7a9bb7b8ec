//! Progress on standard error: a bar on a terminal, a plain line a stage otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::job::Stage;
use dsp::progress::Watch;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::{ThreadPool, ThreadPoolBuilder};
use worker::render::Listener;

use crate::exit::Failure;

/// Set by Ctrl-C; every long computation asks it.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Lets Ctrl-C end the work tidily: what is half-written is removed. A second Ctrl-C ends the process at once.
pub fn catch_interrupt() {
    // Without the handler Ctrl-C still ends the process, only less tidily, so a failure here is no failure.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    });
}

/// The stages of one command, in order, shown to whoever waits.
#[derive(Debug)]
pub struct Stages {
    bar: Option<ProgressBar>,
    named: Mutex<Option<Stage>>,
}

impl Stages {
    /// Chooses by whether standard error is a terminal.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:>10} {bar:40.cyan/dim} {percent:>3} %")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(1000).with_style(style.progress_chars("━╸─"))
        });
        Self { bar, named: Mutex::new(None) }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Stages {
    fn done(&self, fraction: f64) {
        if let Some(bar) = &self.bar {
            bar.set_position((fraction.clamp(0.0, 1.0) * 1000.0) as u64);
        }
    }

    fn is_cancelled(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

impl Listener for Stages {
    /// One plain line, or the bar anew.
    fn enter(&self, stage: Stage) {
        if let Ok(mut named) = self.named.lock()
            && named.replace(stage) == Some(stage)
        {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(stage.as_str());
                bar.set_position(0);
            }
            None => eprintln!("{stage}"),
        }
    }
}

/// Runs `work` on a pool of so many threads; without a number, one for each processor.
pub fn in_pool<T: Send>(threads: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    Ok(pool(threads)?.install(work))
}

/// So many threads; without a number, one for each processor.
pub fn pool(threads: Option<usize>) -> Result<ThreadPool, Failure> {
    const THREADS_MAX: usize = 256;
    let threads = match threads {
        Some(0) => return Err(Failure::usage("--threads is 0; it can be 1 to 256")),
        Some(n) if n > THREADS_MAX => {
            return Err(Failure::usage(format!("--threads is {n}; it can be 1 to {THREADS_MAX}")));
        }
        Some(n) => n,
        None => 0, // rayon's word for one each
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Failure::ours(format!("cannot start threads: {error}")))
}
