use crate::core::Core;
use crate::peer::MediaLine;
use crate::sdp::{AnswerLine, Candidates, Direction, MediaKind, Offer, OfferLine, SlotNames, write_answer};
use crate::slot::Slot;
use crate::track::{Track, TrackKind};

/// Brings a peer's lines up to the offer and writes the answer.
pub(crate) fn answer(core: &mut Core, key: usize, offer: &Offer) -> String {
    let mut answers = Vec::with_capacity(offer.lines.len());
    let mut seen = [0usize; 2];
    for offered in &offer.lines {
        let nth = match offered.media {
            MediaKind::Audio => &mut seen[0],
            MediaKind::Video => &mut seen[1],
            MediaKind::Other => {
                answers.push(AnswerLine { offered, direction: Direction::Inactive, sends: None });
                continue;
            }
        };
        let kind = TrackKind::of_line(offered.media, *nth);
        *nth += 1;
        answers.push(apply_line(core, key, offered, kind));
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

/// Lines beyond microphone, camera and screen stay inactive: they are where further publishers of a larger room go.
fn apply_line<'a>(core: &mut Core, key: usize, offered: &'a OfferLine, kind: Option<TrackKind>) -> AnswerLine<'a> {
    let inactive = AnswerLine { offered, direction: Direction::Inactive, sends: None };
    let (Some(mid), Some(types), Some(kind)) = (offered.mid, offered.payload_types, kind) else { return inactive };

    let known = core.peers[key].lines.iter().position(|line| line.mid == mid);
    let index = known.unwrap_or_else(|| {
        let slot = Slot::new(kind, types, &mut core.random);
        core.peers[key].lines.push(MediaLine {
            mid,
            types,
            mid_extension: offered.mid_extension,
            number_extension: offered.number_extension,
            ssrc: None,
            rtx_ssrc: None,
            has_nack: offered.has_nack,
            track: None,
            slot: Some(slot),
        });
        core.peers[key].lines.len() - 1
    });
    let line = &mut core.peers[key].lines[index];
    line.ssrc = offered.ssrc;
    line.rtx_ssrc = offered.rtx_ssrc;
    match (line.track, offered.direction.sends()) {
        (None, true) => line.track = Some(core.tracks.insert(Track::new(key, kind))),
        (Some(track), false) => {
            line.track = None;
            core.remove_track(track);
        }
        (Some(_), true) | (None, false) => {}
    }
    let direction = offered.direction.mirrored();
    let slot = core.peers[key].lines[index].slot.as_ref();
    let sends = slot.filter(|_| direction.sends()).map(|slot| SlotNames {
        ssrc: slot.ssrc,
        rtx_ssrc: slot.rtx_ssrc,
        stream: kind.stream(),
        track: kind.name(),
    });
    AnswerLine { offered, direction, sends }
}
