use std::time::Instant;

use slab::Slab;

use crate::arena::{Path, SendArena};
use crate::downlink::Queued;
use crate::peer::{MediaLine, Peer};
use crate::red::{Redundant, Repeated};
use crate::ring::Packet;
use crate::seal::{Extensions, Outgoing};
use crate::slot::{Mapped, Slot};
use crate::track::Track;
use crate::vp8;

/// What became of a packet for a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// It was sent, or not meant for this subscriber.
    Done,
    /// It waits for the link.
    Waits,
    /// What waits does so for too long: the pictures must begin anew.
    Overdue,
}

/// Bytes of one packet of padding: the most that RTP can count.
const PADDING_BYTES: u8 = 255;

impl Peer {
    /// Goes over to a layer with its keyframe where a line waits for that, and gives the layer that is left.
    pub(crate) fn switch(
        &mut self,
        line: usize,
        key: usize,
        packet: &Packet<'_>,
        tracks: &Slab<Track>,
        now: Instant,
    ) -> Option<usize> {
        self.secure.as_ref()?;
        let slot = self.lines.get_mut(line)?.slot.as_mut().filter(|slot| slot.ahead() == Some(key))?;
        let clock_of = |track: Option<usize>| tracks.get(track?)?.clock;
        let clocks = (clock_of(slot.source()), clock_of(Some(key)));
        slot.switch(packet, clocks, now)
    }

    /// Sends one packet of a track on one line, if its stream can take it.
    pub(crate) fn forward(
        &mut self,
        line: usize,
        key: usize,
        track: &Track,
        packet: &Packet<'_>,
        is_keyframe: bool,
        now: Instant,
        out: &mut SendArena,
    ) -> Forwarded {
        let (Some(to), Some(_)) = (self.ice.selected(), &self.secure) else { return Forwarded::Done };
        let Some(slot) = self.lines.get_mut(line).and_then(|line| line.slot.as_mut()) else { return Forwarded::Done };
        if slot.source() != Some(key) {
            return Forwarded::Done;
        }
        let Some(mapped) = slot.map(packet, is_keyframe, now) else { return Forwarded::Done };
        if let Some(downlink) = self.downlink.as_mut().filter(|_| slot.kind.is_video())
            && !downlink.is_free(now)
        {
            let restarts = slot.restarts();
            let (serial, index) = (track.serial, packet.index);
            let queued = Queued { line, track: key, serial, index, mapped, is_repeat: false, restarts, since: now };
            return if downlink.queue(queued) { Forwarded::Waits } else { Forwarded::Overdue };
        }
        let repeated = match (slot.types.red, &self.downlink) {
            (Some(_), Some(downlink)) => slot.repeated(packet, downlink.redundancy(), |index| track.find(index)),
            (Some(_) | None, _) => Repeated::default(),
        };
        self.send_media(line, packet, mapped, false, repeated, to, now, out);
        Forwarded::Done
    }

    /// The next packet that waited for the link and may leave now.
    pub(crate) fn next_queued(&mut self, now: Instant) -> Option<Queued> {
        self.downlink.as_mut()?.next(now)
    }

    /// Sends a packet that waited, unless its stream began anew meanwhile.
    pub(crate) fn forward_queued(&mut self, queued: &Queued, packet: &Packet<'_>, now: Instant, out: &mut SendArena) {
        let (Some(to), Some(_)) = (self.ice.selected(), &self.secure) else { return };
        let Some(slot) = self.lines.get(queued.line).and_then(|line| line.slot.as_ref()) else { return };
        if slot.restarts() == queued.restarts {
            self.send_media(queued.line, packet, queued.mapped, queued.is_repeat, Repeated::default(), to, now, out);
        }
    }

    /// Drops what waits for the link: the pictures begin anew.
    pub(crate) fn drop_queue(&mut self) {
        if let Some(downlink) = &mut self.downlink {
            downlink.drop_queue();
        }
        let slots = self.lines.iter_mut().filter_map(|line| line.slot.as_mut());
        slots.filter(|slot| slot.kind.is_video()).for_each(Slot::restart);
    }

    /// Sends a packet again that the subscriber missed, where the client reads a stream of retransmissions.
    pub(crate) fn resend(
        &mut self,
        line: usize,
        key: usize,
        track: &Track,
        packet: &Packet<'_>,
        now: Instant,
        out: &mut SendArena,
    ) -> Forwarded {
        let (Some(to), Some(_)) = (self.ice.selected(), &self.secure) else { return Forwarded::Done };
        let Some(slot) = self.lines.get_mut(line).and_then(|line| line.slot.as_mut()) else { return Forwarded::Done };
        let Some(mapped) = slot.place(packet).filter(|_| slot.repairs().is_some()) else { return Forwarded::Done };
        if !slot.may_resend(packet, track.ring_packets(), now) {
            return Forwarded::Done;
        }
        if let Some(downlink) = self.downlink.as_mut().filter(|_| slot.kind.is_video())
            && !downlink.has_room(now)
        {
            let restarts = slot.restarts();
            let (serial, index) = (track.serial, packet.index);
            let queued = Queued { line, track: key, serial, index, mapped, is_repeat: true, restarts, since: now };
            // Without a place it is left out: the subscriber asks again.
            return if downlink.queue_first(queued) { Forwarded::Waits } else { Forwarded::Done };
        }
        self.send_media(line, packet, mapped, true, Repeated::default(), to, now, out);
        Forwarded::Done
    }

    /// Fills the link for a probe, with padding on a retransmission stream: no decoder sees it.
    pub(crate) fn pad(&mut self, now: Instant, out: &mut SendArena) {
        let Some(to) = self.ice.selected() else { return };
        let (Some(secure), Some(downlink)) = (&self.secure, &mut self.downlink) else { return };
        let Some(line) = self.lines.iter_mut().find(|line| line.can_pad()) else { return };
        let Some(slot) = &mut line.slot else { return };
        let Some((payload_type, ssrc)) = slot.repairs() else { return };
        while downlink.estimator.padding_due(now) > 0 && !out.should_flush() {
            let extensions = Extensions { number: line.number_extension.map(|id| (id, 0)), playout: None };
            let bytes = Outgoing::line_bytes(&extensions, false, PADDING_BYTES.into());
            let number = downlink.note_sent(now, bytes, 0);
            let packet = Outgoing {
                payload_type,
                is_marked: false,
                ssrc,
                index: slot.take_rtx_index(),
                timestamp: slot.last_timestamp(),
                extensions: Extensions { number: line.number_extension.map(|id| (id, number)), playout: None },
                repeats: None,
            };
            packet.send_padding(secure, self.key as u32, to, PADDING_BYTES, out);
        }
    }

    /// Sends a packet of a track on its stream; a repeat on the retransmission stream, where the client reads one.
    fn send_media(
        &mut self,
        line: usize,
        packet: &Packet<'_>,
        mapped: Mapped,
        is_repeat: bool,
        repeated: Repeated<'_>,
        to: Path,
        now: Instant,
        out: &mut SendArena,
    ) {
        let (Some(secure), Some(line)) = (&self.secure, self.lines.get_mut(line)) else { return };
        let Some(slot) = &mut line.slot else { return };
        let wrapped = slot.repairs().filter(|_| is_repeat);
        let number = line.number_extension.map(|id| (id, 0));
        let mut extensions = Extensions { number, playout: None };
        let fits = |payload_bytes| Outgoing::fits(&extensions, wrapped.is_some(), payload_bytes);
        if !fits(packet.payload.len()) {
            return;
        }
        let mut redundant = Redundant { primary: packet.payload, repeated };
        let red = slot.types.red.filter(|_| {
            while !fits(redundant.bytes()) && redundant.drop_farthest() {}
            redundant.repeated.iter().any(Option::is_some)
        });
        let payload_bytes = if red.is_some() { redundant.bytes() } else { packet.payload.len() };
        // Once a keyframe is often enough: the client keeps to it.
        let playout = line.playout_extension.filter(|_| slot.kind.is_video() && vp8::begins_keyframe(packet.payload));
        let with_playout = Extensions { playout, ..extensions };
        if Outgoing::fits(&with_playout, wrapped.is_some(), payload_bytes) {
            extensions = with_playout;
        }
        let number = self.downlink.as_mut().map(|downlink| {
            let bytes = Outgoing::line_bytes(&extensions, wrapped.is_some(), payload_bytes);
            downlink.note_sent(now, bytes, if is_repeat { bytes } else { payload_bytes - packet.payload.len() })
        });
        let (payload_type, ssrc, index, repeats) = match wrapped {
            Some((payload_type, ssrc)) => (payload_type, ssrc, slot.take_rtx_index(), Some(mapped.index as u16)),
            None => (red.unwrap_or(slot.types.codec), slot.ssrc, mapped.index, None),
        };
        let outgoing = Outgoing {
            payload_type,
            is_marked: packet.is_marked,
            ssrc,
            index,
            timestamp: mapped.timestamp,
            extensions: Extensions { number: line.number_extension.zip(number), ..extensions },
            repeats,
        };
        match red {
            Some(_) => outgoing.send_redundant(secure, self.key as u32, to, slot.types.codec, &redundant, out),
            None => outgoing.send(secure, self.key as u32, to, packet.payload, mapped.names_shift, out),
        }
    }
}

impl MediaLine {
    /// Whether padding can be sent on the line's retransmission stream.
    fn can_pad(&self) -> bool {
        self.number_extension.is_some() && self.slot.as_ref().is_some_and(|slot| slot.repairs().is_some())
    }
}
