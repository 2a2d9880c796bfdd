//! Any sequence of events, honest or not: nobody unverified, unadmitted or without consent gets media, and nobody stays for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use colloque_ids::{ConnectionId, GuestId, ParticipantId, PeerId};
use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::end_to_end::ToOthers;
use colloque_protocol::signaling::{ClientMessage, OfferRefusal, RESUME_WINDOW, ServerMessage};
use colloque_protocol::ticket::{Person, Scope};
use colloque_signaling_core::{Input, MediaEvent, Output, Record};
use proptest::prelude::*;

use crate::world::{Storage, World, practitioner, scope};

#[derive(Debug, Clone)]
enum Step {
    Open,
    PatientJoins {
        slot: usize,
        key: u8,
        consent: bool,
        take_over: bool,
    },
    PractitionerJoins {
        slot: usize,
        key: u8,
    },
    DeskJoins {
        slot: usize,
    },
    GuestJoins {
        slot: usize,
        key: u8,
        guest: u8,
    },
    /// Says something about the guest who came last.
    AboutGuest {
        slot: usize,
        what: AboutGuest,
    },
    Unverified {
        slot: usize,
    },
    Says {
        slot: usize,
        message: ClientMessage,
    },
    Lost {
        slot: usize,
    },
    Storage(Storage),
    StorageAnswers(bool),
    MediaAnswers(usize),
    MediaRefuses(usize),
    MediaEvent {
        peer: usize,
        kind: u8,
    },
    Passes(u16),
    Told(Input),
}

#[derive(Debug, Clone, Copy)]
enum AboutGuest {
    Agree,
    Disagree,
    Admit,
    Remove,
}

fn to_others() -> impl Strategy<Value = ClientMessage> {
    let message = prop_oneof![
        any::<[u8; 32]>().prop_map(|leaf_key| ToOthers::Attest { leaf_key }),
        Just(ToOthers::AskOffers),
        Just(ToOthers::KeyPackage { package: vec![1] }),
        (0_u64..3, any::<bool>()).prop_map(|(epoch, other)| ToOthers::Commit {
            group: vec![u8::from(other); 33],
            epoch,
            commit: vec![1],
            welcome: None,
            welcomed: vec![],
        }),
        Just(ToOthers::Sealed { message: vec![1; 9] }),
        any::<bool>().prop_map(|same| ToOthers::Compared { same }),
    ];
    message.prop_map(|message| ClientMessage::EndToEnd { message: message.to_text() })
}

fn message() -> impl Strategy<Value = ClientMessage> {
    prop_oneof![
        to_others(),
        Just(ClientMessage::Admit),
        Just(ClientMessage::Refuse),
        Just(ClientMessage::End),
        Just(ClientMessage::Leave),
        Just(ClientMessage::NotifyAgain),
        Just(ClientMessage::Ping { sequence: 1 }),
        Just(ClientMessage::MediaState(Default::default())),
        (0_u16..500).prop_map(|minutes| ClientMessage::AnnounceDelay { appointment: None, minutes }),
        (0_u32..4, any::<bool>()).prop_map(|(generation, ice_restart)| ClientMessage::Offer {
            generation,
            ice_restart,
            sdp: "v=0".to_owned()
        }),
    ]
}

/// What the HTTP service may say at any moment.
fn told() -> impl Strategy<Value = Input> {
    let consultation = scope().consultation;
    prop_oneof![
        Just(Input::AppointmentChanged { consultation }),
        Just(Input::ConsultationEnded { consultation }),
        Just(Input::StaffSignedOut { staff: practitioner() }),
        Just(Input::PatientSignedOut { consultation }),
        Just(Input::ConsentWithdrawn { consultation }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0_usize..6;
    prop_oneof![
        3 => Just(Step::Open),
        4 => (slot.clone(), 0_u8..2, prop::bool::weighted(0.8), any::<bool>())
            .prop_map(|(slot, key, consent, take_over)| Step::PatientJoins { slot, key, consent, take_over }),
        4 => (slot.clone(), 0_u8..2).prop_map(|(slot, key)| Step::PractitionerJoins { slot, key }),
        1 => slot.clone().prop_map(|slot| Step::DeskJoins { slot }),
        3 => (slot.clone(), 0_u8..2, 0_u8..2).prop_map(|(slot, key, guest)| Step::GuestJoins { slot, key, guest }),
        6 => (slot.clone(), prop_oneof![
            2 => Just(AboutGuest::Agree),
            1 => Just(AboutGuest::Disagree),
            3 => Just(AboutGuest::Admit),
            1 => Just(AboutGuest::Remove),
        ])
            .prop_map(|(slot, what)| Step::AboutGuest { slot, what }),
        1 => slot.clone().prop_map(|slot| Step::Unverified { slot }),
        12 => (slot.clone(), message()).prop_map(|(slot, message)| Step::Says { slot, message }),
        2 => slot.prop_map(|slot| Step::Lost { slot }),
        1 => prop_oneof![Just(Storage::Works), Just(Storage::Fails), Just(Storage::Hangs)].prop_map(Step::Storage),
        3 => any::<bool>().prop_map(Step::StorageAnswers),
        3 => (0_usize..4).prop_map(Step::MediaAnswers),
        1 => (0_usize..4).prop_map(Step::MediaRefuses),
        2 => (0_usize..4, 0_u8..3).prop_map(|(peer, kind)| Step::MediaEvent { peer, kind }),
        3 => (0_u16..40).prop_map(Step::Passes),
        2 => told().prop_map(Step::Told),
    ]
}

/// What a model that only reads the outputs knows.
#[derive(Default)]
struct Watcher {
    read: usize,
    admitted: bool,
    consent: bool,
    written_entries: usize,
    /// Peers asked for and not removed yet.
    peers: BTreeSet<PeerId>,
    asked: Vec<(PeerId, u32)>,
    pending: BTreeMap<u64, Record>,
    /// Keys that the journal knows of.
    attested: Vec<[u8; 32]>,
    /// What is written of guests last.
    agreed: BTreeSet<GuestId>,
    let_in: BTreeSet<GuestId>,
}

impl Watcher {
    fn look(&mut self, world: &World) -> Result<(), TestCaseError> {
        for output in &world.outputs[self.read..] {
            match output {
                Output::ConnectMedia { peer, generation, ice_restart, .. } => {
                    prop_assert!(self.written_entries >= 1, "a transport of somebody who was not verified and written");
                    prop_assert_eq!(*ice_restart, self.peers.contains(peer));
                    self.peers.insert(*peer);
                    self.asked.push((*peer, *generation));
                }
                Output::GateMedia { is_open: true, .. } => {
                    prop_assert!(self.admitted, "media before the admission was written");
                    prop_assert!(self.consent, "media without consent");
                    prop_assert!(self.written_entries >= 2, "media before both parties were verified and written");
                }
                Output::GateMedia { is_open: false, .. } => {}
                Output::DisconnectMedia { peer, .. } => {
                    self.peers.remove(peer);
                }
                Output::Commit { commit, record } => {
                    self.pending.insert(*commit, record.clone());
                    if world.storage == Storage::Works {
                        self.written(*commit);
                    }
                }
                Output::SendAttestation { connection, statement, .. } => {
                    prop_assert!(!world.closed_before(*connection, self.read), "{statement:?} after the close");
                    let is_journaled = self.attested.contains(&statement.leaf_key);
                    prop_assert!(is_journaled, "a key is stated that the journal does not know");
                }
                Output::Send { connection, message } => {
                    prop_assert!(!world.closed_before(*connection, self.read), "{message:?} after the close");
                }
                Output::Close { .. } | Output::Journal(_) => {}
            }
        }
        self.read = world.outputs.len();
        if world.signaling.rooms() == 0 {
            // These tickets never say that the patient was admitted before, so a room that is made again waits again.
            self.admitted = false;
            self.consent = false;
            self.pending.retain(|_, record| !matches!(record, Record::Admission(_)));
        }
        Ok(())
    }

    fn written(&mut self, commit: u64) {
        match self.pending.remove(&commit) {
            Some(Record::Admission(decision)) => {
                self.admitted = true;
                self.consent |= decision.scope.consent_given_at.is_some();
            }
            Some(Record::Entry(_)) => self.written_entries += 1,
            Some(Record::Attestation(event)) => {
                if let ConnectionFact::KeyAttested { leaf_key } = event.fact {
                    self.attested.push(leaf_key);
                }
            }
            Some(Record::Guest(event)) => match event.fact {
                ConnectionFact::GuestAgreed { guest, agrees: true } => drop(self.agreed.insert(guest)),
                ConnectionFact::GuestAdmitted { guest } => drop(self.let_in.insert(guest)),
                _ => {}
            },
            Some(Record::End(_) | Record::Refusal(_)) | None => {}
        }
    }
}

impl World {
    /// Who a connection was in the room, if it ever was.
    fn seated(&self, connection: ConnectionId) -> Option<ParticipantId> {
        self.heard(connection).iter().find_map(|message| match message {
            ServerMessage::Joined { participant, .. } => Some(*participant),
            _ => None,
        })
    }

    /// Whether a connection joined as a guest.
    fn is_guest(&self, connection: ConnectionId) -> bool {
        self.heard(connection)
            .iter()
            .any(|message| matches!(message, ServerMessage::Joined { you, .. } if you.role.is_guest()))
    }

    fn closed_before(&self, connection: ConnectionId, index: usize) -> bool {
        self.outputs[..index].contains(&Output::Close { connection })
    }
}

fn run(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let mut watcher = Watcher::default();
    let mut slots: Vec<ConnectionId> = (0..6).map(|_| world.open()).collect();
    let mut guests: Vec<(ConnectionId, GuestId)> = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        match step {
            Step::Open => {
                let place = index % slots.len();
                slots[place] = world.open();
            }
            Step::PatientJoins { slot, key, consent, take_over } => {
                let mut claims = world.patient_claims();
                claims.key_thumbprint.0 = format!("key {key}");
                if let Scope::Room(room) = &mut claims.scope
                    && !consent
                {
                    room.consent_given_at = None;
                }
                world.present(slots[slot], claims, take_over);
            }
            Step::PractitionerJoins { slot, key } => {
                let mut claims = world.practitioner_claims();
                claims.key_thumbprint.0 = format!("key {key}");
                if let Scope::Room(room) = &mut claims.scope {
                    room.consent_given_at = None;
                }
                world.present(slots[slot], claims, true);
            }
            Step::DeskJoins { slot } => {
                let claims = world.desk_claims(practitioner(), Role::Practitioner);
                world.present(slots[slot], claims, false);
            }
            Step::GuestJoins { slot, key, guest } => {
                let mut claims = world.guest_claims(guest, Role::AccompanyingPerson);
                claims.key_thumbprint.0 = format!("key {key}");
                let Person::Guest(guest) = claims.person else { continue };
                world.present(slots[slot], claims, true);
                guests.retain(|(known, _)| *known != slots[slot]);
                guests.push((slots[slot], guest));
            }
            Step::AboutGuest { slot, what } => {
                let last = guests.iter().rev().find_map(|(connection, _)| world.seated(*connection));
                let Some(participant) = last else { continue };
                let message = match what {
                    AboutGuest::Agree => ClientMessage::AgreeToGuest { participant, agrees: true },
                    AboutGuest::Disagree => ClientMessage::AgreeToGuest { participant, agrees: false },
                    AboutGuest::Admit => ClientMessage::AdmitGuest { participant },
                    AboutGuest::Remove => ClientMessage::RemoveGuest { participant },
                };
                world.say(slots[slot], message);
            }
            Step::Unverified { slot } => world.input(Input::JoinRefused {
                connection: slots[slot],
                refusal: colloque_protocol::signaling::JoinRefusal::TicketInvalid,
            }),
            Step::Says { slot, message } => {
                let before = world.outputs.len();
                world.say(slots[slot], message);
                let asks_for_media =
                    world.outputs[before..].iter().any(|output| matches!(output, Output::ConnectMedia { .. }));
                let guest = guests.iter().find(|(connection, _)| *connection == slots[slot]);
                if let (true, Some((_, guest))) = (asks_for_media && world.is_guest(slots[slot]), guest) {
                    prop_assert!(watcher.agreed.contains(guest), "a guest connects to whom the patient never agreed");
                    prop_assert!(watcher.let_in.contains(guest), "a guest connects who was never let in");
                }
            }
            Step::Lost { slot } => {
                world.input(Input::Lost { connection: slots[slot], cause: DisconnectCause::SocketClosed });
            }
            Step::Storage(storage) => world.storage = storage,
            Step::StorageAnswers(good) => {
                if good {
                    for (commit, _) in &world.commits {
                        watcher.written(*commit);
                    }
                }
                world.storage_answers(good);
            }
            Step::MediaAnswers(which) => {
                if let Some((peer, generation)) = watcher.asked.iter().rev().nth(which).copied() {
                    world.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: String::new() });
                }
            }
            Step::MediaRefuses(which) => {
                if let Some((peer, generation)) = watcher.asked.iter().rev().nth(which).copied() {
                    world.input(Input::MediaRefused { peer, generation, refusal: OfferRefusal::Unavailable });
                }
            }
            Step::MediaEvent { peer, kind } => {
                if let Some((peer, _)) = watcher.asked.iter().rev().nth(peer).copied() {
                    let event = match kind {
                        0 => MediaEvent::Connected { peer },
                        1 => MediaEvent::Lost { peer },
                        _ => MediaEvent::Gone { peer },
                    };
                    if kind > 1 {
                        watcher.peers.remove(&peer);
                    }
                    world.input(Input::Media(event));
                }
            }
            Step::Passes(seconds) => world.pass(Duration::from_secs(seconds.into()), &[]),
            Step::Told(input) => world.input(input),
        }
        watcher.look(&world)?;
        prop_assert!(world.signaling.peers() <= 3, "one peer a person");
        prop_assert_eq!(world.signaling.peers(), watcher.peers.len(), "the media plane holds no other peer");
    }
    // Nobody speaks any more: after the resume window nothing is left of anybody.
    world.storage = Storage::Works;
    world.storage_answers(true);
    world.pass(RESUME_WINDOW + Duration::from_secs(40), &[]);
    watcher.look(&world).ok();
    prop_assert_eq!((world.signaling.connections(), world.signaling.rooms(), world.signaling.peers()), (0, 0, 0));
    prop_assert!(watcher.peers.is_empty(), "a peer without its person");
    each_entry_is_closed(&world)
}

/// Whoever was told that they are in is told or journaled out, once.
fn each_entry_is_closed(world: &World) -> Result<(), TestCaseError> {
    for (connection, heard) in &world.inbox {
        let joined = heard
            .iter()
            .filter(|message| matches!(message, ServerMessage::Joined { .. } | ServerMessage::DeskJoined { .. }))
            .count();
        let left = world.outputs.iter().filter(|output| {
            matches!(output, Output::Journal(event) if event.connection == Some(*connection)
                && matches!(event.fact, colloque_protocol::connection::ConnectionFact::Disconnected { .. }))
        });
        prop_assert!(joined <= 1);
        if joined == 1 {
            prop_assert_eq!(left.count(), 1, "one entry, one departure");
            prop_assert!(world.closed.contains(connection));
        }
        let after_end =
            heard.iter().skip_while(|message| !matches!(message, ServerMessage::Ended { .. })).skip(1).count();
        prop_assert_eq!(after_end, 0, "nothing is said after the end");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_media_follows_verification_consent_and_admission(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        run(steps)?;
    }

    #[test]
    fn same_events_and_same_seed_give_the_same_outputs(steps in prop::collection::vec(step(), 1..60)) {
        let once = outputs_of(steps.clone());
        prop_assert_eq!(once, outputs_of(steps));
    }
}

fn outputs_of(steps: Vec<Step>) -> Vec<Output> {
    let mut world = World::new();
    let connection = world.open();
    for step in steps {
        match step {
            Step::Says { message, .. } => world.say(connection, message),
            Step::PatientJoins { .. } => {
                let claims = world.patient_claims();
                world.present(connection, claims, false);
            }
            Step::Passes(seconds) => world.pass(Duration::from_secs(seconds.into()), &[]),
            _ => {
                world.practitioner_joins();
            }
        }
    }
    world.outputs
}
