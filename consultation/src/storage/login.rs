//! The login of the service: a member of the application's role and of nothing else.
//!
//! A statement that somebody smuggled in cannot go back from it to the owner, as it could from a role that was only set.

use std::fmt::Write;
use std::num::NonZeroU32;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::APPLICATION_ROLE;
use crate::random::random_bytes;

/// How often a statement on roles is tried: all databases of a cluster share its roles, and two may change them at once.
const ATTEMPTS: u32 = 20;

/// Bytes of a login's name that tell apart the installations that share a cluster.
const NAME_BYTES: usize = 6;

/// Rounds of the verifier, as many as PostgreSQL itself takes: the password has 256 bits.
const SCRAM_ITERATIONS: NonZeroU32 = NonZeroU32::new(4_096).expect("4,096 is not zero");

/// A login and its password, both of one installation and of no other.
pub(crate) struct Login {
    name: String,
    password: String,
}

impl Login {
    /// Makes the login of an installation from a secret of its own.
    pub(crate) fn of(secret: &[u8; 32], name: &[u8; 32]) -> Self {
        Self { name: format!("colloque_service_{}", hex(&name[..NAME_BYTES])), password: hex(secret) }
    }

    /// Creates the login when there is none and gives the options that it connects with. When `owner` may not create it, or it may
    /// not connect, gives those of the owner: the service runs, less protected, and says so.
    pub(super) async fn prepare(&self, owner: &mut PgConnection, options: PgConnectOptions) -> PgConnectOptions {
        let service = options.clone().username(&self.name).password(&self.password);
        match self.try_prepare(owner, &service).await {
            Ok(()) => service,
            Err(error) => {
                tracing::warn!(
                    %error,
                    "the service signs in to PostgreSQL as the owner, who could change the journal: give that role CREATEROLE"
                );
                options
            }
        }
    }

    async fn try_prepare(&self, owner: &mut PgConnection, service: &PgConnectOptions) -> Result<(), sqlx::Error> {
        self.create(owner).await?;
        let connection = match PgConnection::connect_with(service).await {
            Ok(connection) => connection,
            // Roles are restored from a backup without their passwords.
            Err(_) => {
                let statement = format!("ALTER ROLE {} LOGIN PASSWORD '{}'", self.name, self.verifier());
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(owner).await?;
                PgConnection::connect_with(service).await?
            }
        };
        connection.close().await
    }

    async fn create(&self, owner: &mut PgConnection) -> Result<(), sqlx::Error> {
        let (name, verifier) = (&self.name, self.verifier());
        let statement = format!(
            "DO $$ BEGIN
                 IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{name}') THEN
                     CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD '{verifier}';
                 END IF;
                 IF NOT pg_catalog.pg_has_role('{name}', '{APPLICATION_ROLE}', 'MEMBER') THEN
                     GRANT {APPLICATION_ROLE} TO {name};
                 END IF;
             END $$"
        );
        for _ in 1..ATTEMPTS {
            match sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *owner).await {
                Ok(_) => return Ok(()),
                Err(error) if is_denied(&error) => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(owner).await.map(|_| ())
    }
}

impl Login {
    /// What PostgreSQL keeps instead of the password: a statement that fails stands in its log, and what stands there opens nothing.
    ///
    /// # Source
    ///
    /// RFC 5802, section 3; RFC 7677; PostgreSQL, `pg_authid.rolpassword`.
    fn verifier(&self) -> String {
        let salt = random_bytes::<16>();
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, SCRAM_ITERATIONS, &salt, self.password.as_bytes(), &mut salted);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let stored = digest(&SHA256, hmac::sign(&key, b"Client Key").as_ref());
        let server = hmac::sign(&key, b"Server Key");
        let [salt, stored, server] =
            [salt.as_slice(), stored.as_ref(), server.as_ref()].map(|part| STANDARD.encode(part));
        format!("SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt}${stored}:{server}")
    }
}

/// Whether PostgreSQL refuses for want of a right, which no further attempt gives.
fn is_denied(error: &sqlx::Error) -> bool {
    const INSUFFICIENT_PRIVILEGE: &str = "42501";
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == INSUFFICIENT_PRIVILEGE)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
