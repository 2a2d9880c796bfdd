//! Whatever is written on the wire is read back, and whatever comes over it is read or refused.

mod messages;
mod tickets;
mod values;
