//! End-to-end encryption of a consultation: frames sealed by SFrame (RFC 9605), keys agreed by MLS (RFC 9420).
//!
//! Synchronous and pure: push what arrived, pull what must be sent. The browser's worker and the native participant run the same code.

pub mod frame;
mod mls;
