//! Counts what passes between a participant and the wire, and hears what the server asks for.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;

use crate::offered::{OPUS, RED, VP8};

/// Packets of one direction at the wire, behind encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WireStatistics {
    /// Packets of a voice.
    pub voice: u64,
    /// Packets of pictures, those sent again not counted.
    pub picture: u64,
    /// Packets of pictures sent again.
    pub repeated: u64,
    /// Packets of the retransmission stream with nothing in them: probes for bandwidth.
    pub probes: u64,
    /// Packets of the medium's own stream with nothing in them.
    pub padding: u64,
    /// Packets that this direction's sender says it misses.
    pub missed: u64,
    /// Keyframes asked for.
    pub keyframes_asked: u64,
    /// Reports by the numbers of the transport.
    pub transport_reports: u64,
    /// Reports of senders and receivers.
    pub reports: u64,
    /// Packets of formats that were not negotiated.
    pub unknown: u64,
}

impl WireStatistics {
    /// What happened since an earlier reading.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            voice: self.voice.saturating_sub(earlier.voice),
            picture: self.picture.saturating_sub(earlier.picture),
            repeated: self.repeated.saturating_sub(earlier.repeated),
            probes: self.probes.saturating_sub(earlier.probes),
            padding: self.padding.saturating_sub(earlier.padding),
            missed: self.missed.saturating_sub(earlier.missed),
            keyframes_asked: self.keyframes_asked.saturating_sub(earlier.keyframes_asked),
            transport_reports: self.transport_reports.saturating_sub(earlier.transport_reports),
            reports: self.reports.saturating_sub(earlier.reports),
            unknown: self.unknown.saturating_sub(earlier.unknown),
        }
    }

    fn count_rtp(&mut self, packet: &rtc::rtp::Packet) {
        let is_empty = packet.payload.is_empty();
        match packet.header.payload_type {
            OPUS | RED => self.voice += 1,
            VP8 if is_empty => self.padding += 1,
            VP8 => self.picture += 1,
            // A repetition begins with the number of what it repeats.
            number if number == VP8 + 1 && packet.payload.len() <= 2 => self.probes += 1,
            number if number == VP8 + 1 => self.repeated += 1,
            _ => self.unknown += 1,
        }
    }

    fn count_rtcp(&mut self, packet: &dyn rtcp::Packet) {
        let packet = packet.as_any();
        if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            self.missed += nack.nacks.iter().map(|pair| pair.packet_list().len() as u64).sum::<u64>();
        } else if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            self.keyframes_asked += 1;
        } else if packet.is::<TransportLayerCc>() {
            self.transport_reports += 1;
        } else if packet.is::<SenderReport>() || packet.is::<ReceiverReport>() {
            self.reports += 1;
        }
    }
}

/// What the meters of one participant have seen, whatever transport it was on.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Inner {
    sent: WireStatistics,
    received: WireStatistics,
    wants_keyframe: bool,
    /// What the server lets this person send, in bits per second.
    allowed_bps: Option<u64>,
}

impl Readings {
    pub(crate) fn sent(&self) -> WireStatistics {
        self.lock().sent
    }

    pub(crate) fn received(&self) -> WireStatistics {
        self.lock().received
    }

    pub(crate) fn allowed_bps(&self) -> Option<u64> {
        self.lock().allowed_bps
    }

    /// Tells whether a keyframe was asked for since this was asked last.
    pub(crate) fn take_keyframe_wish(&self) -> bool {
        std::mem::take(&mut self.lock().wants_keyframe)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at every packet of one transport, and changes none.
pub(crate) struct Meter {
    readings: Arc<Readings>,
    read: VecDeque<TaggedPacket>,
    written: VecDeque<TaggedPacket>,
    /// Streams of this person, so that a wish about another's is not answered.
    own: HashSet<u32>,
}

impl Meter {
    pub(crate) fn new(readings: Arc<Readings>) -> Self {
        Self { readings, read: VecDeque::new(), written: VecDeque::new(), own: HashSet::new() }
    }

    fn hear(&self, inner: &mut Inner, packet: &dyn rtcp::Packet) {
        let about = packet.destination_ssrc();
        let packet = packet.as_any();
        if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            inner.wants_keyframe |= about.iter().any(|ssrc| self.own.contains(ssrc));
        } else if let Some(estimate) = packet.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
            inner.allowed_bps = Some(estimate.bitrate as u64);
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Meter {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        let mut inner = self.readings.lock();
        match &packet.message.packet {
            Packet::Rtp(rtp) => inner.received.count_rtp(rtp),
            Packet::Rtcp(packets) => {
                for packet in packets {
                    inner.received.count_rtcp(packet.as_ref());
                    self.hear(&mut inner, packet.as_ref());
                }
            }
            _ => {}
        }
        drop(inner);
        self.read.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        let mut inner = self.readings.lock();
        match &packet.message.packet {
            Packet::Rtp(rtp) => inner.sent.count_rtp(rtp),
            Packet::Rtcp(packets) => packets.iter().for_each(|packet| inner.sent.count_rtcp(packet.as_ref())),
            _ => {}
        }
        drop(inner);
        self.written.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.written.pop_front()
    }
}

impl Interceptor for Meter {
    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.own.insert(info.ssrc);
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.own.remove(&info.ssrc);
    }

    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}

    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
