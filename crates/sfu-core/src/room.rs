use colloque_ids::RoomId;

use crate::core::Core;
use crate::track::{Subscription, TrackKind};

/// The peers of one consultation.
pub(crate) struct Room {
    pub id: RoomId,
    /// Keys, in order of arrival.
    pub peers: Vec<usize>,
    /// Whether anything of a peer is taken and sent on.
    pub is_open: bool,
}

impl Core {
    /// Decides anew which track feeds which line of a room, and asks for keyframes where that changes something.
    ///
    /// Each line of a kind is fed by one other peer that publishes the kind: a peer that is heard before one that is lost,
    /// and the latest arrival among equals, so that the ghost of a reloaded page gives way. In a closed room nothing feeds
    /// anything.
    pub(crate) fn rebind(&mut self, room: usize) {
        let Room { is_open, .. } = self.rooms[room];
        let peers = self.rooms[room].peers.clone();
        for subscriber in &peers {
            for line in 0..self.peers[*subscriber].lines.len() {
                let Some(kind) = self.peers[*subscriber].lines[line].kind() else { continue };
                let source = if is_open { self.source_for(&peers, *subscriber, kind) } else { None };
                self.bind(*subscriber, line, source);
            }
        }
    }

    fn source_for(&self, peers: &[usize], subscriber: usize, kind: TrackKind) -> Option<usize> {
        peers
            .iter()
            .filter(|other| **other != subscriber)
            .filter_map(|other| {
                let peer = &self.peers[*other];
                let track =
                    peer.lines.iter().find_map(|line| line.track.filter(|track| self.tracks[*track].kind == kind))?;
                Some(((!peer.is_lost, peer.joined), track))
            })
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, track)| track)
    }

    fn bind(&mut self, peer: usize, line: usize, source: Option<usize>) {
        let Some(slot) = self.peers[peer].lines[line].slot.as_mut() else { return };
        let before = slot.source();
        if !slot.bind(source) {
            return;
        }
        // A keyframe that comes before the subscriber's keys would be wasted, and would delay the next by the throttle.
        let can_receive = self.peers[peer].is_connected();
        let subscription = Subscription { peer, line };
        if let Some(track) = before.and_then(|before| self.tracks.get_mut(before)) {
            track.subscribers.retain(|other| *other != subscription);
        }
        if let Some(track) = source.and_then(|source| self.tracks.get_mut(source)) {
            track.subscribers.push(subscription);
            if can_receive {
                track.want_keyframe();
                let publisher = track.publisher;
                self.mark_urgent(publisher);
            }
        }
    }

    /// Removes a track and leaves its subscribers without a source.
    pub(crate) fn remove_track(&mut self, key: usize) {
        let track = self.tracks.remove(key);
        for Subscription { peer, line } in track.subscribers {
            if let Some(slot) = self.peers.get_mut(peer).and_then(|peer| peer.lines[line].slot.as_mut()) {
                slot.bind(None);
            }
        }
    }
}
