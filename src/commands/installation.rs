//! Where an installation keeps what it has: rows and bytes, on one host or for many.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use domain::clock::Clock;
use domain::retention::Retention;
use store::blobs::{self, Access, Blobs, BucketAddress};
use store::sealing::Keyring;
use store::{Place, Store};
use worker::reaper::removal_log;

use super::keys::{self, Keys};
use crate::ambient::{self, SystemEntropy};
use crate::exit::Failure;

/// The folder of mails, in that of the service.
const MAIL: &str = "mail";

/// Where the rows are, for a command that needs nothing else.
#[derive(Args, Debug)]
pub struct Rows {
    /// The service's folder, as given to `serve`
    #[arg(long, value_name = "DIR", default_value = "./data", env = "MIXRUNNERS_DATA", global = true)]
    data: PathBuf,
    /// The service's database instead, as given to `api`
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_DATABASE", hide_env_values = true, global = true)]
    #[arg(value_parser = Database::parse)]
    database: Option<Database>,
    /// The keys of a --database, for what shows a name or an address: a folder, as given to `api`
    #[arg(long, value_name = "DIR", env = "MIXRUNNERS_KEYS", global = true)]
    keys: Option<PathBuf>,
}

impl Rows {
    /// Opens them, and brings their tables to this program's version. Where keys are at hand they are used; without
    /// them jobs have no titles, and no address is known.
    pub async fn open(&self) -> Result<Store, Failure> {
        let (store, keyring) = match &self.database {
            Some(database) => (database.open().await?, Keys::in_folder(self.keys.clone()).open_if_given()?),
            None => {
                let embedded = Embedded::new(&self.data)?;
                (embedded.open_store().await?, embedded.keyring_if_there()?)
            }
        };
        if let Some(keyring) = keyring {
            unlock(&store, &keyring).await?;
        }
        Ok(store)
    }

    /// The same for a command that cannot do without: it looks an address up, or writes down a name.
    pub async fn open_with_keys(&self) -> Result<Store, Failure> {
        let (store, keyring) = match &self.database {
            Some(database) => (database.open().await?, Keys::in_folder(self.keys.clone()).open()?),
            None => {
                let embedded = Embedded::new(&self.data)?;
                let store = embedded.open_store().await?;
                let keyring = embedded.keyring(&store).await?;
                (store, keyring)
            }
        };
        unlock(&store, &keyring).await?;
        Ok(store)
    }

    /// Where mails of a service of one folder lie if no mail server takes them.
    pub fn mail(&self) -> Option<PathBuf> {
        self.database.is_none().then(|| self.data.join(MAIL))
    }
}

async fn unlock(store: &Store, keyring: &Keyring) -> Result<(), Failure> {
    let done = store.unlock(keyring).await;
    done.map_err(|error| Failure::ours(format!("cannot open what is sealed in the database: {error}")))
}

/// Where the processes of one installation meet.
#[derive(Args, Debug)]
pub struct Shared {
    /// The rows: postgres://USER:PASSWORD@HOST/DATABASE, or sqlite:///FOLDER for processes of one host
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_DATABASE", hide_env_values = true)]
    #[arg(value_parser = Database::parse)]
    pub database: Database,
    /// The bytes, sealed: s3://BUCKET/PREFIX, or file:///FOLDER with the same files for every process
    #[arg(long, value_name = "URL", env = "MIXRUNNERS_BLOBS")]
    #[arg(value_parser = Shelf::parse)]
    pub blobs: Shelf,
    #[command(flatten)]
    pub keys: Keys,
}

impl Shared {
    /// Opens the blobs.
    pub async fn open_blobs(&self, store: &Store, clock: Arc<dyn Clock>) -> Result<Blobs, Failure> {
        self.blobs.open(store, &self.keys, clock).await
    }
}

/// Where the bytes are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shelf {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, reached by what the usual variables of AWS say.
    Bucket(BucketAddress),
}

impl Shelf {
    /// Opens the blobs that lie there.
    pub async fn open(&self, store: &Store, keys: &Keys, clock: Arc<dyn Clock>) -> Result<Blobs, Failure> {
        open_blobs(self.place().await?, store, keys.open()?, clock).await
    }

    /// From the command line.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("s3://") {
            return BucketAddress::parse(url).map(Self::Bucket).map_err(|error| error.to_string());
        }
        match url.strip_prefix("file://") {
            Some(folder) if folder.starts_with('/') => Ok(Self::Folder(PathBuf::from(folder))),
            _ => Err("it must be a bucket or a folder, as in s3://mixrunners/prod or file:///srv/mixrunners"
                .to_owned()),
        }
    }

    async fn place(&self) -> Result<blobs::Place, Failure> {
        match self {
            Self::Folder(path) => folder(path),
            Self::Bucket(address) => {
                let endpoint = ambient::bucket_endpoint();
                Ok(blobs::Place::bucket(address, Access::Usual { endpoint }).await)
            }
        }
    }
}

/// Where the rows are.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// SQLite in a folder.
    Folder(PathBuf),
    /// A PostgreSQL server's address.
    Server(String),
}

impl Database {
    /// From the command line.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(folder) = url.strip_prefix("sqlite://") {
            return absolute(Path::new(folder)).map(Self::Folder);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url.to_owned()));
        }
        Err("it must begin with postgres:// or sqlite://".to_owned())
    }

    /// Opens it, and brings its tables to this program's version.
    pub async fn open(&self) -> Result<Store, Failure> {
        Store::open(self.place(), Arc::new(SystemEntropy), Retention::POLICY)
            .await
            .map_err(|error| Failure::ours(format!("cannot open the database {self}: {error}")))
    }

    /// As the store takes it.
    pub fn place(&self) -> Place<'_> {
        match self {
            Self::Folder(folder) => Place::Folder(folder),
            Self::Server(url) => Place::Server(url),
        }
    }
}

/// Without what opens it: this is printed and logged.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "in {}", folder.display()),
            Self::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let plain = rest.split('?').next().unwrap_or_default();
                let plain = plain.rsplit_once('@').map_or(plain, |(_, host)| host);
                write!(f, "{scheme}://{plain}")
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A render works in a folder of its own, where a relative path means something else.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{:?}: {error}", path.display()))
}

/// An installation in one folder.
#[derive(Debug)]
pub struct Embedded {
    data: PathBuf,
}

impl Embedded {
    /// In `data`, which need not exist yet.
    pub fn new(data: &Path) -> Result<Self, Failure> {
        let data = absolute(data).map_err(|error| Failure::usage(format!("--data is {error}")))?;
        Ok(Self { data })
    }

    /// Makes the folder, readable by its owner alone, and opens the database in it.
    pub async fn open_store(&self) -> Result<Store, Failure> {
        make_folder(&self.data)?;
        Database::Folder(self.data.clone()).open().await
    }

    /// Opens the blobs. The first time, with a database that is empty yet, it makes the key that seals them.
    pub async fn open_blobs(&self, store: &Store, clock: Arc<dyn Clock>) -> Result<Blobs, Failure> {
        open_blobs(folder(&self.data.join("blobs"))?, store, self.keyring(store).await?, clock).await
    }

    /// The keys that wrap the keys of its blobs.
    pub async fn keyring(&self, store: &Store) -> Result<Keyring, Failure> {
        keys::of_embedded(&self.data.join("keys"), store).await
    }

    /// The same, if there is one; none is made.
    fn keyring_if_there(&self) -> Result<Option<Keyring>, Failure> {
        keys::of_embedded_if_there(&self.data.join("keys"))
    }

    /// Where the secrets lie under which addresses are hashed.
    pub fn peppers(&self) -> PathBuf {
        self.data.join("keys").join(keys::PEPPERS)
    }

    /// Where attempts have their folders.
    pub fn scratch(&self) -> PathBuf {
        self.data.join("scratch")
    }

    /// Where mails are written if there is no mail server.
    pub fn mail(&self) -> PathBuf {
        self.data.join(MAIL)
    }

    /// Two services on one folder would wipe each other's scratch: the second one is refused.
    pub fn lock(&self) -> Result<File, Failure> {
        make_folder(&self.data)?;
        match lock(&self.data.join("serve.lock"))? {
            Some(file) => Ok(file),
            None => Err(Failure::usage(format!("another mixrunners serves {} already", self.data.display()))
                .hint("stop it first, or give another --data")),
        }
    }
}

/// The file, locked until it is dropped; `None` if another process has it.
pub fn lock(path: &Path) -> Result<Option<File>, Failure> {
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A folder that only this user may look into.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|error| Failure::ours(format!("cannot make the folder {}: {error}", path.display())))
}

fn folder(path: &Path) -> Result<blobs::Place, Failure> {
    blobs::Place::folder(path)
        .map_err(|error| Failure::ours(format!("cannot open the folder {}: {error}", path.display())))
}

async fn open_blobs(
    place: blobs::Place,
    store: &Store,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
) -> Result<Blobs, Failure> {
    let now = clock.now();
    let opened = Blobs::open(place, store.clone(), keyring, clock, Arc::new(SystemEntropy)).await;
    let blobs = opened.map_err(|error| Failure::ours(format!("cannot read what is stored: {error}")))?;
    // Nothing is opened before what was removed is gone from a copy of the database too.
    removal_log::replay(store, &blobs, now).await.map_err(Failure::ours)?;
    Ok(blobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let url = "postgres://mix:se@cret@db.example.org:5432/mix?sslkey=secret&password=secret";
        let database = Database::parse(url).unwrap();
        for printed in [database.to_string(), format!("{database:?}")] {
            assert_eq!(printed, "postgres://db.example.org:5432/mix");
        }
    }

    #[test]
    fn an_address_is_of_a_kind_that_is_known() {
        assert_eq!(Database::parse("sqlite:///srv/mix"), Ok(Database::Folder("/srv/mix".into())));
        for unknown in ["mysql://host/mix", "/srv/mix", ""] {
            assert!(Database::parse(unknown).unwrap_err().contains("postgres://"), "{unknown:?}");
        }
        assert_eq!(Shelf::parse("file:///srv/mix"), Ok(Shelf::Folder("/srv/mix".into())));
        assert!(matches!(Shelf::parse("s3://bucket/mix"), Ok(Shelf::Bucket(_))));
        for unknown in ["s3://", "s3://Bucket", "https://bucket", "file://mix", "/srv/mix"] {
            assert!(Shelf::parse(unknown).is_err(), "{unknown:?}");
        }
    }
}
