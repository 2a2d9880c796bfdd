//! PostgreSQL: connections, migrations, transactions.

mod login;
mod migrations;
mod purpose;
mod rows;

use std::time::Duration;

use colloque_journal::Draft;
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres};
use thiserror::Error;
use tracing::Instrument;

pub(crate) use login::Login;
pub use migrations::MigrateError;
pub use purpose::Purpose;
pub(crate) use rows::Columns;

use crate::journal;

/// The role that every query of the service runs under. It owns nothing and may alter nothing.
pub(crate) const APPLICATION_ROLE: &str = "colloque_application";

/// How long a statement may run before PostgreSQL stops it.
///
/// Longer: one bad query holds a connection and its locks. Shorter: an export of a large journal fails.
const STATEMENT_TIMEOUT: &str = "15s";

/// How long a transaction may stand idle before PostgreSQL ends it: an idle one holds back the journal's sequencer.
const IDLE_TRANSACTION_TIMEOUT: &str = "10s";

/// How long a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections for strangers, beside those of everybody else.
///
/// More: a flood takes more of PostgreSQL's time from the calls. Fewer: new browsers wait for each other.
const STRANGERS_CONNECTIONS: u32 = 4;

/// How long a stranger's request waits for one of them.
const STRANGERS_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// What went wrong between the service and PostgreSQL.
#[derive(Debug, Error)]
pub enum StorageError {
    /// A statement failed.
    #[error("storage failed")]
    Query(#[from] sqlx::Error),
    /// A stored value is not one that this version writes.
    #[error("stored {what} is not readable")]
    Unreadable {
        /// What was read.
        what: &'static str,
    },
    /// The transaction's task ended before its transaction did.
    #[error("transaction was interrupted")]
    Interrupted,
    /// Too many strangers wait for their share of the connections.
    #[error("too many strangers wait for storage")]
    Busy,
}

/// Why storage cannot be opened.
#[derive(Debug, Error)]
pub enum OpenStorageError {
    /// The address is not one of PostgreSQL.
    #[error("database address is not valid")]
    Address(#[source] sqlx::Error),
    /// Nobody answers there, or it refuses.
    #[error("database does not answer")]
    Connect(#[source] sqlx::Error),
    /// The schemas cannot be brought up to date.
    #[error("database cannot be brought up to date")]
    Migrate(#[from] MigrateError),
    /// What the database is for cannot be read or written.
    #[error("purpose of the database cannot be read")]
    ReadPurpose(#[source] sqlx::Error),
    /// The database is for something else, and was left as it is.
    #[error("database belongs to a {kept}")]
    OtherPurpose {
        /// What it is for.
        kept: Purpose,
    },
}

/// A result of work in a transaction together with the facts that must be journaled with it.
#[must_use]
#[derive(Debug)]
pub(crate) struct Recorded<T> {
    value: T,
    entries: Vec<Draft>,
}

impl<T> Recorded<T> {
    /// Ties a result to its fact.
    pub(crate) fn new(value: T, entry: Draft) -> Self {
        Self { value, entries: vec![entry] }
    }

    /// A result that changed nothing, and of which nothing is to be journaled.
    pub(crate) const fn unchanged(value: T) -> Self {
        Self { value, entries: Vec::new() }
    }

    /// Adds a fact.
    pub(crate) fn and(mut self, entry: Draft) -> Self {
        self.entries.push(entry);
        self
    }
}

/// For whom storage is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody whose session storage knows, or the platform itself.
    Known,
    /// Anybody else.
    Stranger,
}

/// The six schemas, as one kind of caller reaches them.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    pool: PgPool,
    caller: Caller,
}

/// The ways to the six schemas.
pub(crate) struct Ways {
    /// For those whom storage knows.
    pub(crate) known: Storage,
    /// For strangers: however many they are, they take none of the connections that calls and notes need.
    pub(crate) strangers: Storage,
}

impl Storage {
    /// Brings the schemas up to date, then connects under the application's role.
    ///
    /// A database that is for another purpose is not touched; an empty one gets this purpose for ever.
    pub(crate) async fn open(
        url: &str,
        connections: u32,
        purpose: Purpose,
        login: &Login,
    ) -> Result<Ways, OpenStorageError> {
        let options: PgConnectOptions = url.parse().map_err(OpenStorageError::Address)?;
        let options = options.application_name("colloque consultation");
        let mut owner = PgConnection::connect_with(&options).await.map_err(OpenStorageError::Connect)?;
        purpose::check(&mut owner, purpose).await?;
        migrations::run(&mut owner).await?;
        purpose::claim(&mut owner, purpose).await?;
        let options = login.prepare(&mut owner, options).await;
        let _ = owner.close().await;

        let options = options.options([
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("idle_in_transaction_session_timeout", IDLE_TRANSACTION_TIMEOUT),
            ("search_path", "pg_catalog"),
        ]);
        let known = pool(connections, ACQUIRE_TIMEOUT);
        let known = known.connect_with(options.clone()).await.map_err(OpenStorageError::Connect)?;
        let strangers = pool(STRANGERS_CONNECTIONS, STRANGERS_ACQUIRE_TIMEOUT).connect_lazy_with(options);
        Ok(Ways {
            known: Self { pool: known, caller: Caller::Known },
            strangers: Self { pool: strangers, caller: Caller::Stranger },
        })
    }

    /// Waits for connections in use, then closes all.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Gives a connection for reads.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Postgres>, StorageError> {
        self.pool.acquire().await.map_err(|error| unavailable(self.caller, error))
    }

    /// Runs work that changes no fact of the journal in one transaction: counters, challenges, housekeeping.
    ///
    /// The transaction runs in its own task: a client that goes away interrupts nothing and leaves nothing half done.
    pub(crate) async fn transact<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut PgConnection) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (pool, caller) = (self.pool.clone(), self.caller);
        let run = async move {
            let mut transaction = pool.begin().await.map_err(|error| unavailable(caller, error))?;
            match work(&mut transaction).await {
                Ok(value) => {
                    transaction.commit().await.map_err(StorageError::from)?;
                    Ok(value)
                }
                Err(refusal) => {
                    transaction.rollback().await.map_err(StorageError::from)?;
                    Err(refusal)
                }
            }
        };
        tokio::spawn(run.in_current_span()).await.unwrap_or(Err(StorageError::Interrupted.into()))
    }

    /// Runs work and journals what it decided, both or neither.
    pub(crate) async fn commit<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        W: for<'t> FnOnce(&'t mut PgConnection) -> BoxFuture<'t, Result<Recorded<T>, E>> + Send + 'static,
    {
        self.transact(|connection| {
            Box::pin(async move {
                let Recorded { value, entries } = work(connection).await?;
                for entry in entries {
                    journal::append(connection, entry).await?;
                }
                Ok(value)
            })
        })
        .await
    }

    /// Journals a fact that changes no other state, such as a refusal.
    pub(crate) async fn record(&self, entry: Draft) -> Result<(), StorageError> {
        self.commit(|_| Box::pin(async move { Ok(Recorded::new((), entry)) })).await
    }
}

fn pool(connections: u32, acquire_timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query("SET ROLE colloque_application").execute(connection).await?;
                Ok(())
            })
        })
        // sqlx issue 4393: a cancelled `begin` leaves its transaction open on a connection that goes back to the pool.
        // A `ROLLBACK` alone would find no transaction nearly always, and PostgreSQL warns of that each time.
        .before_acquire(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await?;
                Ok(true)
            })
        })
}

/// Says why there is no connection. That strangers are many is no failure of storage.
fn unavailable(caller: Caller, error: sqlx::Error) -> StorageError {
    match (caller, error) {
        (Caller::Stranger, sqlx::Error::PoolTimedOut) => StorageError::Busy,
        (Caller::Known | Caller::Stranger, error) => error.into(),
    }
}

impl StorageError {
    /// Whether a unique constraint of this name refused a row.
    pub(crate) fn is_duplicate(&self, constraint: &str) -> bool {
        match self {
            Self::Query(sqlx::Error::Database(error)) => error.constraint() == Some(constraint),
            Self::Query(_) | Self::Unreadable { .. } | Self::Interrupted | Self::Busy => false,
        }
    }
}
