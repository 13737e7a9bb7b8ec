//! `mixrunners keys`: the keys that wrap the keys of all audio, and where the other commands find them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use store::Store;
use store::sealing::{Keyring, KeyringError, rewrap};

use super::installation::{Database, Embedded};
use super::service::runtime;
use crate::ambient::{self, SystemEntropy};
use crate::exit::Failure;

/// What can be done with keys.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Make the first key of an installation
    Init(Init),
    /// Add a key: from the next start on it wraps, and the older ones only unwrap
    Rotate(Folder),
    /// Wrap all that older keys wrap with the newest one; the service may go on meanwhile
    Rewrap(Rewrap),
}

/// Where the keys lie.
#[derive(Args, Debug)]
pub struct Folder {
    /// A folder for key files, apart from the database and its backups
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_KEYS")]
    keys: PathBuf,
}

/// What `init` takes.
#[derive(Args, Debug)]
pub struct Init {
    #[command(flatten)]
    folder: Folder,
    /// Leave the keys that are there as they are, and succeed: for scripts that may run twice
    #[arg(long)]
    if_missing: bool,
}

/// What `rewrap` takes.
#[derive(Args, Debug)]
pub struct Rewrap {
    /// The service's folder, as given to `serve`
    #[arg(long, value_name = "DIR", default_value = "./data", env = "MIXRUNNERS_DATA")]
    data: PathBuf,
    /// The service's database instead, as given to `api`
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_DATABASE", hide_env_values = true)]
    #[arg(value_parser = Database::parse, requires = "keys")]
    database: Option<Database>,
    #[command(flatten)]
    keys: Keys,
}

/// The keys of an installation of many processes.
#[derive(Args, Debug)]
pub struct Keys {
    /// The keys that seal the bytes: a folder, as `mixrunners keys init` makes it. Or give them in the environment,
    /// MIXRUNNERS_KEK=NUMBER:KEY
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_KEYS")]
    keys: Option<PathBuf>,
}

/// The folder of peppers, beside the keys.
pub const PEPPERS: &str = "peppers";

impl Keys {
    /// Those of a folder, if one was named, or of the environment.
    pub const fn in_folder(keys: Option<PathBuf>) -> Self {
        Self { keys }
    }

    /// Opens them, if any were given.
    pub fn open_if_given(&self) -> Result<Option<Keyring>, Failure> {
        match (&self.keys, ambient::key_in_environment()) {
            (None, None) => Ok(None),
            _ => self.open().map(Some),
        }
    }

    /// Where the peppers lie when nobody says: beside the keys, if those lie in a folder.
    pub fn peppers(&self) -> Option<PathBuf> {
        self.keys.as_ref().map(|folder| folder.join(PEPPERS))
    }

    /// Opens them.
    pub fn open(&self) -> Result<Keyring, Failure> {
        match (&self.keys, ambient::key_in_environment()) {
            (Some(folder), None) => Keyring::of_folder(folder).map_err(|error| failure(&error)),
            (None, Some(text)) => Keyring::parse(&text).map_err(|error| failure(&error)),
            (Some(_), Some(_)) => {
                Err(Failure::usage("--keys and MIXRUNNERS_KEK are both given; one of them is enough"))
            }
            (None, None) => {
                let hint = "mixrunners keys init --keys DIR makes a first key, for a new database";
                let message =
                    "--keys DIR is missing: it holds the keys that seal the audio, and names and addresses";
                Err(Failure::usage(message).hint(hint))
            }
        }
    }
}

/// Does what was asked.
pub fn run(action: &Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Init(Init { folder: Folder { keys }, if_missing }) => {
            match Keyring::init(keys, &SystemEntropy) {
                Err(KeyringError::Exists(key)) if *if_missing => {
                    println!("{} is there already.", key.display());
                }
                made => {
                    println!(
                        "Made the key {} in {}.",
                        made.map_err(|error| failure(&error))?,
                        keys.display()
                    );
                    println!("{KEEP_COPIES}");
                }
            }
        }
        Action::Rotate(Folder { keys }) => {
            let id = Keyring::rotate(keys, &SystemEntropy).map_err(|error| failure(&error))?;
            println!(
                "Made the key {id} in {}. Start the service again, and it wraps with it.",
                keys.display()
            );
            println!("{KEEP_COPIES}");
        }
        Action::Rewrap(arguments) => {
            let count = runtime()?.block_on(wrap_anew(arguments))?;
            println!("Wrapped {count} keys of blobs and accounts with the newest key.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

const KEEP_COPIES: &str =
    "Keep two copies apart from the database: without it the audio cannot be read any more.";

async fn wrap_anew(arguments: &Rewrap) -> Result<u64, Failure> {
    let (store, keyring) = match &arguments.database {
        Some(database) => (database.open().await?, arguments.keys.open()?),
        None => {
            let embedded = Embedded::new(&arguments.data)?;
            let store = embedded.open_store().await?;
            let keyring = embedded.keyring(&store).await?;
            (store, keyring)
        }
    };
    let count = rewrap(&store, &keyring, &SystemEntropy).await.map_err(Failure::ours)?;
    store.close().await;
    Ok(count)
}

/// The keys of an installation in one folder, if there are any.
pub fn of_embedded_if_there(folder: &Path) -> Result<Option<Keyring>, Failure> {
    if let Some(text) = ambient::key_in_environment() {
        return Keyring::parse(&text).map(Some).map_err(|error| failure(&error));
    }
    match Keyring::of_folder(folder) {
        Err(KeyringError::Empty(_)) => Ok(None),
        other => other.map(Some).map_err(|error| failure(&error)),
    }
}

/// The keys of an installation in one folder. The first key is made by itself, but never beside a database whose keys
/// of blobs and accounts another one wraps.
pub async fn of_embedded(folder: &Path, store: &Store) -> Result<Keyring, Failure> {
    if let Some(keyring) = of_embedded_if_there(folder)? {
        return Ok(keyring);
    }
    let needed = store.keks_in_use().await.map_err(Failure::ours)?;
    if !needed.is_empty() {
        let needed = needed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let message =
            format!("there is no key in {}, and what is stored was sealed with {needed}", folder.display());
        let hint = "put the key files back from a copy; without them the audio cannot be read any more";
        return Err(Failure::ours(message).hint(hint));
    }
    Keyring::init(folder, &SystemEntropy).map_err(|error| failure(&error))?;
    // Not on standard output, where a command may promise its result and nothing else.
    eprintln!("Made the key that seals all audio, in {}. {KEEP_COPIES}", folder.display());
    Keyring::of_folder(folder).map_err(|error| failure(&error))
}

fn failure(error: &KeyringError) -> Failure {
    let failure = Failure::ours(error);
    match error {
        KeyringError::Empty(_) => {
            failure.hint("mixrunners keys init --keys DIR makes a first key, for a new database")
        }
        KeyringError::TooOpen { path, .. } => failure.hint(format!("chmod 600 {}", path.display())),
        KeyringError::Exists(_) => failure.hint("mixrunners keys rotate adds one"),
        _ => failure,
    }
}
