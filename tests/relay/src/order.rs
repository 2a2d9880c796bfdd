use std::net::IpAddr;
use std::time::Duration;

use colloque_network::{Conditions, Counts};
use serde::{Deserialize, Serialize};

/// What is asked of a running relay: one line of JSON each.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    /// Changes what happens on the way to the server.
    pub up: Change,
    /// Changes what happens on the way from the server.
    pub down: Change,
    /// Whether UDP passes at all.
    pub udp: Option<bool>,
    /// A server beyond the network whose datagrams pass even when UDP does not: where TURN is reached some other way.
    pub udp_from: Option<IpAddr>,
    /// Whether a TCP connection is broken off when it does not begin as TLS does; for connections that begin from now on.
    pub tls_only: Option<bool>,
    /// Whether TCP passes at all; what it holds back meanwhile arrives late.
    pub tcp: Option<bool>,
    /// The person's network gets another address: datagrams leave from there, and TCP connections are broken off.
    pub move_to: Option<IpAddr>,
}

/// New conditions of one direction; what is not given stays.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Speed in thousands of bits per second; zero for any.
    pub rate_kbps: Option<u64>,
    /// Longest wait in the queue, in milliseconds.
    pub queue_ms: Option<u64>,
    /// Time on the way, in milliseconds.
    pub delay_ms: Option<u64>,
    /// Most that chance adds to the delay, in milliseconds.
    pub jitter_ms: Option<u64>,
    /// Probability that a datagram is lost.
    pub loss: Option<f64>,
    /// Mean number of datagrams lost in a row.
    pub burst: Option<f64>,
    /// Probability that a datagram is overtaken.
    pub reordering: Option<f64>,
    /// Whether nothing passes.
    pub is_down: Option<bool>,
}

/// Answer to an order: what the network has done so far.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Report {
    /// Towards the server.
    pub up: Passed,
    /// From the server.
    pub down: Passed,
}

/// Datagrams and pieces of streams of one direction.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Passed {
    /// Put in.
    pub offered: u64,
    /// Lost by chance, or while nothing passed.
    pub lost: u64,
    /// Lost because the queue was full.
    pub overflowed: u64,
    /// Bytes that passed, with the headers of UDP and IP.
    pub passed_bytes: u64,
}

impl From<Counts> for Passed {
    fn from(counts: Counts) -> Self {
        let Counts { offered, lost, overflowed, passed_bytes } = counts;
        Self { offered, lost, overflowed, passed_bytes }
    }
}

impl Change {
    pub(crate) fn apply(&self, conditions: &mut Conditions) {
        if let Some(rate) = self.rate_kbps {
            conditions.rate_bps = (rate > 0).then_some(rate * 1_000);
        }
        set(&mut conditions.queue, self.queue_ms.map(Duration::from_millis));
        set(&mut conditions.delay, self.delay_ms.map(Duration::from_millis));
        set(&mut conditions.jitter, self.jitter_ms.map(Duration::from_millis));
        set(&mut conditions.loss, self.loss);
        set(&mut conditions.burst, self.burst);
        set(&mut conditions.reordering, self.reordering);
        set(&mut conditions.is_down, self.is_down);
    }
}

fn set<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}
