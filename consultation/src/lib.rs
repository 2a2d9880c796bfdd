//! The consultation service: who may do what, what is kept, what is journaled.
//!
//! [`Consultation::start`] opens the database and gives the HTTP routes, all below `/api`, and the [`Records`] that signaling
//! writes to. Every route declares who may use it ([`Access`]), every change of state commits together with its journal entry.

mod account;
mod care;
mod clock;
mod config;
pub mod demo;
mod http;
mod journal;
mod practice;
mod random;
mod records;
mod secrets;
mod service;
mod session;
mod sign_in;
mod staff;
mod storage;

pub use care::{
    AdmitPatientError, DemoVisit, EndRoomError, InvitationFaceError, MailConfig, MessageConfig, PrepareCourierError,
    SeedVisitError, SmsConfig, seed_visit,
};
pub use clock::{Clock, SystemClock};
pub use config::Config;
pub use http::{Access, RouteFace};
pub use practice::{CreatePracticeError, FirstAdministrator, NewPractice};
pub use records::{RecordConnectionError, RecordedEntry, Records};
pub use secrets::{LoadMasterKeyError, MasterKey};
pub use service::{Announcements, Consultation, StartConsultationError, route_faces};
pub use sign_in::HashPasswordError;
pub use storage::{MigrateError, OpenStorageError, Purpose, StorageError};
