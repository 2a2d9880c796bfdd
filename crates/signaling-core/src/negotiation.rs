//! Offers, answers, and how each participant's media goes.

use colloque_ids::{PeerId, RoomId};
use colloque_protocol::connection::ConnectionFact;
use colloque_protocol::signaling::{OfferRefusal, ServerMessage};

use crate::connection::Seated;
use crate::io::Output;
use crate::limits::{OFFER_BURST, OFFER_PAUSE};
use crate::room::{Participant, Peer, Seat};
use crate::signaling::Signaling;

impl Signaling {
    pub(crate) fn offer(&mut self, seated: Seated, generation: u32, ice_restart: bool, sdp: String) {
        if let Err(code) = self.try_offer(seated, generation, ice_restart, sdp) {
            self.send(seated.connection, ServerMessage::OfferRefused { generation, code });
        }
    }

    fn try_offer(
        &mut self,
        seated: Seated,
        generation: u32,
        ice_restart: bool,
        offer: String,
    ) -> Result<(), OfferRefusal> {
        let now = self.now;
        let allowed = self.rooms.get(&seated.room).is_some_and(|room| room.may_connect(seated.seat));
        if !allowed {
            return Err(OfferRefusal::NoConsent);
        }
        let is_paced = self
            .participant_mut(seated.room, seated.seat)
            .is_some_and(|participant| participant.offers.take(OFFER_BURST, OFFER_PAUSE, now));
        if !is_paced {
            return Err(OfferRefusal::Unavailable);
        }
        let peer = if ice_restart {
            let known = self.participant(seated.room, seated.seat).and_then(|participant| participant.peer);
            // Two negotiations of one peer would race; the client makes a new peer connection instead.
            known.filter(|peer| peer.awaited.is_none()).ok_or(OfferRefusal::Unavailable)?
        } else {
            self.replace_peer(seated.room, seated.seat);
            Peer { id: self.ids.next(now), awaited: None, up: false, journaled: false }
        };
        let awaited = Some((generation, seated.connection));
        let Some(participant) = self.participant_mut(seated.room, seated.seat) else {
            return Err(OfferRefusal::NoConsent);
        };
        participant.peer = Some(Peer { awaited, ..peer });
        self.peers.insert(peer.id, (seated.room, seated.seat));
        self.put(Output::ConnectMedia { room: seated.room, peer: peer.id, generation, offer, ice_restart });
        Ok(())
    }

    pub(crate) fn media_answered(&mut self, room: RoomId, peer: PeerId, generation: u32, sdp: String) {
        let Some((room, seat)) = self.peers.get(&peer).copied() else {
            // It was dropped while the media plane was making it.
            return self.put(Output::DisconnectMedia { room, peer });
        };
        let Some(participant) = self.participant_mut(room, seat) else { return };
        let here = participant.connection();
        let Some(known) = participant.peer.as_mut().filter(|known| known.id == peer) else { return };
        let Some((awaited, asked_by)) = known.awaited.filter(|(awaited, _)| *awaited == generation) else { return };
        known.awaited = None;
        if here == Some(asked_by) {
            self.send(asked_by, ServerMessage::Answer { generation: awaited, sdp });
        }
        // A room of the media plane that this peer is the first of is closed, whatever was told before.
        if self.rooms.get(&room).is_some_and(|room| room.is_gate_open) {
            self.put(Output::GateMedia { room, is_open: true });
        }
    }

    /// Lets media pass in a room, or stops them, when what is known of it says otherwise than the media plane was told.
    pub(crate) fn follow_gate(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let is_open = room.may_have_media() && !room.is_empty();
        if room.is_gate_open == is_open {
            return;
        }
        room.is_gate_open = is_open;
        if !is_open {
            Seat::ALL.into_iter().for_each(|seat| self.end_incidents(id, seat));
        }
        self.put(Output::GateMedia { room: id, is_open });
    }

    pub(crate) fn media_refused(&mut self, peer: PeerId, generation: u32, refusal: OfferRefusal) {
        let Some((room, seat)) = self.peers.get(&peer).copied() else { return };
        let Some(participant) = self.participant_mut(room, seat) else { return };
        let here = participant.connection();
        let Some(known) = participant.peer.filter(|known| known.id == peer) else { return };
        let Some((_, asked_by)) = known.awaited.filter(|(awaited, _)| *awaited == generation) else { return };
        // Whatever the media plane still holds of it is of no use to a client that starts anew.
        self.replace_peer(room, seat);
        if here == Some(asked_by) {
            self.send(asked_by, ServerMessage::OfferRefused { generation, code: refusal });
        }
    }

    pub(crate) fn peer_path(&mut self, peer: PeerId, up: bool) {
        let Some((room, seat)) = self.peers.get(&peer).copied() else { return };
        let Some(participant) = self.participant_mut(room, seat) else { return };
        let here = participant.connection();
        let Some(known) = participant.peer.as_mut().filter(|known| known.id == peer && known.up != up) else { return };
        known.up = up;
        if up {
            self.cut_ends(room, seat);
        } else {
            self.cut_begins(room, seat);
        }
        let Some(connection) = here else { return };
        self.send(connection, ServerMessage::MediaPath { up });
        self.journal_media(room);
    }

    /// Passes on how a peer's link is; whoever is cut off from signaling is told of the next change.
    pub(crate) fn peer_measured(&mut self, peer: PeerId, link: ServerMessage) {
        let Some((room, seat)) = self.peers.get(&peer).copied() else { return };
        let Some(participant) = self.participant_mut(room, seat) else { return };
        if participant.peer.is_some_and(|known| known.id == peer)
            && let Some(connection) = participant.connection()
        {
            self.send(connection, link);
        }
    }

    /// Journals that media of a participant pass from now on, or no longer: with a connected peer, in an open room.
    ///
    /// For somebody whose connection is lost it is written when they are back.
    pub(crate) fn journal_media(&mut self, id: RoomId) {
        for seat in Seat::ALL {
            let Some(room) = self.rooms.get_mut(&id) else { return };
            let is_open = room.is_gate_open;
            let Some(participant) = room.seat_mut(seat) else { continue };
            let Some(connection) = participant.connection() else { continue };
            let Some(peer) = participant.peer.as_mut().filter(|peer| peer.journaled != (peer.up && is_open)) else {
                continue;
            };
            peer.journaled = peer.up && is_open;
            let fact = if peer.journaled { ConnectionFact::MediaConnected } else { ConnectionFact::MediaLost };
            let scope = room.scope.clone();
            if let Some(known) = self.connections.get(connection) {
                let (from, who) = (known.from, known.who().cloned());
                self.journal(fact, connection, from, who, Some(scope));
            }
        }
    }

    pub(crate) fn peer_gone(&mut self, peer: PeerId) {
        self.peer_path(peer, false);
        if let Some((room, seat)) = self.peers.remove(&peer)
            && let Some(participant) = self.participant_mut(room, seat)
        {
            participant.peer.take_if(|known| known.id == peer);
        }
    }

    /// Removes the peer of a participant who stays, if any: nothing passes for them until another is there, and the journal says so.
    pub(crate) fn replace_peer(&mut self, room: RoomId, seat: Seat) {
        if self.participant(room, seat).is_some_and(|participant| participant.peer.is_some_and(|peer| peer.up)) {
            self.cut_begins(room, seat);
        }
        if let Some(peer) = self.participant_mut(room, seat).and_then(|participant| participant.peer.as_mut()) {
            peer.up = false;
            self.journal_media(room);
        }
        self.drop_peer(room, seat);
    }

    /// Removes a participant's peer, if any, here and at the media plane.
    pub(crate) fn drop_peer(&mut self, room: RoomId, seat: Seat) {
        if let Some(peer) = self.participant_mut(room, seat).and_then(|participant| participant.peer.take()) {
            self.peers.remove(&peer.id);
            self.put(Output::DisconnectMedia { room, peer: peer.id });
        }
    }

    fn participant(&self, room: RoomId, seat: Seat) -> Option<&Participant> {
        self.rooms.get(&room)?.seat(seat)
    }

    fn participant_mut(&mut self, room: RoomId, seat: Seat) -> Option<&mut Participant> {
        self.rooms.get_mut(&room)?.seat_mut(seat).as_mut()
    }
}
