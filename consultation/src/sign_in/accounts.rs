//! Accounts as signing in sees them.

use colloque_ids::{PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event};
use colloque_protocol::Role;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::http::Context;
use crate::journal;
use crate::session::staff_role;
use crate::storage::{Columns, StorageError};

/// Longest e-mail address. Source: RFC 5321 section 4.5.3.1.3.
const MAX_EMAIL_CHARS: usize = 254;

/// The account of a member of the staff.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The person.
    pub(crate) staff: StaffId,
    /// Their practice.
    pub(crate) practice: PracticeId,
    /// Their role.
    pub(crate) role: Role,
    /// Address that they sign in with.
    pub(crate) email: String,
    /// Whether they may sign in.
    pub(crate) is_active: bool,
    /// Hash of the password; none before activation.
    pub(crate) password_hash: Option<String>,
    /// Whether codes are enrolled.
    pub(crate) has_totp: bool,
}

impl Account {
    /// Finds an account by what was typed as its address.
    pub(crate) async fn by_email(connection: &mut PgConnection, email: &str) -> Result<Option<Self>, StorageError> {
        let row = sqlx::query(
            "SELECT p.staff, p.practice, p.role, p.email, p.active, p.password_hash,
                 EXISTS (SELECT FROM professionals.totp t WHERE t.staff = p.staff) AS has_totp
             FROM professionals.staff p WHERE p.email = $1",
        )
        // PostgreSQL's texts hold no NUL and no address holds a control character: such a one is looked for like any other, and
        // is nobody's.
        .bind(email.replace(char::is_control, "\u{fffd}"))
        .fetch_optional(connection)
        .await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Finds the account of a person.
    pub(crate) async fn by_id(connection: &mut PgConnection, staff: StaffId) -> Result<Option<Self>, StorageError> {
        let row = sqlx::query(
            "SELECT p.staff, p.practice, p.role, p.email, p.active, p.password_hash,
                 EXISTS (SELECT FROM professionals.totp t WHERE t.staff = p.staff) AS has_totp
             FROM professionals.staff p WHERE p.staff = $1",
        )
        .bind(staff.uuid())
        .fetch_optional(connection)
        .await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Holds a person in the present transaction: changes of their proofs come one after the other.
    pub(crate) async fn hold(connection: &mut PgConnection, staff: StaffId) -> Result<(), StorageError> {
        sqlx::query("SELECT FROM professionals.staff WHERE staff = $1 FOR NO KEY UPDATE")
            .bind(staff.uuid())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Starts a journal entry of this person.
    pub(crate) fn draft(&self, context: Context, event: Event) -> Draft {
        let actor = Actor::Staff { staff: self.staff, role: journal::role(self.role) };
        context.draft(event).by(self.practice, actor)
    }

    /// Notes that the person signed in, in the present transaction.
    pub(crate) async fn note_sign_in(
        connection: &mut PgConnection,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        sqlx::query("UPDATE professionals.staff SET signed_in_at = $2 WHERE staff = $1")
            .bind(staff.uuid())
            .bind(now.as_millis())
            .execute(connection)
            .await?;
        Ok(())
    }

    fn read(row: &PgRow) -> Result<Self, StorageError> {
        Ok(Self {
            staff: row.id("staff")?,
            practice: row.id("practice")?,
            role: staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?,
            email: row.text("email")?,
            is_active: row.try_get("active")?,
            password_hash: row.optional_text("password_hash")?,
            has_totp: row.try_get("has_totp")?,
        })
    }
}

/// Brings what was typed as an address into the form that accounts are kept under.
pub(crate) fn normal_email(typed: &str) -> String {
    typed.trim().chars().take(MAX_EMAIL_CHARS + 1).collect::<String>().to_lowercase()
}
