//! Bad networks that are the same each time: loss, delay, jitter, reordering, rate, blackouts, all drawn from a seed.
//!
//! A [`Link`] carries datagrams one way. It has no socket and no clock, so that the same model stands between simulated peers
//! and, with a shell around it, between real ones.

mod dice;
mod link;

pub use dice::Dice;
pub use link::{Conditions, Counts, Link};
