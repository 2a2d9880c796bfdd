//! Invitations: issue, send, show their face.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_domain::{Entry, IssuedInvitation, RedeemedInvitation, SecretDigest};
use colloque_ids::{AppointmentId, InvitationId, MessageId, Timestamp, kind};
use colloque_journal::{Actor, Draft, Event, SessionEnd};
use colloque_protocol::http::appointment::InvitationSent;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{InvitationFace, InvitationState, PatientStatus};
use sqlx::{PgConnection, Row};

use super::booking::{Booking, By};
use super::message::{self, Delivered, Destination, Message};
use super::patient::DAY_STAFF;
use super::people::{self, PatientRecord, Practitioner};
use super::sign_out::{Whose, end_sessions};
use super::{appointment, sign_out};
use crate::Consultation;
use crate::http::{Access, Context, PathId, Refusal, Routes};
use crate::random::{Token, new_id};
use crate::session::SignedIn;
use crate::sign_in::{Link, hold_back};
use crate::storage::{Columns, Recorded, StorageError};

/// How long the answer waits for the mail server.
const DELIVERY_WAIT: Duration = Duration::from_secs(5);

/// Pause between two links asked for by somebody who holds an invitation's address.
const ASK_PAUSE: Duration = Duration::from_secs(60);

/// Links that may be asked for in [`LINKS_REFILL`], for one appointment.
///
/// More: a stranger who knows an invitation's address fills a mailbox. Fewer: that stranger sooner leaves none to the patient.
const MAX_LINKS_ASKED: i32 = 5;

/// After how long as many links may be asked for again.
const LINKS_REFILL: Duration = Duration::from_secs(24 * 3_600);

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/appointments/{id}/invitation", DAY_STAFF, invite)
        .post("/api/appointments/{id}/invitation/again", DAY_STAFF, invite_again)
        .get("/api/invitations/{id}", Access::Anyone, face)
        .post("/api/invitations/{id}/resend", Access::Anyone, resend)
}

/// An invitation of storage with its booking.
pub(super) struct StoredInvitation {
    pub(super) issued: IssuedInvitation,
    pub(super) redeemed_at: Option<Timestamp>,
    pub(super) superseded_at: Option<Timestamp>,
}

/// What becomes of browsers that earlier links let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EarlierBrowsers {
    /// Whoever sits at a computer that the patient forgot to leave reads nothing more.
    SignedOut,
    /// The patient may be on the way back by themselves.
    Kept,
}

async fn invite(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
) -> Result<impl IntoResponse, Refusal> {
    send(&service, context, signed_in, id, EarlierBrowsers::SignedOut).await
}

/// Sends a link to somebody who was here and lost the connection.
async fn invite_again(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
) -> Result<impl IntoResponse, Refusal> {
    send(&service, context, signed_in, id, EarlierBrowsers::Kept).await
}

async fn send(
    service: &Consultation,
    context: Context,
    signed_in: SignedIn,
    id: AppointmentId,
    earlier: EarlierBrowsers,
) -> Result<impl IntoResponse + use<>, Refusal> {
    Booking::for_staff(service, &signed_in, context, By::Appointment(id)).await?;
    service.request_limits().message(id, context.now)?;
    let (keys, author, now) = (service.clone(), signed_in, context.now);
    let (Issued { invitation, link, message, to }, signed_out) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Appointment(id)).await?.ok_or(Refusal::not_found())?;
                if !is_usable(&booking, now) {
                    return Err(Refusal::new(ErrorCode::WrongState));
                }
                let superseded = supersede(connection, id, now).await?;
                let signed_out = match earlier {
                    EarlierBrowsers::SignedOut => {
                        let (whose, cause) = (Whose::Appointment(id), SessionEnd::InvitedAnew);
                        end_sessions(connection, &keys, whose, cause, now).await?;
                        // Also without a session: whoever left it may have kept the connection. Before a first invitation
                        // nobody came.
                        (!superseded.is_empty()).then_some(booking.consultation)
                    }
                    EarlierBrowsers::Kept => None,
                };
                let (issued, entry) = issue(connection, &keys, &booking, now).await?;
                let fact = appointment::fact(&keys, &author, &booking, now, entry);
                let mut recorded = Recorded::new((issued, signed_out), fact);
                for entry in superseded {
                    recorded = recorded.and(appointment::fact(&keys, &author, &booking, now, entry));
                }
                Ok::<_, Refusal>(recorded)
            })
        })
        .await?;
    sign_out::announce(service, signed_out.as_slice());
    let sent = tokio::time::timeout(DELIVERY_WAIT, message::deliver(service, message)).await;
    let sent = matches!(sent, Ok(Ok(Delivered::Now)));
    Ok(Json(InvitationSent { invitation, link, sent, to }))
}

/// An invitation on its way.
pub(super) struct Issued {
    invitation: InvitationId,
    /// With its secret.
    pub(super) link: String,
    message: MessageId,
    /// The patient's address.
    to: String,
}

/// Issues an invitation and writes its message, in the present transaction.
pub(super) async fn issue(
    connection: &mut PgConnection,
    service: &Consultation,
    booking: &Booking,
    now: Timestamp,
) -> Result<(Issued, Entry), Refusal> {
    let token = Token::random();
    let digest = SecretDigest(token.hash().try_into().map_err(|_| StorageError::Unreadable { what: "digest" })?);
    let (issued, entry) = IssuedInvitation::issue(new_id(now), digest, &booking.booked()).into_parts();
    sqlx::query(
        "INSERT INTO administrative.invitation (invitation, practice, appointment, secret_hash, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(issued.invitation.uuid())
    .bind(booking.practice.uuid())
    .bind(issued.appointment.uuid())
    .bind(issued.digest.0.as_slice())
    .bind(now.as_millis())
    .bind(issued.expires_at.as_millis())
    .execute(&mut *connection)
    .await?;
    let practice = people::practice(connection, booking.practice).await?;
    let patient = PatientRecord::load(service, connection, booking.practice, booking.patient).await?;
    let patient = patient.ok_or(StorageError::Unreadable { what: "patient" })?;
    let link = format!("{}/c/{}#{}", service.config().public_origin(), issued.invitation.full(), token.text());
    let to = patient.email;
    let destination = Destination::Email(to.clone());
    let message = match booking.patient_status(now) {
        PatientStatus::Over => message::words::way_back(destination, link.clone(), &practice.phone, issued.expires_at),
        PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress | PatientStatus::Cancelled => {
            message::words::invitation(destination, booking.slot, link.clone(), &practice.phone)
        }
    };
    let message = Message { expires_at: issued.expires_at, ..message };
    let message = message::enqueue(connection, service.secrets(), message, now).await?;
    Ok((Issued { invitation: issued.invitation, link, message, to: to.into() }, entry))
}

/// Makes every invitation of an appointment useless, in the present transaction.
pub(super) async fn supersede(
    connection: &mut PgConnection,
    appointment: AppointmentId,
    now: Timestamp,
) -> Result<Vec<Entry>, StorageError> {
    let rows = sqlx::query(
        "SELECT invitation, appointment, secret_hash, expires_at, redeemed_at, superseded_at FROM administrative.invitation
         WHERE appointment = $1 AND superseded_at IS NULL FOR UPDATE",
    )
    .bind(appointment.uuid())
    .fetch_all(&mut *connection)
    .await?;
    let mut entries = Vec::new();
    for row in &rows {
        let stored = read(row)?;
        let decided = match stored.redeemed_at {
            None => stored.issued.supersede(now),
            Some(redeemed_at) => {
                let IssuedInvitation { invitation, appointment, .. } = stored.issued;
                RedeemedInvitation { invitation, appointment, redeemed_at }.supersede(now)
            }
        };
        let (next, entry) = decided.into_parts();
        sqlx::query("UPDATE administrative.invitation SET superseded_at = $2 WHERE invitation = $1")
            .bind(next.invitation.uuid())
            .bind(next.superseded_at.as_millis())
            .execute(&mut *connection)
            .await?;
        entries.push(entry);
    }
    Ok(entries)
}

/// Gives the appointment that an invitation is for.
pub(super) async fn appointment_of(
    connection: &mut PgConnection,
    id: InvitationId,
) -> Result<Option<AppointmentId>, StorageError> {
    let row = sqlx::query("SELECT appointment FROM administrative.invitation WHERE invitation = $1")
        .bind(id.uuid())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.id("appointment")).transpose()
}

/// Holds an invitation until the transaction ends.
///
/// Its appointment must be held before: two that take them in different orders could wait for each other.
pub(super) async fn lock(
    connection: &mut PgConnection,
    id: InvitationId,
) -> Result<Option<StoredInvitation>, StorageError> {
    let row = sqlx::query(
        "SELECT invitation, appointment, secret_hash, expires_at, redeemed_at, superseded_at FROM administrative.invitation
         WHERE invitation = $1 FOR UPDATE",
    )
    .bind(id.uuid())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &sqlx::postgres::PgRow) -> Result<StoredInvitation, StorageError> {
    let digest: Vec<u8> = row.try_get("secret_hash")?;
    let digest = digest.try_into().map_err(|_| StorageError::Unreadable { what: "digest" })?;
    Ok(StoredInvitation {
        issued: IssuedInvitation {
            invitation: row.id("invitation")?,
            appointment: row.id("appointment")?,
            digest: SecretDigest(digest),
            expires_at: row.instant("expires_at")?,
        },
        redeemed_at: row.optional_instant("redeemed_at")?,
        superseded_at: row.optional_instant("superseded_at")?,
    })
}

/// Whether a booking may still be entered, or was entered and has documents to give.
pub(super) fn is_usable(booking: &Booking, now: Timestamp) -> bool {
    let is_held = booking.admitted_at.is_some();
    let ends_at = if is_held {
        booking.slot.closes_at().after(colloque_domain::INVITATION_LIFETIME_AFTER_CLOSE)
    } else {
        booking.slot.closes_at()
    };
    booking.cancelled_at.is_none() && now < ends_at
}

async fn face(
    State(service): State<Consultation>,
    PathId(id): PathId<kind::Invitation>,
) -> Result<impl IntoResponse, Refusal> {
    match load_face(&service, id).await? {
        Some(face) => Ok(Json(face)),
        None => Err(Refusal::not_found()),
    }
}

/// Loads what a page may show of an invitation before anything was proved. Consumes nothing.
pub(super) async fn load_face(
    service: &Consultation,
    id: InvitationId,
) -> Result<Option<InvitationFace>, StorageError> {
    let now = service.now();
    let mut connection = service.storage().read().await?;
    let Some(appointment) = appointment_of(&mut connection, id).await? else { return Ok(None) };
    let Some(booking) = Booking::load(&mut connection, By::Appointment(appointment)).await? else {
        return Ok(None);
    };
    let practice = people::practice(&mut connection, booking.practice).await?;
    let practitioner = Practitioner::find(&mut connection, booking.practice, booking.practitioner).await?;
    Ok(practitioner.map(|practitioner| InvitationFace {
        practitioner_name: practitioner.prescriber.display_name(),
        practice_phone: practice.phone.as_str().to_owned(),
        starts_at: booking.slot.starts_at(),
        opens_at: booking.slot.opens_at(),
        state: match booking.cancelled_at {
            Some(_) => InvitationState::Cancelled,
            None if !is_usable(&booking, now) => InvitationState::Expired,
            None if booking.patient_status(now) == PatientStatus::Over => InvitationState::Over,
            None => InvitationState::Usable,
        },
    }))
}

/// Sends a fresh link to the address on file. The answer never says whether there was anything to send.
async fn resend(
    State(service): State<Consultation>,
    context: Context,
    PathId(id): PathId<kind::Invitation>,
) -> Result<impl IntoResponse, Refusal> {
    if let Err(throttled) =
        service.limits().admit_link(Link::Invitation(id), context.address, context.origin, context.now)
    {
        return Err(hold_back(&service, context, None, throttled).await);
    }
    let (keys, now) = (service.clone(), context.now);
    let asked = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let Some(booking) = ask(connection, id, now).await? else { return Ok(false) };
                let (_, entry) = issue(connection, &keys, &booking, now).await?;
                let actor = Actor::Unknown;
                let pseudonym = keys.secrets().pseudonym(booking.practice, booking.patient);
                let about =
                    |draft: Draft| draft.by(booking.practice, actor).about(booking.consultation).concerning(pseudonym);
                let asked = about(context.draft(Event::InvitationRequested { invitation: id }));
                crate::journal::append(connection, asked).await?;
                crate::journal::append(connection, about(context.draft(super::trace::event(entry)))).await?;
                Ok::<_, Refusal>(true)
            })
        })
        .await?;
    if asked {
        service.outbox().wake();
    }
    Ok(StatusCode::ACCEPTED)
}

/// Counts a link asked for; gives its booking when one may be sent.
async fn ask(connection: &mut PgConnection, id: InvitationId, now: Timestamp) -> Result<Option<Booking>, StorageError> {
    let row = sqlx::query(
        "UPDATE administrative.appointment a SET link_asked_at = $2,
             links_asked = CASE WHEN a.links_asked_since > $5 THEN a.links_asked + 1 ELSE 1 END,
             links_asked_since = CASE WHEN a.links_asked_since > $5 THEN a.links_asked_since ELSE $2 END
         FROM administrative.invitation i
         WHERE i.invitation = $1 AND a.appointment = i.appointment
             AND (a.links_asked < $3 OR a.links_asked_since IS NULL OR a.links_asked_since <= $5)
             AND (a.link_asked_at IS NULL OR a.link_asked_at <= $4)
         RETURNING a.appointment",
    )
    .bind(id.uuid())
    .bind(now.as_millis())
    .bind(MAX_LINKS_ASKED)
    .bind(now.before(ASK_PAUSE).as_millis())
    .bind(now.before(LINKS_REFILL).as_millis())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let booking = Booking::load(connection, By::Appointment(row.id("appointment")?)).await?;
    Ok(booking.filter(|booking| is_usable(booking, now)))
}
