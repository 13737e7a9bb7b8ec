//! The peppers of an installation: where they lie, that all of them are there, and that none gets too old.

use std::path::PathBuf;
use std::sync::Arc;

use api::payments::Payments;
use api::previews::destroy_old_peppers;
use domain::clock::Clock;
use store::Store;
use store::abuse::Peppers;
use tokio_util::sync::CancellationToken;

use crate::ambient::SystemEntropy;
use crate::exit::Failure;

/// Those in a folder. What takes money needs all that tags were written under, and a place for more; what takes none
/// still destroys what is too old.
pub async fn open(
    folder: Option<PathBuf>,
    payments: Option<&Payments>,
    store: &Store,
    clock: &Arc<impl Clock + 'static>,
    stop: &CancellationToken,
) -> Result<Option<Peppers>, Failure> {
    let Some(folder) = folder else {
        return match payments {
            None => Ok(None),
            Some(_) => {
                Err(Failure::usage("--peppers DIR is missing: free previews are counted under what it holds")
                    .hint(
                        "a folder apart from the database, the same one for every process; it may be empty",
                    ))
            }
        };
    };
    let peppers = Peppers::of_folder(folder, Arc::new(SystemEntropy));
    if payments.is_some() {
        peppers.check(store, clock.now()).await.map_err(Failure::ours)?;
    }
    tokio::spawn(destroy_old_peppers(peppers.clone(), store.clone(), clock.clone(), stop.clone()));
    Ok(Some(peppers))
}
