use colloque_ids::RoomId;

use crate::core::Core;
use crate::few::Few;
use crate::track::{Feed, PLACES, Subscription, TrackKind};

/// The peers of one consultation.
pub(crate) struct Room {
    pub id: RoomId,
    /// Keys, in order of arrival.
    pub peers: Vec<usize>,
    /// Whether anything of a peer is taken and sent on.
    pub is_open: bool,
}

impl Core {
    /// Decides anew whom each peer of a room hears and sees on which line, and asks for keyframes where that changes something.
    ///
    /// Each place of a subscriber belongs to one other peer that publishes, for as long as that peer is there. Where there are
    /// fewer places than peers, one that is heard goes before one that is lost, and the latest arrival among equals, so that the
    /// ghost of a reloaded page gives way. In a closed room nothing feeds anything.
    pub(crate) fn rebind(&mut self, room: usize) {
        let Room { is_open, .. } = self.rooms[room];
        let peers = self.rooms[room].peers.clone();
        for subscriber in &peers {
            self.give_places(&peers, *subscriber);
            for line in 0..self.peers[*subscriber].lines.len() {
                let Some(kind) = self.peers[*subscriber].lines[line].kind() else { continue };
                let feed = if is_open { self.feed_for(&peers, *subscriber, line, kind) } else { None };
                self.feed(*subscriber, line, feed);
            }
        }
    }

    fn give_places(&mut self, peers: &[usize], subscriber: usize) {
        let peer = &self.peers[subscriber];
        let count = peer.lines.iter().map(|line| line.place + 1).max().unwrap_or(0).min(PLACES);
        let mut places = peer.places;
        let mut chosen = Few::<usize, PLACES>::default();
        while chosen.as_slice().len() < count {
            let next = peers.iter().copied().filter(|other| {
                let is_other = *other != subscriber && !chosen.as_slice().contains(other);
                is_other && self.peers[*other].publishes_itself()
            });
            let Some(next) = next.max_by_key(|other| (!self.peers[*other].is_lost, self.peers[*other].joined)) else {
                break;
            };
            chosen.push(next);
        }
        for (place, occupant) in places.iter_mut().enumerate() {
            *occupant = occupant.filter(|occupant| place < count && chosen.as_slice().contains(occupant));
        }
        for next in chosen.as_slice() {
            if !places.contains(&Some(*next))
                && let Some(free) = places[..count].iter_mut().find(|occupant| occupant.is_none())
            {
                *free = Some(*next);
            }
        }
        self.peers[subscriber].places = places;
    }

    fn feed_for(&self, peers: &[usize], subscriber: usize, line: usize, kind: TrackKind) -> Option<Feed> {
        let feed_of = |publisher: usize| {
            let line = self.peers[publisher]
                .lines
                .iter()
                .position(|line| line.tracks.first().is_some_and(|track| self.tracks[*track].kind == kind))?;
            Some(Feed { publisher, line })
        };
        if kind != TrackKind::Screen {
            let peer = &self.peers[subscriber];
            return feed_of((*peer.places.get(peer.lines[line].place)?)?);
        }
        // One screen is shown: the one that was shared last.
        let screens = peers.iter().filter(|other| **other != subscriber).filter_map(|other| feed_of(*other));
        screens.max_by_key(|screen| {
            let peer = &self.peers[screen.publisher];
            let track = &self.tracks[peer.lines[screen.line].tracks[0]];
            (!peer.is_lost, track.began_at(), peer.joined)
        })
    }

    fn feed(&mut self, peer: usize, line: usize, feed: Option<Feed>) {
        let tracks = feed.map_or(&[][..], |feed| &self.peers[feed.publisher].lines[feed.line].tracks);
        let first = tracks.first().copied();
        let Some(slot) = self.peers[peer].lines[line].slot.as_ref() else { return };
        let is_kept =
            slot.feed == feed && (slot.is_paused || slot.source().is_some_and(|source| tracks.contains(&source)));
        if is_kept {
            return;
        }
        if let Some(slot) = &mut self.peers[peer].lines[line].slot {
            slot.feed = feed;
            slot.is_paused = false;
            slot.lowered_at = None;
        }
        // The poorest layer is the first that arrives whole; a better one follows as soon as the link is known to carry it.
        self.bind(peer, line, first);
    }

    /// Feeds a line from one track, beginning anew.
    pub(crate) fn bind(&mut self, peer: usize, line: usize, source: Option<usize>) {
        let Some(slot) = self.peers[peer].lines[line].slot.as_mut() else { return };
        let (before, ahead) = (slot.source(), slot.ahead());
        if !slot.bind(source) {
            return;
        }
        let subscription = Subscription { peer, line };
        for left in [before.filter(|_| before != source), ahead].into_iter().flatten() {
            self.unsubscribe(left, subscription);
        }
        if before != source {
            self.subscribe(source, subscription);
        }
    }

    /// Has a line go over to another layer with its next keyframe, or stay.
    pub(crate) fn aim(&mut self, peer: usize, line: usize, ahead: Option<usize>) {
        let Some(slot) = self.peers[peer].lines[line].slot.as_mut() else { return };
        let before = slot.ahead();
        slot.aim(ahead);
        let ahead = slot.ahead();
        if before != ahead {
            let subscription = Subscription { peer, line };
            if let Some(before) = before {
                self.unsubscribe(before, subscription);
            }
            self.subscribe(ahead, subscription);
        }
    }

    pub(crate) fn unsubscribe(&mut self, track: usize, subscription: Subscription) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.subscribers.retain(|other| *other != subscription);
        }
    }

    fn subscribe(&mut self, track: Option<usize>, subscription: Subscription) {
        let Some(track) = track.and_then(|track| self.tracks.get_mut(track)) else { return };
        track.subscribers.push(subscription);
        // A keyframe that comes before the subscriber's keys would be wasted, and would delay the next by the throttle.
        if self.peers[subscription.peer].is_connected() {
            track.want_keyframe();
            let publisher = track.publisher;
            self.mark_urgent(publisher);
        }
    }

    /// Removes a track and leaves its subscribers without a source.
    pub(crate) fn remove_track(&mut self, key: usize) {
        let track = self.tracks.remove(key);
        for subscription in track.subscribers {
            let Subscription { peer, line } = subscription;
            let Some(slot) = self.peers.get_mut(peer).and_then(|peer| peer.lines.get_mut(line)?.slot.as_mut()) else {
                continue;
            };
            if slot.ahead() == Some(key) {
                slot.aim(None);
            } else {
                let ahead = slot.ahead();
                slot.bind(None);
                if let Some(ahead) = ahead {
                    self.unsubscribe(ahead, subscription);
                }
            }
        }
    }
}
