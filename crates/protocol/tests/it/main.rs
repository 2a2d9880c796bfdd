//! Whatever is written on the wire is read back, and whatever comes over it is read or refused.

// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod messages;
mod tickets;
mod values;
