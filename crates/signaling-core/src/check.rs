//! What a ticket must say to let its holder in, beyond its signature and the proof of its key.

use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::JoinRefusal;
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};

use crate::limits::CLOCK_TOLERANCE;
use crate::room::Seat;

/// Checks when a ticket was signed and until when it serves.
///
/// # Errors
///
/// - [`JoinRefusal::TicketInvalid`] if it lives longer than [`TICKET_LIFETIME`] or is signed in the future.
/// - [`JoinRefusal::TicketExpired`] if it is over, or was signed well before this server started. Storage says who was signed out since.
pub(crate) fn check_lifetime(claims: &TicketClaims, started_at: Timestamp, now: Timestamp) -> Result<(), JoinRefusal> {
    let too_long = claims.expires_at > claims.issued_at.after(TICKET_LIFETIME);
    if too_long || claims.issued_at > now.after(CLOCK_TOLERANCE) {
        return Err(JoinRefusal::TicketInvalid);
    }
    if now >= claims.expires_at || claims.issued_at.after(CLOCK_TOLERANCE) < started_at {
        return Err(JoinRefusal::TicketExpired);
    }
    Ok(())
}

/// Finds the seat that a person takes in a room.
///
/// # Errors
///
/// [`JoinRefusal::WrongPerson`] if the person is neither booked in the role that the ticket names nor a guest.
pub(crate) fn seat_of(claims: &TicketClaims, scope: &RoomScope) -> Result<Seat, JoinRefusal> {
    match (claims.role, claims.person) {
        (Role::Practitioner, Person::Staff(staff)) if staff == scope.practitioner => Ok(Seat::Practitioner),
        (Role::Patient, Person::Patient(patient)) if patient == scope.patient => Ok(Seat::Patient),
        (role, Person::Guest(_)) if role.is_guest() => Ok(Seat::Guest),
        _ => Err(JoinRefusal::WrongPerson),
    }
}

/// Checks that a room may be entered now.
///
/// # Errors
///
/// - [`JoinRefusal::TooEarly`], [`JoinRefusal::TooLate`] outside the room's hours; somebody who comes back is never too late.
/// - [`JoinRefusal::ConsentMissing`] for a patient whose consent is not recorded.
pub(crate) fn check_entry(scope: &RoomScope, seat: Seat, comes_back: bool, now: Timestamp) -> Result<(), JoinRefusal> {
    if now < scope.opens_at {
        return Err(JoinRefusal::TooEarly);
    }
    if now >= scope.closes_at && !comes_back {
        return Err(JoinRefusal::TooLate);
    }
    if seat == Seat::Patient && scope.consent_given_at.is_none() {
        return Err(JoinRefusal::ConsentMissing);
    }
    Ok(())
}

/// Checks that a person may watch the queues that their ticket names.
///
/// # Errors
///
/// [`JoinRefusal::WrongPerson`] for anybody but a secretary, or a practitioner who watches their own queue.
pub(crate) fn check_desk(claims: &TicketClaims) -> Result<(), JoinRefusal> {
    let Scope::Desk { practitioners } = &claims.scope else { return Err(JoinRefusal::WrongPerson) };
    let allowed = match (claims.role, claims.person) {
        (Role::Secretary, Person::Staff(_)) => true,
        (Role::Practitioner, Person::Staff(staff)) => practitioners.iter().all(|practitioner| *practitioner == staff),
        _ => false,
    };
    if allowed { Ok(()) } else { Err(JoinRefusal::WrongPerson) }
}
