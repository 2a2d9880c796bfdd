//! The guest's side: what the link shows, and the ticket that it is good for.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use colloque_ids::{GuestId, kind};
use colloque_journal::{Actor, Draft, Event, InvitationRefusal, TicketScope};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::guest::{GuestFace, GuestState, GuestTicketRequest, ShowGuestLink};
use colloque_protocol::http::patient::PatientStatus;
use colloque_protocol::key::{BrowserKey, KeyThumbprint};
use colloque_protocol::ticket::{Person, Scope, TicketClaims};
use sqlx::PgConnection;
use subtle::ConstantTimeEq;

use super::super::booking::{Booking, By};
use super::super::people::{self, Practitioner};
use super::super::ticket::{self, Holder};
use super::{Guest, Opened};
use crate::Consultation;
use crate::http::{Body, Context, PathId, Refusal};
use crate::journal;
use crate::random::Token;
use crate::session::Cookie;
use crate::sign_in::{Link, hold_back};
use crate::storage::StorageError;

/// How long a browser is told apart by its cookie.
///
/// Longer: it is kept for nothing. Shorter: the page says of a link whose appointment moved that another browser opened it.
const BROWSER_KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(super) async fn face(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
    PathId(id): PathId<kind::Guest>,
    Body(ShowGuestLink { secret }): Body<ShowGuestLink>,
) -> Result<impl IntoResponse, Refusal> {
    let (guest, booking) = find(&service, context, id, &secret).await?;
    let mut connection = service.storage().read().await?;
    let practice = people::practice(&mut connection, booking.practice).await?;
    let practitioner = Practitioner::find(&mut connection, booking.practice, booking.practitioner).await?;
    let you = guest.card(&service, &mut connection).await?;
    let practitioner = practitioner.ok_or(StorageError::Unreadable { what: "practitioner" })?;
    Ok(Json(GuestFace {
        // How the practitioner is authenticated is known once their ticket is checked.
        practitioner: practitioner.card(Vec::new()),
        practice: practice.name,
        you,
        state: state(&guest, &booking, context, &headers),
        opens_at: booking.slot.opens_at(),
    }))
}

fn state(guest: &Guest, booking: &Booking, context: Context, headers: &HeaderMap) -> GuestState {
    let is_elsewhere = guest.opened.as_ref().is_some_and(|Opened { browser_hash, .. }| {
        !Cookie::Guest.read(headers).is_some_and(|browser| bool::from(browser.hash().ct_eq(browser_hash)))
    });
    match booking.patient_status(context.now) {
        _ if guest.withdrawn_at.is_some() => GuestState::Over,
        PatientStatus::Over | PatientStatus::Cancelled => GuestState::Over,
        PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress if is_elsewhere => {
            GuestState::OpenedElsewhere
        }
        PatientStatus::TooEarly => GuestState::TooEarly,
        PatientStatus::Ready | PatientStatus::InProgress => GuestState::Ready,
    }
}

/// What asking for a ticket came to.
enum Asked {
    Issued(TicketClaims),
    Refused(ErrorCode),
}

pub(super) async fn ticket(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
    PathId(id): PathId<kind::Guest>,
    Body(GuestTicketRequest { secret, key }): Body<GuestTicketRequest>,
) -> Result<impl IntoResponse, Refusal> {
    find(&service, context, id, &secret).await?;
    service.request_limits().ticket(Person::Guest(id), context.now)?;
    let browser = Cookie::Guest.read(&headers).unwrap_or_else(Token::random);
    let cookie = Cookie::Guest.set(&browser, BROWSER_KNOWN_FOR);
    let keys = service.clone();
    let asked = service
        .storage()
        .transact(move |connection| Box::pin(async move { ask(connection, &keys, context, id, &key, &browser).await }))
        .await?;
    match asked {
        Asked::Issued(claims) => Ok((cookie, Json(ticket::seal(&service, &claims)))),
        Asked::Refused(code) => Err(Refusal::new(code)),
    }
}

/// Issues a ticket, and keeps the link for the browser that asks first.
async fn ask(
    connection: &mut PgConnection,
    service: &Consultation,
    context: Context,
    id: GuestId,
    key: &BrowserKey,
    browser: &Token,
) -> Result<Asked, Refusal> {
    let guest = Guest::lock(connection, id).await?.ok_or(StorageError::Unreadable { what: "guest" })?;
    let booking = Booking::load(connection, By::Appointment(guest.appointment)).await?;
    let booking = booking.ok_or(StorageError::Unreadable { what: "appointment" })?;
    let thumbprint = ticket::thumbprint(key);
    let (code, reason) = match refusal(&guest, &booking, context, &thumbprint) {
        Ok(()) => return issue(connection, service, context, (&guest, &booking), key, browser).await,
        Err(refused) => refused,
    };
    if let Some(reason) = reason {
        let event = Event::GuestLinkRefused { guest: Some(id), reason };
        let fact = fact(service, &booking, Actor::Unknown, context.draft(event));
        journal::append(connection, fact).await?;
    }
    Ok(Asked::Refused(code))
}

/// Whether a right secret opens nothing, and what the journal says of it. That somebody comes early is nothing to keep.
fn refusal(
    guest: &Guest,
    booking: &Booking,
    context: Context,
    key: &KeyThumbprint,
) -> Result<(), (ErrorCode, Option<InvitationRefusal>)> {
    let is_elsewhere = guest.opened.as_ref().is_some_and(|opened| opened.key != *key);
    match booking.patient_status(context.now) {
        _ if guest.withdrawn_at.is_some() => Err((ErrorCode::InvitationUnknown, Some(InvitationRefusal::Withdrawn))),
        PatientStatus::Cancelled => {
            Err((ErrorCode::AppointmentCancelled, Some(InvitationRefusal::AppointmentCancelled)))
        }
        PatientStatus::Over => Err((ErrorCode::WrongState, Some(InvitationRefusal::Expired))),
        PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress if is_elsewhere => {
            Err((ErrorCode::WrongState, Some(InvitationRefusal::AlreadyUsed)))
        }
        PatientStatus::TooEarly => Err((ErrorCode::TooEarly, None)),
        PatientStatus::Ready | PatientStatus::InProgress => Ok(()),
    }
}

async fn issue(
    connection: &mut PgConnection,
    service: &Consultation,
    context: Context,
    (guest, booking): (&Guest, &Booking),
    key: &BrowserKey,
    browser: &Token,
) -> Result<Asked, Refusal> {
    let holder = Holder {
        practice: booking.practice,
        person: Person::Guest(guest.guest),
        role: guest.role,
        card: guest.card(service, connection).await?,
    };
    let claims = ticket::claims(context, key, Scope::Room(booking.room_scope()), holder);
    // A browser that lost its cookie and has its key is still the first one.
    sqlx::query(
        "UPDATE administrative.guest SET key_thumbprint = $2, browser_hash = $3, opened_at = coalesce(opened_at, $4)
         WHERE guest = $1",
    )
    .bind(guest.guest.uuid())
    .bind(&claims.key_thumbprint.0)
    .bind(browser.hash())
    .bind(context.now.as_millis())
    .execute(&mut *connection)
    .await?;
    let event = Event::TicketIssued { ticket: claims.ticket, scope: TicketScope::Room };
    let fact = fact(service, booking, guest.actor()?, context.draft(event));
    journal::append(connection, fact).await?;
    Ok(Asked::Issued(claims))
}

/// Finds the guest of a link. An unknown one and a wrong secret are refused alike and journaled.
async fn find(
    service: &Consultation,
    context: Context,
    id: GuestId,
    secret: &str,
) -> Result<(Guest, Booking), Refusal> {
    if let Err(throttled) = service.limits().admit_link(Link::Guest(id), context.address, context.origin, context.now) {
        return Err(hold_back(service, context, None, throttled).await);
    }
    let mut connection = service.storage().read().await?;
    let guest = Guest::load(&mut connection, id).await?;
    let booking = match &guest {
        Some(guest) => Booking::load(&mut connection, By::Appointment(guest.appointment)).await?,
        None => None,
    };
    drop(connection);
    let presented = Token::parse(secret).map(|token| token.hash()).unwrap_or_default();
    let known = match guest.zip(booking) {
        Some((guest, booking)) if bool::from(guest.secret_hash.ct_eq(&presented)) => return Ok((guest, booking)),
        Some((_, booking)) => Some(booking),
        None => None,
    };
    let event = Event::GuestLinkRefused { guest: known.as_ref().map(|_| id), reason: InvitationRefusal::Unknown };
    let draft = context.draft(event);
    let draft = match &known {
        Some(booking) => fact(service, booking, Actor::Unknown, draft),
        None => draft,
    };
    service.storage().record(draft).await?;
    Err(Refusal::new(ErrorCode::InvitationUnknown))
}

fn fact(service: &Consultation, booking: &Booking, actor: Actor, draft: Draft) -> Draft {
    draft
        .by(booking.practice, actor)
        .about(booking.consultation)
        .concerning(service.secrets().pseudonym(booking.practice, booking.patient))
}
