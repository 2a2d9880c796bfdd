//! Messaging Layer Security (RFC 9420) by OpenMLS: what the group of a consultation is made of.

mod crypto;
mod provider;
mod randomness;
mod secrets;

pub(crate) use provider::Provider;
