//! Guests: a third person whom the booked practitioner asks into one consultation by a link.
//!
//! A guest has no session: the link's secret and the key of the first browser that got a ticket by it are all they have, and a ticket
//! to that one room is all they get.

mod invite;
mod link;

use colloque_domain::PersonName;
use colloque_ids::{AppointmentId, ConsultationId, GuestId, PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, GuestRole};
use colloque_protocol::http::patient::PatientStatus;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, By};
use super::view::PRACTITIONER;
use crate::Consultation;
use crate::http::{Access, Routes};
use crate::journal;
use crate::storage::{Columns, StorageError};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/appointments/{id}/guests", PRACTITIONER, invite::invite)
        .delete("/api/guests/{id}", PRACTITIONER, invite::withdraw)
        .post("/api/guests/{id}/face", Access::Anyone, link::face)
        .post("/api/guests/{id}/ticket", Access::Anyone, link::ticket)
}

/// A guest of storage.
#[derive(Debug, Clone)]
struct Guest {
    guest: GuestId,
    practice: PracticeId,
    appointment: AppointmentId,
    role: Role,
    secret_hash: Vec<u8>,
    opened: Option<Opened>,
    withdrawn_at: Option<Timestamp>,
}

/// In which browser a link was opened.
#[derive(Debug, Clone)]
struct Opened {
    key: KeyThumbprint,
    /// Of the cookie that it keeps.
    browser_hash: Vec<u8>,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT guest, practice, appointment, role, secret_hash, key_thumbprint, browser_hash, withdrawn_at
             FROM administrative.guest WHERE guest = $1 ",
            $tail
        )
    };
}

impl Guest {
    async fn load(connection: &mut PgConnection, guest: GuestId) -> Result<Option<Self>, StorageError> {
        Self::select(connection, select!(""), guest).await
    }

    /// Holds a guest until the transaction ends: of two browsers the second sees that the first was there.
    async fn lock(connection: &mut PgConnection, guest: GuestId) -> Result<Option<Self>, StorageError> {
        Self::select(connection, select!("FOR UPDATE"), guest).await
    }

    /// Keeps a guest as they are until the transaction ends.
    async fn keep(connection: &mut PgConnection, guest: GuestId) -> Result<Option<Self>, StorageError> {
        Self::select(connection, select!("FOR SHARE"), guest).await
    }

    async fn select(
        connection: &mut PgConnection,
        statement: &'static str,
        guest: GuestId,
    ) -> Result<Option<Self>, StorageError> {
        let row = sqlx::query(statement).bind(guest.uuid()).fetch_optional(connection).await?;
        row.as_ref().map(Self::read).transpose()
    }

    fn read(row: &PgRow) -> Result<Self, StorageError> {
        let role = Role::from_name(&row.text("role")?).filter(|role| role.is_guest());
        let opened = match (row.optional_text("key_thumbprint")?, row.try_get("browser_hash")?) {
            (Some(key), Some(browser_hash)) => Some(Opened { key: KeyThumbprint(key), browser_hash }),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Self {
            guest: row.id("guest")?,
            practice: row.id("practice")?,
            appointment: row.id("appointment")?,
            role: role.ok_or(StorageError::Unreadable { what: "role" })?,
            secret_hash: row.try_get("secret_hash")?,
            opened,
            withdrawn_at: row.optional_instant("withdrawn_at")?,
        })
    }

    fn actor(&self) -> Result<Actor, StorageError> {
        Ok(Actor::Guest { guest: self.guest, role: journaled(self.role)? })
    }

    /// The card that everybody in the room sees.
    async fn card(&self, service: &Consultation, connection: &mut PgConnection) -> Result<IdentityCard, StorageError> {
        let row = sqlx::query("SELECT name FROM identity.guest WHERE identity = $1 AND practice = $2")
            .bind(service.secrets().guest_identity(self.guest))
            .bind(self.practice.uuid())
            .fetch_one(connection)
            .await?;
        Ok(IdentityCard {
            display_name: row.text("name")?,
            role: self.role,
            profession: None,
            rpps: None,
            verified_by: vec![AuthenticationMethod::InvitationLink],
        })
    }
}

/// A guest about to be written, and by whom they were asked.
struct NewGuest {
    guest: GuestId,
    by: StaffId,
    role: Role,
    name: PersonName,
    secret_hash: Vec<u8>,
}

impl NewGuest {
    async fn insert(
        &self,
        service: &Consultation,
        connection: &mut PgConnection,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO administrative.guest (guest, practice, appointment, invited_by, role, secret_hash, invited_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.guest.uuid())
        .bind(booking.practice.uuid())
        .bind(booking.appointment.uuid())
        .bind(self.by.uuid())
        .bind(self.role.name())
        .bind(&self.secret_hash)
        .bind(now.as_millis())
        .execute(&mut *connection)
        .await?;
        sqlx::query("INSERT INTO identity.guest (identity, practice, name, created_at) VALUES ($1, $2, $3, $4)")
            .bind(service.secrets().guest_identity(self.guest))
            .bind(booking.practice.uuid())
            .bind(self.name.as_str())
            .bind(now.as_millis())
            .execute(connection)
            .await?;
        Ok(())
    }
}

fn journaled(role: Role) -> Result<GuestRole, StorageError> {
    journal::guest_role(role).ok_or(StorageError::Unreadable { what: "role" })
}

/// Whether a guest who was given a ticket may still enter the room of a consultation. A link that is taken back meanwhile waits for
/// the entry, and then puts them out.
pub(crate) async fn may_still_enter(
    connection: &mut PgConnection,
    guest: GuestId,
    consultation: ConsultationId,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let Some(guest) = Guest::keep(connection, guest).await? else { return Ok(false) };
    if guest.withdrawn_at.is_some() || guest.opened.is_none() {
        return Ok(false);
    }
    let booking = Booking::load(connection, By::Appointment(guest.appointment)).await?;
    Ok(booking.is_some_and(|booking| {
        let is_open = match booking.patient_status(at) {
            PatientStatus::Ready | PatientStatus::InProgress => true,
            PatientStatus::TooEarly | PatientStatus::Over | PatientStatus::Cancelled => false,
        };
        booking.consultation == consultation && is_open
    }))
}
