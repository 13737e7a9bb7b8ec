//! `/v1/jobs/{id}/events`: a job, followed live (server-sent events, HTML standard section 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::account::Account;
use domain::ids::JobId;
use domain::job::{Job, JobEvent};
use domain::scope::Scope;
use futures_util::Stream;
use store::outcome::JobChange;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::jobs::alive;
use crate::app::App;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::extract::Id;
use crate::views::JobEventView;

/// A quiet stream says so often that it lives, so that nothing on the way closes it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Another process may have moved the job, which no signal tells here.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Lines of history read at once.
const LINES: u32 = 200;

/// Events `state`, `stage` and `progress`, until the job is over. `Last-Event-ID` goes on after that one.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "jobs",
    security(("key" = ["jobs:read"]), ("session" = [])),
    params(
        ("id" = String, Path, description = "A job's id."),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that arrived."),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = JobEventView),
        (status = 204, description = "The job is over and every event has arrived: do not ask again."),
        ApiError,
    )
)]
pub(crate) async fn follow(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<JobId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.must(Scope::JobsRead)?;
    let changes = app.store.changes(); // before the first look, so that nothing falls between
    let job = alive(&app, &caller, &id).await?;
    let seen = last_event_id(&headers)?;
    let mut follower =
        Follower { app, account: caller.account, id, seen, before: None, changes, is_over: false };
    let first = follower.look().await?;
    if first.is_empty() && job.state.finished_at().is_some() {
        return Ok(StatusCode::NO_CONTENT.into_response()); // an EventSource stops at 204
    }
    let mut response =
        Sse::new(follower.stream(first)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    // Proxies of the nginx family hold a stream back otherwise.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> ApiResult<i64> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|id| *id >= 0);
    id.ok_or_else(|| ApiError::MalformedRequest("`Last-Event-ID` is not one of ours.".to_owned()))
}

struct Follower {
    app: App,
    account: Account,
    id: JobId,
    /// The last line that was told.
    seen: i64,
    /// What it said.
    before: Option<JobEvent>,
    changes: Receiver<JobChange>,
    /// The line that ends the job was told.
    is_over: bool,
}

impl Follower {
    fn stream(self, first: Vec<Event>) -> impl Stream<Item = Result<Event, Infallible>> {
        let start = (self, first.into_iter());
        futures_util::stream::unfold(start, async |(mut follower, mut told)| {
            loop {
                if let Some(event) = told.next() {
                    return Some((Ok(event), (follower, told)));
                }
                if follower.is_over {
                    return None;
                }
                if !follower.wait().await {
                    return None;
                }
                // A broken stream is not an answer: the client comes back with what it has seen.
                told = follower.look().await.ok()?.into_iter();
            }
        })
    }

    /// The lines that are new. Ends the stream too when the job is gone.
    async fn look(&mut self) -> ApiResult<Vec<Event>> {
        use domain::job::StateName::{Cancelled, Failed, Succeeded};
        let Some(job) = self.app.store.job(&self.account.id, &self.id).await? else {
            self.is_over = true;
            return Ok(Vec::new());
        };
        // On a resumed stream the line before tells what has changed since.
        let from = if self.before.is_none() { (self.seen - 1).max(0) } else { self.seen };
        let lines = self.app.store.job_events(&self.account.id, &self.id, from, LINES).await?;
        let mut told = Vec::new();
        for line in lines {
            if line.seq > self.seen {
                told.push(self.event(&line, &job)?);
                self.seen = line.seq;
                self.is_over = matches!(line.state, Succeeded | Failed | Cancelled);
            }
            self.before = Some(line);
        }
        Ok(told)
    }

    fn event(&self, line: &JobEvent, job: &Job) -> ApiResult<Event> {
        let name = match &self.before {
            Some(before) if before.state == line.state && before.stage == line.stage => "progress",
            Some(before) if before.state == line.state => "stage",
            _ => "state",
        };
        let event = Event::default().id(line.seq.to_string()).event(name);
        event.json_data(JobEventView::new(line, job)).map_err(ApiError::internal)
    }

    /// Until this job may have changed. False when the service is closing.
    async fn wait(&mut self) -> bool {
        let changed = async {
            loop {
                match self.changes.recv().await {
                    Ok(change) if change.job != self.id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = changed => true,
            () = tokio::time::sleep(LOOK_AGAIN) => true,
            () = self.app.closing.cancelled() => false,
        }
    }
}
