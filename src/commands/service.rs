//! What every command that runs until it is told to stop has: a runtime, an address, an end.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use api::listening::{Doors, listen};
use api::{App, FiguresAt, Monitor, Site};
use clap::Args;
use domain::clock::Clock;
use domain::secret::{Secret, SecretKind};
use store::Store;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ambient::SystemEntropy;
use crate::exit::Failure;

/// How long a sign-in link printed here works. Whoever can read this terminal owns the files anyway.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The runtime of every command that talks to the store.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::from)
}

/// Where the page and the API are.
#[derive(Args, Debug)]
pub struct Address {
    /// Where the page and the API answer; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080", env = "MIXRUNNERS_LISTEN")]
    listen: SocketAddr,
    /// The address people use: https://mix.example of a TLS proxy in front, or http://localhost:PORT of a container
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_PUBLIC_URL")]
    public_url: Option<String>,
    /// Behind a proxy on another machine: its address. What it says of callers (X-Forwarded-For) is believed
    #[arg(long, value_name = "IP", value_delimiter = ',', env = "MIXRUNNERS_TRUSTED_PROXY")]
    trusted_proxy: Vec<IpAddr>,
}

impl Address {
    /// Plain HTTP is for this machine alone: of a loopback address, or of one that leads here under a loopback name, as
    /// a container's does.
    pub fn site(&self) -> Result<Site, Failure> {
        let is_authority = |rest: &str| !rest.is_empty() && !rest.contains(['/', '?', '#', '@']);
        match self.public() {
            Some(url) if url.strip_prefix("https://").is_some_and(is_authority) => {
                Ok(Site::Public { origin: url.to_owned() })
            }
            Some(url)
                if url.strip_prefix("http://").is_some_and(|at| is_authority(at) && api::is_loopback(at)) =>
            {
                Ok(Site::Loopback)
            }
            Some(url) => Err(Failure::usage(format!(
                "--public-url is {url}; it must be https:// and a host, or name this machine (http://localhost:8080)"
            ))),
            None if self.listen.ip().is_loopback() => Ok(Site::Loopback),
            None => Err(Failure::usage(format!(
                "--listen is {}; without TLS the service listens on this machine alone (127.0.0.1 or [::1])",
                self.listen
            ))
            .hint("put a TLS proxy in front, and give --public-url https://… as well")),
        }
    }

    /// What people call it, if that was said.
    fn public(&self) -> Option<&str> {
        self.public_url.as_deref().map(|url| url.trim_end_matches('/'))
    }

    /// Who is believed to say where requests come from, beside this machine.
    pub fn proxies(&self) -> &[IpAddr] {
        &self.trusted_proxy
    }

    /// Takes the port.
    pub async fn door(&self) -> Result<Door, Failure> {
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| Failure::ours(format!("cannot listen on {}: {error}", self.listen)))?;
        let base = match self.public() {
            None => format!("http://{}", listener.local_addr()?),
            Some(url) => url.to_owned(),
        };
        Ok(Door { listener, base })
    }
}

/// A port that is ours, and what people call it.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    /// As in `http://127.0.0.1:8080`.
    pub base: String,
}

impl Door {
    /// Answers until `stop`, then ends when the last open request has.
    pub fn answer(self, app: &App, stop: &CancellationToken) -> JoinHandle<()> {
        tokio::spawn(listen(self.listener, api::router(app.clone()), Doors::default(), stop.clone()))
    }
}

/// Where operators and their programs look.
#[derive(Args, Debug)]
pub struct OperatorsAddress {
    /// Where /metrics, /healthz and /readyz answer without credentials; give an address that only operators reach.
    /// /metrics is then nowhere else
    #[arg(long, value_name = "HOST:PORT", env = "MIXRUNNERS_OPS_LISTEN")]
    ops_listen: Option<SocketAddr>,
}

impl OperatorsAddress {
    /// Where an app beside it tells its figures.
    pub fn figures_at(&self) -> FiguresAt {
        if self.ops_listen.is_some() { FiguresAt::OwnListener } else { FiguresAt::Here }
    }

    /// Answers there until `stop`, if there is such an address.
    pub async fn answer(
        &self,
        monitor: &Monitor,
        stop: &CancellationToken,
    ) -> Result<Option<JoinHandle<()>>, Failure> {
        let Some(address) = self.ops_listen else { return Ok(None) };
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::ours(format!("cannot listen on {address}: {error}")))?;
        println!("Operators look at http://{}/metrics", listener.local_addr()?);
        let router = api::operators_router(monitor.clone());
        Ok(Some(tokio::spawn(listen(listener, router, OPERATORS_DOORS, stop.clone()))))
    }
}

/// A few programs look now and then.
const OPERATORS_DOORS: Doors =
    Doors { connections: 64, connections_turned_away: 0, head_within: Duration::from_secs(10) };

/// A link that signs the local owner in, once.
pub async fn sign_in_link(store: &Store, base: &str, clock: &dyn Clock) -> Result<String, Failure> {
    let owner = store.ensure_local_owner(clock.now()).await.map_err(Failure::ours)?;
    let secret = Secret::new(SecretKind::SignInLink, &SystemEntropy);
    let expires_at = clock.now() + LINK_LIFETIME;
    store.create_sign_in_link(&owner.id, &secret.hash(), expires_at).await.map_err(Failure::ours)?;
    // In the fragment, which browsers do not send: it reaches no server's log, only the page.
    Ok(format!("{base}/sign-in#{}", secret.reveal()))
}

/// Waits for the first SIGTERM or Ctrl-C.
pub async fn told_to_stop() -> Result<(), Failure> {
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

/// Lets what is under way come to its end, but not longer than so long, and not after a second signal.
pub async fn come_to_an_end(longest: Duration, under_way: impl Future) {
    tokio::select! {
        _ = tokio::time::timeout(longest, under_way) => {}
        _ = told_to_stop() => println!("Stopped at once."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(listen: &str, public_url: Option<&str>) -> Result<Site, Failure> {
        let public_url = public_url.map(ToOwned::to_owned);
        Address { listen: listen.parse().unwrap(), public_url, trusted_proxy: Vec::new() }.site()
    }

    #[test]
    fn plain_http_is_for_a_name_of_this_machine_alone() {
        let public = Site::Public { origin: "https://mix.example".to_owned() };
        assert_eq!(site("0.0.0.0:8080", Some("https://mix.example/")).unwrap(), public);
        assert_eq!(site("127.0.0.1:8080", None).unwrap(), Site::Loopback);
        for here in ["http://localhost:8080", "http://127.0.0.1:80/", "http://[::1]:8080"] {
            assert_eq!(site("0.0.0.0:8080", Some(here)).unwrap(), Site::Loopback, "{here}");
        }
        assert!(site("0.0.0.0:8080", None).is_err());
        for elsewhere in [
            "http://mix.example",
            "http://localhost.example:8080",
            "http://localhost:8080/mix",
            "http://localhost@mix.example",
            "https://mix.example/mix",
            "https://",
            "mix.example",
        ] {
            assert!(site("0.0.0.0:8080", Some(elsewhere)).is_err(), "{elsewhere}");
        }
    }
}
