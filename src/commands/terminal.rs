//! Progress on standard error: a bar on a terminal, a plain line a stage otherwise.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use dsp::progress::Watch;
use indicatif::{ProgressBar, ProgressStyle};

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
    named: Mutex<&'static str>,
}

impl Stages {
    /// Chooses by whether standard error is a terminal.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg:>10} {bar:40.cyan/dim} {percent:>3} %")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(1000).with_style(style.progress_chars("━╸─"))
        });
        Self { bar, named: Mutex::new("") }
    }

    /// Starts a stage: one plain line, or the bar anew.
    pub fn start(&self, stage: &'static str) {
        if let Ok(mut named) = self.named.lock() {
            if *named == stage {
                return;
            }
            *named = stage;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(stage);
                bar.set_position(0);
            }
            None => eprintln!("{stage}"),
        }
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
