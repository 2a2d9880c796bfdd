//! Care over HTTP and on a real PostgreSQL: the day, the patient's way in, the consultation, prescriptions, messages.

// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod consultation;
mod crash;
mod day;
mod factor;
mod flood;
mod guest_room;
mod guests;
mod incident;
mod invitation;
mod messages;
mod paces;
mod prescription;
mod reason;
mod rights;
mod sockets;
#[allow(dead_code)]
#[path = "../accounts/stage.rs"]
mod stage;
mod ticket;
mod visit;
