//! The private PostgreSQL cluster: a child process on a unix socket in the data folder.
//!
//! Nothing to configure and nothing to administer: it is created at the first start, stopped with the platform, and ends
//! by itself when the platform is killed. Everything here runs on the main thread, because the kernel ties a child's end
//! to the thread that started it.

mod binaries;
mod cluster;
mod orphan;
mod trouble;

pub use cluster::{Cluster, StartClusterError};
