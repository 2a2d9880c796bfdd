use std::time::{Duration, Instant};

use crate::random::Random;
use crate::reception::{SenderClock, clock_units, fixed_point};
use crate::red::{Redundant, Repeated};
use crate::resent::Resent;
use crate::ring::Packet;
use crate::sdp::PayloadTypes;
use crate::track::{Feed, TrackKind};
use crate::vp8::PictureNames;

/// One stream that this server sends to one subscriber: its numbers stay the same whatever feeds it.
///
/// A source that changes, or comes back with other numbers, goes on where the last one stopped, so that the subscriber's
/// decoder and jitter buffer see one unbroken stream.
pub(crate) struct Slot {
    pub kind: TrackKind,
    pub types: PayloadTypes,
    pub ssrc: u32,
    pub rtx_ssrc: Option<u32>,
    /// Whose line feeds the slot, in one of its layers.
    pub feed: Option<Feed>,
    /// Key of the track that feeds the slot; none while it has no feed, or its picture is paused.
    source: Option<usize>,
    /// Key of the layer that takes over with its next keyframe.
    ahead: Option<usize>,
    /// Whether the link carries no layer of the picture, or nobody looks at it.
    pub is_paused: bool,
    /// When a poorer layer was chosen last.
    pub lowered_at: Option<Instant>,
    /// Height at which the subscriber shows the picture, in pixels; none while it says nothing.
    pub shown_height: Option<u16>,
    flow: Flow,
    next_index: u64,
    next_rtx_index: u64,
    last: Option<(Instant, u32)>,
    /// Of the newest picture that was sent.
    last_names: Option<PictureNames>,
    /// Silent packets in a row.
    silent: u8,
    packets_sent: u32,
    octets_sent: u32,
    /// Clock of the last sender report, shortened as receivers echo it, and when it left.
    reported: Option<(u32, Instant)>,
    resent: Resent,
    /// Bytes that may be sent again: what was sent once earns it.
    resend_credit: u32,
    /// How often the stream began anew.
    restarts: u32,
    /// What the subscriber said of its last interval, in 256ths.
    pub fraction_lost: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// The next packet that can begin a stream fixes the mapping.
    AwaitingStart,
    Flowing {
        first: u64,
        index_shift: u64,
        timestamp_shift: u32,
        names_shift: PictureNames,
    },
}

/// Where a packet stands in the subscriber's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub index: u64,
    pub timestamp: u32,
    /// What is added to the names of its picture.
    pub names_shift: PictureNames,
}

impl Slot {
    pub(crate) fn new(kind: TrackKind, types: PayloadTypes, random: &mut Random) -> Self {
        Self {
            kind,
            types,
            ssrc: random.ssrc(),
            rtx_ssrc: types.rtx.map(|_| random.ssrc()),
            feed: None,
            source: None,
            ahead: None,
            is_paused: false,
            lowered_at: None,
            shown_height: None,
            flow: Flow::AwaitingStart,
            next_index: first_index(random),
            next_rtx_index: first_index(random),
            last: None,
            last_names: None,
            silent: 0,
            packets_sent: 0,
            octets_sent: 0,
            reported: None,
            resent: Resent::default(),
            resend_credit: FIRST_RESEND_CREDIT_BYTES,
            restarts: 0,
            fraction_lost: 0,
        }
    }

    pub(crate) fn source(&self) -> Option<usize> {
        self.source
    }

    /// Feeds the slot from another track; true when that changes anything.
    pub(crate) fn bind(&mut self, source: Option<usize>) -> bool {
        if self.source == source && self.ahead.is_none() {
            return false;
        }
        self.ahead = None;
        if self.source != source {
            self.source = source;
            self.restart();
        }
        true
    }

    /// The layer that takes over with its next keyframe.
    pub(crate) fn ahead(&self) -> Option<usize> {
        self.ahead
    }

    /// Has another layer take over with its next keyframe, or none.
    pub(crate) fn aim(&mut self, ahead: Option<usize>) {
        self.ahead = ahead.filter(|_| ahead != self.source);
    }

    /// Goes over to the layer ahead with its keyframe `packet`, and gives the layer that is left.
    ///
    /// Numbers go on where they stopped. Timestamps go on by the publisher's clock where `clocks` ties both layers to it, the
    /// layer that is left first: its encoders' timestamps may begin anywhere.
    pub(crate) fn switch(
        &mut self,
        packet: &Packet<'_>,
        clocks: (Option<SenderClock>, Option<SenderClock>),
        now: Instant,
    ) -> Option<usize> {
        let ahead = self.ahead.take()?;
        let left = self.source.replace(ahead)?;
        let shift_before = match self.flow {
            Flow::Flowing { timestamp_shift, .. } => Some(timestamp_shift),
            Flow::AwaitingStart => None,
        };
        let by_clock = match (shift_before, clocks) {
            (Some(shift), (Some(before), Some(after))) => {
                Some(shift.wrapping_add(before.shift_to(&after, self.kind.clock_rate())))
            }
            (Some(_) | None, _) => None,
        };
        let by_clock = by_clock.filter(|shift| self.goes_on(packet.timestamp.wrapping_add(*shift), now));
        self.start(packet, by_clock, now);
        self.resent.forget();
        Some(left)
    }

    /// Whether a timestamp may follow the newest one: later, and not by more than a publisher's pause explains.
    fn goes_on(&self, timestamp: u32, now: Instant) -> bool {
        let Some((last_at, last_timestamp)) = self.last else { return true };
        let step = timestamp.wrapping_sub(last_timestamp);
        let elapsed = clock_units(now.saturating_duration_since(last_at), self.kind.clock_rate());
        step > 0 && step <= elapsed.saturating_add(self.kind.clock_rate())
    }

    /// The source begins anew, with numbers that have nothing to do with those before.
    pub(crate) fn restart(&mut self) {
        self.flow = Flow::AwaitingStart;
        self.resent.forget();
        self.silent = 0;
        self.restarts = self.restarts.wrapping_add(1);
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts
    }

    pub(crate) fn awaits_keyframe(&self) -> bool {
        self.flow == Flow::AwaitingStart && self.kind.is_video()
    }

    /// Whether the stream goes on with the next keyframe of a track, and not before.
    pub(crate) fn awaits_keyframe_of(&self, track: usize) -> bool {
        self.ahead == Some(track) || (self.source == Some(track) && self.awaits_keyframe())
    }

    /// Gives a packet its place; none when the stream cannot begin with it, or began after it.
    pub(crate) fn map(&mut self, packet: &Packet<'_>, is_keyframe: bool, now: Instant) -> Option<Mapped> {
        if self.flow == Flow::AwaitingStart {
            let can_begin = is_keyframe || (!self.kind.is_video() && !packet.payload.is_empty());
            if !can_begin {
                return None;
            }
            self.start(packet, None, now);
        }
        let mapped = self.place(packet)?;
        if self.leaves_out(packet, &mapped) {
            return None;
        }
        if mapped.index >= self.next_index {
            self.next_index = mapped.index + 1;
            self.last = Some((now, mapped.timestamp));
            if self.kind.is_video() {
                self.last_names = Some(PictureNames::read(packet.payload).shifted(mapped.names_shift));
            }
        }
        self.packets_sent = self.packets_sent.wrapping_add(1);
        self.octets_sent = self.octets_sent.wrapping_add(packet.payload.len() as u32);
        self.resend_credit = self.resend_credit.saturating_add(bytes_of(packet)).min(MAX_RESEND_CREDIT_BYTES);
        Some(mapped)
    }

    /// Begins the mapping with a packet.
    fn start(&mut self, packet: &Packet<'_>, timestamp_shift: Option<u32>, now: Instant) {
        let by_elapsed = || match self.last {
            Some((last_at, last_timestamp)) => {
                let elapsed = clock_units(now.saturating_duration_since(last_at), self.kind.clock_rate()).max(1);
                last_timestamp.wrapping_add(elapsed).wrapping_sub(packet.timestamp)
            }
            None => 0,
        };
        let first_names = || PictureNames::read(packet.payload);
        self.flow = Flow::Flowing {
            first: packet.index,
            index_shift: self.next_index.wrapping_sub(packet.index),
            timestamp_shift: timestamp_shift.unwrap_or_else(by_elapsed),
            names_shift: self.last_names.map_or(PictureNames::default(), |last| last.shift_to_follow(first_names())),
        };
    }

    /// Whether a packet is one more of a long silence, which is not sent: the subscriber's decoder goes on with it by itself.
    ///
    /// The numbers close up behind it, so nothing before it is sent any more: no number may be used twice.
    ///
    /// # Source
    ///
    /// RFC 6716 section 2.1.9 (discontinuous transmission) and section 3.2.1: a frame of no more than one byte is silence.
    fn leaves_out(&mut self, packet: &Packet<'_>, mapped: &Mapped) -> bool {
        if self.kind.is_video() || mapped.index < self.next_index {
            return false;
        }
        if packet.payload.len() > SILENT_BYTES {
            self.silent = 0;
            return false;
        }
        self.silent = self.silent.saturating_add(1);
        let Flow::Flowing { first, index_shift, .. } = &mut self.flow else { return false };
        if self.silent <= SILENT_PACKETS_SENT || mapped.index != self.next_index {
            return false;
        }
        *first = packet.index + 1;
        *index_shift = index_shift.wrapping_sub(1);
        true
    }

    /// The place of a packet that was sent before; none when the stream began after it.
    pub(crate) fn place(&self, packet: &Packet<'_>) -> Option<Mapped> {
        let Flow::Flowing { first, index_shift, timestamp_shift, names_shift } = self.flow else { return None };
        (packet.index >= first).then(|| Mapped {
            index: packet.index.wrapping_add(index_shift),
            timestamp: packet.timestamp.wrapping_add(timestamp_shift),
            names_shift,
        })
    }

    /// The source's index of a sequence number that the subscriber misses; none when it was not sent.
    pub(crate) fn source_index(&self, sequence: u16) -> Option<u64> {
        let Flow::Flowing { first, index_shift, .. } = self.flow else { return None };
        let newest = self.next_index.checked_sub(1)?;
        let behind = (newest as u16).wrapping_sub(sequence);
        let index = newest.checked_sub(u64::from(behind))?.wrapping_sub(index_shift);
        (index >= first && index <= newest.wrapping_sub(index_shift)).then_some(index)
    }

    /// Whether a packet may be sent again now, which counts it.
    ///
    /// One packet is repeated at most once in [`crate::resent::RESEND_PAUSE`], and all repetitions together stay within what was sent for
    /// the first time, so that loss reports, true or not, at most double the stream.
    pub(crate) fn may_resend(&mut self, packet: &Packet<'_>, ring_packets: usize, now: Instant) -> bool {
        let Some(credit_left) = self.resend_credit.checked_sub(bytes_of(packet)) else { return false };
        if !self.resent.take(packet.index, ring_packets, now) {
            return false;
        }
        self.resend_credit = credit_left;
        true
    }

    /// Payload type and number of the stream for retransmissions, where the client reads one.
    pub(crate) fn repairs(&self) -> Option<(u8, u32)> {
        self.types.rtx.zip(self.rtx_ssrc)
    }

    /// Timestamp of the newest packet; zero before the first.
    pub(crate) fn last_timestamp(&self) -> u32 {
        self.last.map_or(0, |(_, timestamp)| timestamp)
    }

    /// What a packet repeats for this subscriber: up to `most` of the packets before it, as far as they are of the same stream.
    pub(crate) fn repeated<'a>(
        &self,
        packet: &Packet<'_>,
        most: usize,
        find: impl Fn(u64) -> Option<Packet<'a>>,
    ) -> Repeated<'a> {
        let mut repeated = Repeated::default();
        for (place, back) in repeated.iter_mut().take(most).zip(1..) {
            let earlier =
                packet.index.checked_sub(back).and_then(&find).filter(|earlier| self.place(earlier).is_some());
            *place = earlier.and_then(|earlier| {
                Redundant::repeatable(packet.timestamp.wrapping_sub(earlier.timestamp), earlier.payload)
            });
        }
        repeated
    }

    pub(crate) fn take_rtx_index(&mut self) -> u64 {
        let index = self.next_rtx_index;
        self.next_rtx_index += 1;
        index
    }

    /// Ties the publisher's clock to this stream's timestamps; none before the first packet.
    pub(crate) fn sender_report(&mut self, clock: (u64, u32), now: Instant) -> Option<(u64, u32, u32, u32)> {
        let Flow::Flowing { timestamp_shift, .. } = self.flow else { return None };
        let (ntp, timestamp) = clock;
        self.reported = Some(((ntp >> 16) as u32, now));
        Some((ntp, timestamp.wrapping_add(timestamp_shift), self.packets_sent, self.octets_sent))
    }

    /// The round trip that a subscriber's report proves; none when it answers no report of ours.
    pub(crate) fn round_trip(&self, last_report: u32, delay_since: u32, now: Instant) -> Option<Duration> {
        let (reported, reported_at) = self.reported?;
        if reported != last_report {
            return None;
        }
        let elapsed = fixed_point(now.saturating_duration_since(reported_at), 16);
        let round_trip = u128::from(elapsed.checked_sub(u64::from(delay_since))?);
        Some(Duration::from_nanos(((round_trip * 1_000_000_000) >> 16) as u64))
    }
}

/// Streams begin low, so that the first rollover is far and both sides agree on it.
fn first_index(random: &mut Random) -> u64 {
    u64::from(random.u32() & 0x3fff) + 1
}

/// What a packet costs on the line: headers, tag and payload, in bytes.
fn bytes_of(packet: &Packet<'_>) -> u32 {
    packet.payload.len() as u32 + PACKET_OVERHEAD_BYTES
}

/// RTP header, tag, UDP and IP.
const PACKET_OVERHEAD_BYTES: u32 = 60;
/// What may be sent again before anything was earned, in bytes: a first keyframe that is lost twice.
///
/// Higher: a bad start is repaired for longer. Lower: a hostile subscriber gets less for nothing.
const FIRST_RESEND_CREDIT_BYTES: u32 = 32 * 1024;
/// Most credit that is saved up, in bytes: a burst of 0.4 s at 2.5 Mbit/s.
///
/// Higher: longer bursts are repaired at once. Lower: a hostile subscriber takes less at once.
const MAX_RESEND_CREDIT_BYTES: u32 = 128 * 1024;

/// Longest payload of a silent packet: the byte that says how it is coded, and two more.
const SILENT_BYTES: usize = 3;
/// Silent packets in a row that are sent on; the first ones tell the decoder what the silence sounds like.
///
/// Higher: more packets for nothing. Lower: a lost packet leaves the decoder with a voice instead of the silence behind it.
const SILENT_PACKETS_SENT: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resent::RESEND_PAUSE;

    fn slot(kind: TrackKind) -> Slot {
        Slot::new(kind, PayloadTypes { codec: 96, rtx: Some(97), red: None }, &mut Random::from_seed([4; 32]))
    }

    fn packet(index: u64, timestamp: u32) -> Packet<'static> {
        Packet { index, timestamp, is_marked: false, payload: b"x" }
    }

    #[test]
    fn video_begins_with_a_keyframe_and_audio_at_once() {
        let now = Instant::now();
        let mut camera = slot(TrackKind::Camera);
        assert_eq!(camera.map(&packet(5, 0), false, now), None);
        assert!(camera.awaits_keyframe());
        assert!(camera.map(&packet(6, 0), true, now).is_some());
        assert_eq!(camera.map(&packet(5, 0), false, now), None);
        assert!(slot(TrackKind::Microphone).map(&packet(5, 0), false, now).is_some());
    }

    #[test]
    fn a_new_source_goes_on_where_the_old_one_stopped() {
        let now = Instant::now();
        let mut slot = slot(TrackKind::Camera);
        slot.bind(Some(1));
        let first = slot.map(&packet(60_000, 1_000), true, now).unwrap();
        let second = slot.map(&packet(60_001, 4_000), false, now).unwrap();
        assert_eq!(second.index, first.index + 1);
        assert_eq!(second.timestamp.wrapping_sub(first.timestamp), 3_000);
        slot.bind(Some(2));
        assert_eq!(slot.map(&packet(17, 900), false, now), None);
        let third = slot.map(&packet(18, 950), true, now + Duration::from_secs(1)).unwrap();
        assert_eq!(third.index, second.index + 1);
        assert_eq!(third.timestamp, second.timestamp + 90_000);
    }

    #[test]
    fn a_missing_sequence_number_leads_to_the_packet_that_was_sent() {
        let now = Instant::now();
        let mut slot = slot(TrackKind::Camera);
        let mut sent = Vec::new();
        for index in 65_000u64..66_000 {
            sent.push((index, slot.map(&packet(index, 0), true, now).unwrap().index));
        }
        for (index, mapped) in sent {
            assert_eq!(slot.source_index(mapped as u16), Some(index));
        }
        assert_eq!(slot.source_index(slot.next_index as u16), None);
    }

    #[test]
    fn one_loss_reported_many_times_is_repaired_once_in_a_while() {
        let now = Instant::now();
        let mut slot = slot(TrackKind::Camera);
        assert!(slot.may_resend(&packet(5, 0), 8, now));
        assert!(!slot.may_resend(&packet(5, 0), 8, now));
        assert!(slot.may_resend(&packet(6, 0), 8, now));
        assert!(slot.may_resend(&packet(5, 0), 8, now + RESEND_PAUSE));
    }

    #[test]
    fn repetitions_stay_within_what_was_sent_once() {
        let mut now = Instant::now();
        let mut slot = slot(TrackKind::Camera);
        let large = Packet { payload: &[0; 1_140], ..packet(0, 0) };
        let mut resend_all = |slot: &mut Slot| {
            let mut resent = 0;
            for _ in 0..100 {
                now += RESEND_PAUSE;
                resent +=
                    (0..256).filter(|index| slot.may_resend(&Packet { index: *index, ..large }, 256, now)).count();
            }
            resent
        };
        assert_eq!(resend_all(&mut slot), (FIRST_RESEND_CREDIT_BYTES / 1_200) as usize);
        for index in 0..50 {
            slot.map(&Packet { index, ..large }, true, Instant::now());
        }
        assert_eq!(resend_all(&mut slot), 50);
        for index in 50..1_000 {
            slot.map(&Packet { index, ..large }, true, Instant::now());
        }
        assert_eq!(resend_all(&mut slot), (MAX_RESEND_CREDIT_BYTES / 1_200) as usize);
    }

    #[test]
    fn the_round_trip_is_what_the_receiver_did_not_wait() {
        let now = Instant::now();
        let mut slot = slot(TrackKind::Microphone);
        slot.map(&packet(5, 0), false, now);
        slot.sender_report((0x1234_5678_9abc_def0, 0), now).unwrap();
        let later = now + Duration::from_millis(150);
        let round_trip = slot.round_trip(0x5678_9abc, 65_536 / 10, later).unwrap();
        assert!(round_trip.abs_diff(Duration::from_millis(50)) < Duration::from_millis(1));
        assert_eq!(slot.round_trip(1, 0, later), None);
    }
}
