//! `mixrunners reaper`: removes what is due.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::breaker::ALWAYS;
use domain::clock::Timestamp;
use serde_json::json;
use store::Store;
use store::reaping::Due;
use tokio_util::sync::CancellationToken;
use worker::reaper::{Reaper, Tick};

use super::installation::{Database, Embedded, Shelf};
use super::keys::Keys;
use super::logging::Logging;
use super::service::{come_to_an_end, runtime, told_to_stop};
use crate::ambient::{MachineClocks, SteadyClock};
use crate::exit::Failure;

/// What `reaper` takes. Without an action it runs until it is told to stop.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Option<Action>,
}

/// An installation in one folder, or one that many processes share.
#[derive(Args, Debug)]
struct Place {
    /// The folder of `mixrunners serve`, which has a reaper of its own while it runs; ./data when nothing is given
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_DATA")]
    data: Option<PathBuf>,
    /// The database of many processes instead, as given to `api`
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_DATABASE", hide_env_values = true)]
    #[arg(value_parser = Database::parse, requires = "blobs")]
    database: Option<Database>,
    /// Their bytes, as given to `api`
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_BLOBS", requires = "database")]
    #[arg(value_parser = Shelf::parse)]
    blobs: Option<Shelf>,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    logging: Logging,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Looks at everything that is due, until it is told to stop
    Run {
        #[command(flatten)]
        place: Place,
        /// Once, and tells what it did
        #[arg(long)]
        once: bool,
        /// Empties places that no row knows without waiting a day: only while no worker and no upload is at work
        #[arg(long, requires = "once")]
        orphans_at_once: bool,
    },
    /// Tells what would be removed, and removes nothing
    Plan {
        #[command(flatten)]
        place: Place,
        /// At this time (RFC 3339), as in 2027-05-15T08:00:00Z; now when left out
        #[arg(long, value_name = "TIME", value_parser = time)]
        at: Option<Timestamp>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Says that the machine's clock is right, and ends a freeze
    ConfirmClock {
        #[command(flatten)]
        place: Place,
    },
    /// Lets so many jobs go at once, and ends a freeze
    Approve {
        #[command(flatten)]
        place: Place,
        /// At most so many jobs
        #[arg(long, value_name = "N")]
        max: u64,
    },
}

/// So much of each kind is listed.
const LISTED: u32 = 100_000;
/// How long a tick may take to come to its end.
const GOODBYE: Duration = Duration::from_secs(30);

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::try_from(text.to_owned())
        .map_err(|_| "it must be a time as in 2027-05-15T08:00:00Z".to_owned())
}

/// Does what is asked for.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    runtime()?.block_on(act(arguments))
}

async fn act(arguments: Arguments) -> Result<ExitCode, Failure> {
    let action = arguments.action.unwrap_or(Action::Run {
        place: arguments.place,
        once: false,
        orphans_at_once: false,
    });
    let reaper = action.place().open().await?;
    let store = reaper.store.clone();
    let code = match action {
        Action::Run { once: false, .. } => work(reaper).await?,
        Action::Run { orphans_at_once, .. } => once(&reaper, orphans_at_once).await?,
        Action::Plan { at, json, .. } => plan(&reaper, at, json).await?,
        Action::ConfirmClock { .. } => {
            let now = reaper.confirm_clock().await.map_err(Failure::ours)?;
            println!("The reaper believes that it is {}.", String::from(now));
            ExitCode::SUCCESS
        }
        Action::Approve { max, .. } => {
            store.thaw(max).await.map_err(Failure::ours)?;
            println!("Up to {max} jobs may go at once; beyond {ALWAYS} the reaper asks again.");
            ExitCode::SUCCESS
        }
    };
    store.close().await;
    Ok(code)
}

impl Action {
    fn place(&self) -> &Place {
        match self {
            Self::Run { place, .. }
            | Self::Plan { place, .. }
            | Self::ConfirmClock { place }
            | Self::Approve { place, .. } => place,
        }
    }
}

async fn work(reaper: Reaper) -> Result<ExitCode, Failure> {
    let stop = CancellationToken::new();
    let working = tokio::spawn(reaper.run(stop.clone()));
    println!("mixrunners removes what is due");
    told_to_stop().await?;
    stop.cancel();
    come_to_an_end(GOODBYE, working).await;
    Ok(ExitCode::SUCCESS)
}

async fn once(reaper: &Reaper, orphans_at_once: bool) -> Result<ExitCode, Failure> {
    let mut tick = reaper.tick().await.map_err(Failure::ours)?;
    if orphans_at_once {
        tick.orphans = reaper.sweep_orphans_at_once().await.map_err(Failure::ours)?;
    }
    let Tick { removed, stale, emptied, refused, orphans, hollow, frozen } = tick;
    println!("removed        {removed} jobs and uploads");
    println!("               {stale} other rows");
    println!("places         {emptied} found empty twice, {refused} could not be emptied, {orphans} unknown");
    if hollow > 0 {
        println!("               {hollow} where rows say that bytes lie, and none do: the log names them");
    }
    let Some(why) = frozen else { return Ok(ExitCode::SUCCESS) };
    Err(Failure::ours(format!("the reaper is frozen: {why}")).hint(
        "if the machine's clock is right: mixrunners reaper confirm-clock; if so much is due: \
         mixrunners reaper approve --max N",
    ))
}

async fn plan(reaper: &Reaper, at: Option<Timestamp>, as_json: bool) -> Result<ExitCode, Failure> {
    let now = reaper.now().await.map_err(Failure::ours)?;
    let at = at.unwrap_or(now);
    let due = reaper.store.due(at, LISTED).await.map_err(Failure::ours)?;
    if as_json {
        let view = |due: &Due| {
            let due_at = String::from(due.since);
            json!({"removed": due.removed.as_str(), "id": due.id, "due_at": due_at})
        };
        let list: Vec<_> = due.iter().map(view).collect();
        println!("{}", json!({"at": String::from(at), "due": list}));
        return Ok(ExitCode::SUCCESS);
    }
    for one in &due {
        println!("{}  {}  {}", String::from(one.since), one.removed.as_str(), one.id);
    }
    println!("{} would be removed at {}", due.len(), String::from(at));
    Ok(ExitCode::SUCCESS)
}

impl Place {
    async fn open(&self) -> Result<Reaper, Failure> {
        self.logging.begin()?;
        let readings = Arc::new(MachineClocks);
        let clock = Arc::new(SteadyClock::new());
        let (store, blobs): (Store, _) = match (&self.database, &self.blobs) {
            (Some(database), Some(shelf)) => {
                let store = database.open().await?;
                let blobs = shelf.open(&store, &self.keys, clock).await?;
                (store, blobs)
            }
            _ => {
                let data = self.data.clone().unwrap_or_else(|| PathBuf::from("./data"));
                let embedded = Embedded::new(&data)?;
                let store = embedded.open_store().await?;
                let blobs = embedded.open_blobs(&store, clock).await?;
                (store, blobs)
            }
        };
        Ok(Reaper { store, blobs, readings })
    }
}
