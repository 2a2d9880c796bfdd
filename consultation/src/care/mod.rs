//! Care: the day, patients, invitations, the patient's way in, consultations, prescriptions, documents, messages.

mod appointment;
mod arrival;
mod booking;
mod consent;
mod day;
mod demo;
mod document;
mod factor;
pub(crate) mod guest;
mod invitation;
mod mailbox;
pub(crate) mod message;
mod notes;
mod paris;
mod patient;
mod people;
mod prescription;
mod reason;
mod room;
mod sign_out;
mod ticket;
mod totp;
mod trace;
mod view;

use crate::http::Routes;

pub(crate) use people::practice;

pub use demo::{DemoVisit, SeedVisitError, seed_visit};
pub use message::{MailConfig, MessageConfig, PrepareCourierError, SmsConfig};
pub use room::{AdmitPatientError, EndRoomError, InvitationFaceError};

/// Every route of care.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .and(day::routes())
        .and(patient::routes())
        .and(appointment::routes())
        .and(reason::routes())
        .and(invitation::routes())
        .and(arrival::routes())
        .and(factor::routes())
        .and(totp::routes())
        .and(consent::routes())
        .and(guest::routes())
        .and(ticket::routes())
        .and(view::routes())
        .and(notes::routes())
        .and(prescription::routes())
        .and(document::routes())
        .and(mailbox::routes())
}
