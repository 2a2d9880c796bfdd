//! The journal's own words for what the protocol says.

use colloque_journal::{DisconnectCause, GuestRole, JoinRefusal, Proof, StaffRole};
use colloque_protocol::{AuthenticationMethod, Role, connection, signaling};

/// The role under which a member of the staff is journaled.
///
/// # Panics
///
/// Never: patients and guests have no staff session, and the roles of staff in storage are checked when they are read.
pub(crate) const fn role(role: Role) -> StaffRole {
    match role {
        Role::Practitioner => StaffRole::Practitioner,
        Role::Administrator => StaffRole::Administrator,
        Role::Secretary | Role::Patient | Role::Expert | Role::AccompanyingPerson | Role::Interpreter => {
            StaffRole::Secretary
        }
    }
}

/// The role under which a guest is journaled; none for whoever is no guest.
pub(crate) const fn guest_role(role: Role) -> Option<GuestRole> {
    match role {
        Role::Expert => Some(GuestRole::Expert),
        Role::AccompanyingPerson => Some(GuestRole::AccompanyingPerson),
        Role::Interpreter => Some(GuestRole::Interpreter),
        Role::Practitioner | Role::Secretary | Role::Administrator | Role::Patient => None,
    }
}

/// The proof as journaled.
pub(crate) const fn proof(method: AuthenticationMethod) -> Proof {
    match method {
        AuthenticationMethod::Password => Proof::Password,
        AuthenticationMethod::Totp => Proof::Totp,
        AuthenticationMethod::Passkey => Proof::Passkey,
        AuthenticationMethod::InvitationLink => Proof::InvitationLink,
        AuthenticationMethod::EmailCode => Proof::EmailCode,
        AuthenticationMethod::SmsCode => Proof::SmsCode,
    }
}

/// The proofs as journaled.
pub(crate) fn proofs(methods: &[AuthenticationMethod]) -> Vec<Proof> {
    methods.iter().map(|method| proof(*method)).collect()
}

/// The refusal as journaled.
pub(crate) const fn join_refusal(refusal: signaling::JoinRefusal) -> JoinRefusal {
    match refusal {
        signaling::JoinRefusal::TicketInvalid => JoinRefusal::TicketInvalid,
        signaling::JoinRefusal::TicketExpired => JoinRefusal::TicketExpired,
        signaling::JoinRefusal::TicketReplayed => JoinRefusal::TicketReplayed,
        signaling::JoinRefusal::WrongPerson => JoinRefusal::WrongPerson,
        signaling::JoinRefusal::ConsentMissing => JoinRefusal::ConsentMissing,
        signaling::JoinRefusal::TooEarly => JoinRefusal::TooEarly,
        signaling::JoinRefusal::TooLate => JoinRefusal::TooLate,
        signaling::JoinRefusal::AlreadyElsewhere => JoinRefusal::AlreadyElsewhere,
        signaling::JoinRefusal::ConsultationOver => JoinRefusal::ConsultationOver,
        signaling::JoinRefusal::WrongVersion => JoinRefusal::WrongVersion,
        signaling::JoinRefusal::ServerFull => JoinRefusal::ServerFull,
        signaling::JoinRefusal::ServerFailed => JoinRefusal::ServerFailed,
    }
}

/// The cause as journaled.
pub(crate) const fn disconnect_cause(cause: connection::DisconnectCause) -> DisconnectCause {
    match cause {
        connection::DisconnectCause::Left => DisconnectCause::Left,
        connection::DisconnectCause::Ended => DisconnectCause::Ended,
        connection::DisconnectCause::SocketClosed => DisconnectCause::SocketClosed,
        connection::DisconnectCause::TimedOut => DisconnectCause::TimedOut,
        connection::DisconnectCause::Replaced => DisconnectCause::Replaced,
        connection::DisconnectCause::Misbehaved => DisconnectCause::Misbehaved,
        connection::DisconnectCause::ServerStopped => DisconnectCause::ServerStopped,
        connection::DisconnectCause::SignedOut => DisconnectCause::SignedOut,
    }
}
