//! End-to-end encryption of a consultation: frames sealed by SFrame (RFC 9605), keys agreed by MLS (RFC 9420).
//!
//! Synchronous and pure: push what arrived, pull what must be sent. The browser's worker and the native participant run the same code.

mod code;
#[cfg(feature = "conformance")]
pub mod conformance;
mod credential;
mod engine;
pub mod frame;
mod link;
mod mls;
mod self_test;
mod words;

pub use code::SpokenCode;
pub use colloque_attestation::Standing;
pub use credential::VerifyMemberError;
pub use engine::{
    Channel, Comparison, ConnectError, EndToEnd, HEARTBEAT_EVERY, LinkProof, MAX_CONTENT_BYTES, MemberView, Output,
    RENEW_EVERY, Refusal, SWITCH_RENEWED_WITHIN, SWITCH_WITHIN, SetUpError, Setup, State, TakeError, ToOthers, View,
};
pub use link::{LINK_SECRET_BYTES, LinkSecret};
pub use mls::{PolicyError, SEED_BYTES};
pub use self_test::{SelfTestError, self_test};
