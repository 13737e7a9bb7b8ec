//! Signals between processes. One may be lost with a connection or with a process; the rows are the truth, and whoever
//! listens looks at them now and then in any case.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{Entropy, JobId};
use domain::job::StateName;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::AbortHandle;

use crate::error::Result;
use crate::outcome::JobChange;
use crate::signals::Signals;

const CHANNEL: &str = "mixrunners";
/// So many signals go in one statement.
const AT_ONCE: usize = 256;
/// How long a listener that cannot reach the server waits.
const UNREACHABLE_WAIT: Duration = Duration::from_secs(1);

pub(super) struct Telling {
    /// Who says it, so that nobody hears itself.
    origin: String,
    outbox: UnboundedSender<String>,
    tasks: [AbortHandle; 2],
}

impl Telling {
    pub(super) async fn start(pool: &PgPool, signals: Arc<Signals>, entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let origin = format!("{:016x}", u64::from_be_bytes(bytes));
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        let (outbox, told) = mpsc::unbounded_channel();
        let listening = tokio::spawn(listen(listener, signals, origin.clone()));
        let sending = tokio::spawn(send(pool.clone(), told));
        Ok(Self { origin, outbox, tasks: [listening.abort_handle(), sending.abort_handle()] })
    }

    pub(super) fn tell(&self, changes: &[JobChange], new_work: usize) {
        // Nobody takes them once the store is closed, and nobody needs them.
        for change in changes {
            let _ = self.outbox.send(format!("{} {} {}", self.origin, change.job, change.state.as_str()));
        }
        for _ in 0..new_work {
            let _ = self.outbox.send(format!("{} {WORK}", self.origin));
        }
    }

    pub(super) fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.stop();
    }
}

const WORK: &str = "work";

async fn send(pool: PgPool, mut told: UnboundedReceiver<String>) {
    let mut signals = Vec::with_capacity(AT_ONCE);
    while told.recv_many(&mut signals, AT_ONCE).await > 0 {
        let sent = sqlx::query("SELECT pg_notify($1, signal) FROM unnest($2::text[]) AS signal")
            .bind(CHANNEL)
            .bind(&signals)
            .execute(&pool)
            .await;
        if let Err(error) = sent {
            tracing::warn!(%error, "other processes are not told of changes; they look by themselves");
        }
        signals.clear();
    }
}

async fn listen(mut listener: PgListener, signals: Arc<Signals>, origin: String) {
    loop {
        match listener.try_recv().await {
            Ok(Some(signal)) => hear(&signals, &origin, signal.payload()),
            // The connection was lost and is there again; something may have been missed.
            Ok(None) => signals.wake.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "changes of other processes are not heard; polling goes on");
                tokio::time::sleep(UNREACHABLE_WAIT).await;
            }
        }
    }
}

fn hear(signals: &Signals, origin: &str, payload: &str) {
    let mut words = payload.split(' ');
    if words.next() == Some(origin) {
        return;
    }
    match (words.next(), words.next()) {
        (Some(WORK), _) => signals.tell(Vec::new(), 1),
        (Some(job), Some(state)) => {
            // What a newer program says in other words is not for us.
            if let (Ok(job), Some(state)) = (JobId::parse(job), StateName::parse(state)) {
                signals.tell(vec![JobChange { job, state }], 0);
            }
        }
        _ => {}
    }
}
