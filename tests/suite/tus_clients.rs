//! Clients that are not ours, over lines that break, to servers that die: tus-js-client and tuspy.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sha2::{Digest, Sha256};

use crate::harness::Service;
use crate::harness::line::Line;
use crate::harness::producer::Producer;
use crate::service::hex;

const MIB: usize = 1 << 20;

/// A program that uploads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Client {
    /// tus-js-client, with so many parts at once.
    Js(usize),
    /// tuspy.
    Py,
}

impl Client {
    /// The command that uploads `file`, or goes on with what is at `url`; `None`, and a line that says so, if the
    /// client is not installed.
    ///
    /// # Panics
    /// If it is not installed and `CI` is set: there nothing may be skipped.
    fn command(self, endpoint: &str, file: &Path, url: Option<&str>) -> Option<Command> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = |name| root.join("tests/clients").join(name);
        let (program, needs, how) = match self {
            Self::Js(_) => {
                (PathBuf::from("node"), root.join("web/node_modules/tus-js-client"), "npm --prefix web ci")
            }
            Self::Py => {
                let python = root.join("target/tuspy/bin/python");
                (python.clone(), python, "make test-tools")
            }
        };
        if !needs.exists() {
            let missing = format!("{self:?} is not installed: {how}");
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("SKIPPED: {missing}");
            return None;
        }
        let mut command = Command::new(program);
        match self {
            Self::Js(parts) => {
                command.arg(script("tus_js.mjs")).arg(endpoint).arg(file).arg(parts.to_string())
            }
            Self::Py => command.arg(script("tus_py.py")).arg(endpoint).arg(file),
        };
        command.args(url);
        Some(command)
    }
}

/// A client at work.
struct Running {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(mut command: Command, key: &str) -> Self {
        command.env("MIXRUNNERS_KEY", key).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the client starts");
        let said = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, said }
    }

    /// The address it tells after `word`.
    fn address(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.said.read_line(&mut line).expect("text") > 0 {
            if let Some(address) = line.trim().strip_prefix(word) {
                return address.trim().to_owned();
            }
            line.clear();
        }
        panic!("the client ended without a word of {word:?}: {:?}", self.process.wait());
    }

    /// Waits for its end; gives the upload's path.
    fn done(mut self) -> String {
        let address = self.address("done");
        assert!(self.process.wait().expect("it ends").success());
        let (_, id) = address.rsplit_once('/').expect("an address");
        format!("/v1/uploads/{id}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A service, a line to it that stands still after so many MiB, and a file of 16 MiB.
struct Scene {
    folder: tempfile::TempDir,
    service: Option<Service>,
    anna: Producer,
    line: Line,
    file: PathBuf,
    sha256: String,
}

impl Scene {
    fn new(stops: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let service = Service::start(&data);
        let anna = Producer::with_key(&service, &data);
        let stops: Vec<u64> = stops.iter().map(|mib| (mib * MIB) as u64).collect();
        let line = Line::to(&service.base, &stops);
        let bytes: Vec<u8> = (0..16 * MIB as u64).map(|n| (n * n % 251) as u8).collect();
        let file = folder.path().join("Night Bus.wav");
        fs::write(&file, &bytes).unwrap();
        let sha256 = hex(&Sha256::digest(&bytes));
        Self { folder, service: Some(service), anna, line, file, sha256 }
    }

    fn start(&self, client: Client, url: Option<&str>) -> Option<Running> {
        let command = client.command(&format!("{}/v1/uploads", self.line.base), &self.file, url)?;
        Some(Running::start(command, &self.anna.secret))
    }

    /// The service dies, and comes back.
    fn kill_and_start_again(&mut self) {
        let data = self.service.take().expect("it runs").kill();
        let service = Service::start(&data);
        self.anna.base = service.base.clone();
        self.line.lead_to(&service.base);
        self.service = Some(service);
    }

    async fn arrived_whole(&self, path: &str) {
        let upload = self.anna.get_json(path).await;
        assert_eq!(upload["sha256"], self.sha256, "{upload}");
        assert_eq!(upload["name"], "Night Bus.wav");
        assert!(self.folder.path().exists());
    }
}

async fn meets_a_cut_and_a_death(client: Client) {
    let mut scene = Scene::new(&[3, 7, 12]);
    let Some(running) = scene.start(client, None) else { return };
    scene.line.stands_still();
    scene.line.break_it();
    scene.line.stands_still();
    scene.kill_and_start_again();
    scene.line.break_it();
    scene.line.stands_still();
    scene.line.break_it();
    let path = running.done();
    scene.arrived_whole(&path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_gets_its_file_through_a_cut_line_and_a_server_that_dies() {
    meets_a_cut_and_a_death(Client::Js(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_gets_four_parts_through_side_by_side_and_joins_them() {
    meets_a_cut_and_a_death(Client::Js(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_gets_its_file_through_a_cut_line_and_a_server_that_dies() {
    meets_a_cut_and_a_death(Client::Py).await;
}

async fn dies_and_another_goes_on(client: Client) {
    let scene = Scene::new(&[9]);
    let Some(mut first) = scene.start(client, None) else { return };
    let address = first.address("address");
    scene.line.stands_still();
    drop(first);
    scene.line.break_it();
    let path = format!("/v1/uploads/{}", address.rsplit('/').next().unwrap());
    let offset = scene.anna.offset(&path).await;
    assert!(offset < 16 * MIB, "the case must be real");
    let second = scene.start(client, Some(&address)).unwrap();
    assert_eq!(second.done(), path);
    scene.arrived_whole(&path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tus_js_client_goes_on_where_one_that_died_stood() {
    dies_and_another_goes_on(Client::Js(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tuspy_goes_on_where_one_that_died_stood() {
    dies_and_another_goes_on(Client::Py).await;
}
