//! Support for tests of more than one crate: a real PostgreSQL cluster, a browser's share of HTTP, a clock that tests move.

mod client;
mod clock;
mod cluster;

pub use client::{Answer, Client};
pub use clock::MovableClock;
pub use cluster::{TestCluster, TestDatabase};
