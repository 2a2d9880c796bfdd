//! What the media plane counts, without a word about whom: plain integers that one thread writes.

use crate::core::Core;
use crate::histogram::Histogram;
use crate::peer::ASSUMED_ROUND_TRIP;

/// What a datagram is, by its first byte.
///
/// # Source
///
/// RFC 7983 section 7; RFC 5761 section 4 for RTP and RTCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    /// Connectivity checks.
    Stun,
    /// Handshakes.
    Dtls,
    /// Media.
    Rtp,
    /// Reports.
    Rtcp,
    /// Nothing that belongs here.
    Other,
}

/// Why something that arrived was taken no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// It is of no protocol that is spoken here.
    NoProtocol,
    /// It comes from an address that no peer proved to be theirs.
    UnknownAddress,
    /// Its header breaks the rules of its protocol.
    Malformed,
    /// Its publisher sends more than twice its cap.
    OverMediaBudget,
    /// Its sender reports too often.
    OverReportBudget,
    /// It is forged, replayed, too old, or of a stream that was not announced.
    NotOpened,
    /// Its room is closed: the patient waits.
    RoomClosed,
    /// Its payload type is not the one that was agreed, or its stream changed too soon after the last change.
    WrongStream,
    /// It arrived before, or is too old to be kept.
    Duplicate,
}

/// Why an ICE check got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckRefusal {
    /// It is no check, or is addressed to nobody here.
    UnknownName,
    /// Its signature is wrong.
    Forged,
    /// Its address is another peer's.
    AddressTaken,
}

impl DatagramKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Stun, Self::Dtls, Self::Rtp, Self::Rtcp, Self::Other];
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NoProtocol,
        Self::UnknownAddress,
        Self::Malformed,
        Self::OverMediaBudget,
        Self::OverReportBudget,
        Self::NotOpened,
        Self::RoomClosed,
        Self::WrongStream,
        Self::Duplicate,
    ];
}

impl CheckRefusal {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::UnknownName, Self::Forged, Self::AddressTaken];
}

/// Bounds of [`Counters::estimates`], in bits per second.
const ESTIMATE_BOUNDS_BPS: &[u64] = &[
    50_000, 100_000, 150_000, 200_000, 300_000, 500_000, 750_000, 1_000_000, 1_500_000, 2_500_000, 5_000_000,
    10_000_000,
];
/// Bounds of the histograms of loss, in ten thousandths.
const LOSS_BOUNDS: &[u64] = &[0, 10, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000];
/// Bounds of [`Counters::round_trips`], in microseconds.
const ROUND_TRIP_BOUNDS_US: &[u64] =
    &[1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 150_000, 200_000, 300_000, 500_000, 1_000_000, 2_000_000];

/// What one worker counted since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    received: [u64; DatagramKind::ALL.len()],
    dropped: [u64; DropReason::ALL.len()],
    checks_refused: [u64; CheckRefusal::ALL.len()],
    /// Bytes that arrived, headers of UDP and IP left out.
    pub received_bytes: u64,
    /// Handshakes that ended with keys.
    pub handshakes_completed: u64,
    /// Handshakes that a wrong certificate, an alert or the time ended.
    pub handshakes_failed: u64,
    /// Packets of tracks that left with the packet that brought them, once for each subscriber.
    pub forwarded: u64,
    /// Packets of pictures that waited for their subscriber's link before they left.
    pub paced: u64,
    /// Packets of padding, by which links are measured.
    pub padded: u64,
    /// Times that pictures of a subscriber began anew because what waited was too old.
    pub queues_given_up: u64,
    /// Loss reports that name missing packets.
    pub nacks_received: u64,
    /// Packets that subscribers say they miss.
    pub packets_missed: u64,
    /// Packets that were sent again, as asked.
    pub retransmitted: u64,
    /// Packets that publishers were asked for.
    pub packets_requested: u64,
    /// Keyframes that subscribers asked for.
    pub keyframe_requests_received: u64,
    /// Those of them that another request had asked for already.
    pub keyframe_requests_merged: u64,
    /// Keyframes that publishers were asked for.
    pub keyframe_requests_sent: u64,
    /// Keyframes that arrived.
    pub keyframes: u64,
    /// What each subscriber's link was estimated to carry, in bits per second; once a second for each.
    pub estimates: Histogram,
    /// Share of packets that was lost on the way to each subscriber, in ten thousandths; once a second for each.
    pub downlink_loss: Histogram,
    /// Share of packets that was lost on the way from each publisher, in ten thousandths; once a second for each of its tracks.
    pub uplink_loss: Histogram,
    /// Round trip of each connected peer, in microseconds; once a second for each, from its first proof on.
    pub round_trips: Histogram,
}

/// Who is here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Population {
    /// Rooms whose media pass.
    pub rooms_open: u64,
    /// Rooms whose media do not pass yet.
    pub rooms_closed: u64,
    /// Peers whose handshake is not complete.
    pub peers_connecting: u64,
    /// Peers that are heard.
    pub peers_connected: u64,
    /// Peers that fell silent a moment ago.
    pub peers_lost: u64,
    /// Tracks that somebody publishes or may publish.
    pub tracks: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            received: [0; DatagramKind::ALL.len()],
            dropped: [0; DropReason::ALL.len()],
            checks_refused: [0; CheckRefusal::ALL.len()],
            received_bytes: 0,
            handshakes_completed: 0,
            handshakes_failed: 0,
            forwarded: 0,
            paced: 0,
            padded: 0,
            queues_given_up: 0,
            nacks_received: 0,
            packets_missed: 0,
            retransmitted: 0,
            packets_requested: 0,
            keyframe_requests_received: 0,
            keyframe_requests_merged: 0,
            keyframe_requests_sent: 0,
            keyframes: 0,
            estimates: Histogram::new(ESTIMATE_BOUNDS_BPS),
            downlink_loss: Histogram::new(LOSS_BOUNDS),
            uplink_loss: Histogram::new(LOSS_BOUNDS),
            round_trips: Histogram::new(ROUND_TRIP_BOUNDS_US),
        }
    }
}

impl Counters {
    /// Datagrams of a kind that arrived.
    #[must_use]
    pub fn received(&self, kind: DatagramKind) -> u64 {
        self.received[kind as usize]
    }

    /// What was dropped for a reason: datagrams, and packets that datagrams repeat.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// ICE checks that got no answer for a reason.
    #[must_use]
    pub fn checks_refused(&self, reason: CheckRefusal) -> u64 {
        self.checks_refused[reason as usize]
    }

    /// Adds what another worker counted.
    pub fn add(&mut self, other: &Self) {
        let sum = |all: &mut [u64], more: &[u64]| all.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        sum(&mut self.received, &other.received);
        sum(&mut self.dropped, &other.dropped);
        sum(&mut self.checks_refused, &other.checks_refused);
        self.received_bytes += other.received_bytes;
        self.handshakes_completed += other.handshakes_completed;
        self.handshakes_failed += other.handshakes_failed;
        self.forwarded += other.forwarded;
        self.paced += other.paced;
        self.padded += other.padded;
        self.queues_given_up += other.queues_given_up;
        self.nacks_received += other.nacks_received;
        self.packets_missed += other.packets_missed;
        self.retransmitted += other.retransmitted;
        self.packets_requested += other.packets_requested;
        self.keyframe_requests_received += other.keyframe_requests_received;
        self.keyframe_requests_merged += other.keyframe_requests_merged;
        self.keyframe_requests_sent += other.keyframe_requests_sent;
        self.keyframes += other.keyframes;
        self.estimates.add(&other.estimates);
        self.downlink_loss.add(&other.downlink_loss);
        self.uplink_loss.add(&other.uplink_loss);
        self.round_trips.add(&other.round_trips);
    }

    pub(crate) fn note_received(&mut self, kind: DatagramKind, bytes: usize) {
        self.received[kind as usize] += 1;
        self.received_bytes += bytes as u64;
    }

    pub(crate) fn drop(&mut self, reason: DropReason) {
        self.dropped[reason as usize] += 1;
    }

    pub(crate) fn refuse_check(&mut self, reason: CheckRefusal) {
        self.checks_refused[reason as usize] += 1;
    }

    /// Records a track's loss on the way from its publisher, in 256ths.
    pub(crate) fn note_uplink_loss(&mut self, fraction_lost: u8) {
        self.uplink_loss.record(u64::from(fraction_lost) * WHOLE / 256, 1);
    }
}

/// Parts of a whole, where shares are counted.
const WHOLE: u64 = 10_000;

impl Population {
    /// Adds who is at another worker.
    pub fn add(&mut self, other: &Self) {
        self.rooms_open += other.rooms_open;
        self.rooms_closed += other.rooms_closed;
        self.peers_connecting += other.peers_connecting;
        self.peers_connected += other.peers_connected;
        self.peers_lost += other.peers_lost;
        self.tracks += other.tracks;
    }
}

impl Core {
    /// What was counted since the beginning.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who is here now.
    #[must_use]
    pub fn population(&self) -> Population {
        let mut population = Population { tracks: self.tracks.len() as u64, ..Population::default() };
        for (_, room) in &self.rooms {
            *(if room.is_open { &mut population.rooms_open } else { &mut population.rooms_closed }) += 1;
        }
        for (_, peer) in &self.peers {
            let count = match (peer.is_connected(), peer.is_lost) {
                (false, _) => &mut population.peers_connecting,
                (true, false) => &mut population.peers_connected,
                (true, true) => &mut population.peers_lost,
            };
            *count += 1;
        }
        population
    }

    /// Records how a peer's link goes: once a second for each.
    pub(crate) fn observe_link(&mut self, key: usize) {
        let Some(peer) = self.peers.get(key).filter(|peer| peer.is_connected() && !peer.is_lost) else { return };
        if peer.round_trip != ASSUMED_ROUND_TRIP {
            self.counters.round_trips.record(peer.round_trip.as_micros() as u64, 1);
        }
        if let Some(downlink) = &peer.downlink {
            let lost = (downlink.estimator.lost_share() * WHOLE as f64) as u64;
            self.counters.estimates.record(downlink.estimator.estimate_bps(), 1);
            self.counters.downlink_loss.record(lost, 1);
        }
    }
}
