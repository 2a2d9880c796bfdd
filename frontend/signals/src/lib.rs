//! The room and the desk of `colloque-web` with Leptos signals, for the professional pages.
//!
//! A crate of its own, because the patient's page has no room for Leptos and for what comes with it.

mod desk;
mod room;

pub use desk::{DeskDriver, OnRing};
pub use room::RoomDriver;
