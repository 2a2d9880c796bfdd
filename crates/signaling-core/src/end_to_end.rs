//! Passes on what clients say to each other past the server, in one order, and keeps it for those who are away for a moment.
//!
//! The server sees who and when. It holds no key, and puts nobody into a group or out of it.

use std::collections::VecDeque;

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_ids::{ConnectionId, ParticipantId, RoomId};
use colloque_protocol::connection::{ConnectionEvent, ConnectionFact, DisconnectCause};
use colloque_protocol::end_to_end::{FromOthers, ToOthers};
use colloque_protocol::identity::{AuthenticationMethod, IdentityCard, Role};
use colloque_protocol::signaling::{ActionRefusal, ServerMessage};

use crate::bucket::Bucket;
use crate::connection::Seated;
use crate::io::{Output, Record};
use crate::limits::{
    ATTESTATION_BURST, ATTESTATION_LIFETIME, ATTESTATION_PAUSE, KEPT_SEALED_BYTES, KEPT_SEALED_MESSAGES, SEALED_BURST,
    SEALED_PER_SECOND,
};
use crate::room::{Room, Seat};
use crate::signaling::{Pending, Signaling};

/// The newest group of a room, by its own words.
#[derive(Debug)]
pub(crate) struct GroupOrder {
    group: Vec<u8>,
    epoch: u64,
}

/// What waits for somebody whose connection is lost.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    kept: VecDeque<FromOthers>,
    bytes: usize,
    /// More came than is kept: nothing is, and they are told.
    is_full: bool,
}

/// How much a person may still say; it stays with them through reconnections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paces {
    attestations: Bucket,
    sealed: Bucket,
}

impl Paces {
    pub(crate) const fn full(now: colloque_ids::Timestamp) -> Self {
        Self { attestations: Bucket::full(now), sealed: Bucket::full(now) }
    }
}

impl Mailbox {
    fn keep(&mut self, message: FromOthers) {
        if self.is_full {
            return;
        }
        self.bytes += message.bytes();
        self.kept.push_back(message);
        if self.kept.len() > KEPT_SEALED_MESSAGES || self.bytes > KEPT_SEALED_BYTES {
            *self = Self { is_full: true, ..Self::default() };
        }
    }

    fn take(&mut self) -> Vec<FromOthers> {
        let emptied = std::mem::take(self);
        if emptied.is_full { vec![FromOthers::Missed] } else { emptied.kept.into() }
    }
}

impl Signaling {
    /// Takes a message that a client has for the others. Whoever sends something else breaks the protocol.
    pub(crate) fn end_to_end(&mut self, seated: Seated, message: &str) {
        let done = match ToOthers::from_text(message) {
            Ok(message) => self.take_for_others(seated, message),
            Err(_) => return self.give_up(seated.connection, DisconnectCause::Misbehaved),
        };
        if let Err(code) = done {
            self.send(seated.connection, ServerMessage::NotDone { code });
        }
    }

    fn take_for_others(&mut self, seated: Seated, message: ToOthers) -> Result<(), ActionRefusal> {
        let now = self.now;
        let room = self.rooms.get_mut(&seated.room).ok_or(ActionRefusal::NobodyThere)?;
        let speaker = room.seat_mut(seated.seat).as_mut().ok_or(ActionRefusal::NobodyThere)?;
        if !speaker.paces.sealed.take(SEALED_BURST, std::time::Duration::from_secs(1) / SEALED_PER_SECOND, now) {
            return Err(ActionRefusal::TooMany);
        }
        let participant = speaker.id;
        let takes_part = room.takes_part(seated.seat);
        match message {
            ToOthers::Attest { leaf_key } => self.attest(seated, leaf_key),
            ToOthers::AskOffers => match seated.seat {
                Seat::Practitioner => {
                    // Also to a guest who waits: the practitioner's client lets them in once its person does.
                    for seat in [Seat::Patient, Seat::Guest] {
                        self.pass_on_to(seated.room, seat, FromOthers::Offer);
                    }
                    Ok(())
                }
                Seat::Patient | Seat::Guest => Err(ActionRefusal::NotYours),
            },
            ToOthers::KeyPackage { package } => {
                let message = FromOthers::KeyPackage { participant, package };
                if seated.seat != Seat::Practitioner {
                    self.pass_on_to(seated.room, Seat::Practitioner, message);
                }
                Ok(())
            }
            ToOthers::Commit { .. } | ToOthers::Sealed { .. } | ToOthers::Compared { .. } if !takes_part => {
                Err(ActionRefusal::NotYours)
            }
            ToOthers::Commit { group, epoch, commit, welcome, welcomed } => {
                let holds = room.order(seated.seat, group, epoch);
                let order = FromOthers::Ordered { epoch, holds };
                self.send(seated.connection, ServerMessage::EndToEnd { message: order.to_text() });
                if holds {
                    let others: Vec<_> = [participant].into_iter().chain(welcomed.iter().copied()).collect();
                    self.pass_on(seated.room, &others, &FromOthers::Commit { commit });
                    if let Some(welcome) = welcome {
                        self.welcome(seated.room, participant, &welcomed, welcome);
                    }
                }
                Ok(())
            }
            ToOthers::Sealed { message } => {
                self.pass_on(seated.room, &[participant], &FromOthers::Sealed { message });
                Ok(())
            }
            ToOthers::Compared { same } => {
                self.journal_of(seated, ConnectionFact::WordsCompared { same });
                Ok(())
            }
        }
    }

    /// Journals whose key this is; what is stated waits for it.
    fn attest(&mut self, seated: Seated, leaf_key: [u8; 32]) -> Result<(), ActionRefusal> {
        let now = self.now;
        let speaker = self.rooms.get_mut(&seated.room).and_then(|room| room.seat_mut(seated.seat).as_mut());
        let speaker = speaker.ok_or(ActionRefusal::NobodyThere)?;
        if !speaker.paces.attestations.take(ATTESTATION_BURST, ATTESTATION_PAUSE, now) {
            return Err(ActionRefusal::TooMany);
        }
        let event =
            self.event_of(seated, ConnectionFact::KeyAttested { leaf_key }).ok_or(ActionRefusal::NobodyThere)?;
        self.commit(Record::Attestation(event), Pending::Attestation { seated, leaf_key });
        Ok(())
    }

    /// States whose key it is, now that the journal says so too.
    pub(crate) fn attested(&mut self, seated: Seated, leaf_key: [u8; 32]) {
        let now = self.now;
        if self.connection_at(seated.room, seated.seat) != Some(seated.connection) {
            return;
        }
        let Some(room) = self.rooms.get(&seated.room) else { return };
        let Some(person) = room.seat(seated.seat) else { return };
        let statement = Statement {
            consultation: room.scope.consultation,
            participant: person.id,
            standing: standing_of(seated.seat, person.card.role),
            proof: proof_of(&person.card),
            name: person.card.display_name.clone(),
            profession: person.card.profession.clone(),
            rpps: person.card.rpps.clone(),
            leaf_key,
            issued_at: now,
            expires_at: now.after(ATTESTATION_LIFETIME),
        };
        let makes_group = seated.seat == Seat::Practitioner;
        self.put(Output::SendAttestation {
            connection: seated.connection,
            statement: Box::new(statement),
            makes_group,
        });
    }

    /// Says that nothing is stated: the journal does not know of it.
    pub(crate) fn not_attested(&mut self, seated: Seated) {
        if self.connection_at(seated.room, seated.seat) == Some(seated.connection) {
            self.send(seated.connection, ServerMessage::NotDone { code: ActionRefusal::NotRecorded });
        }
    }

    /// Gives somebody who is back what came while they were away.
    pub(crate) fn empty_mailbox(&mut self, room: RoomId, seat: Seat, connection: ConnectionId) {
        let Some(person) = self.rooms.get_mut(&room).and_then(|room| room.seat_mut(seat).as_mut()) else { return };
        for message in person.mailbox.take() {
            self.send(connection, ServerMessage::EndToEnd { message: message.to_text() });
        }
    }

    /// Tells those who stay that somebody is gone for good.
    pub(crate) fn tell_left(&mut self, room: RoomId, participant: ParticipantId) {
        self.pass_on(room, &[participant], &FromOthers::Left { participant });
    }

    /// Gives a welcome to those of `welcomed` who take part in the call.
    fn welcome(&mut self, room: RoomId, by: ParticipantId, welcomed: &[ParticipantId], welcome: Vec<u8>) {
        let seats: Vec<Seat> = Seat::ALL
            .into_iter()
            .filter(|seat| {
                let person = self.rooms.get(&room).and_then(|room| room.seat(*seat));
                person.is_some_and(|person| person.id != by && welcomed.contains(&person.id))
                    && self.takes_part(room, *seat)
            })
            .collect();
        for seat in seats {
            self.pass_on_to(room, seat, FromOthers::Welcome { welcome: welcome.clone() });
        }
    }

    fn takes_part(&self, room: RoomId, seat: Seat) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.takes_part(seat))
    }

    /// Passes something on to everybody who takes part in the call, but for some.
    fn pass_on(&mut self, room: RoomId, not_to: &[ParticipantId], message: &FromOthers) {
        for seat in Seat::ALL {
            let person = self.rooms.get(&room).and_then(|room| room.seat(seat));
            if person.is_some_and(|person| !not_to.contains(&person.id)) && self.takes_part(room, seat) {
                self.pass_on_to(room, seat, message.clone());
            }
        }
    }

    fn pass_on_to(&mut self, room: RoomId, seat: Seat, message: FromOthers) {
        let Some(person) = self.rooms.get_mut(&room).and_then(|room| room.seat_mut(seat).as_mut()) else { return };
        match person.connection() {
            Some(connection) => self.send(connection, ServerMessage::EndToEnd { message: message.to_text() }),
            None => person.mailbox.keep(message),
        }
    }

    fn journal_of(&mut self, seated: Seated, fact: ConnectionFact) {
        if let Some(event) = self.event_of(seated, fact) {
            self.put(Output::Journal(event));
        }
    }

    pub(crate) fn event_of(&self, seated: Seated, fact: ConnectionFact) -> Option<ConnectionEvent> {
        let known = self.connections.get(seated.connection)?;
        let scope = self.rooms.get(&seated.room)?.scope.clone();
        Some(self.event(fact, seated.connection, known.from, known.who().cloned(), Some(scope)))
    }
}

impl Room {
    /// Puts a change of the group in order; tells whether it holds. A group that is not known yet begins by a clinician's word.
    fn order(&mut self, by: Seat, group: Vec<u8>, epoch: u64) -> bool {
        let Some(next) = epoch.checked_add(1) else { return false };
        match &mut self.group {
            Some(known) if known.group == group => {
                let holds = known.epoch == epoch;
                if holds {
                    known.epoch = next;
                }
                holds
            }
            // After a restart of the server a group goes on where it was.
            known if by == Seat::Practitioner && (epoch == 0 || known.is_none()) => {
                *known = Some(GroupOrder { group, epoch: next });
                true
            }
            Some(_) | None => false,
        }
    }
}

const fn standing_of(seat: Seat, role: Role) -> Standing {
    match (seat, role) {
        (Seat::Practitioner, _) => Standing::Practitioner,
        (Seat::Patient, _) => Standing::Patient,
        (Seat::Guest, Role::Expert) => Standing::Expert,
        (Seat::Guest, Role::Interpreter) => Standing::Interpreter,
        (Seat::Guest, _) => Standing::AccompanyingPerson,
    }
}

fn proof_of(card: &IdentityCard) -> ProofOfPerson {
    let gave = |method| card.verified_by.contains(&method);
    if gave(AuthenticationMethod::Passkey) {
        ProofOfPerson::Passkey
    } else if gave(AuthenticationMethod::Password) && gave(AuthenticationMethod::Totp) {
        ProofOfPerson::PasswordAndSecondFactor
    } else if gave(AuthenticationMethod::InvitationLink)
        && (gave(AuthenticationMethod::EmailCode)
            || gave(AuthenticationMethod::SmsCode)
            || gave(AuthenticationMethod::Totp))
    {
        ProofOfPerson::InvitationAndCode
    } else {
        ProofOfPerson::One
    }
}
