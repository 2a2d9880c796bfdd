//! Accounts, sessions, staff and journal, over HTTP and on a real PostgreSQL.

// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod activation;
mod authenticator;
mod codes;
mod crash;
mod hostile;
mod journal_reading;
mod journal_storage;
mod limits;
mod paces;
mod passkeys;
mod purpose;
mod routes;
mod sessions;
mod sign_in;
mod staff;
mod stage;
#[allow(dead_code)]
#[path = "../care/visit.rs"]
mod visit;
