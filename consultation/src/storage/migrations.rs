//! Migrations: one folder a store, one bookkeeping table a schema.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use thiserror::Error;

use super::APPLICATION_ROLE;

/// Names the lock that lets one process at a time migrate a database.
const LOCK: i64 = 0x636f_6c6c_6f71_7565;

/// How often a statement on roles is tried: roles are shared by all databases of a cluster, which do not share the lock.
const ROLE_ATTEMPTS: u32 = 20;

/// Why the schemas cannot be brought up to date.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// A statement failed.
    #[error("migration {migration} failed")]
    Statement {
        /// Store and file.
        migration: String,
        /// What PostgreSQL said.
        #[source]
        source: sqlx::Error,
    },
    /// A migration that was applied is not the one this version holds.
    #[error("migration {migration} was changed after it was applied")]
    Changed {
        /// Store and file.
        migration: String,
    },
    /// The database was migrated by a later version.
    #[error("database holds migration {migration}, which this version does not know")]
    Newer {
        /// Store and number.
        migration: String,
    },
}

/// The migrations of one store, in order; the first is number 1.
struct Store {
    schema: &'static str,
    migrations: &'static [(&'static str, &'static str)],
}

/// Lists the files of a store.
macro_rules! store {
    ($schema:literal, [$($file:literal),* $(,)?]) => {
        Store {
            schema: $schema,
            migrations: &[$(($file, include_str!(concat!("../../../migrations/", $schema, "/", $file, ".sql")))),*],
        }
    };
}

const STORES: &[Store] = &[
    store!("journal", ["0001_event"]),
    store!(
        "administrative",
        [
            "0001_practice",
            "0002_patient_session",
            "0101_appointment",
            "0102_message",
            "0105_purpose",
            "0106_patient_totp_reset",
            "0107_links_asked",
            "0108_patient_verified",
            "0109_used_ticket",
            "0110_guest",
        ]
    ),
    store!("identity", ["0101_patient", "0102_guest"]),
    store!("health", ["0101_consultation", "0102_reason", "0103_refused", "0104_call_incident", "0105_frozen"]),
    store!("documents", ["0101_document"]),
    store!("professionals", ["0001_staff", "0002_wrong_code", "0003_open_connection", "0004_guest_presence"]),
];

/// Brings every schema up to date.
pub(super) async fn run(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let failed = |source| MigrateError::Statement { migration: "lock".to_owned(), source };
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await.map_err(failed)?;
    let result = migrate(connection).await;
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(connection).await.map_err(failed)?;
    result
}

async fn migrate(connection: &mut PgConnection) -> Result<(), MigrateError> {
    role(connection, APPLICATION_ROLE).await?;
    for store in STORES {
        let failed = |source| MigrateError::Statement { migration: format!("{}/schema", store.schema), source };
        let owner = format!("colloque_{}_owner", store.schema);
        role(connection, &owner).await?;
        let schema = store.schema;
        let prepare = format!(
            "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner};
             GRANT USAGE ON SCHEMA {schema} TO {APPLICATION_ROLE};
             CREATE TABLE IF NOT EXISTS {schema}.migration (
                 number int PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now());"
        );
        let prepare = format!("SET client_min_messages = warning; {prepare} RESET client_min_messages;");
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.map_err(failed)?;
        apply(connection, store, &owner).await?;
    }
    Ok(())
}

async fn apply(connection: &mut PgConnection, store: &Store, owner: &str) -> Result<(), MigrateError> {
    let schema = store.schema;
    let failed = |name: &str| {
        let migration = format!("{schema}/{name}");
        move |source| MigrateError::Statement { migration, source }
    };
    let applied =
        sqlx::query(AssertSqlSafe(format!("SELECT number, checksum FROM {schema}.migration ORDER BY number")))
            .fetch_all(&mut *connection)
            .await
            .map_err(failed("migration"))?;
    for row in &applied {
        let number: i32 = row.try_get("number").map_err(failed("migration"))?;
        let checksum: Vec<u8> = row.try_get("checksum").map_err(failed("migration"))?;
        let known = usize::try_from(number - 1).ok().and_then(|index| store.migrations.get(index));
        let (name, sql) = known.ok_or_else(|| MigrateError::Newer { migration: format!("{schema}/{number:04}") })?;
        if checksum != digest(&SHA256, sql.as_bytes()).as_ref() {
            return Err(MigrateError::Changed { migration: format!("{schema}/{name}") });
        }
    }
    for (index, (name, sql)) in store.migrations.iter().enumerate().skip(applied.len()) {
        let mut transaction = connection.begin().await.map_err(failed(name))?;
        sqlx::raw_sql(AssertSqlSafe(format!("SET LOCAL ROLE {owner}")))
            .execute(&mut *transaction)
            .await
            .map_err(failed(name))?;
        sqlx::raw_sql(*sql).execute(&mut *transaction).await.map_err(failed(name))?;
        sqlx::raw_sql("RESET ROLE").execute(&mut *transaction).await.map_err(failed(name))?;
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO {schema}.migration (number, name, checksum) VALUES ($1, $2, $3)"
        )))
        .bind(i32::try_from(index + 1).unwrap_or(i32::MAX))
        .bind(*name)
        .bind(digest(&SHA256, sql.as_bytes()).as_ref())
        .execute(&mut *transaction)
        .await
        .map_err(failed(name))?;
        transaction.commit().await.map_err(failed(name))?;
        tracing::info!(schema, migration = name, "migration {schema}/{name} applied");
    }
    Ok(())
}

/// Creates a role that cannot log in, unless it is there, and lets the present login act as it.
async fn role(connection: &mut PgConnection, name: &str) -> Result<(), MigrateError> {
    let statement = format!(
        "DO $$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{name}') THEN
                 CREATE ROLE {name} NOLOGIN NOINHERIT;
             END IF;
             IF NOT pg_catalog.pg_has_role(current_user, '{name}', 'MEMBER') THEN
                 EXECUTE pg_catalog.format('GRANT {name} TO %I', current_user);
             END IF;
         END $$"
    );
    for _ in 1..ROLE_ATTEMPTS {
        if sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *connection).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|source| MigrateError::Statement { migration: format!("role {name}"), source })
}
