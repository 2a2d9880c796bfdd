//! The end-to-end keys of a load's rooms, agreed before the load begins: there is no signaling here, so what members say reaches the
//! others at once.

use std::collections::HashMap;
use std::time::Duration;

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use colloque_sealing::e2ee::frame::{Codec, LeafIndex, OpenFrameError, Opening, TrackKind};
use colloque_sealing::e2ee::{EndToEnd, Output, SEED_BYTES, Setup, ToOthers};
use colloque_sfu_core::rtp::RtpHeader;
use colloque_signaling::Attestor as _;
use colloque_test_support::Platform;

use crate::client::OPUS;

/// What became of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameCounts {
    /// Frames opened.
    pub opened: u64,
    /// Frames of which a packet was lost.
    pub incomplete: u64,
    /// Whole frames that did not open: the server, or the keys, did something wrong.
    pub unopened: u64,
}

/// One participant's keys, and the frames that are being put together.
pub struct Keys {
    engine: EndToEnd,
    others: Vec<LeafIndex>,
    streams: HashMap<u32, Stream>,
}

#[derive(Default)]
struct Stream {
    from: Option<LeafIndex>,
    frame: Vec<u8>,
    /// The packet that continues the frame; none while no frame is begun.
    next: Option<u16>,
}

impl Keys {
    /// Seals a picture.
    pub fn seal_picture(&mut self, frame: &[u8]) -> Vec<u8> {
        self.engine.sealer().seal(TrackKind::Camera, Codec::Vp8, frame).expect("the keys are agreed before the load")
    }

    /// Seals a voice.
    pub fn seal_voice(&mut self, frame: &[u8]) -> Vec<u8> {
        self.engine.sealer().seal(TrackKind::Voice, Codec::Opus, frame).expect("the keys are agreed before the load")
    }

    /// Takes the sealed part of a packet, and opens the frame that it completes.
    pub fn take(&mut self, header: &RtpHeader, sealed: &[u8], counts: &mut FrameCounts) {
        let stream = self.streams.entry(header.ssrc).or_default();
        if header.payload_type == OPUS {
            let is_open = open(&mut self.engine, &self.others, &mut stream.from, TrackKind::Voice, sealed);
            return counts.count(is_open);
        }
        let Some((descriptor, piece)) = sealed.split_first() else { return };
        let begins = descriptor & 0x10 != 0;
        if begins {
            counts.incomplete += u64::from(stream.next.is_some());
            stream.frame.clear();
        } else if stream.next != Some(header.sequence) {
            counts.incomplete += u64::from(stream.next.take().is_some());
            return;
        }
        stream.frame.extend_from_slice(piece);
        stream.next = Some(header.sequence.wrapping_add(1));
        if header.is_marked {
            stream.next = None;
            let is_open = open(&mut self.engine, &self.others, &mut stream.from, TrackKind::Camera, &stream.frame);
            counts.count(is_open);
        }
    }
}

impl FrameCounts {
    fn count(&mut self, is_open: bool) {
        self.opened += u64::from(is_open);
        self.unopened += u64::from(!is_open);
    }

    /// Adds others to these.
    pub fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.incomplete += other.incomplete;
        self.unopened += other.unopened;
    }
}

/// Opens a frame; whose stream it is, shows by the first one.
fn open(
    engine: &mut EndToEnd,
    others: &[LeafIndex],
    from: &mut Option<LeafIndex>,
    track: TrackKind,
    sealed: &[u8],
) -> bool {
    let candidates = from.as_slice().iter().chain(others.iter().filter(|_| from.is_none()));
    let opened_by = candidates.copied().find(|&from| {
        let opened = engine.opener().open(Opening { from, track }, sealed);
        !matches!(opened, Err(OpenFrameError::OtherTrack)) && opened.is_ok()
    });
    *from = opened_by.or(*from);
    opened_by.is_some()
}

/// Agrees on keys for `seats` participants in rooms of `room_size`, in the order of the seats.
///
/// # Panics
///
/// When the engines do not agree, which a load cannot begin without.
#[must_use]
pub fn agree(seats: usize, room_size: usize) -> Vec<Keys> {
    let platform = Platform::default();
    let mut keys = Vec::with_capacity(seats);
    for room in 0..seats.div_ceil(room_size) {
        keys.extend(agree_in_room(&platform, room as u64, room_size));
    }
    keys.truncate(seats);
    keys
}

fn agree_in_room(platform: &Platform, room: u64, room_size: usize) -> Vec<Keys> {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&room.to_be_bytes());
    let consultation = ConsultationId::from_parts(NOW, random);
    let mut people: Vec<(ParticipantId, EndToEnd)> = Vec::new();
    for seat in 0..room_size {
        let mut seed = [0; SEED_BYTES];
        seed[..8].copy_from_slice(&room.to_be_bytes());
        seed[8] = seat as u8;
        random[0] = seat as u8 + 1;
        let id = ParticipantId::from_parts(NOW, random);
        let setup = Setup { consultation, identity_key: platform.identity_key(), link: None, seed: seed.into() };
        let mut engine = EndToEnd::new(setup).expect("the platform's key is a key");
        let statement = statement(consultation, id, seat, engine.leaf_key());
        engine.attested(platform.attest(&statement).bytes(), NOW).expect("the platform has signed it");
        match seat {
            0 => engine.make_group(NOW),
            _ => engine.offer(),
        }
        .expect("an attested member makes keys");
        people.push((id, engine));
        settle(&mut people);
    }
    let members = people.into_iter().map(|(_, engine)| {
        let view = engine.view(NOW);
        assert_eq!(view.members.len(), room_size, "everybody is in the group");
        let others = view.members.iter().filter(|member| !member.is_own).map(|member| member.leaf).collect();
        Keys { engine, others, streams: HashMap::new() }
    });
    members.collect()
}

fn statement(consultation: ConsultationId, participant: ParticipantId, seat: usize, leaf_key: [u8; 32]) -> Statement {
    Statement {
        consultation,
        participant,
        standing: if seat == 0 { Standing::Practitioner } else { Standing::AccompanyingPerson },
        proof: ProofOfPerson::Passkey,
        name: format!("Person {seat}"),
        profession: None,
        rpps: None,
        leaf_key,
        issued_at: NOW,
        expires_at: NOW.after(Duration::from_secs(12 * 3_600)),
    }
}

/// Passes messages on until nobody has anything to say.
fn settle(people: &mut [(ParticipantId, EndToEnd)]) {
    while let Some((from, message)) = next_message(people) {
        let sender = people[from].0;
        match message {
            ToOthers::KeyPackage { package } => {
                let practitioner = &mut people[0].1;
                practitioner.take_key_package(sender, &package, NOW).expect("the newcomer is attested");
                practitioner.let_in(sender);
            }
            ToOthers::Commit { epoch, commit, welcome, welcomed, .. } => {
                for (place, (id, engine)) in people.iter_mut().enumerate() {
                    match (place == from, welcome.as_ref().filter(|_| welcomed.contains(id))) {
                        (true, _) => engine.accepted(epoch, NOW),
                        (false, Some(welcome)) => engine.take_welcome(welcome, NOW),
                        (false, None) => engine.take(&commit, NOW),
                    }
                    .expect("changes are put in order");
                }
            }
            ToOthers::Sealed { message } => {
                for (_, engine) in people.iter_mut().filter(|(id, _)| *id != sender) {
                    engine.take(&message, NOW).expect("what is said is for all members");
                }
            }
        }
    }
}

fn next_message(people: &mut [(ParticipantId, EndToEnd)]) -> Option<(usize, ToOthers)> {
    people.iter_mut().enumerate().find_map(|(place, (_, engine))| {
        std::iter::from_fn(|| engine.next_output()).find_map(|output| match output {
            Output::Send(message) => Some((place, message)),
            Output::Changed | Output::KeysInstalled | Output::Said { .. } | Output::NotBelieved { .. } => None,
        })
    })
}

/// The instant of all agreements; nothing of a load depends on it.
const NOW: Timestamp = Timestamp::from_millis(2_000_000_000_000);

#[cfg(test)]
mod tests {
    use super::*;

    fn header(payload_type: u8, sequence: u16, is_marked: bool, ssrc: u32) -> RtpHeader {
        let mut bytes = [0; 12];
        colloque_sfu_core::rtp::write_header(&mut bytes, payload_type, is_marked, sequence, 0, ssrc);
        RtpHeader::parse(&bytes).unwrap()
    }

    #[test]
    fn whole_frames_open_and_changed_ones_are_counted() {
        let mut keys = agree(3, 3);
        let mut counts = FrameCounts::default();
        for (number, changed) in [(0, false), (1, false), (2, true)] {
            let mut sealed = keys[2].seal_picture(&[0x51; 100]);
            sealed[50] ^= u8::from(changed);
            let (first, second) = sealed.split_at(60);
            let (first, second) = ([&[0x10], first].concat(), [&[0], second].concat());
            keys[0].take(&header(96, 2 * number, false, 7), &first, &mut counts);
            keys[0].take(&header(96, 2 * number + 1, true, 7), &second, &mut counts);
        }
        assert_eq!(counts, FrameCounts { opened: 2, incomplete: 0, unopened: 1 });
        let sealed = keys[1].seal_voice(&[1; 60]);
        keys[0].take(&header(OPUS, 1, false, 8), &sealed, &mut counts);
        assert_eq!(counts.opened, 3);
    }

    #[test]
    fn a_frame_with_a_hole_is_incomplete_and_not_tried() {
        let mut keys = agree(2, 2);
        let mut counts = FrameCounts::default();
        let sealed = keys[1].seal_picture(&[0x51; 100]);
        keys[0].take(&header(96, 1, false, 7), &[&[0x10], &sealed[..60]].concat(), &mut counts);
        keys[0].take(&header(96, 3, true, 7), &[&[0], &sealed[60..]].concat(), &mut counts);
        assert_eq!(counts, FrameCounts { opened: 0, incomplete: 1, unopened: 0 });
    }
}
