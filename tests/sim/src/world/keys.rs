//! A page's end-to-end keys: the code of a browser's worker, and the rules for who may hold what.

use std::time::Duration;

use colloque_call::Input;
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use colloque_network::Dice;
use colloque_protocol::Role;
use colloque_sealing::e2ee::frame::{Codec, Epoch, LeafIndex, Opening, TrackKind};
use colloque_sealing::e2ee::{Setup, State, View};
use colloque_sealing::{Outgoing, Sealing};

use super::device::Device;
use super::{Around, chance};

/// A world whose seed ends so has end-to-end keys. Key agreement takes more time than all else in a world, so not every one has them.
const SEALED_OF: u64 = 8;
const SEALED_AT: u64 = 5;
/// Who is connected is sealed within this time, in milliseconds: members say something every ten seconds, and whoever makes groups makes
/// another one when that was none of theirs for 25 s.
pub(super) const SEALED_WITHIN_MS: u64 = 60_000;
/// Pause between two ticks, in milliseconds.
const TICK_MS: u64 = 1_000;
/// Pages whose keys are remembered.
const MAX_FORMER: usize = 4;

/// Whether the people of a world's seed seal what they say.
pub(super) const fn seals(seed: u64) -> bool {
    seed % SEALED_OF == SEALED_AT
}

/// See the module.
#[derive(Default)]
pub(super) struct Keys {
    sealing: Option<Sealing>,
    /// Those of pages before: what somebody has who kept a copy of the memory of a page.
    former: Vec<Sealing>,
    ticked_ms: u64,
    /// The server has said that this person is in the room, and the keys do not know it yet.
    pub(super) has_joined: bool,
    pages: u64,
}

impl Keys {
    /// A page opens; its keys follow from the device and from how many pages it has opened.
    pub(super) fn open(&mut self, unique: u64, consultation: ConsultationId, identity_key: [u8; 32]) {
        self.pages += 1;
        let mut dice = Dice::new(unique ^ self.pages << 40);
        let seed = chance::bytes(&mut dice).into();
        self.sealing = Sealing::new(Setup { consultation, identity_key, link: None, seed }).ok();
    }

    pub(super) fn close(&mut self) {
        self.former.extend(self.sealing.take());
        if self.former.len() > MAX_FORMER {
            self.former.remove(0);
        }
    }

    pub(super) fn next_at_ms(&self) -> Option<u64> {
        self.sealing.as_ref().map(|_| self.ticked_ms + TICK_MS)
    }

    pub(super) fn hear(&mut self, text: &str, now: Timestamp) {
        if let Some(sealing) = &mut self.sealing {
            // What is for keys that this page does not have changes nothing.
            let _ = sealing.hear(text, now);
        }
    }

    /// Gives what is to be handed to the server.
    fn mind(&mut self, participant: Option<ParticipantId>, now_ms: u64, now: Timestamp) -> Vec<String> {
        let Some(sealing) = &mut self.sealing else { return Vec::new() };
        if self.has_joined
            && let Some(participant) = participant
        {
            self.has_joined = false;
            sealing.joined(participant);
        }
        if now_ms >= self.ticked_ms + TICK_MS {
            self.ticked_ms = now_ms;
            sealing.tick(now);
        }
        let mut texts = Vec::new();
        while let Some(outgoing) = sealing.next_outgoing() {
            match outgoing {
                Outgoing::Send(text) => texts.push(text),
                Outgoing::Changed | Outgoing::KeysInstalled | Outgoing::Said { .. } | Outgoing::NotBelieved { .. } => {}
            }
        }
        texts
    }

    fn view(&self, now: Timestamp) -> Option<View> {
        self.sealing.as_ref().map(|sealing| sealing.view(now))
    }

    fn seal(&mut self) -> Option<Vec<u8>> {
        self.sealing.as_mut()?.sealer().seal(TrackKind::Camera, Codec::Vp8, FRAME).ok()
    }

    fn opens(sealing: &mut Sealing, from: LeafIndex, sealed: &[u8]) -> bool {
        sealing.opener().open(Opening { from, track: TrackKind::Camera }, sealed).as_deref() == Ok(FRAME)
    }
}

impl Device {
    /// Hands what the keys have to say to the server.
    pub(super) fn mind_keys(&mut self, around: &mut Around) {
        let participant = self.call().and_then(|call| call.view().participant);
        let now = self.keys_now(around);
        for message in self.keys.mind(participant, around.scene.now_ms, now) {
            self.feed(around, Input::EndToEnd { message });
        }
    }

    /// What this device's clock says to its keys: some minutes away from the server's.
    pub(super) fn keys_now(&self, around: &Around) -> Timestamp {
        around.scene.timestamp().after(Duration::from_secs(90 * self.number as u64))
    }
}

/// The keys of two people, as one looks at them from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    /// Leaf keys of the practitioner and of the patient.
    leaf_keys: [[u8; 32]; 2],
    epoch: Epoch,
    words: [&'static str; 2],
}

/// What two devices have agreed on; none before they have.
pub(super) fn agreed(pair: [&mut Device; 2], around: &Around) -> Option<Agreed> {
    let mut views = Vec::new();
    for device in pair {
        let view = device.keys.view(device.keys_now(around))?;
        let epoch = device.keys.sealing.as_mut()?.sealer().epoch()?;
        views.push((view, epoch));
    }
    let (view, epoch) = &views[0];
    let is_sealed = views.iter().all(|(view, other_epoch)| view.state == State::EndToEnd && other_epoch == epoch);
    let words = view.words.filter(|words| views[1].0.words == Some(*words))?.words();
    let mut leaf_keys = [[0; 32]; 2];
    for member in &view.members {
        leaf_keys[usize::from(!member.statement.standing.is_clinician())] = member.statement.leaf_key;
    }
    is_sealed.then_some(Agreed { leaf_keys, epoch: *epoch, words })
}

/// Judges who holds keys of a consultation: nobody but its two people, and a page that comes again never the keys of the one before.
pub(super) fn judge_members(device: &Device, around: &mut Around) {
    let Some(consultation) = device.consultation() else { return };
    let Some(view) = device.keys.view(device.keys_now(around)) else { return };
    let booked = &around.clinic.consultations[consultation];
    let names = [booked.doctor, booked.patient].map(|person| around.clinic.people[person].name.clone());
    for member in view.members {
        if !names.contains(&member.statement.name) {
            let detail = format!("{} has keys of consultation {consultation}", member.statement.name);
            around.scene.fault("nobody without a seat has the keys", detail);
        }
    }
    if view.state == State::EndToEnd && !names.contains(&around.clinic.people[device.person].name) {
        let detail = format!("person {} has keys of consultation {consultation}", device.person);
        around.scene.fault("nobody without a seat has the keys", detail);
    }
}

/// Judges what two people agreed on after what they had agreed on before.
pub(super) fn judge_order(before: Agreed, now: Agreed, around: &mut Around) {
    // By chance both are the same once in a million times.
    if before.leaf_keys != now.leaf_keys && (before.epoch, before.words) == (now.epoch, now.words) {
        let detail = format!("{:?}, {:?}", now.epoch, now.words);
        around.scene.fault("keys are others once somebody came again", detail);
    }
}

/// Says how far the devices of a consultation are.
pub(super) fn brief(devices: &mut [Device], places: [usize; 2], around: &Around) -> String {
    let one = |place: usize| {
        let device = &mut devices[place];
        let view = device.keys.view(device.keys_now(around));
        let epoch = device.keys.sealing.as_mut().and_then(|sealing| sealing.sealer().epoch());
        let shown = view.map(|view| (view.state, view.members.len(), view.words.map(|code| code.words())));
        format!("device {place}: {shown:?}, seals in {epoch:?}")
    };
    places.map(one).join("; ")
}

/// Judges two people who have agreed: each opens what the other seals, and no page that was closed does.
pub(super) fn judge_frames(devices: &mut [Device], pair: [usize; 2], around: &mut Around) {
    for (from, to) in [(pair[0], pair[1]), (pair[1], pair[0])] {
        let now = devices[from].keys_now(around);
        let leaf = devices[from]
            .keys
            .view(now)
            .and_then(|view| view.members.iter().find(|member| member.is_own).map(|member| member.leaf));
        let (Some(leaf), Some(sealed)) = (leaf, devices[from].keys.seal()) else { continue };
        let is_open = devices[to].keys.sealing.as_mut().is_some_and(|keys| Keys::opens(keys, leaf, &sealed));
        if !is_open {
            let detail = format!("device {to} does not open what device {from} seals");
            around.scene.fault("who has agreed opens what the other seals", detail);
        }
        for device in devices.iter_mut() {
            let number = device.number;
            if device.keys.former.iter_mut().any(|former| Keys::opens(former, leaf, &sealed)) {
                let detail = format!("a former page of device {number} opens what device {from} seals");
                around.scene.fault("who has gone opens nothing more", detail);
            }
        }
    }
}

/// The two devices of a consultation, by number.
pub(super) fn places(devices: &[Device], number: usize) -> Option<[usize; 2]> {
    let one = |role: Role| {
        let is_theirs =
            |device: &&Device| device.consultation() == Some(number) && device.role == role && device.engine.is_some();
        devices.iter().find(is_theirs).map(|device| device.number)
    };
    Some([one(Role::Practitioner)?, one(Role::Patient)?])
}

/// A picture: the tag of one that is no keyframe, and some bytes.
const FRAME: &[u8] = &[0x31; 60];
