//! What a service needs to take money. Without a key of Stripe everything works and costs nothing.

use std::path::PathBuf;
use std::sync::Arc;

use api::payments::{Payments, Terms};
use billing::Stripe;
use clap::Args;
use domain::clock::Clock;
use store::Store;

use crate::ambient;
use crate::config::Config;
use crate::exit::Failure;

/// What `serve`, `api` and `billing` take. Secrets come from the environment alone: a command line can be read by all.
#[derive(Args, Debug)]
pub struct Settings {
    /// A TOML file; its table [prices] says what work costs
    #[arg(long, value_name = "FILE", env = "MIXRUNNERS_CONFIG", global = true)]
    config: Option<PathBuf>,
}

const KEY: &str = "STRIPE_SECRET_KEY";
const WEBHOOK_SECRET: &str = "STRIPE_WEBHOOK_SECRET";
/// Of a stand-in, for tests.
const BASE: &str = "STRIPE_API_BASE";

impl Settings {
    /// How money is taken by a service that customers reach at `base`; `None` if it takes none.
    pub fn terms(&self, base: &str) -> Result<Option<Terms>, Failure> {
        // Read in any case: a file that cannot be is told before anybody turns payments on.
        let Config { prices } = Config::read(self.config.as_deref())?;
        let Some(key) = ambient::secret(KEY) else { return Ok(None) };
        let webhook_secret = ambient::secret(WEBHOOK_SECRET).ok_or_else(|| {
            Failure::usage(format!(
                "{KEY} is set and {WEBHOOK_SECRET} is not: nobody could tell that a customer paid"
            ))
            .hint("Stripe shows it beside the webhook endpoint; point that at /v1/stripe/events")
        })?;
        let stripe = Stripe::new(&key, ambient::secret(BASE).as_deref())
            .map_err(|error| Failure::usage(format!("{KEY}: {error}")))?;
        Ok(Some(Terms { stripe, webhook_secret, prices, base: base.to_owned() }))
    }

    /// The same, over a store.
    pub fn payments(
        &self,
        store: &Store,
        clock: &Arc<impl Clock + 'static>,
        base: &str,
    ) -> Result<Option<Payments>, Failure> {
        Ok(self.terms(base)?.map(|terms| Payments::new(store.clone(), clock.clone(), terms)))
    }
}
