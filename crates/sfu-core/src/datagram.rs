use std::time::Instant;

use crate::arena::{Path, SendArena};
use crate::core::{Core, Event, MAX_PEERS_PER_ROOM, push_allowed, push_copy};
use crate::counters::{CheckRefusal, DatagramKind, DropReason};
use crate::downlink::Downlink;
use crate::dtls::DtlsEvent;
use crate::egress::Forwarded;
use crate::few::Few;
use crate::peer::{Opened, Peer, Secure};
use crate::red::Redundant;
use crate::ring::Packet;
use crate::rtp::{RtpHeader, is_rtcp};
use crate::srtp::guess_index;
use crate::stun::{BindingRequest, BindingSuccess};
use crate::track::{KeyframeRequest, Subscription, TrackKind};
use crate::vp8;

impl Core {
    /// Takes one datagram that came from `from`; its bytes are opened in place.
    ///
    /// What is malformed, forged, replayed or from nobody known gets no answer.
    ///
    /// # Source
    ///
    /// RFC 7983 section 7: the first byte tells STUN, DTLS and RTP apart.
    pub fn handle_datagram(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        let kind = match datagram.first() {
            Some(0..=3) => DatagramKind::Stun,
            Some(20..=63) => DatagramKind::Dtls,
            Some(128..=191) if is_rtcp(datagram) => DatagramKind::Rtcp,
            Some(128..=191) => DatagramKind::Rtp,
            _ => DatagramKind::Other,
        };
        self.counters.note_received(kind, datagram.len());
        match kind {
            DatagramKind::Stun => self.handle_stun(now, from, datagram, out),
            DatagramKind::Dtls => self.handle_dtls(now, from, datagram, out),
            DatagramKind::Rtcp => self.handle_rtcp(now, from, datagram, out),
            DatagramKind::Rtp => self.handle_rtp(now, from, datagram, out),
            DatagramKind::Other => self.counters.drop(DropReason::NoProtocol),
        }
    }

    fn handle_stun(&mut self, now: Instant, from: Path, datagram: &[u8], out: &mut SendArena) {
        if let Some(answer) = BindingSuccess::parse(datagram) {
            self.take_answer(now, from, &answer, out);
            return;
        }
        let Ok(request) = BindingRequest::parse(datagram) else {
            return self.counters.refuse_check(CheckRefusal::UnknownName);
        };
        let Some(key) = request.to_ufrag.try_into().ok().and_then(|ufrag: [u8; 8]| self.peer_by_ufrag.get(&ufrag))
        else {
            return self.counters.refuse_check(CheckRefusal::UnknownName);
        };
        let key = *key;
        if !self.peers[key].ice.is_authentic(&request) {
            return self.counters.refuse_check(CheckRefusal::Forged);
        }
        // An address may pass from one peer to another, as when a network hands a port out again, but nobody takes it from a
        // peer that is there.
        let owner =
            self.peer_by_address.get(&from).filter(|owner| **owner != key).and_then(|owner| self.peers.get(*owner));
        if owner.is_some_and(|owner| owner.holds(from, now)) {
            return self.counters.refuse_check(CheckRefusal::AddressTaken);
        }
        let peer = &mut self.peers[key];
        let removed = peer.ice.accept_check(from, &request, datagram.len(), now, &mut self.random);
        // The challenge first: a check pays for one of the two, and the answer proves the address for all that follows.
        peer.ice.send_challenges(now, |to, challenge| push_copy(out, to, challenge));
        peer.ice.respond(&request, from, now, |response| push_copy(out, from, response));
        if peer.ice.is_challenging() {
            self.mark_urgent(key);
        }
        self.bind_address(key, from, removed);
        self.note_heard(key, now);
    }

    fn take_answer(&mut self, now: Instant, from: Path, answer: &BindingSuccess<'_>, out: &mut SendArena) {
        let Some(key) = self.peer_at(from) else { return };
        if self.peers[key].ice.take_answer(from, answer, now) {
            self.peers[key].ice.release(from, |waited| push_copy(out, from, waited));
            self.note_heard(key, now);
        }
    }

    fn handle_dtls(&mut self, now: Instant, from: Path, datagram: &[u8], out: &mut SendArena) {
        let Some(key) = self.peer_at(from) else { return self.counters.drop(DropReason::UnknownAddress) };
        let Peer { dtls, ice, .. } = &mut self.peers[key];
        ice.note_received(from, datagram.len());
        let Some(to) = ice.handshake_path(from) else { return };
        let event = dtls.handle_datagram(&self.dtls, now, datagram, |reply| push_allowed(out, ice, now, to, reply));
        self.mark_urgent(key);
        self.handle_dtls_event(now, key, event, out);
    }

    pub(crate) fn handle_dtls_event(&mut self, now: Instant, key: usize, event: DtlsEvent, out: &mut SendArena) {
        match event {
            DtlsEvent::Progress if self.peers[key].dtls.has_failed() => {
                self.counters.handshakes_failed += u64::from(!self.peers[key].is_connected());
                self.drop_peer(key);
            }
            DtlsEvent::Progress => {}
            DtlsEvent::Closed => self.drop_peer(key),
            DtlsEvent::Connected(keys) => {
                self.counters.handshakes_completed += 1;
                let peer = &mut self.peers[key];
                peer.ice.prove_by_handshake(now);
                if let Some(selected) = peer.ice.selected() {
                    peer.ice.release(selected, |waited| push_copy(out, selected, waited));
                }
                peer.secure = Some(Secure {
                    inbound: keys.client,
                    outbound: keys.server,
                    rtcp_index: 0,
                    inbound_rtcp: Vec::new(),
                });
                if peer.lines.iter().any(|line| line.number_extension.is_some()) {
                    peer.downlink = Some(Box::new(Downlink::new(now)));
                }
                self.note_heard(key, now);
                let (room, peer) = self.names(key);
                self.events.push_back(Event::PeerConnected { room, peer });
                self.request_first_keyframes(now, key, out);
            }
        }
    }

    /// A subscriber that just became able to receive needs a picture to begin with.
    fn request_first_keyframes(&mut self, now: Instant, key: usize, out: &mut SendArena) {
        for line in 0..self.peers[key].lines.len() {
            let source = self.peers[key].lines[line].slot.as_ref().and_then(|slot| slot.source());
            if let Some(source) = source {
                self.request_keyframe(now, source, out);
            }
        }
    }

    fn handle_rtp(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        let known = self.peer_at(from);
        let Some(key) = known.or_else(|| self.find_mover(datagram)) else {
            return self.counters.drop(DropReason::UnknownAddress);
        };
        let peer = &mut self.peers[key];
        // Before the packet is opened: what is refused costs no cryptography.
        if !peer.spent.may_publish(now) {
            return self.counters.drop(DropReason::OverMediaBudget);
        }
        let Some(header) = RtpHeader::parse(datagram) else { return self.counters.drop(DropReason::Malformed) };
        let Some(opened) = peer.open_rtp(&header, datagram) else { return self.counters.drop(DropReason::NotOpened) };
        // What comes from a new address counts there below.
        peer.ice.note_media(from, if known.is_some() { datagram.len() } else { 0 }, now);
        if opened.is_first {
            self.peer_by_ssrc.entry(header.ssrc).or_insert(key);
        }
        peer.spent.charge_media(datagram.len(), &self.limits, now);
        if let Some(number) =
            peer.lines[opened.line].number_extension.and_then(|id| header.transport_number(datagram, id))
        {
            peer.note_arrival(number, now);
        }
        if known.is_none() {
            self.follow_mover(now, key, from, datagram.len(), out);
        }
        self.note_heard(key, now);
        // After the packet was opened: its stream's place is kept up with, so that the room can be opened again.
        if !self.rooms[self.peers[key].room].is_open {
            return self.counters.drop(DropReason::RoomClosed);
        }
        let Some(payload) = header.without_padding(&datagram[header.header_bytes..opened.plain_bytes]) else {
            return self.counters.drop(DropReason::Malformed);
        };
        self.forward(now, key, &header, opened, payload, out);
    }

    fn forward(
        &mut self,
        now: Instant,
        publisher: usize,
        header: &RtpHeader,
        opened: Opened,
        payload: &[u8],
        out: &mut SendArena,
    ) {
        let peer = &self.peers[publisher];
        let (line, refused) = (&peer.lines[opened.line], peer.spent.refused());
        let Some(track_key) = line.tracks.get(opened.layer).copied() else { return };
        let types = line.types;
        let is_redundant = !opened.is_rtx && types.red == Some(header.payload_type);
        let expected_type = if opened.is_rtx { types.rtx } else { Some(types.codec) };
        if expected_type != Some(header.payload_type) && !is_redundant {
            return self.counters.drop(DropReason::WrongStream);
        }
        let track = &mut self.tracks[track_key];
        let (index, payload) = if opened.is_rtx {
            // Bandwidth probes on the retransmission stream carry nothing.
            let Some((original, payload)) = payload.split_first_chunk::<2>() else { return };
            let Some(highest) = track.highest() else { return };
            (guess_index(Some(highest), u16::from_be_bytes(*original)), payload)
        } else {
            if track.ssrc != Some(header.ssrc) {
                let is_change = track.ssrc.is_some();
                if !track.restart(header.ssrc, now) {
                    return self.counters.drop(DropReason::WrongStream);
                }
                self.peers[publisher].owes_report = true;
                self.mark_urgent(publisher);
                if is_change {
                    self.restart_subscribers(track_key);
                }
            }
            (opened.index, payload)
        };
        let track = &mut self.tracks[track_key];
        if !opened.is_rtx {
            track.note_refused(refused, index);
        }
        let (timestamp, is_marked) = (header.timestamp, header.is_marked);
        if !is_redundant {
            let packet = Packet { index, timestamp, is_marked, payload };
            self.publish(now, publisher, track_key, packet, opened.is_rtx, out);
            return;
        }
        let Some(redundant) = Redundant::parse(payload, types.codec) else {
            return self.counters.drop(DropReason::Malformed);
        };
        for (back, repeated) in redundant.repeated.iter().enumerate().rev() {
            let Some((offset, payload)) = *repeated else { continue };
            let Some(index) = index.checked_sub(back as u64 + 1) else { continue };
            let spent = &mut self.peers[publisher].spent;
            if self.tracks[track_key].find(index).is_none() && spent.may_publish(now) {
                spent.charge_media(payload.len(), &self.limits, now);
                let packet = Packet { index, timestamp: timestamp.wrapping_sub(offset), is_marked: false, payload };
                self.publish(now, publisher, track_key, packet, true, out);
            }
        }
        let packet = Packet { index, timestamp, is_marked, payload: redundant.primary };
        self.publish(now, publisher, track_key, packet, false, out);
    }

    /// Keeps a packet that is new, and sends it to the track's subscribers.
    fn publish(
        &mut self,
        now: Instant,
        publisher: usize,
        track_key: usize,
        packet: Packet<'_>,
        is_repaired: bool,
        out: &mut SendArena,
    ) {
        let track = &mut self.tracks[track_key];
        let is_keyframe = track.kind.is_video() && vp8::begins_keyframe(packet.payload);
        let begins_screen = track.kind == TrackKind::Screen && !track.is_live(now);
        if !track.insert(packet, is_keyframe, is_repaired, now) {
            return self.counters.drop(DropReason::Duplicate);
        }
        if begins_screen {
            self.rebind(self.peers[publisher].room);
        }
        self.counters.keyframes += u64::from(is_keyframe);
        let sent_before = out.transmits().len();
        let has_gaps = !self.tracks[track_key].gaps.is_empty();
        let mut awaits_keyframe = false;
        let mut to_pace = Few::<usize, MAX_PEERS_PER_ROOM>::default();
        let mut overdue = Few::<usize, MAX_PEERS_PER_ROOM>::default();
        let mut to_report = Few::<usize, MAX_PEERS_PER_ROOM>::default();
        let mut left = Few::<(usize, Subscription), MAX_PEERS_PER_ROOM>::default();
        let track = &self.tracks[track_key];
        let ends_run = packet.is_marked || !track.kind.is_video();
        for subscription in &track.subscribers {
            let Some(peer) = self.peers.get_mut(subscription.peer) else { continue };
            if is_keyframe && let Some(before) = peer.switch(subscription.line, track_key, &packet, &self.tracks, now) {
                left.push((before, *subscription));
            }
            match peer.forward(subscription.line, track_key, track, &packet, is_keyframe, now, out) {
                Forwarded::Done => {}
                Forwarded::Waits => to_pace.push(subscription.peer),
                Forwarded::Overdue => overdue.push(subscription.peer),
            }
            if peer.owes_feedback && ends_run {
                to_report.push(subscription.peer);
            }
            awaits_keyframe |= peer.is_connected()
                && peer.lines[subscription.line].slot.as_ref().is_some_and(|slot| slot.awaits_keyframe_of(track_key));
        }
        for (before, subscription) in left.as_slice() {
            self.unsubscribe(*before, *subscription);
        }
        self.counters.forwarded += (out.transmits().len() - sent_before) as u64;
        if awaits_keyframe || self.tracks[track_key].is_keyframe_wanted() {
            self.request_keyframe(now, track_key, out);
        }
        if has_gaps {
            self.mark_urgent(publisher);
        }
        for peer in to_report.as_slice() {
            self.send_feedback(now, *peer, None, out);
        }
        for peer in to_pace.as_slice() {
            self.mark_pacing(*peer, now);
        }
        for peer in overdue.as_slice() {
            self.give_up_queue(*peer, now, out);
        }
    }

    fn restart_subscribers(&mut self, track: usize) {
        for subscription in &self.tracks[track].subscribers {
            if let Some(peer) = self.peers.get_mut(subscription.peer)
                && let Some(slot) = peer.lines[subscription.line].slot.as_mut()
                && slot.source() == Some(track)
            {
                slot.restart();
            }
        }
    }

    /// Asks a track's publisher for a keyframe, now or when the pause allows it.
    pub(crate) fn request_keyframe(&mut self, now: Instant, track: usize, out: &mut SendArena) {
        let Some(track) = self.tracks.get_mut(track) else { return };
        track.want_keyframe();
        let publisher = track.publisher;
        let request = track.take_keyframe_request(now);
        if request == KeyframeRequest::None {
            return;
        }
        // Until the keyframe comes, the request is repeated.
        self.mark_urgent(publisher);
        if let KeyframeRequest::Send(ssrc) = request
            && let Some(peer) = self.peers.get_mut(publisher)
        {
            self.counters.keyframe_requests_sent += 1;
            let sender = peer.feedback_ssrc();
            peer.send_rtcp(out, |writer| {
                writer.receiver_report(sender, &[]);
                writer.picture_loss(sender, ssrc);
            });
        }
    }

    /// Whose datagrams come from `from`.
    pub(crate) fn peer_at(&mut self, from: Path) -> Option<usize> {
        if let Some((address, key)) = self.last_address
            && address == from
        {
            return Some(key);
        }
        let key = *self.peer_by_address.get(&from)?;
        self.last_address = Some((from, key));
        Some(key)
    }

    /// Records a sign of life that only the peer's own client can give.
    pub(crate) fn note_heard(&mut self, key: usize, now: Instant) {
        let peer = &mut self.peers[key];
        peer.heard_at = now;
        if peer.is_lost {
            peer.is_lost = false;
            let room = peer.room;
            let (room_id, peer) = self.names(key);
            self.events.push_back(Event::PeerRecovered { room: room_id, peer });
            self.rebind(room);
        }
    }
}
