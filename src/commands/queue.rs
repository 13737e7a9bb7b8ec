//! `mixrunners queue`: an operator looks at the queue and steps in, at the database itself.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::audit::{Act, Actor, Reason};
use domain::clock::{Clock, Timestamp};
use domain::ids::JobId;
use domain::job::{Job, StateName};
use store::operating::Retried;
use store::overview::{QueueState, Spread};
use store::{Store, StoreError};

use super::installation::Rows;
use super::service::runtime;
use crate::ambient::SteadyClock;
use crate::exit::Failure;

/// What `queue` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    rows: Rows,
}

/// What can be done with the queue.
#[derive(Subcommand, Debug)]
enum Action {
    /// How full it is, who works, and the newest jobs
    List {
        /// Only jobs in this state: queued, running, succeeded, failed, cancelled
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<StateName>,
        /// How many jobs
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// One job
    Show {
        #[arg(value_parser = job_id)]
        job: JobId,
    },
    /// Try a job again: one that backs off at once, one that failed as a new job
    Retry {
        #[arg(value_parser = job_id)]
        job: JobId,
        #[command(flatten)]
        why: Why,
    },
    /// End a job that is not over
    Cancel {
        #[arg(value_parser = job_id)]
        job: JobId,
        #[command(flatten)]
        why: Why,
    },
    /// Give nobody work from now on; what runs goes on
    Pause {
        #[command(flatten)]
        why: Why,
    },
    /// End a pause
    Resume {
        #[command(flatten)]
        why: Why,
    },
}

/// What every act must say.
#[derive(Args, Debug)]
struct Why {
    /// Why, in a line; it is kept in the audit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Reason,
}

impl Why {
    fn act(self) -> Act {
        Act { actor: Actor::Terminal, reason: self.reason }
    }
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).map_err(|error| error.to_string())
}

fn state(text: &str) -> Result<StateName, String> {
    let names = || StateName::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ");
    StateName::parse(text).ok_or_else(|| format!("it can be {}", names()))
}

fn job_id(text: &str) -> Result<JobId, String> {
    JobId::parse(text).map_err(|error| error.to_string())
}

/// Does it, and prints what is so afterwards.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        let store = arguments.rows.open().await?;
        let done = act(&store, arguments.action, SteadyClock::new().now()).await;
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn act(store: &Store, action: Action, now: Timestamp) -> Result<(), Failure> {
    match action {
        Action::List { state, limit } => {
            print_queue(&store.queue(now).await.map_err(Failure::ours)?, now);
            for job in store.everyones_jobs(state, None, limit).await.map_err(Failure::ours)? {
                println!("{}", line(&job));
            }
        }
        Action::Show { job: id } => {
            print_job(&known(store.anyones_job(&id).await.map_err(Failure::ours)?, &id)?);
        }
        Action::Cancel { job: id, why } => {
            let job = store.cancel_anyones(&id, &why.act(), now).await.map_err(Failure::ours)?;
            println!("{}", line(&known(job, &id)?));
        }
        Action::Retry { job: id, why } => {
            let retried = store.retry_anyones(&id, &why.act(), now).await.map_err(refusal)?;
            print_retried(retried, &id)?;
        }
        Action::Pause { why } => {
            let pause = store.pause(&why.act(), now).await.map_err(Failure::ours)?;
            println!("The queue stands still since {}: {}", pause.since, pause.reason);
        }
        Action::Resume { why } => match store.resume(&why.act(), now).await.map_err(Failure::ours)? {
            true => println!("The queue goes on."),
            false => println!("The queue was not paused."),
        },
    }
    Ok(())
}

fn print_retried(retried: Retried, id: &JobId) -> Result<(), Failure> {
    match retried {
        Retried::Hastened(job) => println!("Tried at once: {}", line(&job)),
        Retried::Again(job) => println!("Ordered again as a new job: {}", line(&job)),
        Retried::Unchanged(job) => println!("Nothing to try again: {}", line(&job)),
        Retried::Refused(errors) => {
            let why = errors.iter().map(|error| error.detail.as_str()).collect::<Vec<_>>().join("; ");
            return Err(Failure::input(format!("{id} cannot be ordered again: {why}")));
        }
        Retried::Unknown => return Err(unknown(id)),
    }
    Ok(())
}

/// A job that is ordered again takes its title and tags along.
fn refusal(error: StoreError) -> Failure {
    match error {
        StoreError::Locked => Failure::usage(error).hint("give --keys DIR, as to mixrunners api"),
        other => Failure::ours(other),
    }
}

fn known(job: Option<Job>, id: &JobId) -> Result<Job, Failure> {
    job.ok_or_else(|| unknown(id))
}

fn unknown(id: &JobId) -> Failure {
    Failure::usage(format!("there is no job {id}"))
}

fn print_queue(state: &QueueState, now: Timestamp) {
    if let Some(pause) = &state.pause {
        println!("stands still   since {}, by {}: {}", pause.since, pause.by, pause.reason);
    }
    let seconds =
        |time: Option<Duration>| time.map_or("-".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
    println!(
        "waiting        {} ({} back off), and {} to check",
        state.waiting, state.backing_off, state.checks_waiting
    );
    println!("running        {}", state.running);
    println!("oldest wait    {}", seconds(state.oldest_waiting_since.map(|since| now.since(since))));
    println!("typical run    {}", seconds(state.typical_run));
    let spread = |spread: Option<Spread>| {
        let [p50, p95] = [spread.map(|spread| spread.p50), spread.map(|spread| spread.p95)];
        format!("p50 {}, p95 {}", seconds(p50), seconds(p95))
    };
    println!("waits          {}, of {} jobs of the last hour", spread(state.pace.wait), state.pace.jobs);
    println!("runs           {}", spread(state.pace.run));
    println!(
        "per minute     {:.1} ordered, {:.1} ended",
        state.pace.ordered_per_minute, state.pace.ended_per_minute
    );
    for worker in &state.workers {
        println!(
            "worker         {} runs {} of {} in a {} sandbox, since {}",
            worker.name,
            worker.running.len(),
            worker.slots,
            worker.sandbox,
            worker.started_at
        );
    }
}

fn print_job(job: &Job) {
    println!("{}", line(job));
    println!("account        {}", job.account);
    if let Some(position) = job.queue_position {
        println!("ahead of it    {position}, {} of the same account", job.own_ahead.unwrap_or(0));
    }
    if let Some(problem) = job.state.problem() {
        println!("failed because {}: {}", problem.code, problem.detail);
    }
    for artifact in &job.artifacts {
        println!(
            "made           {} {}, {} bytes",
            artifact.kind.as_str(),
            artifact.format.as_str(),
            artifact.size_bytes
        );
    }
}

/// One job in a line. No title: it is its owner's.
fn line(job: &Job) -> String {
    let (kind, state, stage) =
        (job.kind.as_str(), job.state.name().as_str(), job.stage.map(|stage| stage.as_str()));
    let stage = stage.map(|stage| format!(" ({stage}, {:.0} %)", job.progress * 100.0)).unwrap_or_default();
    format!("{}  {kind}  {state}{stage}  attempt {}  ordered {}", job.id, job.attempt, job.created_at)
}
