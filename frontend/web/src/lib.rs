//! The browser adapter shared by the bundles: requests, socket, key, capture, peer, sounds, and the driver of a call.
//!
//! Everything that listens, plays, sends or holds a device is a value: dropped, it lets go of all of it. It knows no
//! framework: `colloque-signals` joins it to Leptos.

pub mod announcer;
pub mod browser_key;
pub mod capture;
pub mod desk;
pub mod dom;
pub mod http;
pub mod json;
pub mod keys;
pub mod level;
pub mod link_secret;
mod link_shell;
pub mod media_element;
pub mod notify;
pub mod patch;
pub mod peer;
mod program;
pub mod room;
pub mod socket;
pub mod sound;
pub mod talk;
pub mod text;
pub mod timer;
pub mod tree;
pub mod wake;
mod way;
