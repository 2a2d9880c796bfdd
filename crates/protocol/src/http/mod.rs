//! Bodies of the HTTP service. Every body is JSON; every refusal is an [`error::ErrorBody`].
//!
//! Requests that change something carry the header [`REQUEST_HEADER`], which a foreign page cannot add without asking.

pub mod admin;
pub mod appointment;
pub mod consultation;
pub mod error;
pub mod guest;
pub mod journal;
pub mod patient;
pub mod prescription;
pub mod session;

/// Header that every changing request carries, with the value `1`: a form of another site cannot send it.
pub const REQUEST_HEADER: &str = "x-colloque";

/// Header of requests that a page sends by itself, with the value `1`: they do not count as somebody being there.
pub const BACKGROUND_HEADER: &str = "x-colloque-background";

/// Largest request body accepted, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
