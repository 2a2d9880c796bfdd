//! Everything that crosses a wire: signaling messages, HTTP bodies, join tickets.
//!
//! Types only, with their bounds: no rule of care and no IO. The same code runs on the server and in browsers. Instants are
//! milliseconds since 1970 ([`colloque_ids::Timestamp`]), identifiers are full UUIDs, texts are UTF-8.

pub mod connection;
pub mod end_to_end;
pub mod forwarded;
pub mod http;
pub mod identity;
pub mod key;
pub mod signaling;
pub mod ticket;

pub use identity::{AuthenticationMethod, IdentityCard, Role};
