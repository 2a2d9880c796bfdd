//! Load on the media plane: one client for every server, and the table that compares them.

pub mod client;
pub mod floor;
pub mod histogram;
pub mod janus;
pub mod layered;
pub mod machine;
pub mod memory;
pub mod network;
pub mod report;
pub mod run;
pub mod server;
pub mod traffic;
