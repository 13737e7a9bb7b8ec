//! `mixrunners serve`: page, API and worker in one process, on SQLite and a folder, with nothing to set up.

use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::{App, Limits, Site};
use clap::Args;
use domain::clock::Clock;
use domain::retention::Retention;
use domain::secret::{Secret, SecretKind};
use store::blobs::Blobs;
use store::{Place, Store};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::ambient::{self, SteadyClock, SystemEntropy};
use crate::exit::Failure;

/// What `serve` takes.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Where everything is kept: database, audio, scratch; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "./data", env = "MIXRUNNERS_DATA")]
    data: PathBuf,
    /// Where the page and the API answer; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080", env = "MIXRUNNERS_LISTEN")]
    listen: SocketAddr,
    /// The address people use, when a TLS proxy stands in front: https://mix.example
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_PUBLIC_URL")]
    public_url: Option<String>,
    /// Open the page in this machine's browser
    #[arg(long)]
    open: bool,
    /// How many songs are rendered side by side
    #[arg(long, value_name = "N", default_value_t = 1, env = "MIXRUNNERS_SLOTS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    slots: u16,
}

/// How long a sign-in link printed here works. Whoever can read this terminal owns the files anyway.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long open requests may go on once the service was told to stop.
const GOODBYE: Duration = Duration::from_secs(10);

/// Serves until it is told to stop.
pub fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let site = site(&arguments)?;
    ambient::log_to_stderr();
    let embedded = Embedded::new(&arguments.data)?;
    let _only_one = embedded.lock()?;
    runtime()?.block_on(serve(arguments, embedded, site))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Arguments, embedded: Embedded, site: Site) -> Result<(), Failure> {
    let clock = Arc::new(SteadyClock::new());
    let entropy = Arc::new(SystemEntropy);
    let store = embedded.open_store().await?;
    let blobs = embedded.open_blobs()?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::ours(format!("cannot listen on {}: {error}", arguments.listen)))?;
    let base = match &site {
        Site::Loopback => format!("http://{}", listener.local_addr()?),
        Site::Public { origin } => origin.clone(),
    };
    let stop = CancellationToken::new();
    let worker = worker::Worker {
        store: store.clone(),
        blobs: blobs.clone(),
        program: std::env::current_exe()?,
        scratch: embedded.scratch(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        slots: usize::from(arguments.slots),
    };
    let working = tokio::spawn(worker::run(worker, stop.clone()));
    let app = App::new(store.clone(), blobs, clock.clone(), entropy, Limits::default(), site);
    let router = api::router(app.clone());
    let link = sign_in_link(&store, &base, &*clock).await?;
    println!("mixrunners is running at {base}");
    println!("Sign in (once, within the hour): {link}");
    if arguments.open {
        ambient::open_in_browser(&link);
    }
    let stopped = stop.clone();
    let serving = tokio::spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned()).await
    });
    told_to_stop().await?;
    println!("Stopping: running work goes back into the queue.");
    stop.cancel();
    app.close();
    let _ = tokio::time::timeout(GOODBYE, async { tokio::join!(working, serving) }).await;
    store.close().await;
    Ok(())
}

/// A link that signs the local owner in, once.
async fn sign_in_link(store: &Store, base: &str, clock: &dyn Clock) -> Result<String, Failure> {
    let owner = store.ensure_local_owner(clock.now()).await.map_err(Failure::ours)?;
    let secret = Secret::new(SecretKind::SignInLink, &SystemEntropy);
    let expires_at = clock.now() + LINK_LIFETIME;
    store.create_sign_in_link(&owner.id, &secret.hash(), expires_at).await.map_err(Failure::ours)?;
    // In the fragment, which browsers do not send: it reaches no server's log, only the page.
    Ok(format!("{base}/sign-in#{}", secret.reveal()))
}

/// Plain HTTP is for this machine alone.
fn site(arguments: &Arguments) -> Result<Site, Failure> {
    match &arguments.public_url {
        Some(url) if url.starts_with("https://") => {
            Ok(Site::Public { origin: url.trim_end_matches('/').to_owned() })
        }
        Some(url) => Err(Failure::usage(format!("--public-url is {url}; it must begin with https://"))),
        None if arguments.listen.ip().is_loopback() => Ok(Site::Loopback),
        None => Err(Failure::usage(format!(
            "--listen is {}; without TLS the service listens on this machine alone (127.0.0.1 or [::1])",
            arguments.listen
        ))
        .hint("put a TLS proxy in front, and give --public-url https://… as well")),
    }
}

async fn told_to_stop() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// The runtime of every command that talks to the store.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::from)
}

/// An installation in one folder.
#[derive(Debug)]
pub struct Embedded {
    data: PathBuf,
}

impl Embedded {
    /// In `data`, which need not exist yet. Made absolute: a render works in a folder of its own.
    pub fn new(data: &Path) -> Result<Self, Failure> {
        let data = std::path::absolute(data)
            .map_err(|error| Failure::usage(format!("--data is {:?}: {error}", data.display())))?;
        Ok(Self { data })
    }

    /// Makes the folder, readable by its owner alone, and opens the database in it.
    pub async fn open_store(&self) -> Result<Store, Failure> {
        self.make_folder()?;
        Store::open(Place::Folder(&self.data), Arc::new(SystemEntropy), Retention::POLICY).await.map_err(
            |error| Failure::ours(format!("cannot open the database in {}: {error}", self.data.display())),
        )
    }

    fn open_blobs(&self) -> Result<Blobs, Failure> {
        let folder = self.data.join("blobs");
        Blobs::folder(&folder)
            .map_err(|error| Failure::ours(format!("cannot open the folder {}: {error}", folder.display())))
    }

    fn scratch(&self) -> PathBuf {
        self.data.join("scratch")
    }

    /// Two services on one folder would wipe each other's scratch: the second one is refused.
    fn lock(&self) -> Result<File, Failure> {
        self.make_folder()?;
        let file = File::create(self.data.join("serve.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::usage(format!("another mixrunners serves {} already", self.data.display()))
                    .hint("stop it first, or give another --data"))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn make_folder(&self) -> Result<(), Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(&self.data).map_err(|error| {
            Failure::ours(format!("cannot make the folder {}: {error}", self.data.display()))
        })
    }
}
