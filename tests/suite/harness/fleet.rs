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
    pub blobs: String,
    pub variables: Vec<(String, String)>,
}

/// One of its processes; killed when dropped.
pub struct Process(Child);

impl Fleet {
    pub fn new(folder: &Path, database: String) -> Self {
        let keys = folder.join("keys");
        if !keys.exists() {
            let made =
                mixrunners(&["keys", "init", "--keys"]).arg(&keys).output().expect("the program starts");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let blobs = format!("file://{}", folder.join("blobs").display());
        Self { folder: folder.to_owned(), database, blobs, variables: Vec::new() }
    }

    /// The same with its bytes in a bucket of the server at `endpoint`.
    pub fn on_bucket(folder: &Path, database: String, endpoint: &str, bucket: &str) -> Self {
        let variables = [
            ("AWS_ENDPOINT_URL_S3", endpoint),
            ("AWS_ACCESS_KEY_ID", "tests"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { blobs: format!("s3://{bucket}/mix"), variables, ..Self::new(folder, database) }
    }

    /// The same with more in the environment of its processes.
    pub fn with_environment(mut self, environment: Vec<(String, String)>) -> Self {
        self.variables.extend(environment);
        self
    }

    /// Starts `mixrunners api`, and makes a key at it.
    pub fn api(&self) -> (Process, Producer) {
        let (process, base) = self.api_without_key();
        let producer = Producer::with_key_by(self.with_keys(), &base, "--database", &self.database);
        (process, producer)
    }

    /// `mixrunners` that finds the keys in its environment.
    pub fn with_keys(&self) -> Command {
        let mut program = mixrunners(&[]);
        program.env("MIXRUNNERS_KEYS", self.keys());
        program
    }

    /// Starts `mixrunners api`; gives where it listens.
    pub fn api_without_key(&self) -> (Process, String) {
        let mut process = self.start("api", &["--listen", "127.0.0.1:0"]);
        let base = word_of(&mut process.0, "http://");
        (process, base)
    }

    /// Starts it again where it was before.
    pub fn api_at(&self, base: &str) -> Process {
        let listen = base.strip_prefix("http://").expect("an address");
        let mut process = self.start("api", &["--listen", listen]);
        word_of(&mut process.0, "http://");
        process
    }

    /// Starts `mixrunners worker`, and waits until it works.
    pub fn worker(&self, name: &str) -> Process {
        let mut process = self.start("worker", &["--scratch", &self.scratch(name)]);
        word_of(&mut process.0, "works");
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

    /// Where the bytes lie, unless in a bucket.
    pub fn blob_folder(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// `mixrunners NAME` with all that is shared; the name may be of two words.
    pub fn command(&self, name: &str) -> Command {
        let mut command = mixrunners(&name.split(' ').collect::<Vec<_>>());
        command.args(["--database", &self.database, "--blobs", &self.blobs, "--keys"]);
        command.arg(self.keys()).envs(self.variables.iter().cloned());
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
        self.signal("-TERM");
        self.0.wait().expect("the process ends")
    }

    /// Stands still, as a host that swaps or a virtual machine that moves.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Goes on where it stood still.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let told = Command::new("kill").arg(signal).arg(self.0.id().to_string()).status();
        assert!(told.expect("kill starts").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
