//! From a socket to requests: as many connections as there is room for, none of which may take its time with the head
//! of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::figures;
use crate::network::Peer;
use crate::overload::Crowded;

/// How connections are taken.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// So many at the same time.
    pub connections: usize,
    /// So many more are told that there are too many, and how the service is; the rest is closed at once.
    pub connections_turned_away: usize,
    /// The head of a request must be there after so long, the next one of the same connection too.
    pub head_within: Duration,
}

impl Default for Doors {
    fn default() -> Self {
        Self { connections: 512, connections_turned_away: 64, head_within: Duration::from_secs(10) }
    }
}

/// How long nothing is accepted after the system refused, as it does when there are too many open files.
const REFUSED_WAIT: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stop`; then lets every open request come to its end.
pub async fn listen(listener: TcpListener, router: Router, doors: Doors, stop: CancellationToken) {
    let crowded = router.clone().layer(Extension(Crowded));
    let room = Arc::new(Semaphore::new(doors.connections));
    let threshold = Arc::new(Semaphore::new(doors.connections_turned_away));
    let open = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => (stream, Peer(address.ip())),
                Err(error) => {
                    // What the other side did to its connection is of no interest; what this system lacks is.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(REFUSED_WAIT).await;
                    continue;
                }
            },
        };
        if let Ok(place) = room.clone().try_acquire_owned() {
            let talk = talk(stream, peer, router.clone(), doors, KeepAlive::Yes, stop.clone());
            open.spawn(async move { (talk.await, place) });
        } else if let Ok(place) = threshold.clone().try_acquire_owned() {
            let talk = talk(stream, peer, crowded.clone(), doors, KeepAlive::No, stop.clone());
            open.spawn(async move { (talk.await, place) });
        } else {
            figures::refused("connections");
        }
    }
    open.close();
    open.wait().await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeepAlive {
    Yes,
    No,
}

async fn talk(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    doors: Doors,
    keep_alive: KeepAlive,
    stop: CancellationToken,
) {
    // Answers are small and somebody waits for each; that it cannot be set is no reason to refuse them.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(doors.head_within)
        .keep_alive(keep_alive == KeepAlive::Yes)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // How a connection ends is the client's affair: it is not logged.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
