//! How much one transport can carry: numbers for everything that is sent, reports on how it arrives, an estimate from both.
//!
//! No socket, no clock, no allocation after a transport's first packet. The sender asks an [`Estimator`] for the number of
//! each packet and gives it the receiver's reports; the receiver keeps an [`ArrivalLog`] and writes them.
//!
//! ```text
//! sent packets ─┐
//!               ├─> trend of the delay, length of the queue ──> rate ──┐
//! reports ──────┤                                                      ├─> estimate
//!               ├─> losses against rates ──> limit of loss ────────────┤
//!               └─> probes: what arrived of a burst ───────────────────┘
//! ```
//!
//! # Source
//!
//! draft-holmer-rmcat-transport-wide-cc-extensions-01 (numbers and reports), draft-ietf-rmcat-gcc-02 (delay). The model of
//! loss is this project's own: see [`Estimator`].

mod arrivals;
mod estimator;
mod feedback;
mod groups;
mod loss;
mod pacer;
mod probe;
mod queue;
mod rate;
mod sent;
mod throughput;
mod trend;

pub use arrivals::ArrivalLog;
pub use estimator::{Estimator, Limits};
pub use feedback::{MAX_REPORTED, TransportFeedback};
pub use pacer::Pacer;
