//! A line between a client and a server that stands still after so many bytes, and then breaks; and that can lead to
//! another server.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A line, until the process ends.
pub struct Line {
    /// As in `http://127.0.0.1:1234`.
    pub base: String,
    state: Arc<State>,
    stood_still: Receiver<()>,
}

struct State {
    inner: Mutex<Inner>,
    goes_on: Condvar,
}

struct Inner {
    server: String,
    /// Bytes that clients sent so far, on all connections.
    passed: u64,
    /// After so many of them the line stands still.
    stops: VecDeque<u64>,
    /// How often it was let go on.
    let_go: usize,
    tell: Sender<()>,
}

impl Line {
    /// To `server`, `http://HOST:PORT`; it stands still once clients have sent as many bytes as each of `stops` says.
    pub fn to(server: &str, stops: &[u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (tell, stood_still) = channel();
        let server = host_of(server);
        let inner = Inner { server, passed: 0, stops: stops.iter().copied().collect(), let_go: 0, tell };
        let state = Arc::new(State { inner: Mutex::new(inner), goes_on: Condvar::new() });
        let serving = state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = serving.clone();
                // Whatever fails ends this connection alone, which is what the line is for.
                thread::spawn(move || state.serve(&client).unwrap_or_default());
            }
        });
        Self { base, state, stood_still }
    }

    /// Waits until it stands still.
    pub fn stands_still(&self) {
        self.stood_still.recv_timeout(Duration::from_secs(60)).expect("so many bytes within a minute");
    }

    /// Leads to another server from now on.
    pub fn lead_to(&self, server: &str) {
        self.inner().server = host_of(server);
    }

    /// Breaks the connection that stands still; others go on.
    pub fn break_it(&self) {
        self.inner().let_go += 1;
        self.state.goes_on.notify_all();
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.state.inner.lock().expect("nobody panicked while he held it")
    }
}

impl State {
    fn serve(&self, client: &TcpStream) -> std::io::Result<()> {
        let server = self.inner.lock().expect("whole").server.clone();
        let server = TcpStream::connect(server)?;
        let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let passed = self.pass(client, &server);
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
        passed
    }

    fn pass(&self, mut client: &TcpStream, mut server: &TcpStream) -> std::io::Result<()> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = client.read(&mut bytes)?;
            if count == 0 {
                return Ok(());
            }
            let mut inner = self.inner.lock().expect("whole");
            let left = inner.stops.front().map(|stop| stop.saturating_sub(inner.passed));
            let stops_at = left.map(|left| left as usize).filter(|left| *left < count);
            inner.passed += stops_at.unwrap_or(count) as u64;
            if let Some(at) = stops_at {
                inner.stops.pop_front();
                drop(inner);
                server.write_all(&bytes[..at])?;
                return self.stand_still();
            }
            drop(inner);
            server.write_all(&bytes[..count])?;
        }
    }

    fn stand_still(&self) -> std::io::Result<()> {
        let mut inner = self.inner.lock().expect("whole");
        let before = inner.let_go;
        // The test may be over.
        let _ = inner.tell.send(());
        while inner.let_go == before {
            inner = self.goes_on.wait(inner).expect("whole");
        }
        Ok(())
    }
}

fn host_of(server: &str) -> String {
    server.trim_start_matches("http://").to_owned()
}
