//! A real service in a process of its own, and songs to send to it.

pub mod band;
pub mod bucket;
pub mod fleet;
pub mod line;
pub mod mailbox;
pub mod meter;
pub mod producer;
pub mod song;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_mixrunners");

/// `mixrunners ARGUMENTS`, not yet started.
pub fn mixrunners(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    command
}

/// The first word with `part` that the process prints.
pub fn word_of(process: &mut Child, part: &'static str) -> String {
    words_of(process, &[part]).remove(0)
}

/// The first word with each of `parts`, which come in this order.
pub fn words_of(process: &mut Child, parts: &[&'static str]) -> Vec<String> {
    let lines = BufReader::new(process.stdout.take().expect("a pipe"));
    let (sender, receiver) = mpsc::channel();
    // Reads on to the end, so that the process never writes into a full pipe.
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            for word in line.split_whitespace() {
                let _ = sender.send(word.to_owned());
            }
        }
    });
    let word = |part: &&'static str| loop {
        let word = receiver.recv_timeout(Duration::from_secs(30));
        let word = word.unwrap_or_else(|_| panic!("no {part:?} within 30 s"));
        if word.contains(part) {
            return word;
        }
    };
    parts.iter().map(word).collect()
}

/// How people start it: from somewhere, with a folder relative to there.
fn serving(data: &Path) -> Command {
    let (parent, name) = (data.parent().expect("a parent"), data.file_name().expect("a name"));
    let mut command = mixrunners(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(Path::new(".").join(name)).current_dir(parent);
    command
}

/// `mixrunners serve` on a free port of this machine; ended when dropped.
pub struct Service {
    process: Child,
    data: PathBuf,
    pub base: String,
    pub sign_in_link: String,
}

impl Service {
    /// Starts it on `data`, which may hold what an earlier one left, and waits until it answers.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same, with more in its environment.
    pub fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = serving(data);
        command.envs(environment.iter().copied());
        Self::start_by(command, data, &["/sign-in#"]).0
    }

    /// The same, with a listener for operators; gives where its figures are.
    pub fn start_with_figures(data: &Path) -> (Self, String) {
        let mut command = serving(data);
        command.args(["--ops-listen", "127.0.0.1:0"]);
        let (service, mut words) = Self::start_by(command, data, &["/sign-in#", "/metrics"]);
        (service, words.remove(1))
    }

    /// Starts it by a command of the test's own; gives the words with these parts that it prints.
    pub fn start_by(mut command: Command, data: &Path, parts: &[&'static str]) -> (Self, Vec<String>) {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let words = words_of(&mut process, parts);
        let link = words[0].clone();
        let base = link.split("/sign-in#").next().expect("a base address").to_owned();
        (Self { process, data: data.to_path_buf(), base, sign_in_link: link }, words)
    }

    /// As the power would: SIGKILL, no chance to tidy up.
    pub fn kill(mut self) -> PathBuf {
        self.process.kill().expect("the process takes SIGKILL");
        self.process.wait().expect("the process is gone");
        self.data.clone()
    }

    /// The process id of the service itself.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
