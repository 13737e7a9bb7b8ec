//! Bringing the tables to this version.

use sqlx::migrate::{Migrate, Migrator};

use crate::error::{Result, StoreError};

/// Where the migrations that were applied are listed.
const LIST: &str = "_sqlx_migrations";

/// What a migration did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Migrated {
    /// The version before; 0 if there was nothing.
    pub from: i64,
    /// The version now.
    pub to: i64,
}

/// Applies what is missing, under the database's own lock where it has one. A connection that this failed on must be
/// closed: it may hold the lock.
pub(crate) async fn bring_up<C: Migrate>(connection: &mut C, migrations: &Migrator) -> Result<Migrated> {
    connection.lock().await?;
    connection.ensure_migrations_table(LIST).await?;
    let applied = connection.list_applied_migrations(LIST).await?;
    let from = applied.iter().map(|one| one.version).max().unwrap_or(0);
    let known = migrations.iter().map(|one| one.version).max().unwrap_or(0);
    if from > known {
        return Err(StoreError::Newer { found: from, known });
    }
    migrations.run_direct(None, connection, false).await?;
    connection.unlock().await?;
    Ok(Migrated { from, to: known })
}
