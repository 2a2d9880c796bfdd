//! Printed documents.

// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod prescription;
mod sheet;
