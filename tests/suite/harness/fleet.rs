//! Processes that share a database server: an API, and workers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::producer::Producer;
use super::{mixrunners, word_of};

/// Where the processes of a fleet meet.
pub struct Fleet {
    folder: PathBuf,
    pub database: String,
}

/// One of its processes; killed when dropped.
pub struct Process(Child);

impl Fleet {
    pub fn new(folder: &Path, database: String) -> Self {
        Self { folder: folder.to_owned(), database }
    }

    /// Starts `mixrunners api`, and makes a key at it.
    pub fn api(&self) -> (Process, Producer) {
        let mut process = self.start("api", &["--listen", "127.0.0.1:0"]);
        let link = word_of(&mut process.0, "/sign-in#");
        let base = link.split("/sign-in#").next().expect("a base address");
        let producer = Producer::with_key_in(base, "--database", &self.database);
        (process, producer)
    }

    /// Starts `mixrunners worker`, and waits until it works.
    pub fn worker(&self, name: &str) -> Process {
        let mut process = self.start("worker", &["--scratch", &self.scratch(name)]);
        word_of(&mut process.0, "postgres://");
        process
    }

    /// The same, with a listener for operators; gives where its figures are.
    pub fn worker_with_figures(&self, name: &str) -> (Process, String) {
        let arguments = ["--scratch", &self.scratch(name), "--ops-listen", "127.0.0.1:0"];
        let mut process = self.start("worker", &arguments);
        let figures = word_of(&mut process.0, "/metrics");
        (process, figures)
    }

    pub fn scratch(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub fn blobs(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    pub fn command(&self, name: &str) -> Command {
        let mut command = mixrunners(&[name, "--database", &self.database, "--blobs"]);
        command.arg(format!("file://{}", self.blobs().display()));
        command
    }

    fn start(&self, name: &str, arguments: &[&str]) -> Process {
        let mut command = self.command(name);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        Process(command.spawn().expect("the program starts"))
    }
}

impl Process {
    /// Whether it renders just now, which happens in a process below it.
    pub fn renders(&self) -> bool {
        let mine = self.0.id().to_string();
        let is_child = |stat: &str| stat.rsplit(')').next()?.split_whitespace().nth(1).map(|id| id == mine);
        let mut stats = fs::read_dir("/proc")
            .expect("a list of processes")
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        stats.any(|stat| is_child(&stat) == Some(true))
    }

    /// As the power would.
    pub fn kill(mut self) {
        self.0.kill().expect("the process takes SIGKILL");
        self.0.wait().expect("the process is gone");
    }

    /// As an operator would, with SIGTERM; gives how it ended.
    pub fn stop(mut self) -> ExitStatus {
        let told = Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status();
        assert!(told.expect("kill starts").success());
        self.0.wait().expect("the process ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
