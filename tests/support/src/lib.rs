//! Support for tests of more than one crate: a real PostgreSQL cluster, a browser's share of HTTP, a clock that tests move,
//! a platform that states whose an end-to-end key is.

mod client;
mod clock;
mod cluster;
mod platform;

pub use client::{Answer, Client};
pub use clock::MovableClock;
pub use cluster::{TestCluster, TestDatabase};
pub use platform::Platform;
