//! Where mail goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::mail::{Carrier, ServerAddress};
use api::mailing::Mailing;
use clap::Args;
use domain::account::Email;
use domain::clock::Clock;
use store::Store;
use store::sealing::Keyring;

use crate::ambient::SystemEntropy;
use crate::exit::Failure;

/// What `serve` and `api` take.
#[derive(Args, Debug)]
pub struct Delivery {
    /// The mail server: smtps://USER:PASSWORD@HOST:PORT, or smtp://HOST:PORT (better in the environment: a command line
    /// can be read by all)
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// From whom mail is, and who gets the answers
    #[arg(long, value_name = "ADDRESS", env = "MIXRUNNERS_MAIL_FROM")]
    mail_from: Option<String>,
    /// Without a mail server: the folder that mails are written into, one file each
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_MAIL_FOLDER", conflicts_with = "smtp_url")]
    mail_folder: Option<PathBuf>,
}

impl Delivery {
    /// Refuses what can never work, before anything is begun.
    pub fn check(&self) -> Result<(), Failure> {
        self.carrier(None).map(drop)
    }

    /// Who carries mail; without a server a folder, `usual` unless another is named; `None` without either.
    fn carrier(&self, usual: Option<PathBuf>) -> Result<Option<Carrier>, Failure> {
        let sender = self.mail_from.as_deref().map(|text| {
            Email::parse(text).map_err(|error| Failure::usage(format!("--mail-from is {text:?}: {error}")))
        });
        let sender = sender.transpose()?;
        let folder = self.mail_folder.clone().or(usual);
        match (&self.smtp_url, folder) {
            (Some(text), _) => {
                // Not by the reader of the command line, which repeats what it cannot read: this holds a password.
                let address =
                    ServerAddress::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
                let sender = sender.ok_or_else(|| {
                    Failure::usage(
                        "--smtp-url is given and --mail-from is not: a mail is from somebody".to_owned(),
                    )
                    .hint("give an address that the server sends for, as in --mail-from studio@mix.example")
                })?;
                let carrier = Carrier::server(address, sender);
                Ok(Some(carrier.map_err(|error| Failure::usage(error.to_string()))?))
            }
            (None, Some(folder)) => {
                Ok(Some(Carrier::folder(absolute(&folder)?, sender.map_or_else(nobody, Ok)?)))
            }
            (None, None) => Ok(None),
        }
    }

    /// The same, over a store, with links below `base`; says where mail goes.
    pub fn mailing(
        &self,
        usual: Option<PathBuf>,
        store: &Store,
        keyring: Keyring,
        clock: &Arc<impl Clock + 'static>,
        base: &str,
    ) -> Result<Option<Mailing>, Failure> {
        let Some(carrier) = self.carrier(usual)? else {
            println!(
                "No mail is sent: nobody signs in by mail. Give --smtp-url, or --mail-folder for a trial."
            );
            return Ok(None);
        };
        println!("Mail {carrier}");
        let entropy = Arc::new(SystemEntropy);
        let mailing = Mailing::new(store.clone(), keyring, clock.clone(), entropy, carrier, base.to_owned());
        Ok(Some(mailing))
    }
}

/// In a folder it does not matter who it is from.
fn nobody() -> Result<Email, Failure> {
    Email::parse("mixrunners@localhost").map_err(Failure::ours)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("--mail-folder is {}: {error}", path.display())))
}
