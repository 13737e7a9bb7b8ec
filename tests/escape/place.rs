//! Where an attempt is made: a scratch folder with another job's beside it, and things to reach for.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use worker::cage::{Allowance, Layer};

use crate::actions::{Action, Target};
use crate::stage;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_mixrunners");

/// What every attempt may use: enough to act, and little enough to be seen.
pub const ALLOWANCE: Allowance =
    Allowance { memory_bytes: 512 << 20, cpu_seconds: 1, file_bytes: 64 << 20, open_files: 16, threads: 1 };

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It had its effect.
    Escaped,
    /// The system said no.
    Denied,
    /// The process was killed for it, by this signal: a call, a limit of time or size.
    Killed(i32),
    /// None of these: the test is broken.
    Otherwise(ExitStatus),
}

pub struct Place {
    folder: TempDir,
    listener: TcpListener,
    datagrams: UdpSocket,
    _socket: UnixListener,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["job/in", "job/out", "other/in", "other/out"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("secret"), "secret").unwrap();
        fs::write(at("job/in/000"), "a song").unwrap();
        fs::write(at("other/in/000"), "somebody's song").unwrap();
        symlink(at("secret"), at("job/out/link")).unwrap();
        let socket = UnixListener::bind(at("socket")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        Self { folder, listener, datagrams, _socket: socket }
    }

    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("job")
    }

    /// In the real program, as the worker starts it.
    pub fn program(&self, action: &Action) -> Ended {
        let render = [PROGRAM, "render", "--allowance", &ALLOWANCE.to_argument()].map(ToOwned::to_owned);
        self.attempt(action, &render, &[])
    }

    /// In a process that builds these walls alone.
    pub fn stage(&self, action: &Action, layers: &[Layer]) -> Ended {
        let (command, walls) = stage::command(layers);
        self.attempt(action, &command, &[(stage::WALLS, &walls)])
    }

    fn attempt(&self, action: &Action, command: &[String], variables: &[(&str, &str)]) -> Ended {
        // The shell opens what the child would inherit from a careless worker.
        let mut attempt = Command::new("sh")
            .args(["-c", r#"exec 9<"$0"; exec "$@""#])
            .arg(self.folder.path().join("secret"))
            .args(command)
            .current_dir(self.scratch())
            .env_clear()
            .env("LD_PRELOAD", library())
            .env("ESCAPE", action.name)
            .env("ESCAPE_TARGET", self.target(action.target))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pipe = attempt.stdin.take();
        let status = attempt.wait().unwrap();
        drop(pipe);
        const XCPU: i32 = 24;
        const XFSZ: i32 = 25;
        const SYS: i32 = 31;
        const KILL: i32 = 9; // by the last limit of processor time
        match (status.code(), status.signal()) {
            (Some(0), _) => Ended::Escaped,
            (Some(77), _) => Ended::Denied,
            (_, Some(signal @ (KILL | XCPU | XFSZ | SYS))) => Ended::Killed(signal),
            _ => Ended::Otherwise(status),
        }
    }

    fn target(&self, target: Target) -> String {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        match target {
            Target::Nothing => String::new(),
            Target::Path(path) => path.to_owned(),
            Target::Secret => path("secret"),
            Target::OwnInput => path("job/in/000"),
            Target::OtherJob => path("other/in/000"),
            Target::New => path("new"),
            Target::Port => self.listener.local_addr().unwrap().port().to_string(),
            Target::DatagramPort => self.datagrams.local_addr().unwrap().port().to_string(),
            Target::Socket => path("socket"),
            Target::Parent => std::process::id().to_string(),
            Target::Inherited => "9".to_owned(),
        }
    }

    /// A pipe with a name, and an end of it that keeps it open.
    pub fn named_pipe(&self) -> (PathBuf, File) {
        let path = self.folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let held = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        (path, held)
    }
}

/// The actions, built once for all tests of this process.
fn library() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("actions.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/escape/actions.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
        let built = built.unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (folder, library)
    });
    library
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Whether it can be shown here that the action works.
pub fn may_show(action: &Action) -> bool {
    is_root() || !action.only_for_root
}

pub fn first_number(process: &mut Child) -> u32 {
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line.trim().parse().unwrap()
}

pub fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Whether the process has filters of its calls, which come last.
pub fn is_caged(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.split_whitespace().eq(["Seccomp_filters:", "2"]))
}

pub fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("waited in vain until {what}");
}
