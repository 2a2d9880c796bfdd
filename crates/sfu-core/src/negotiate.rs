use crate::core::Core;
use crate::peer::{MediaLine, Peer};
use crate::sdp::{
    AnswerLine, Candidates, Direction, MediaKind, Offer, OfferLine, PayloadTypes, SlotNames, write_answer,
};
use crate::slot::Slot;
use crate::track::{Track, TrackKind};

/// What each line of an offer carries, by its place in the offer.
fn carried(offer: &Offer) -> impl Iterator<Item = (&OfferLine, Option<(TrackKind, usize)>)> {
    let mut seen = [0usize; 2];
    offer.lines.iter().map(move |offered| {
        let nth = match offered.media {
            MediaKind::Audio => &mut seen[0],
            MediaKind::Video => &mut seen[1],
            MediaKind::Other => return (offered, None),
        };
        let carries = TrackKind::of_line(offered.media, *nth);
        *nth += 1;
        (offered, carries)
    })
}

/// Whether an offer has every line of a peer, in the place and for the purpose that it had: no line is fed twice.
pub(crate) fn continues(peer: &Peer, offer: &Offer) -> bool {
    peer.lines.iter().all(|line| {
        carried(offer).any(|(offered, carries)| {
            let is_same = carries.is_some_and(|(kind, place)| line.kind() == Some(kind) && line.place == place);
            offered.mid == Some(line.mid) && is_same && offered.payload_types.is_none_or(|types| types == line.types)
        })
    })
}

/// Brings a peer's lines up to the offer and writes the answer.
pub(crate) fn answer(core: &mut Core, key: usize, offer: &Offer) -> String {
    let mut answers = Vec::with_capacity(offer.lines.len());
    for (offered, carries) in carried(offer) {
        answers.push(apply_line(core, key, offered, carries));
    }
    let peer = &core.peers[key];
    let (ufrag, password) = peer.ice.credentials();
    let candidates = Candidates {
        udp: &core.announced,
        tcp: &core.announced_tcp,
        ufrag,
        password,
        fingerprint: core.dtls.fingerprint(),
    };
    write_answer(peer.joined << 1, &candidates, &answers)
}

/// Lines beyond the first of their kind show further people of a larger room: the client publishes nothing on them.
fn apply_line<'a>(
    core: &mut Core,
    key: usize,
    offered: &'a OfferLine,
    carries: Option<(TrackKind, usize)>,
) -> AnswerLine<'a> {
    let inactive = AnswerLine { offered, direction: Direction::Inactive, sends: None };
    let (Some(mid), Some(types), Some((kind, place))) = (offered.mid, offered.payload_types, carries) else {
        return inactive;
    };

    let known = core.peers[key].lines.iter().position(|line| line.mid == mid);
    let index = known.unwrap_or_else(|| {
        let slot = unlike_others(core, key, kind, types);
        core.peers[key].lines.push(MediaLine {
            mid,
            types,
            mid_extension: offered.mid_extension,
            number_extension: offered.number_extension,
            playout_extension: offered.playout_extension,
            ssrc: None,
            rtx_ssrc: None,
            rid_extension: offered.rid_extension,
            repaired_rid_extension: offered.repaired_rid_extension,
            layers: Vec::new(),
            has_nack: offered.has_nack,
            place,
            tracks: Vec::new(),
            slot: Some(slot),
        });
        core.peers[key].lines.len() - 1
    });
    let line = &mut core.peers[key].lines[index];
    line.ssrc = offered.ssrc;
    line.rtx_ssrc = offered.rtx_ssrc;
    let publishes = place == 0 && offered.direction.sends();
    let encodings = if publishes { offered.layers.len().max(1) } else { 0 };
    if line.tracks.len() != encodings || line.layers != offered.layers {
        line.layers.clone_from(&offered.layers);
        let before = std::mem::take(&mut line.tracks);
        before.into_iter().for_each(|track| core.remove_track(track));
        core.peers[key].unname_streams_of(index);
        for _ in 0..encodings {
            core.serials += 1;
            let track = core.tracks.insert(Track::new(key, kind, core.serials));
            core.peers[key].lines[index].tracks.push(track);
        }
    }
    let direction = offered.direction.mirrored();
    let direction = if place == 0 { direction } else { direction.without_receiving() };
    let slot = core.peers[key].lines[index].slot.as_ref();
    let sends = slot.filter(|_| direction.sends()).map(|slot| SlotNames {
        ssrc: slot.ssrc,
        rtx_ssrc: slot.rtx_ssrc,
        stream: kind.stream(),
        track: kind.name(),
        place,
    });
    AnswerLine { offered, direction, sends }
}

/// A slot whose numbers no other slot of the peer has: two streams of one number would seal different packets with one nonce.
fn unlike_others(core: &mut Core, key: usize, kind: TrackKind, types: PayloadTypes) -> Slot {
    loop {
        let slot = Slot::new(kind, types, &mut core.random);
        let numbers = |slot: &Slot| [Some(slot.ssrc), slot.rtx_ssrc];
        let others = core.peers[key].lines.iter().filter_map(|line| line.slot.as_ref());
        let is_taken =
            |number: &Option<u32>| number.is_some() && others.clone().any(|other| numbers(other).contains(number));
        if slot.rtx_ssrc != Some(slot.ssrc) && !numbers(&slot).iter().any(is_taken) {
            return slot;
        }
    }
}
