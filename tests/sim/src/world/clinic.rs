//! What the consultation service knows and does, in memory: people, consultations, tickets, and the journal.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use colloque_attestation::{Attestation, Statement};
use colloque_call::TicketFailure;
use colloque_ids::{
    AppointmentId, ConnectionId, ConsultationId, PatientId, PracticeId, RoomId, StaffId, TicketId, Timestamp,
};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::identity::AuthenticationMethod;
use colloque_protocol::key::{BrowserKey, KeyThumbprint};
use colloque_protocol::signaling::JoinRefusal;
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{IdentityCard, Role};
use colloque_signaling::Attestor as _;
use colloque_signaling_core::{Entry, Record};
use colloque_test_support::Platform;

use super::chance;
use super::scene::Scene;

/// Somebody whom the service knows.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) person: Person,
    pub(super) is_signed_in: bool,
}

/// A consultation as storage holds it.
pub(super) struct Consultation {
    pub(super) id: ConsultationId,
    pub(super) room: RoomId,
    pub(super) appointment: AppointmentId,
    /// Numbers of its two people.
    pub(super) doctor: usize,
    pub(super) patient: usize,
    pub(super) consent_given_at: Option<Timestamp>,
    pub(super) admitted_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
}

/// A ticket that was given out.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) device: usize,
    pub(super) person: usize,
    pub(super) claims: TicketClaims,
    /// Connections that it opened.
    pub(super) uses: u32,
}

/// The service.
pub(super) struct Clinic {
    pub(super) people: Vec<Known>,
    pub(super) consultations: Vec<Consultation>,
    /// Every ticket that was given out, by its text.
    pub(super) issued: BTreeMap<String, Issued>,
    /// The connection journal, in the order of its writing.
    pub(super) journal: Vec<ConnectionEvent>,
    /// Tickets that somebody has entered by.
    used: BTreeMap<TicketId, Option<ConnectionId>>,
    practice: PracticeId,
    key: Ed25519KeyPair,
    platform: Platform,
}

impl Clinic {
    pub(super) fn new(scene: &mut Scene) -> Self {
        let seed = chance::bytes(&mut scene.dice);
        Self {
            people: Vec::new(),
            consultations: Vec::new(),
            issued: BTreeMap::new(),
            journal: Vec::new(),
            used: BTreeMap::new(),
            practice: scene.id(),
            key: Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes are a seed"),
            platform: Platform::default(),
        }
    }

    /// The key that tickets are checked with.
    pub(super) fn public_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.key.public_key().as_ref());
        key
    }

    /// What pages check statements of keys with.
    pub(super) fn identity_key(&self) -> [u8; 32] {
        self.platform.identity_key()
    }

    pub(super) fn attest(&self, statement: &Statement) -> Attestation {
        self.platform.attest(statement)
    }

    pub(super) fn add_person(&mut self, scene: &mut Scene, role: Role) -> usize {
        let number = self.people.len();
        let (person, title) = match role {
            Role::Patient => (Person::Patient(scene.id()), "Patient"),
            Role::Practitioner => (Person::Staff(scene.id()), "Dr"),
            Role::Secretary | Role::Administrator => (Person::Staff(scene.id()), "Secretary"),
            Role::Expert | Role::AccompanyingPerson | Role::Interpreter => (Person::Guest(scene.id()), "Guest"),
        };
        self.people.push(Known { name: format!("{title} {number}"), role, person, is_signed_in: true });
        number
    }

    pub(super) fn add_consultation(&mut self, scene: &mut Scene, doctor: usize, patient: usize, has_consent: bool) {
        let id: ConsultationId = scene.id();
        self.consultations.push(Consultation {
            id,
            room: id.same_as(),
            appointment: scene.id(),
            doctor,
            patient,
            consent_given_at: has_consent.then(|| scene.timestamp()),
            admitted_at: None,
            ended_at: None,
        });
    }

    pub(super) fn consultation_of_room(&self, room: RoomId) -> Option<usize> {
        self.consultations.iter().position(|consultation| consultation.room == room)
    }

    pub(super) fn staff(&self, person: usize) -> Option<StaffId> {
        match self.people[person].person {
            Person::Staff(staff) => Some(staff),
            Person::Patient(_) | Person::Guest(_) => None,
        }
    }

    fn patient(&self, person: usize) -> PatientId {
        match self.people[person].person {
            Person::Patient(patient) => patient,
            Person::Staff(staff) => staff.same_as(),
            Person::Guest(guest) => guest.same_as(),
        }
    }

    /// Answers a device's request for a ticket, for a consultation or for the desk.
    pub(super) fn ticket(
        &mut self,
        scene: &mut Scene,
        device: usize,
        person: usize,
        consultation: Option<usize>,
        key: &BrowserKey,
    ) -> Result<String, TicketFailure> {
        if !self.people[person].is_signed_in {
            return Err(TicketFailure::SignedOut);
        }
        let scope = match consultation {
            None => Scope::Desk { practitioners: self.doctors() },
            Some(number) => {
                let consultation = &self.consultations[number];
                let is_patient = self.people[person].role == Role::Patient;
                if consultation.ended_at.is_some() || (is_patient && consultation.consent_given_at.is_none()) {
                    return Err(TicketFailure::Refused(JoinRefusal::ConsultationOver));
                }
                Scope::Room(self.scope(number, scene.timestamp()))
            }
        };
        let claims = self.claims(scene, person, scope, key);
        let text = claims.seal(|bytes| self.sign(bytes));
        self.issued.insert(text.clone(), Issued { device, person, claims, uses: 0 });
        Ok(text)
    }

    fn doctors(&self) -> Vec<StaffId> {
        let doctors = self.people.iter().filter(|known| known.role == Role::Practitioner);
        doctors
            .filter_map(|known| match known.person {
                Person::Staff(staff) => Some(staff),
                Person::Patient(_) | Person::Guest(_) => None,
            })
            .collect()
    }

    /// What a ticket says of a person.
    pub(super) fn claims(&self, scene: &mut Scene, person: usize, scope: Scope, key: &BrowserKey) -> TicketClaims {
        let known = &self.people[person];
        let now = scene.timestamp();
        TicketClaims {
            ticket: scene.id(),
            practice: self.practice,
            person: known.person,
            role: known.role,
            card: IdentityCard {
                display_name: known.name.clone(),
                role: known.role,
                profession: None,
                rpps: None,
                verified_by: vec![AuthenticationMethod::Passkey],
            },
            key_thumbprint: KeyThumbprint::from_digest(digest(&SHA256, key.thumbprint_input().as_bytes()).as_ref()),
            scope,
            issued_at: now,
            expires_at: now.after(TICKET_LIFETIME),
        }
    }

    pub(super) fn scope(&self, number: usize, now: Timestamp) -> RoomScope {
        let consultation = &self.consultations[number];
        let day = std::time::Duration::from_secs(86_400);
        RoomScope {
            room: consultation.room,
            consultation: consultation.id,
            appointment: consultation.appointment,
            practitioner: self.staff(consultation.doctor).unwrap_or_else(|| consultation.id.same_as()),
            patient: self.patient(consultation.patient),
            consent_given_at: consultation.consent_given_at,
            admitted_at: consultation.admitted_at,
            opens_at: now.before(day),
            closes_at: now.after(day),
        }
    }

    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.key.sign(bytes).as_ref());
        signature
    }

    /// Uses a ticket up for a connection; tells whether no other one had.
    pub(super) fn use_ticket(&mut self, entry: &Entry) -> bool {
        *self.used.entry(entry.ticket).or_insert(entry.event.connection) == entry.event.connection
    }

    /// Writes a record; gives the instant that storage keeps, or nothing when the rules of care forbid it.
    pub(super) fn write(&mut self, record: &Record) -> Option<Timestamp> {
        match record {
            Record::Entry(Entry { event, .. }) => {
                self.record(event);
                Some(event.occurred_at)
            }
            Record::Attestation(event) | Record::Guest(event) => {
                self.record(event);
                Some(event.occurred_at)
            }
            Record::Admission(decision) => {
                let known = self.people.iter().find(|known| known.person == Person::Staff(decision.by));
                let is_signed_in = known.is_some_and(|known| known.is_signed_in);
                let consultation = self.consultation_mut(decision.scope.consultation)?;
                if consultation.ended_at.is_some() {
                    return None;
                }
                if consultation.admitted_at.is_some() {
                    return consultation.admitted_at;
                }
                let consent_given_at = consultation.consent_given_at?;
                if is_signed_in {
                    consultation.admitted_at = Some(decision.at.max(consent_given_at));
                }
                consultation.admitted_at
            }
            Record::Refusal(decision) => Some(decision.at),
            Record::End(decision) => {
                let consultation = self.consultation_mut(decision.scope.consultation)?;
                if consultation.admitted_at.is_some() && consultation.ended_at.is_none() {
                    consultation.ended_at = Some(decision.at);
                }
                Some(decision.at)
            }
        }
    }

    /// Writes a fact to the journal; one that stands there already changes nothing.
    pub(super) fn record(&mut self, event: &ConnectionEvent) {
        if !self.journal.iter().rev().take(200).any(|known| known == event) {
            self.journal.push(event.clone());
        }
    }

    fn consultation_mut(&mut self, id: ConsultationId) -> Option<&mut Consultation> {
        self.consultations.iter_mut().find(|consultation| consultation.id == id)
    }
}
