use std::time::{Duration, Instant};

use colloque_ids::{PeerId, RoomId};

use crate::core::{Core, Event};
use crate::few::Few;
use crate::peer::Peer;
use crate::sdp::{MAX_LAYERS, Mid};
use crate::share::VOICE_BPS;
use crate::slot::Slot;
use crate::track::{PLACES, Track, TrackKind, is_within};

/// What the layers of a camera take of a publisher's cap, the best first, in percent: a picture and those of half and a quarter
/// of its height, as browsers encode them.
const NOMINAL_PERCENT: [u64; MAX_LAYERS] = [65, 20, 7];
/// Height of a camera's best layer, in pixels: what the platform asks cameras for.
const BEST_HEIGHT: u16 = 720;
/// How much larger than a layer a picture may be shown before the next better layer is wanted, in percent.
///
/// Higher: pictures are less sharp. Lower: links carry what nobody sees.
const ENLARGED_PERCENT: u32 = 130;
/// What a better layer than the present one must leave free, in percent of what it takes.
///
/// Higher: a better picture comes later. Lower: pictures change their size to and fro.
const RAISED_PERCENT: u64 = 115;
/// How long after a poorer layer was chosen no better one is.
const RAISED_AFTER: Duration = Duration::from_secs(4);
/// Least that a picture is believed to take, in bits per second.
const LEAST_BPS: u64 = 40_000;

/// One picture that a subscriber could be sent.
#[derive(Debug, Clone, Copy, Default)]
struct Picture {
    line: usize,
    height: u16,
    /// What each layer takes, in bits per second, the poorest first; none for a layer that does not come.
    costs: [Option<u64>; MAX_LAYERS],
    /// The best layer that the size wants.
    wanted: usize,
    current: Option<usize>,
    may_be_raised: bool,
    choice: Option<usize>,
}

impl Picture {
    /// The next better layer than `from` that comes and is wanted; a layer above the present one must leave some of the link free.
    fn next(&self, from: Option<usize>) -> Option<(usize, u64)> {
        let first = from.map_or(0, |layer| layer + 1);
        // Where the wanted layers do not come, the least of those that do is better than nothing.
        let last = self.wanted.max(self.poorest()?.0);
        let (layer, cost) = (first..=last).find_map(|layer| Some((layer, (*self.costs.get(layer)?)?)))?;
        if self.current.is_some_and(|current| layer <= current) {
            return Some((layer, cost));
        }
        self.may_be_raised.then_some((layer, cost * RAISED_PERCENT / 100))
    }

    fn poorest(&self) -> Option<(usize, u64)> {
        self.costs.iter().enumerate().find_map(|(layer, cost)| Some((layer, (*cost)?)))
    }
}

/// Shares a link among pictures: first each gets its poorest layer, the largest picture even where the link does not carry it;
/// then they are raised in turn, the largest first.
fn allocate(pictures: &mut [Picture], mut room_bps: u64) {
    pictures.sort_by_key(|picture| (std::cmp::Reverse(picture.height), picture.line));
    for (index, picture) in pictures.iter_mut().enumerate() {
        picture.choice = None;
        let is_largest = index == 0;
        let next = if is_largest { picture.poorest() } else { picture.next(None) };
        if let Some((layer, cost)) = next
            && (is_largest || cost <= room_bps)
        {
            picture.choice = Some(layer);
            room_bps = room_bps.saturating_sub(cost);
        }
    }
    for _ in 1..MAX_LAYERS {
        for picture in pictures.iter_mut().filter(|picture| picture.choice.is_some()) {
            let paid = picture.choice.and_then(|layer| picture.costs[layer]).unwrap_or(0);
            if let Some((layer, cost)) = picture.next(picture.choice)
                && cost <= room_bps + paid
            {
                picture.choice = Some(layer);
                room_bps = (room_bps + paid).saturating_sub(cost);
            }
        }
    }
}

/// Nominal cost of the layer `layer` of `count`, the poorest being zero.
fn nominal_bps(layer: usize, count: usize, cap_bps: u64) -> u64 {
    if count == 1 {
        return cap_bps;
    }
    let below_best = count.saturating_sub(layer + 1).min(MAX_LAYERS - 1);
    cap_bps * NOMINAL_PERCENT[below_best] / 100
}

/// The poorest of `count` layers that is sharp at a height.
fn layer_for(height: u16, count: usize) -> usize {
    let is_sharp = |layer: &usize| {
        let below_best = count - 1 - layer;
        u32::from(BEST_HEIGHT >> below_best) * ENLARGED_PERCENT >= u32::from(height) * 100
    };
    (0..count).find(is_sharp).unwrap_or(count.saturating_sub(1))
}

/// What a subscriber would be sent of a picture if its link carried it, in bits per second.
pub(crate) fn wanted_bps(slot: &Slot, count: usize, cap_bps: u64) -> u64 {
    match (slot.shown_height.unwrap_or(BEST_HEIGHT), count) {
        (0, _) | (_, 0) => 0,
        (height, count) => nominal_bps(layer_for(height, count), count, cap_bps),
    }
}

impl Core {
    /// Takes the height, in pixels of the screen, at which a subscriber shows the picture of one line; zero for not at all.
    ///
    /// Takes effect at the next allocation, a tenth of a second later. Unknown rooms, peers and lines are ignored.
    pub fn show_picture(&mut self, room: RoomId, peer: PeerId, mid: Mid, height: u16) {
        let Some(key) = self.find_peer(room, peer) else { return };
        let line = self.peers[key].lines.iter_mut().find(|line| line.mid == mid);
        if let Some(slot) = line.and_then(|line| line.slot.as_mut()) {
            slot.shown_height = Some(height);
        }
    }

    /// Several times a second for each subscriber: which layer of which picture does its link carry?
    ///
    /// Where there is no choice, one encoding for one subscriber, the publisher adapts and nothing is left out here.
    pub(crate) fn choose_layers(&mut self, now: Instant, key: usize) {
        let Some(peer) = self.peers.get(key).filter(|peer| peer.is_connected()) else { return };
        let mut pictures = Few::<Picture, PLACES>::default();
        let (mut has_choice, mut is_due) = (false, false);
        for (line, slot) in peer.lines.iter().enumerate().filter_map(|(line, media)| Some((line, media.slot.as_ref()?)))
        {
            let Some(feed) = slot.feed.filter(|_| slot.kind == TrackKind::Camera) else { continue };
            let Some(layers) = self.peers.get(feed.publisher).and_then(|peer| peer.lines.get(feed.line)) else {
                continue;
            };
            let Some(picture) = self.picture(line, slot, &layers.tracks, now) else { continue };
            has_choice |= layers.tracks.len() > 1;
            is_due |= slot.is_paused || picture.height == 0;
            pictures.push(picture);
        }
        has_choice |= pictures.as_slice().len() > 1;
        if !has_choice && !is_due {
            return;
        }
        let room_bps = if has_choice { self.picture_room_of(peer, now) } else { u64::MAX };
        allocate(pictures.as_mut_slice(), room_bps);
        for picture in pictures.as_slice() {
            self.apply(now, key, picture);
        }
    }

    fn picture(&self, line: usize, slot: &Slot, tracks: &[usize], now: Instant) -> Option<Picture> {
        let count = tracks.len().min(MAX_LAYERS);
        let height = slot.shown_height.unwrap_or(BEST_HEIGHT);
        if count == 0 {
            return None;
        }
        if height == 0 {
            return Some(Picture { line, ..Picture::default() });
        }
        let mut costs = [None; MAX_LAYERS];
        let mut current = None;
        for (layer, (track, cost)) in tracks.iter().zip(&mut costs).enumerate() {
            let track_state = self.tracks.get(*track)?;
            let is_available = count == 1 || track_state.demand.is_available(track_state.is_flowing(now), now);
            *cost = is_available.then(|| self.cost_of(track_state, layer, count));
            if slot.ahead().or(slot.source()) == Some(*track) {
                current = Some(layer);
            }
        }
        // A publisher that sends nothing yet will begin with any of them.
        if costs.iter().all(Option::is_none) {
            costs[0] = Some(nominal_bps(0, count, self.publisher_cap_bps));
        }
        let may_be_raised = !is_within(slot.lowered_at, RAISED_AFTER, now);
        let wanted = layer_for(height, count);
        Some(Picture { line, height, costs, wanted, current, may_be_raised, choice: None })
    }

    fn cost_of(&self, track: &Track, layer: usize, count: usize) -> u64 {
        let nominal = || nominal_bps(layer, count, self.publisher_cap_bps);
        track.rate.bps().unwrap_or_else(nominal).max(LEAST_BPS)
    }

    /// What a subscriber's link leaves for cameras, in bits per second.
    fn picture_room_of(&self, peer: &Peer, now: Instant) -> u64 {
        let link_bps = match (&peer.downlink, peer.receivable_bps) {
            (Some(downlink), _) => downlink.fresh_bps(),
            (None, receivable_bps) => receivable_bps.unwrap_or(u64::MAX),
        };
        let sources = peer.lines.iter().filter_map(|line| self.tracks.get(line.slot.as_ref()?.source()?));
        let others = sources.map(|track| match track.kind {
            TrackKind::Microphone => VOICE_BPS,
            TrackKind::Screen if track.is_live(now) => track.rate.bps().unwrap_or(self.publisher_cap_bps),
            TrackKind::Screen | TrackKind::Camera => 0,
        });
        link_bps.saturating_sub(others.sum())
    }

    fn apply(&mut self, now: Instant, key: usize, picture: &Picture) {
        let line = picture.line;
        let Some(slot) = self.peers[key].lines[line].slot.as_mut() else { return };
        let Some(feed) = slot.feed else { return };
        if picture.choice < picture.current {
            slot.lowered_at = Some(now);
        }
        slot.is_paused = picture.choice.is_none();
        let source = slot.source();
        let track =
            picture.choice.and_then(|layer| self.peers[feed.publisher].lines[feed.line].tracks.get(layer).copied());
        match (track, source) {
            (Some(track), Some(source)) if track != source => self.aim(key, line, Some(track)),
            (track, _) => self.bind(key, line, track),
        }
    }

    /// Tells a publisher, through the shell, which of its layers somebody wants.
    ///
    /// The poorest is always wanted while the room is open, so that a picture is at hand.
    pub(crate) fn tell_layers(&mut self, now: Instant, key: usize) {
        let Some(peer) = self.peers.get(key).filter(|peer| peer.is_connected()) else { return };
        if !self.rooms.get(peer.room).is_some_and(|room| room.is_open) {
            return;
        }
        for line in 0..self.peers[key].lines.len() {
            let media = &self.peers[key].lines[line];
            if media.tracks.len() < 2 {
                continue;
            }
            let (mid, tracks) = (media.mid, Few::<usize, MAX_LAYERS>::of(&media.tracks));
            let is_wanted = |track: &usize| !self.tracks[*track].subscribers.is_empty();
            let is_any_wanted = tracks.as_slice().iter().any(is_wanted);
            let mut is_sent = [false; MAX_LAYERS];
            let mut is_changed = false;
            for (layer, track) in tracks.as_slice().iter().enumerate() {
                let track = &mut self.tracks[*track];
                let is_wanted = !track.subscribers.is_empty() || (layer == 0 && !is_any_wanted);
                is_changed |= track.demand.note(is_wanted, now);
                is_sent[layer] = track.demand.is_sent();
            }
            if is_changed {
                let (room, peer) = self.names(key);
                self.events.push_back(Event::LayersWanted { room, peer, mid, is_sent });
            }
        }
    }

    /// What the layers take that a publisher sends, with its screen; none where it sends one encoding only.
    pub(crate) fn sent_layers_bps(&self, peer: &Peer) -> Option<u64> {
        let layered = peer.lines.iter().find(|line| line.tracks.len() > 1)?;
        let count = layered.tracks.len();
        let sent = layered.tracks.iter().enumerate().filter(|(_, track)| self.tracks[**track].demand.is_sent());
        let cameras: u64 = sent.map(|(layer, _)| nominal_bps(layer, count, self.publisher_cap_bps)).sum();
        let others = peer.lines.iter().filter(|line| line.kind() == Some(TrackKind::Screen) && !line.tracks.is_empty());
        Some(cameras + others.count() as u64 * self.publisher_cap_bps)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COSTS: [Option<u64>; 3] = [Some(150_000), Some(500_000), Some(1_600_000)];

    fn picture(line: usize, height: u16, current: Option<usize>) -> Picture {
        let wanted = layer_for(height, 3);
        Picture { line, height, costs: COSTS, wanted, current, may_be_raised: true, choice: None }
    }

    fn choices(mut pictures: Vec<Picture>, room_bps: u64) -> Vec<Option<usize>> {
        allocate(&mut pictures, room_bps);
        pictures.sort_by_key(|picture| picture.line);
        pictures.iter().map(|picture| picture.choice).collect()
    }

    #[test]
    fn the_size_says_which_layer_is_wanted() {
        for (height, layer) in [(1, 0), (180, 0), (234, 0), (235, 1), (468, 1), (469, 2), (720, 2), (2_160, 2)] {
            assert_eq!(layer_for(height, 3), layer, "{height}");
        }
        assert_eq!((layer_for(180, 1), layer_for(300, 2), layer_for(700, 2)), (0, 0, 1));
    }

    #[test]
    fn everybody_is_seen_before_anybody_is_seen_well_and_the_largest_comes_first() {
        let pictures = || vec![picture(0, 300, Some(0)), picture(1, 720, Some(0)), picture(2, 300, Some(0))];
        assert_eq!(choices(pictures(), 100_000), [None, Some(0), None], "the largest stays even above what is carried");
        assert_eq!(choices(pictures(), 320_000), [Some(0), Some(0), None]);
        assert_eq!(choices(pictures(), 1_000_000), [Some(0), Some(1), Some(0)]);
        assert_eq!(choices(pictures(), 10_000_000), [Some(1), Some(2), Some(1)]);
    }

    #[test]
    fn a_better_layer_needs_some_room_and_the_present_one_does_not() {
        assert_eq!(choices(vec![picture(0, 720, Some(0))], 510_000), [Some(0)]);
        assert_eq!(choices(vec![picture(0, 720, Some(1))], 510_000), [Some(1)]);
        let lowered = Picture { may_be_raised: false, ..picture(0, 720, Some(0)) };
        assert_eq!(choices(vec![lowered], 10_000_000), [Some(0)], "it was lowered a moment ago");
        let paused = Picture { may_be_raised: false, ..picture(1, 100, None) };
        assert_eq!(choices(vec![picture(0, 200, Some(0)), paused], 10_000_000), [Some(0), None]);
    }

    #[test]
    fn a_layer_that_does_not_come_is_passed_over() {
        let without = |layers: &[usize]| {
            let mut picture = picture(0, 720, Some(0));
            layers.iter().for_each(|layer| picture.costs[*layer] = None);
            picture
        };
        assert_eq!(choices(vec![without(&[1])], 10_000_000), [Some(2)]);
        assert_eq!(choices(vec![without(&[2])], 10_000_000), [Some(1)]);
        assert_eq!(choices(vec![without(&[0, 1])], 10_000_000), [Some(2)]);
        let small = Picture { wanted: 0, ..without(&[0]) };
        assert_eq!(choices(vec![small], 10_000_000), [Some(1)], "more than is wanted is better than nothing");
        assert_eq!(choices(vec![without(&[0, 1, 2])], 10_000_000), [None]);
    }

    proptest! {
        #[test]
        fn beyond_the_largest_picture_nothing_is_promised_that_the_link_does_not_carry(
            asked in proptest::collection::vec(
                (1u16..1_000, proptest::option::of(0usize..3), proptest::collection::vec(proptest::option::of(40_000u64..3_000_000), 3)),
                1..7,
            ),
            room_bps in 0u64..10_000_000,
        ) {
            let pictures: Vec<Picture> = asked.iter().enumerate().map(|(line, (height, current, costs))| Picture {
                costs: [costs[0], costs[1], costs[2]],
                ..picture(line, *height, *current)
            }).collect();
            let mut chosen = pictures;
            allocate(&mut chosen, room_bps);
            let cost = |picture: &Picture| picture.choice.map_or(0, |layer| picture.costs[layer].unwrap());
            let total: u64 = chosen.iter().map(cost).sum();
            let largest = chosen[0].poorest().map_or(0, |(_, cost)| cost);
            prop_assert!(total <= room_bps.max(largest), "{} of {}", total, room_bps);
            for picture in &chosen {
                let least = picture.poorest().map_or(0, |(layer, _)| layer);
                prop_assert!(picture.choice.is_none_or(|layer| layer <= picture.wanted.max(least)));
            }
        }
    }
}
