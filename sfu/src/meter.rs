//! What the workers count of their own work, and what a reading of them all says.

use std::time::{Duration, Instant, SystemTime};

use colloque_sfu_core::{Counters, Histogram, Population, SendArena};

use crate::io::SendCounts;

/// Bounds of [`Meter::forwarding`], in nanoseconds: 10 µs to 50 ms, each about half as much again as the one before.
const FORWARDING_BOUNDS_NS: &[u64] = &[
    10_000, 15_000, 20_000, 30_000, 50_000, 70_000, 100_000, 150_000, 200_000, 300_000, 500_000, 700_000, 1_000_000,
    1_500_000, 2_000_000, 3_000_000, 5_000_000, 7_000_000, 10_000_000, 15_000_000, 20_000_000, 30_000_000, 50_000_000,
];
/// Bounds of the sizes of batches, in datagrams.
const BATCH_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// What one worker's shell counted since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// Datagrams that the kernel took.
    pub sent: u64,
    /// Messages that carried them: fewer than datagrams where the kernel cuts messages into segments.
    pub messages_sent: u64,
    /// Bytes of all datagrams that were given to the kernel or to connections, headers of UDP, TCP and IP left out.
    pub sent_bytes: u64,
    /// Datagrams that the kernel refused.
    pub send_refused: u64,
    /// Datagrams that found no room before they were sent.
    pub overflowed: u64,
    /// Datagrams that are longer than any that a client may send.
    pub truncated: u64,
    /// Errors of the port.
    pub receive_errors: u64,
    /// Datagrams that came by TCP.
    pub stream_received: u64,
    /// Datagrams that were given to TCP connections.
    pub stream_sent: u64,
    /// Datagrams that found their TCP connection full.
    pub stream_overflowed: u64,
    /// Failures that cost a room.
    pub rooms_failed: u64,
    /// Datagrams taken by one system call.
    pub receive_batches: Histogram,
    /// Datagrams given away at once.
    pub send_batches: Histogram,
    /// From the arrival of a packet to the return of the call that sent it on, in nanoseconds, once for each packet sent.
    ///
    /// A batch has one arrival, that of its oldest datagram at the kernel, so that each packet waits at most so long. Where the
    /// kernel gives no such time it begins when the batch was taken. Packets that waited for a slow link are left out, and what
    /// came by TCP.
    pub forwarding: Histogram,
    /// Packets forwarded when the last batch had left.
    forwarded_before: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            sent: 0,
            messages_sent: 0,
            sent_bytes: 0,
            send_refused: 0,
            overflowed: 0,
            truncated: 0,
            receive_errors: 0,
            stream_received: 0,
            stream_sent: 0,
            stream_overflowed: 0,
            rooms_failed: 0,
            receive_batches: Histogram::new(BATCH_BOUNDS),
            send_batches: Histogram::new(BATCH_BOUNDS),
            forwarding: Histogram::new(FORWARDING_BOUNDS_NS),
            forwarded_before: 0,
        }
    }
}

/// When a batch came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// When it was taken from the port.
    pub taken_at: Instant,
    /// When its oldest datagram reached the kernel, if the kernel says so.
    pub arrived_at: Option<SystemTime>,
}

impl Arrival {
    fn waited_for(&self) -> Duration {
        // A clock that was set back meanwhile says nothing.
        let since_kernel = self.arrived_at.and_then(|arrived_at| arrived_at.elapsed().ok());
        since_kernel.unwrap_or_else(|| self.taken_at.elapsed())
    }
}

impl Meter {
    /// Records what became of an arena.
    pub(crate) fn note_sent(&mut self, arena: &SendArena, counts: SendCounts) {
        self.sent += counts.datagrams as u64;
        self.messages_sent += counts.messages as u64;
        self.send_refused += counts.refused as u64;
        self.sent_bytes += arena.used_bytes() as u64;
        self.overflowed = arena.dropped();
        self.send_batches.record(arena.transmits().len() as u64, 1);
    }

    /// Records how long the packets took that were forwarded since the last call, of which there are `forwarded` in all.
    pub(crate) fn note_forwarded(&mut self, forwarded: u64, arrival: Option<Arrival>) {
        let packets = forwarded - std::mem::replace(&mut self.forwarded_before, forwarded);
        if packets > 0
            && let Some(arrival) = arrival
        {
            self.forwarding.record(arrival.waited_for().as_nanos() as u64, packets);
        }
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.messages_sent += other.messages_sent;
        self.sent_bytes += other.sent_bytes;
        self.send_refused += other.send_refused;
        self.overflowed += other.overflowed;
        self.truncated += other.truncated;
        self.receive_errors += other.receive_errors;
        self.stream_received += other.stream_received;
        self.stream_sent += other.stream_sent;
        self.stream_overflowed += other.stream_overflowed;
        self.rooms_failed += other.rooms_failed;
        self.receive_batches.add(&other.receive_batches);
        self.send_batches.add(&other.send_batches);
        self.forwarding.add(&other.forwarding);
    }
}

/// What the workers counted since they began, and who is there; nobody by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Of the state machines.
    pub counters: Counters,
    /// Of the shells.
    pub meter: Meter,
    /// Who is there.
    pub population: Population,
    /// TCP connections that carry media.
    pub streams: u64,
    /// Workers that were read.
    pub workers: u64,
}

impl Reading {
    pub(crate) fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.meter.add(&other.meter);
        self.population.add(&other.population);
        self.streams += other.streams;
        self.workers += other.workers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(waited: Duration) -> Option<Arrival> {
        let arrived_at = SystemTime::now().checked_sub(waited);
        Some(Arrival { taken_at: Instant::now(), arrived_at })
    }

    #[test]
    fn each_packet_waits_as_long_as_the_oldest_of_its_batch() {
        let mut meter = Meter::default();
        meter.note_forwarded(0, arrival(Duration::from_secs(1)));
        assert_eq!(meter.forwarding.count(), 0, "nothing was sent on");
        meter.note_forwarded(7, arrival(Duration::from_millis(4)));
        meter.note_forwarded(9, arrival(Duration::from_millis(12)));
        let counted: Vec<_> = meter.forwarding.buckets().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(Some(5_000_000), 7), (Some(15_000_000), 2)]);
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_the_time_since_the_batch_was_taken() {
        let arrived_at = SystemTime::now().checked_add(Duration::from_secs(60));
        let arrival = Arrival { taken_at: Instant::now(), arrived_at };
        assert!(arrival.waited_for() < Duration::from_secs(1));
    }
}
