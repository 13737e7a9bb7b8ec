//! The process that meets a stranger's file, as seen from outside.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use domain::lease::LeaseId;
use domain::problem::Problem;
use domain::sandbox::Sandbox;
use store::outcome::Progress;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::cage::Allowance;
use crate::protocol::{Done, Line, Request};
use crate::scratch::Scratch;

/// A line longer than this is not one of ours.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// A running child. Dropping it kills it.
pub(crate) struct Child {
    process: tokio::process::Child,
    orders: ChildStdin,
    lines: BufReader<ChildStdout>,
    complaints: PathBuf,
}

/// The last thing a child said, or that it died.
pub(crate) enum Last {
    Done(Done),
    Problem(Problem),
    Died(Death),
}

/// How a child died.
#[derive(Debug)]
pub(crate) struct Death {
    what: &'static str,
    status: Option<ExitStatus>,
    panicked_at: Option<String>,
    out_of_memory: bool,
}

impl Child {
    /// Starts it.
    pub(crate) fn start(
        program: &Path,
        scratch: &Scratch,
        allowance: &Allowance,
        sandbox: Sandbox,
    ) -> Result<Self> {
        let complaints = scratch.complaints();
        let mut process = command(program, scratch.path(), allowance, sandbox)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&complaints)?)
            .spawn()?;
        let (Some(orders), Some(lines)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(std::io::Error::other("the child has no pipes"));
        };
        Ok(Self { process, orders, lines: BufReader::new(lines), complaints })
    }

    /// Gives the child its request, tells its progress, and waits for its end.
    pub(crate) async fn follow(&mut self, request: &Request, mut tell: impl FnMut(Progress)) -> Last {
        let last = match self.converse(request, &mut tell).await {
            Ok(last) => last,
            Err(what) => {
                self.kill().await;
                return Last::Died(self.death(what, None));
            }
        };
        match self.process.wait().await {
            Ok(status) if status.success() => last,
            status => Last::Died(self.death("it did not end well", status.ok())),
        }
    }

    async fn converse(
        &mut self,
        request: &Request,
        tell: &mut impl FnMut(Progress),
    ) -> std::result::Result<Last, &'static str> {
        let mut order = serde_json::to_vec(request).map_err(|_| "the request cannot be written")?;
        order.push(b'\n');
        // A child that died already does not read it; its end is seen below. The pipe stays open: its end
        // would tell the child that nobody waits for it any more.
        let _ = self.orders.write_all(&order).await;
        let mut last = None;
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.lines).take(LINE_BYTES_MAX);
            limited.read_until(b'\n', &mut line).await.map_err(|_| "its output cannot be read")?;
            if line.is_empty() {
                return last.ok_or("it ended without a last line");
            }
            if last.is_some() {
                return Err("it spoke after its last line");
            }
            match serde_json::from_slice(&line).map_err(|_| "it spoke garbage")? {
                Line::Progress { stage, progress } => tell(Progress { stage, fraction: progress }),
                Line::Done { done } => last = Some(Last::Done(done)),
                Line::Problem { problem } => last = Some(Last::Problem(problem)),
            }
        }
    }

    /// Kills the child and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        if let Err(error) = self.process.kill().await {
            tracing::warn!(%error, "a child cannot be killed");
        }
    }

    fn death(&mut self, what: &'static str, status: Option<ExitStatus>) -> Death {
        let status = status.or_else(|| self.process.try_wait().ok().flatten());
        let complaints = tail_of(&self.complaints);
        let out_of_memory = ran_out_of_memory(&complaints, status);
        let what = if out_of_memory { "it ran out of memory" } else { what };
        Death { what, status, panicked_at: panicked_at(&complaints), out_of_memory }
    }
}

/// `PROGRAM render` with the scratch folder as its working folder and an empty environment, so that it inherits no
/// secret. In a process group of its own: an interrupt from a terminal is for the worker to handle.
pub(crate) fn command(program: &Path, folder: &Path, allowance: &Allowance, sandbox: Sandbox) -> Command {
    let mut command = Command::new(program);
    command.args(["render", "--allowance", &allowance.to_argument(), "--sandbox", sandbox.as_str()]);
    command.env_clear().current_dir(folder).process_group(0).kill_on_drop(true);
    command
}

impl Death {
    /// It ran longer than any song takes.
    pub(crate) fn hung() -> Self {
        Self::by("it hung")
    }

    /// It broke the protocol.
    pub(crate) fn by(what: &'static str) -> Self {
        Self { what, status: None, panicked_at: None, out_of_memory: false }
    }

    /// It asked for more memory than it was allowed, which it would do again.
    pub(crate) fn is_of_memory(&self) -> bool {
        self.out_of_memory
    }

    /// For the operator.
    pub(crate) fn log(&self, lease: &LeaseId) {
        tracing::error!(
            job.id = %lease.job,
            what = self.what,
            exit_code = self.status.and_then(|status| status.code()),
            signal = self.status.and_then(|status| status.signal()),
            panicked_at = self.panicked_at,
            "the render process died"
        );
    }
}

/// The end of what a child wrote to its standard error.
fn tail_of(complaints: &Path) -> String {
    const TAIL_BYTES: u64 = 64 * 1024;
    let read = || -> Result<Vec<u8>> {
        let mut file = File::open(complaints)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut tail = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut tail)?;
        Ok(tail)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// Whether a program that asks for memory, and gets none, ends like this: what Rust's standard library says last, and
/// SIGABRT.
fn ran_out_of_memory(complaints: &str, status: Option<ExitStatus>) -> bool {
    const ABORT: i32 = 6;
    let said = complaints.lines().any(|line| {
        let bytes =
            line.strip_prefix("memory allocation of ").and_then(|rest| rest.strip_suffix(" bytes failed"));
        bytes.is_some_and(|bytes| bytes.bytes().all(|b| b.is_ascii_digit()))
    });
    said && status.and_then(|status| status.signal()) == Some(ABORT)
}

/// The place in our source where a panic happened. The rest of what a child wrote is dropped: it may quote
/// the file.
fn panicked_at(complaints: &str) -> Option<String> {
    let (_, after) = complaints.rsplit_once(" panicked at ")?;
    let place = after.split_whitespace().next()?.trim_end_matches(':');
    let is_place = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    (place.len() <= 200 && place.contains(".rs:") && place.chars().all(is_place)).then(|| place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_childs_complaints_only_the_place_of_a_panic_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stderr");
        let place_in = |text: &str| {
            std::fs::write(&path, text).unwrap();
            panicked_at(&tail_of(&path))
        };
        let panic =
            "opening Secret Song.wav\nthread 'main' (7) panicked at codec/src/wav.rs:12:5:\nSecret Song\n";
        assert_eq!(place_in(panic).as_deref(), Some("codec/src/wav.rs:12:5"));
        assert_eq!(place_in("thread 'main' panicked at Secret Song.wav"), None);
        assert_eq!(place_in("killed"), None);
    }

    #[test]
    fn a_program_that_gets_no_memory_is_told_from_one_that_only_says_so() {
        const HUNGRY: &str = "MIXRUNNERS_TEST_HUNGRY";
        // This test again, in a process that asks for more than any machine has.
        #[expect(clippy::disallowed_methods, reason = "what a test tells the process that it starts")]
        if std::env::var(HUNGRY).is_ok() {
            drop(std::hint::black_box(vec![0_u8; std::hint::black_box(1 << 46)]));
            return;
        }
        let again =
            ["--exact", "child::tests::a_program_that_gets_no_memory_is_told_from_one_that_only_says_so"];
        let hungry = std::process::Command::new(std::env::current_exe().unwrap())
            .args(again)
            .arg("--nocapture")
            .env(HUNGRY, "1")
            .output()
            .unwrap();
        let said = String::from_utf8(hungry.stderr).unwrap();
        assert!(ran_out_of_memory(&said, Some(hungry.status)), "{said}, {:?}", hungry.status);
        let of_sh = |script: &str| std::process::Command::new("sh").args(["-c", script]).status().unwrap();
        assert!(!ran_out_of_memory(&said, Some(of_sh("exit 3"))), "it went on");
        assert!(!ran_out_of_memory("", Some(of_sh("kill -ABRT $$"))), "it said nothing");
        assert!(!ran_out_of_memory(&said, None));
    }
}
