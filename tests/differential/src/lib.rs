//! The media plane against str0m: the same clients, the same losses, and every difference in what arrives has a reason.

pub mod client;
pub mod compare;
pub mod register;
pub mod script;
pub mod server;
pub mod stage;
