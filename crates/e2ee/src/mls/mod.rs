//! Messaging Layer Security (RFC 9420) by OpenMLS: what the group of a consultation is made of.

mod crypto;
mod group;
mod newcomer;
mod policy;
mod provider;
mod randomness;
mod secrets;
mod signer;

pub(crate) use group::{Change, Group, JoinError, ProcessError, Received};
pub(crate) use newcomer::Newcomer;
pub use policy::PolicyError;
pub(crate) use policy::is_overheard;
pub(crate) use provider::Provider;
pub use randomness::SEED_BYTES;
pub(crate) use signer::LeafSigner;
