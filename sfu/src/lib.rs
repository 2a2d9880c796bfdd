//! The shell around `colloque-sfu-core`: sockets, clocks, threads and randomness for the media plane.
//!
//! One blocking thread and one UDP port for each worker; a room lives on one worker. The rest of the program talks to it
//! through [`Sfu`], whose commands reach a worker by a bounded queue. Where a network lets only TCP pass, a connection that somebody
//! else accepted is handed to [`Sfu::serve_stream`], and the worker sees its datagrams like those of its port.

mod handle;
pub mod io;
mod meter;
mod streams;
mod worker;

pub use colloque_sfu_core::ConnectPeerError as RefusePeerError;
pub use colloque_sfu_core::Event as SfuEvent;
pub use colloque_sfu_core::sdp::Mid;
pub use colloque_sfu_core::{CheckRefusal, Counters, DatagramKind, DropReason, Histogram, Link, Population};
pub use colloque_sfu_core::{DEFAULT_PUBLISHER_CAP_BPS, KEYFRAME_REQUEST_INTERVAL, PEER_GONE_AFTER, PEER_LOST_AFTER};
pub use handle::{ConnectPeerError, ReadMediaError, Sfu, SfuConfig, StartSfuError, start};
pub use meter::{Meter, Reading};
