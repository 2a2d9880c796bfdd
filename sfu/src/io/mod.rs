//! Batched UDP on Linux: the only unsafe code of the media plane.
//!
//! Each system call is wrapped so that what it needs to be sound is settled in the same module.

#![allow(unsafe_code)]

mod address;
mod receive;
mod send;
mod socket;
mod wake;

pub use receive::{BATCH, ReceiveBatch};
pub use send::{SendBatch, SendCounts};
pub use socket::{UdpPort, pin_to_core};
pub use wake::{Waker, wait_readable};
