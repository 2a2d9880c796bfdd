//! Browsers in which somebody signed in before: others' failures do not hold their owner back there.

use std::time::Duration;

use axum::http::HeaderMap;
use colloque_ids::{StaffId, Timestamp};
use sqlx::PgConnection;

use crate::secrets::Secrets;
use crate::session::{Cookie, SetCookie};
use crate::storage::StorageError;

/// How long a browser stays known after the last time somebody signed in there.
const KNOWN_FOR: Duration = Duration::from_secs(180 * 24 * 3_600);

/// What a browser holds to be recognised.
pub(crate) struct KnownBrowser {
    hash: Option<Vec<u8>>,
}

impl KnownBrowser {
    /// Reads the browser's cookie.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { hash: Cookie::Device.read(headers).map(|token| token.hash()) }
    }

    /// Whether the browser holds something to be recognised by.
    pub(crate) const fn has_cookie(&self) -> bool {
        self.hash.is_some()
    }

    /// The hash under which somebody signed in here before.
    pub(crate) async fn known(
        &self,
        connection: &mut PgConnection,
        now: Timestamp,
    ) -> Result<Option<&[u8]>, StorageError> {
        let Some(hash) = &self.hash else { return Ok(None) };
        let is_known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM professionals.known_device WHERE token_hash = $1 AND expires_at > $2)",
        )
        .bind(hash)
        .bind(now.as_millis())
        .fetch_one(connection)
        .await?;
        Ok(is_known.then_some(hash))
    }

    /// The hash under which this browser is known to this person.
    pub(crate) async fn known_to(
        &self,
        connection: &mut PgConnection,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<Option<&[u8]>, StorageError> {
        let Some(hash) = &self.hash else { return Ok(None) };
        let is_known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM professionals.known_device WHERE token_hash = $1 AND staff = $2 AND expires_at > $3)",
        )
        .bind(hash)
        .bind(staff.uuid())
        .bind(now.as_millis())
        .fetch_one(connection)
        .await?;
        Ok(is_known.then_some(hash))
    }

    /// Remembers that this person signed in here, in the present transaction, under a new token.
    pub(crate) async fn remember(
        self,
        connection: &mut PgConnection,
        secrets: &Secrets,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<SetCookie, StorageError> {
        let token = secrets.new_browser_token();
        if let Some(previous) = self.hash {
            // A workstation shared by the practice stays known to all who signed in there.
            sqlx::query("UPDATE professionals.known_device SET token_hash = $2 WHERE token_hash = $1")
                .bind(previous)
                .bind(token.hash())
                .execute(&mut *connection)
                .await?;
        }
        sqlx::query(
            "INSERT INTO professionals.known_device (token_hash, staff, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (token_hash, staff) DO UPDATE SET expires_at = excluded.expires_at",
        )
        .bind(token.hash())
        .bind(staff.uuid())
        .bind(now.after(KNOWN_FOR).as_millis())
        .execute(connection)
        .await?;
        Ok(Cookie::Device.set(&token, KNOWN_FOR))
    }
}
