//! Who must be heard by when, how much is held at once, and what must be gone in the end.

use std::collections::BTreeMap;

use colloque_call::DeskConnection;
use colloque_protocol::Role;
use colloque_sfu_core::{AUDIO_RING_PACKETS, MAX_DATAGRAM_BYTES, VIDEO_RING_PACKETS};

use super::act::Act;
use super::device::{Device, Honesty};
use super::keys::{self, Agreed, SEALED_WITHIN_MS};
use super::recorder::Storage;
use super::server::Server;
use super::{Around, World};
use crate::meter;

/// A person who is admitted, on a good network, is heard within this time, in milliseconds: a dead connection is noticed after 15 s,
/// the next attempt to connect may wait 10 s and take 10 s, and a peer connection that never connected is replaced after up to 32 s.
pub(super) const HEARD_WITHIN_MS: u64 = 75_000;
/// Silence of somebody who was heard, with nothing that explains it, in milliseconds.
const SILENCE_MS: u64 = 4_000;
/// Time in which what was sent before something happened has arrived, in milliseconds.
const ON_THE_WAY_MS: u64 = 700;
/// Pause between two looks, in milliseconds.
const LOOK_MS: u64 = 250;
/// Time in which signaling and media plane come to agree on who is connected, in milliseconds.
const AGREED_WITHIN_MS: u64 = 8_000;
/// Most messages that may wait for one client.
const MOST_WAITING: usize = 80;
/// Most writes that may wait for storage in a world.
const MOST_UNWRITTEN: usize = 4_000;

/// Most bytes of the server, whoever is there.
const BYTES_OF_ALL: usize = 256 << 10;
/// Most bytes of a room's state in signaling, its messages and writes on their way included.
const BYTES_OF_A_ROOM: usize = 256 << 10;
/// Most bytes of a peer: 64 KB, and what a publisher's rings hold of its voice, camera and screen.
const BYTES_OF_A_PEER: usize = (64 << 10) + (AUDIO_RING_PACKETS + 2 * VIDEO_RING_PACKETS) * MAX_DATAGRAM_BYTES;
/// Most bytes of the server once nobody is there.
const BYTES_OF_NOBODY: usize = 32 << 10;
/// Most bytes that tables keep for each peer that was there at once: they keep the room that they took.
const BYTES_OF_A_PLACE: usize = 24 << 10;

/// What is watched of a consultation.
#[derive(Default)]
struct Watched {
    /// The last moment at which something explained silence.
    disturbed_ms: u64,
    heard_ms: Option<u64>,
    is_healed: bool,
    is_expected: bool,
    healed_at_ms: u64,
    agreed: Option<Agreed>,
    is_sealed: bool,
}

/// What is watched of a world.
pub(super) struct Watch {
    consultations: Vec<Watched>,
    pub(super) next_ms: u64,
    disagreed_since_ms: Option<u64>,
    healed_ms: Vec<u64>,
    sealed_ms: Vec<u64>,
    peaks: BTreeMap<&'static str, usize>,
}

impl Watch {
    pub(super) fn new(consultations: usize) -> Self {
        let consultations = (0..consultations).map(|_| Watched::default()).collect();
        Self {
            consultations,
            next_ms: 0,
            disagreed_since_ms: None,
            healed_ms: Vec::new(),
            sealed_ms: Vec::new(),
            peaks: BTreeMap::new(),
        }
    }

    /// Notes that an act explains silence for a while.
    pub(super) fn disturb(&mut self, devices: &[Device], around: &Around, act: Act) {
        let now_ms = around.scene.now_ms;
        let one = |device: usize| devices[device].consultation();
        let only = match act {
            Act::Arrive(device)
            | Act::Leave(device)
            | Act::ClosePage { device, .. }
            | Act::Reload { device, .. }
            | Act::TakeOver(device)
            | Act::Retry(device)
            | Act::Admit(device)
            | Act::Refuse(device)
            | Act::End(device)
            | Act::Microphone(device)
            | Act::Visible(device)
            | Act::Networks { device, .. }
            | Act::GoDark(device)
            | Act::GoBright(device)
            | Act::Move(device)
            | Act::BreakStream { device, .. }
            | Act::Be { device, .. } => one(device),
            Act::Answer(_) | Act::NotifyAgain(_) | Act::AnnounceDelay(_) | Act::Camera(_) | Act::IssueDocument(_) => {
                return;
            }
            Act::WithdrawConsent(number)
            | Act::GiveConsent(number)
            | Act::MoveAppointment(number)
            | Act::EndElsewhere(number) => Some(number),
            Act::SignOut(_)
            | Act::Storage(_)
            | Act::Crash { .. }
            | Act::Stop { .. }
            | Act::Stall { .. }
            | Act::Calm
            | Act::Farewell => None,
        };
        for (number, watched) in self.consultations.iter_mut().enumerate() {
            if only.is_none_or(|only| only == number) {
                watched.disturbed_ms = now_ms;
                watched.is_healed = false;
            }
        }
    }

    /// Looks whether everybody who must be heard is heard.
    pub(super) fn look(&mut self, devices: &[Device], server: &Server, around: &mut Around) {
        let now_ms = around.scene.now_ms;
        self.next_ms = now_ms + LOOK_MS;
        for number in 0..self.consultations.len() {
            let pair = pair(devices, around, number).filter(|_| is_fit(server, around, number));
            let watched = &mut self.consultations[number];
            watched.is_expected = pair.is_some();
            let Some(pair) = pair else {
                watched.disturbed_ms = now_ms;
                watched.is_healed = false;
                continue;
            };
            let hears = |device: &Device| {
                let voice_ms = device.transport.as_ref().and_then(|transport| transport.voice_ms);
                // What was on its way when something happened says nothing.
                voice_ms.is_some_and(|at_ms| at_ms + 1_000 > now_ms && at_ms > watched.disturbed_ms + ON_THE_WAY_MS)
            };
            if pair.iter().all(|device| hears(device)) {
                watched.heard_ms = Some(now_ms);
                if !std::mem::replace(&mut watched.is_healed, true) {
                    self.healed_ms.push(now_ms - watched.disturbed_ms);
                    (watched.healed_at_ms, watched.is_sealed) = (now_ms, false);
                }
            }
            let detail = || {
                let phases = pair.map(|device| device.call().map(|call| (call.view().phase, call.view().media)));
                format!("consultation {number}, disturbed at {} ms: {phases:?}", watched.disturbed_ms)
            };
            if !watched.is_healed && now_ms > watched.disturbed_ms + HEARD_WITHIN_MS {
                around.scene.fault("who is admitted on a good network is heard in time", detail());
            }
            if watched.is_healed && watched.heard_ms.is_some_and(|at_ms| now_ms > at_ms + SILENCE_MS) {
                around.scene.fault("who is heard stays heard", detail());
            }
            voice_first(around, pair, watched.disturbed_ms);
        }
        self.look_at_peers(server, around);
    }

    /// Looks whether those who hear each other agree on keys, and whether nobody else does.
    pub(super) fn look_at_keys(&mut self, devices: &mut [Device], around: &mut Around) {
        if !around.seals {
            return;
        }
        let now_ms = around.scene.now_ms;
        devices.iter().for_each(|device| keys::judge_members(device, around));
        for (number, watched) in self.consultations.iter_mut().enumerate().filter(|(_, watched)| watched.is_healed) {
            let Some(places) = keys::places(devices, number) else { continue };
            let Ok(pair) = devices.get_disjoint_mut(places) else { continue };
            if let Some(agreed) = keys::agreed(pair, around) {
                if let Some(before) = watched.agreed.replace(agreed) {
                    keys::judge_order(before, agreed, around);
                }
                if !std::mem::replace(&mut watched.is_sealed, true) {
                    self.sealed_ms.push(now_ms - watched.healed_at_ms);
                }
            } else if !watched.is_sealed && now_ms > watched.healed_at_ms + SEALED_WITHIN_MS {
                let keys = keys::brief(devices, places, around);
                let detail = format!("consultation {number}, heard since {} ms: {keys}", watched.healed_at_ms);
                around.scene.fault("who is connected is sealed in time", detail);
            }
        }
    }

    /// At the end of the calm, those who agree understand each other, and nobody who has gone does.
    pub(super) fn judge_keys(&self, devices: &mut [Device], around: &mut Around) {
        if !around.seals {
            return;
        }
        for (number, _) in self.consultations.iter().enumerate().filter(|(_, watched)| watched.is_healed) {
            let Some(places) = keys::places(devices, number) else { continue };
            let Ok(pair) = devices.get_disjoint_mut(places) else { continue };
            match keys::agreed(pair, around) {
                Some(_) => keys::judge_frames(devices, places, around),
                None => {
                    let detail = format!("consultation {number}: {}", keys::brief(devices, places, around));
                    around.scene.fault("both sides end in one epoch with the same words", detail);
                }
            }
        }
    }

    /// Signaling and the media plane know the same peers, but for what is on its way between them.
    fn look_at_peers(&mut self, server: &Server, around: &mut Around) {
        let now_ms = around.scene.now_ms;
        let is_agreed = server.signaling.peers() == server.plane.core.peer_count();
        if is_agreed || !server.is_up || server.plane.stalled_for(now_ms).is_some() {
            self.disagreed_since_ms = None;
            return;
        }
        let since_ms = *self.disagreed_since_ms.get_or_insert(now_ms);
        if now_ms > since_ms + AGREED_WITHIN_MS {
            let (signaling, plane) = (server.signaling.peers(), server.plane.core.peer_count());
            let detail = format!("signaling knows {signaling}, the media plane {plane}");
            around.scene.fault("signaling and media plane know the same peers", detail);
        }
    }

    /// Whether everybody who must be heard is heard, and desks are live.
    pub(super) fn all_is_well(&self, devices: &[Device], seals: bool) -> bool {
        let is_live = |device: &Device| device.desk().is_none_or(|desk| desk.view().connection == DeskConnection::Live);
        devices.iter().filter(|device| device.wants_in).all(is_live)
            && self
                .consultations
                .iter()
                .all(|watched| !watched.is_expected || (watched.is_healed && (watched.is_sealed || !seals)))
    }

    /// Notes that something beside the plan explains silence.
    pub(super) fn disturb_all(&mut self, now_ms: u64) {
        for watched in &mut self.consultations {
            watched.disturbed_ms = now_ms;
            watched.is_healed = false;
        }
    }

    /// At the end of the calm, desks show who is there.
    pub(super) fn judge_calm(&self, devices: &[Device], server: &Server, around: &mut Around) {
        for desk in devices.iter().filter(|device| device.wants_in) {
            let Some(view) = desk.desk().map(|desk| desk.view().clone()) else { continue };
            if view.connection != DeskConnection::Live {
                let detail = format!("{:?}", view.connection);
                around.scene.fault("a desk on a good network is live", detail);
            }
            // A desk whose server died may not have noticed yet.
            if !desk.stream().is_some_and(|stream| server.holds(stream)) {
                continue;
            }
            let heard_by_ms = around.scene.now_ms.saturating_sub(ON_THE_WAY_MS);
            for (number, watched) in self.consultations.iter().enumerate() {
                let consultation = &around.clinic.consultations[number];
                let entries = view.queue.iter().filter(|entry| entry.appointment == consultation.appointment).count();
                let is_over = consultation.ended_at.is_some() && around.oracle.is_known_over(number, heard_by_ms);
                if (watched.is_healed && entries != 1) || (is_over && entries > 0) {
                    let detail = format!("consultation {number} stands {entries} times in the queue");
                    around.scene.fault("a desk shows who is there, once", detail);
                }
            }
        }
    }

    /// Once everybody has left, nothing is left of them.
    pub(super) fn judge_end(&self, server: &Server, around: &mut Around) {
        let left = [
            ("rooms", server.signaling.rooms()),
            ("connections", server.signaling.connections()),
            ("peers", server.signaling.peers()),
            ("sockets", server.sockets()),
            ("media peers", server.plane.core.peer_count()),
            ("media rooms", server.plane.core.rooms().len()),
            ("unwritten entries", server.recorder.unwritten()),
            ("datagrams astray", usize::from(server.plane.core.next_timeout().is_some())),
        ];
        for (name, count) in left.into_iter().filter(|(_, count)| *count > 0) {
            around.scene.fault("nothing is left of people who have gone", format!("{count} {name}"));
        }
        // Peers that came and went at the end of a stall were never counted.
        let places = ["media peers", "peers"].map(|name| self.peaks.get(name).copied().unwrap_or(0));
        let places = places.into_iter().max().unwrap_or(0);
        if meter::held_bytes() > BYTES_OF_NOBODY + places * BYTES_OF_A_PLACE {
            let detail = format!("{} bytes", meter::held_bytes());
            around.scene.fault("nothing is left of people who have gone", detail);
        }
        if server.recorder.is_idle() {
            let Around { scene, clinic, oracle, .. } = around;
            oracle.judge_journal(scene, clinic);
        }
    }

    pub(super) fn finish(self) -> (Vec<u64>, Vec<u64>, BTreeMap<&'static str, usize>) {
        (self.healed_ms, self.sealed_ms, self.peaks)
    }
}

impl World {
    /// Counts what is held, against its bounds.
    pub(super) fn count(&mut self) {
        let Self { around, server, watch, .. } = self;
        if !server.is_up {
            return;
        }
        let consultations = around.clinic.consultations.len();
        let waiting = around.net.streams.keys().map(|stream| around.net.waiting_down(*stream)).max().unwrap_or(0);
        let counts = [
            ("connections", server.signaling.connections(), server.sockets()),
            ("rooms", server.signaling.rooms(), consultations),
            ("peers", server.signaling.peers(), 2 * consultations),
            ("media rooms", server.plane.core.rooms().len(), consultations),
            ("media peers", server.plane.core.peer_count(), 4 * consultations),
            ("messages waiting for one client", waiting, MOST_WAITING),
            ("unwritten entries", server.recorder.unwritten(), MOST_UNWRITTEN),
        ];
        let bytes = (
            "bytes of the server",
            meter::held_bytes(),
            BYTES_OF_ALL + server.plane.core.peer_count() * BYTES_OF_A_PEER + consultations * BYTES_OF_A_ROOM,
        );
        for (name, count, most) in counts.into_iter().chain([bytes]) {
            let peak = watch.peaks.entry(name).or_default();
            *peak = (*peak).max(count);
            if count > most {
                around.scene.fault("what is held has a bound", format!("{count} {name}, at most {most}"));
            }
        }
    }
}

/// The two devices of a consultation whose people must hear each other, if they are there.
fn pair<'a>(devices: &'a [Device], around: &Around, number: usize) -> Option<[&'a Device; 2]> {
    let one = |role: Role| {
        let mut theirs = devices
            .iter()
            .filter(|device| device.consultation() == Some(number) && device.role == role && device.engine.is_some());
        let device = theirs.next().filter(|_| theirs.next().is_none())?;
        let is_ready = device.wants_in && device.honesty == Honesty::Honest && device.local.microphone;
        let is_on_good_network = around.net.accesses[device.number].good_since_ms.is_some();
        (is_ready && is_on_good_network && device.is_visible).then_some(device)
    };
    Some([one(Role::Practitioner)?, one(Role::Patient)?])
}

/// Whether nothing but its people's devices explains that a consultation is silent.
fn is_fit(server: &Server, around: &Around, number: usize) -> bool {
    let consultation = &around.clinic.consultations[number];
    let are_signed_in =
        [consultation.doctor, consultation.patient].iter().all(|person| around.clinic.people[*person].is_signed_in);
    let is_allowed = consultation.ended_at.is_none() && consultation.consent_given_at.is_some();
    let is_admitted = consultation.admitted_at.is_some() || around.is_calm;
    let is_served = server.is_up && around.storage == Storage::Fine;
    let is_odd = around.oracle.odd.contains(&number);
    are_signed_in && is_allowed && is_admitted && is_served && !is_odd
}

/// On a good network a voice is there no later than the picture.
fn voice_first(around: &mut Around, pair: [&Device; 2], disturbed_ms: u64) {
    for device in pair {
        let Some(transport) = &device.transport else { continue };
        let Some(picture_ms) = transport.first_picture_ms.filter(|at_ms| *at_ms > disturbed_ms) else { continue };
        let now_ms = around.scene.now_ms;
        if now_ms > picture_ms + 1_000 && transport.first_voice_ms.is_none_or(|at_ms| at_ms > picture_ms + 1_000) {
            let detail = format!("device {} sees at {picture_ms} ms and does not hear", device.number);
            around.scene.fault("a voice is there no later than the picture", detail);
        }
    }
}
