//! A device's way into the network: datagrams both ways, streams that arrive whole or stall, and what may happen to them.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_network::{Conditions, Dice, Link};

use super::scene::millis_of;

/// Wait of a stream for the packet that was lost to be sent again, in milliseconds.
const STREAM_REPAIR_MS: u64 = 220;
/// Wait of a stream before it looks again whether the network is back, in milliseconds.
const STREAM_RETRY_MS: u64 = 400;

/// A datagram on its way, with the address of the client's end.
pub(super) struct Datagram {
    pub(super) client: SocketAddr,
    pub(super) bytes: Vec<u8>,
    /// When it left, in milliseconds of the world.
    pub(super) sent_ms: u64,
}

/// A device's network.
pub(super) struct Access {
    pub(super) address: SocketAddr,
    pub(super) up: Link<Datagram>,
    pub(super) down: Link<Datagram>,
    pub(super) conditions: Conditions,
    /// Since when the network has been fit for a call, in milliseconds of the world.
    pub(super) good_since_ms: Option<u64>,
}

/// One direction of a stream: what was sent arrives in order, or not at all.
#[derive(Default)]
pub(super) struct Pipe {
    carried: VecDeque<(u64, Item)>,
    last_due_ms: u64,
}

/// What a stream carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// The connection is asked for, or was made.
    Open,
    /// A message.
    Text(String),
    /// The end.
    Close,
}

/// A WebSocket between a device and the server.
pub(super) struct Stream {
    /// Which device.
    pub(super) device: usize,
    /// Where the server sees it come from.
    pub(super) from: IpAddr,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// The client's end still listens.
    pub(super) is_open_here: bool,
    /// Nothing passes any more, and nobody is told.
    pub(super) is_dead: bool,
}

impl Access {
    pub(super) fn new(address: SocketAddr, conditions: Conditions, seed: u64) -> Self {
        let up = Link::new(conditions, seed);
        let down = Link::new(conditions, seed ^ 0xd0_1717);
        Self { address, up, down, conditions, good_since_ms: is_good(&conditions).then_some(0) }
    }

    /// Changes the network, both ways.
    pub(super) fn set(&mut self, now_ms: u64, conditions: Conditions) {
        self.conditions = conditions;
        self.up.change(|before| *before = conditions);
        self.down.change(|before| *before = conditions);
        self.good_since_ms = is_good(&conditions).then(|| self.good_since_ms.unwrap_or(now_ms));
    }

    /// Sends a datagram to the server.
    pub(super) fn send(&mut self, now: Instant, bytes: Vec<u8>) {
        self.up.push(now, bytes.len(), Datagram { client: self.address, bytes, sent_ms: millis_of(now) });
    }

    /// Takes a datagram of the server's that is meant for `to`; the network forgets addresses that it gave out before.
    pub(super) fn take(&mut self, now: Instant, to: SocketAddr, bytes: Vec<u8>) {
        if to == self.address {
            self.down.push(now, bytes.len(), Datagram { client: to, bytes, sent_ms: millis_of(now) });
        }
    }

    /// When the next datagram arrives at either end, in milliseconds of the world.
    pub(super) fn next_at_ms(&self) -> Option<u64> {
        self.up.next_at().into_iter().chain(self.down.next_at()).min().map(millis_of)
    }

    /// Draws how long a message of a stream is on its way, in milliseconds.
    fn stream_delay_ms(&self, dice: &mut Dice, bytes: usize) -> u64 {
        let Conditions { delay, jitter, loss, rate_bps, .. } = self.conditions;
        let mut took = delay.as_millis() as u64 + dice.below(jitter.as_millis() as u64 + 1);
        took += rate_bps.map_or(0, |rate| bytes as u64 * 8_000 / rate.max(1));
        let mut losses = 0;
        while losses < 5 && loss > 0.0 && dice.is(loss) {
            losses += 1;
            took += STREAM_REPAIR_MS;
        }
        took + 1
    }
}

impl Pipe {
    /// Sends; gives when it arrives, in milliseconds of the world.
    pub(super) fn push(&mut self, now_ms: u64, access: &Access, dice: &mut Dice, item: Item) -> u64 {
        let bytes = match &item {
            Item::Text(text) => text.len() + 60,
            Item::Open | Item::Close => 100,
        };
        // A connection takes three ways, and two more for TLS.
        let ways = if item == Item::Open { 5 } else { 1 };
        let due_ms = (now_ms + ways * access.stream_delay_ms(dice, bytes)).max(self.last_due_ms);
        self.last_due_ms = due_ms;
        self.carried.push_back((due_ms, item));
        due_ms
    }

    /// Takes the next arrival.
    pub(super) fn pop(&mut self, now_ms: u64) -> Option<Item> {
        if self.carried.front()?.0 > now_ms {
            return None;
        }
        self.carried.pop_front().map(|(_, item)| item)
    }

    /// Lets everything wait for a network that is gone; gives when it is worth another look.
    pub(super) fn stall(&mut self, now_ms: u64) -> u64 {
        let retry_ms = now_ms + STREAM_RETRY_MS;
        for (due_ms, _) in &mut self.carried {
            *due_ms = (*due_ms).max(retry_ms);
        }
        self.last_due_ms = self.last_due_ms.max(retry_ms);
        retry_ms
    }

    /// Messages on their way.
    pub(super) fn length(&self) -> usize {
        self.carried.len()
    }

    pub(super) fn clear(&mut self) {
        self.carried.clear();
    }
}

/// Whether a person must be heard over such a network.
pub(super) fn is_good(conditions: &Conditions) -> bool {
    !conditions.is_down
        && conditions.loss <= 0.05
        && conditions.delay <= Duration::from_millis(200)
        && conditions.rate_bps.is_none_or(|rate| rate >= 150_000)
}

/// Draws a network that people have.
pub(super) fn draw_conditions(dice: &mut Dice) -> Conditions {
    let ms = Duration::from_millis;
    let base = Conditions { delay: ms(5 + dice.below(40)), ..Conditions::default() };
    match dice.below(8) {
        0 | 1 => base,
        2 => Conditions { jitter: ms(dice.below(30)), loss: 0.01, ..base },
        3 => Conditions { rate_bps: Some(1_000_000), jitter: ms(10), ..base },
        4 => Conditions { rate_bps: Some(300_000), delay: ms(60), jitter: ms(40), loss: 0.02, burst: 3.0, ..base },
        5 => Conditions { rate_bps: Some(120_000), delay: ms(120), ..base },
        6 => Conditions { loss: 0.02 + dice.fraction() * 0.25, burst: 1.0 + dice.fraction() * 6.0, ..base },
        _ => Conditions { reordering: 0.05, jitter: ms(15), delay: ms(80), ..base },
    }
}

/// Draws a network on which everybody must be heard.
pub(super) fn draw_good_conditions(dice: &mut Dice) -> Conditions {
    let delay = Duration::from_millis(5 + dice.below(60));
    let jitter = Duration::from_millis(dice.below(10));
    let rate_bps = [None, Some(5_000_000), Some(600_000)][dice.below(3) as usize];
    Conditions { delay, jitter, rate_bps, loss: [0.0, 0.0, 0.01][dice.below(3) as usize], ..Conditions::default() }
}
