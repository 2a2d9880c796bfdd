//! Load on the media plane: one client for every server, and the table that compares them.

pub mod amplification;
pub mod client;
pub mod flood;
pub mod flood_run;
pub mod floor;
pub mod forwarder;
pub mod forwarder_server;
pub mod histogram;
pub mod janus;
pub mod keys;
pub mod layered;
pub mod machine;
pub mod memory;
pub mod network;
pub mod plot;
pub mod report;
pub mod run;
pub mod server;
pub mod traffic;
