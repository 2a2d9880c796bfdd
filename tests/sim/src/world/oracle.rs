//! What must hold, judged from storage and from what the server said: not from what the server believes.

use std::collections::{BTreeMap, BTreeSet};

use colloque_ids::{ConnectionId, RoomId};
use colloque_protocol::Role;
use colloque_protocol::connection::ConnectionFact;
use colloque_protocol::signaling::{EndReason, RoomState, ServerMessage, Stage};
use colloque_protocol::ticket::Scope;
use colloque_signaling_core::Input;
use colloque_signaling_core::limits::MEDIA_KEPT_FOR;

use super::clinic::Clinic;
use super::scene::Scene;
use super::spans::Spans;

/// From the server's word to its effect at the media worker, in milliseconds.
const EFFECT_MS: u64 = 20;
/// From the loss of a connection to the end of its media, at most: the limit, a tick, and the effect.
const KEPT_MS: u64 = MEDIA_KEPT_FOR.as_millis() as u64 + 1_000 + EFFECT_MS;

/// The last words about a connection may be lost with a server that dies so soon after it, in milliseconds: storage may have failed.
const UNWRITTEN_MS: u64 = 60_000;

/// What was seen, and what follows from it.
#[derive(Default)]
pub(super) struct Oracle {
    connections: BTreeMap<ConnectionId, Seen>,
    /// Each consultation's times.
    rooms: Vec<RoomTimes>,
    /// Connections that ended because the server died: nobody wrote down that they ended.
    pub(super) died: BTreeSet<ConnectionId>,
    /// Withdrawals of consent that storage has and signaling has not heard of.
    pub(super) withdrawals_on_the_way: BTreeMap<usize, u32>,
    /// Consultations of which signaling has learnt that they are over, with since when, in milliseconds.
    over: BTreeMap<usize, u64>,
    /// Consultations one of whose people sends what no browser sends.
    pub(super) odd: BTreeSet<usize>,
    /// The card that each seat was sent last.
    cards: BTreeMap<(usize, Role), String>,
    /// Packets of media that reached somebody.
    pub(super) heard: u64,
    /// Those among them that reached a browser before the card did, which the server had sent: its stream hung.
    pub(super) unseen: u64,
    /// Tickets that opened a connection.
    pub(super) entries: u64,
}

struct Seen {
    device: usize,
    ticket: Option<String>,
    /// The seat that it took.
    seat: Option<(usize, Role)>,
    closed_ms: Option<u64>,
}

/// When media may pass in a room, and to and from whom.
#[derive(Default)]
struct RoomTimes {
    /// The media plane was told to let media pass.
    open: Spans,
    doctor: Presence,
    patient: Presence,
}

/// When a person was in a room.
#[derive(Default)]
struct Presence {
    here: BTreeSet<ConnectionId>,
    times: Spans,
}

impl RoomTimes {
    fn seat_mut(&mut self, role: Role) -> &mut Presence {
        if role == Role::Patient { &mut self.patient } else { &mut self.doctor }
    }
}

impl Oracle {
    pub(super) fn add_consultation(&mut self) {
        self.rooms.push(RoomTimes::default());
    }

    pub(super) fn opened(&mut self, connection: ConnectionId, device: usize) {
        self.connections.insert(connection, Seen { device, ticket: None, seat: None, closed_ms: None });
    }

    pub(super) fn presented(&mut self, connection: ConnectionId, ticket: String) {
        if let Some(seen) = self.connections.get_mut(&connection) {
            seen.ticket = Some(ticket);
        }
    }

    /// Signaling is told something from inside the server.
    pub(super) fn told(&mut self, clinic: &Clinic, input: &Input, now_ms: u64) {
        let number = |id| clinic.consultations.iter().position(|known| known.id == id);
        let (at, roles): (_, &[Role]) = match input {
            Input::ConsentWithdrawn { consultation } => {
                let at = number(*consultation);
                if let Some(count) = at.and_then(|at| self.withdrawals_on_the_way.get_mut(&at)) {
                    *count = count.saturating_sub(1);
                }
                (at, &[Role::Patient])
            }
            Input::ConsultationEnded { consultation } => {
                number(*consultation).into_iter().for_each(|at| self.is_over(at, now_ms));
                (number(*consultation), &[Role::Patient, Role::Practitioner])
            }
            Input::PatientSignedOut { consultation } => (number(*consultation), &[Role::Patient]),
            Input::AppointmentChanged { consultation } => (number(*consultation), &[Role::Patient, Role::Practitioner]),
            Input::StaffSignedOut { staff } => {
                for (at, known) in clinic.consultations.iter().enumerate() {
                    if clinic.staff(known.doctor) == Some(*staff) {
                        self.gone(at, Role::Practitioner, now_ms);
                    }
                }
                return;
            }
            _ => return,
        };
        for role in roles {
            at.into_iter().for_each(|at| self.gone(at, *role, now_ms));
        }
    }

    fn is_over(&mut self, at: usize, now_ms: u64) {
        self.over.entry(at).or_insert(now_ms);
    }

    /// Whether signaling has known for a while that a consultation is over.
    pub(super) fn is_known_over(&self, at: usize, before_ms: u64) -> bool {
        self.over.get(&at).is_some_and(|since_ms| *since_ms < before_ms)
    }

    /// A person has no place in a room any more.
    fn gone(&mut self, at: usize, role: Role, now_ms: u64) {
        let presence = self.rooms[at].seat_mut(role);
        presence.here.clear();
        presence.times.end(now_ms + EFFECT_MS);
    }

    /// The server says something to somebody.
    pub(super) fn said(&mut self, scene: &mut Scene, clinic: &mut Clinic, id: ConnectionId, message: &ServerMessage) {
        match message {
            ServerMessage::Joined { room, you, state, .. } => {
                self.joined(scene, clinic, id, Some(*room), &you.display_name);
                self.shown(scene, clinic, *room, state.stage);
                self.card_sent(id, state);
            }
            ServerMessage::DeskJoined { .. } => self.joined(scene, clinic, id, None, ""),
            ServerMessage::Room { state } => {
                if let Some((consultation, _)) = self.connections.get(&id).and_then(|seen| seen.seat) {
                    self.shown(scene, clinic, clinic.consultations[consultation].room, state.stage);
                    self.card_sent(id, state);
                }
            }
            ServerMessage::Ended { reason } => self.ended(scene.now_ms, id, *reason),
            _ => {}
        }
    }

    fn card_sent(&mut self, id: ConnectionId, state: &RoomState) {
        if let (Some(seen), Some(other)) = (self.connections.get(&id), &state.other)
            && let Some(seat) = seen.seat
        {
            self.cards.insert(seat, other.card.display_name.clone());
        }
    }

    /// Judges whether the card of who is heard came before: to the browser, or at least on its way there.
    pub(super) fn card_first(&mut self, scene: &mut Scene, seat: (usize, Role), speaker: &str, shown: Option<&str>) {
        if shown == Some(speaker) {
            return;
        }
        self.unseen += 1;
        if self.cards.get(&seat).map(String::as_str) != Some(speaker) {
            let detail = format!("{speaker} is heard in {seat:?}, and the card sent is {:?}", self.cards.get(&seat));
            scene.fault("the other party's card comes before their media", detail);
        }
    }

    /// Somebody is told that a room stands at a stage.
    fn shown(&self, scene: &mut Scene, clinic: &Clinic, room: RoomId, stage: Stage) {
        let Some(at) = clinic.consultation_of_room(room) else { return };
        if stage == Stage::Open && clinic.consultations[at].admitted_at.is_none() {
            scene.fault("nobody hears of an admission that storage does not hold", format!("consultation {at}"));
        }
    }

    fn joined(&mut self, scene: &mut Scene, clinic: &mut Clinic, id: ConnectionId, room: Option<RoomId>, name: &str) {
        let rule = "nobody enters without a good ticket of their own";
        let now = scene.timestamp();
        let Some(seen) = self.connections.get_mut(&id) else {
            return scene.fault(rule, format!("{id} is no connection"));
        };
        let Some(issued) = seen.ticket.as_ref().and_then(|ticket| clinic.issued.get_mut(ticket)) else {
            return scene.fault(rule, format!("{id} of device {} has a ticket that nobody gave out", seen.device));
        };
        issued.uses += 1;
        if issued.device != seen.device || issued.uses > 1 {
            let uses = issued.uses;
            return scene
                .fault(rule, format!("device {} uses a ticket of {}, time {uses}", seen.device, issued.device));
        }
        // A write may take its time after the ticket was looked at.
        if now > issued.claims.expires_at.after(std::time::Duration::from_secs(6)) {
            return scene.fault(rule, format!("device {} uses a ticket that is over", seen.device));
        }
        let opens = match &issued.claims.scope {
            Scope::Room(scope) => Some(scope.room),
            Scope::Desk { .. } => None,
        };
        let (person, is_named) = (issued.person, room.is_none() || clinic.people[issued.person].name == name);
        if opens != room || !is_named {
            return scene.fault(rule, format!("person {person} entered elsewhere or as somebody else"));
        }
        let is_written = |event: &colloque_protocol::connection::ConnectionEvent| {
            event.connection == Some(id) && matches!(event.fact, ConnectionFact::Joined | ConnectionFact::Resumed)
        };
        if !clinic.journal.iter().rev().any(is_written) {
            scene.fault("nobody enters before the journal says so", format!("{id}"));
        }
        self.entries += 1;
        if let Some(at) = room.and_then(|room| clinic.consultation_of_room(room)) {
            let role = clinic.people[person].role;
            let consultation = &clinic.consultations[at];
            if person != if role == Role::Patient { consultation.patient } else { consultation.doctor } {
                scene.fault(rule, format!("person {person} is not booked in consultation {at}"));
            }
            seen.seat = Some((at, role));
            let presence = self.rooms[at].seat_mut(role);
            presence.here.insert(id);
            presence.times.begin(scene.now_ms);
        }
    }

    fn ended(&mut self, now_ms: u64, id: ConnectionId, reason: EndReason) {
        let Some((at, role)) = self.connections.get(&id).and_then(|seen| seen.seat) else { return };
        let is_gone = match reason {
            EndReason::EndedByPractitioner
            | EndReason::RefusedByPractitioner
            | EndReason::YouLeft
            | EndReason::AppointmentChanged
            | EndReason::SignedOut
            | EndReason::ConsentWithdrawn => true,
            EndReason::ContinuedElsewhere | EndReason::ServerStopping | EndReason::ConnectionGivenUp => false,
        };
        if is_gone {
            self.gone(at, role, now_ms);
        }
        if reason == EndReason::EndedByPractitioner {
            self.is_over(at, now_ms);
        }
    }

    /// A connection is over for the server.
    pub(super) fn closed(&mut self, id: ConnectionId, now_ms: u64) {
        let Some(seen) = self.connections.get_mut(&id) else { return };
        seen.closed_ms = Some(now_ms);
        let Some((at, role)) = seen.seat else { return };
        let presence = self.rooms[at].seat_mut(role);
        if presence.here.remove(&id) && presence.here.is_empty() {
            presence.times.end(now_ms + KEPT_MS);
        }
    }

    pub(super) fn server_died(&mut self, scene: &mut Scene) {
        let now_ms = scene.now_ms;
        for room in &mut self.rooms {
            room.open.end(now_ms);
            for presence in [&mut room.doctor, &mut room.patient] {
                presence.here.clear();
                presence.times.end(now_ms);
            }
        }
        let is_unwritten = |seen: &Seen| seen.closed_ms.is_none_or(|at_ms| at_ms + UNWRITTEN_MS > now_ms);
        self.died.extend(self.connections.iter().filter(|(_, seen)| is_unwritten(seen)).map(|(id, _)| *id));
        self.withdrawals_on_the_way.clear();
    }

    /// Signaling asks the media plane to let media pass, or to stop them.
    pub(super) fn gate_asked(&mut self, scene: &mut Scene, clinic: &Clinic, room: RoomId, is_open: bool) {
        let Some(at) = clinic.consultation_of_room(room) else { return };
        if !is_open {
            return self.rooms[at].open.end(scene.now_ms + EFFECT_MS);
        }
        let consultation = &clinic.consultations[at];
        if consultation.admitted_at.is_none() {
            scene.fault("media pass only after an admission that storage holds", format!("consultation {at}"));
        }
        let is_on_the_way = self.withdrawals_on_the_way.get(&at).is_some_and(|count| *count > 0);
        if consultation.consent_given_at.is_none() && !is_on_the_way {
            scene.fault("media pass only with the patient's consent", format!("consultation {at}"));
        }
        self.rooms[at].open.begin(scene.now_ms);
    }

    /// A packet of a speaker's, sent on by the server at `sent_ms`, was opened by a person's browser.
    pub(super) fn reached(
        &mut self,
        scene: &mut Scene,
        clinic: &Clinic,
        listener: usize,
        consultation: usize,
        speaker: Option<usize>,
        sent_ms: u64,
    ) {
        self.heard += 1;
        let Some(speaker) = speaker else {
            if self.odd.contains(&consultation) {
                return;
            }
            return scene.fault("what arrives is what was sent", format!("person {listener} got something else"));
        };
        let held = &clinic.consultations[consultation];
        let is_pair =
            (held.doctor, held.patient) == (listener, speaker) || (held.patient, held.doctor) == (listener, speaker);
        if !is_pair {
            return scene.fault(
                "media reach the other person of the room, and nobody else",
                format!("{speaker} -> {listener}"),
            );
        }
        let times = &self.rooms[consultation];
        if !times.open.holds(sent_ms) {
            scene.fault("media pass in an open room only", format!("{speaker} -> {listener}, sent on at {sent_ms} ms"));
        }
        for presence in [&times.doctor, &times.patient] {
            if !presence.times.holds(sent_ms) {
                let detail = format!("{speaker} -> {listener} in consultation {consultation}, sent on at {sent_ms} ms");
                scene.fault("media pass between people who are in the room", detail);
            }
        }
    }

    /// Judges the journal once everybody has left: who entered has left, once.
    pub(super) fn judge_journal(&self, scene: &mut Scene, clinic: &Clinic) {
        let rule = "who is journaled as entered is journaled as left";
        let mut open: BTreeSet<ConnectionId> = BTreeSet::new();
        let mut media: BTreeSet<ConnectionId> = BTreeSet::new();
        // Storage that fails may write late what happened before.
        let mut journal: Vec<_> = clinic.journal.iter().collect();
        journal.sort_by_key(|event| event.occurred_at);
        for event in journal {
            let Some(id) = event.connection else { continue };
            match event.fact {
                ConnectionFact::Joined | ConnectionFact::Resumed => {
                    if !open.insert(id) {
                        scene.fault(rule, format!("{id} entered twice"));
                    }
                }
                ConnectionFact::Disconnected { .. } => {
                    media.remove(&id);
                    if !open.remove(&id) && !self.died.contains(&id) {
                        scene.fault(rule, format!("{id} left without having entered"));
                    }
                }
                ConnectionFact::JoinRefused { .. } => drop(open.remove(&id)),
                ConnectionFact::MediaConnected => {
                    // That they stopped may be among the last words of a server that died.
                    if !media.insert(id) && !self.died.contains(&id) {
                        scene.fault("media of a connection begin and end by turns", format!("{id}"));
                    }
                }
                ConnectionFact::MediaLost => drop(media.remove(&id)),
                ConnectionFact::PatientRefused
                | ConnectionFact::KeyAttested { .. }
                | ConnectionFact::WordsCompared { .. }
                | ConnectionFact::GuestAgreed { .. }
                | ConnectionFact::GuestAdmitted { .. }
                | ConnectionFact::GuestRemoved { .. }
                | ConnectionFact::Incident { .. } => {}
            }
        }
        if let Some(id) = open.iter().find(|id| !self.died.contains(id)) {
            scene.fault(rule, format!("{id} never left"));
        }
    }
}
