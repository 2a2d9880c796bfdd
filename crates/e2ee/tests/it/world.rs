//! A consultation's room without a network: a server that only orders messages, and people with the engine.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_e2ee::frame::{Codec, Epoch, LeafIndex, OpenFrameError, Opening, TrackKind};
use colloque_e2ee::{EndToEnd, LinkSecret, Output, Setup, State, TakeError, ToOthers};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signer, SigningKey};

use crate::frames::NOW;

/// The platform's identity key.
pub fn platform() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

pub fn consultation(number: u8) -> ConsultationId {
    ConsultationId::from_parts(NOW, [number; 10])
}

pub fn participant(number: usize) -> ParticipantId {
    ParticipantId::from_parts(NOW, [u8::try_from(number).unwrap(); 10])
}

pub struct Person {
    pub engine: EndToEnd,
    pub id: ParticipantId,
    pub said: Vec<(ParticipantId, Vec<u8>)>,
    pub not_believed: Vec<ParticipantId>,
    pub errors: Vec<TakeError>,
    pub is_gone: bool,
}

/// What the server does to messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Server {
    #[default]
    Honest,
    /// Every message twice.
    Replays,
    /// Nothing that is said inside the group arrives.
    Withholds,
}

#[derive(Default)]
pub struct Room {
    pub people: Vec<Person>,
    pub now: i64,
    pub server: Server,
    order: Option<(Vec<u8>, Epoch)>,
    queue: VecDeque<(usize, ToOthers)>,
    /// Everything that passed the server.
    pub seen: Vec<Vec<u8>>,
}

pub fn statement(number: usize, standing: Standing, leaf_key: [u8; 32]) -> Statement {
    Statement {
        consultation: consultation(1),
        participant: participant(number),
        standing,
        proof: ProofOfPerson::Passkey,
        name: format!("Personne {number}"),
        profession: None,
        rpps: None,
        leaf_key,
        issued_at: NOW,
        expires_at: NOW.after(Duration::from_secs(12 * 3_600)),
    }
}

pub fn engine(seed: u8, link: Option<u8>) -> EndToEnd {
    EndToEnd::new(Setup {
        consultation: consultation(1),
        identity_key: platform().verifying_key().to_bytes(),
        link: link.map(|secret| LinkSecret::new([secret; 16])),
        seed: [seed; 32].into(),
    })
    .unwrap()
}

pub fn attest(statement: &Statement) -> Vec<u8> {
    statement.seal(|bytes| platform().sign(bytes).to_bytes()).bytes().to_vec()
}

impl Room {
    pub fn now(&self) -> Timestamp {
        NOW.after(Duration::from_millis(u64::try_from(self.now).unwrap()))
    }

    /// Somebody comes, with the platform's statement.
    pub fn enter(&mut self, standing: Standing, link: Option<u8>) -> usize {
        let number = self.people.len();
        self.enter_with(number, u8::try_from(number + 1).unwrap(), standing, link);
        number
    }

    pub fn enter_with(&mut self, number: usize, seed: u8, standing: Standing, link: Option<u8>) {
        let mut engine = engine(seed, link);
        let statement = statement(number, standing, engine.leaf_key());
        let makes_group = standing == Standing::Practitioner;
        engine.attested(&attest(&statement), self.now()).unwrap();
        if makes_group {
            engine.make_group(self.now()).unwrap();
        } else {
            engine.offer().unwrap();
        }
        self.people.push(Person {
            engine,
            id: statement.participant,
            said: Vec::new(),
            not_believed: Vec::new(),
            errors: Vec::new(),
            is_gone: false,
        });
        self.settle();
    }

    /// The practitioner, who came first, lets a guest in to whom every patient agreed.
    pub fn let_in(&mut self, number: usize) {
        for person in &mut self.people {
            person.engine.agree(participant(number), true).unwrap();
        }
        self.people[0].engine.let_in(participant(number));
    }

    /// Lets messages pass until nobody has anything to say.
    pub fn settle(&mut self) {
        loop {
            self.collect();
            let Some((from, message)) = self.queue.pop_front() else { return };
            self.pass_on(from, message);
        }
    }

    pub fn tick(&mut self, millis: i64) {
        self.now += millis;
        let now = self.now();
        for person in self.people.iter_mut().filter(|person| !person.is_gone) {
            person.engine.tick(now);
        }
        self.settle();
    }

    fn collect(&mut self) {
        for (number, person) in self.people.iter_mut().enumerate() {
            while let Some(output) = person.engine.next_output() {
                match output {
                    Output::Send(message) if !person.is_gone => self.queue.push_back((number, message)),
                    Output::Said { from, bytes, .. } => person.said.push((from, bytes.to_vec())),
                    Output::NotBelieved { participant, .. } => person.not_believed.push(participant),
                    Output::Send(_) | Output::Changed | Output::KeysInstalled => {}
                }
            }
        }
    }

    fn pass_on(&mut self, from: usize, message: ToOthers) {
        let now = self.now();
        let sender = self.people[from].id;
        match message {
            ToOthers::KeyPackage { package } => {
                self.seen.push(package.clone());
                self.tell_others(from, |engine| engine.take_key_package(sender, &package, now));
            }
            ToOthers::Commit { group, epoch, commit, welcome, welcomed } => {
                let is_next = self.order.as_ref().is_none_or(|(known, newest)| *known != group || *newest == epoch);
                if !is_next {
                    self.people[from].engine.overtaken(epoch);
                    return;
                }
                self.order = Some((group, Epoch(epoch.0 + 1)));
                self.seen.push(commit.clone());
                let times = if self.server == Server::Replays { 2 } else { 1 };
                for _ in 0..times {
                    for (number, person) in self.people.iter_mut().enumerate() {
                        if person.is_gone {
                            continue;
                        }
                        let taken = if number == from {
                            person.engine.accepted(epoch, now)
                        } else if let (true, Some(welcome)) = (welcomed.contains(&person.id), &welcome) {
                            person.engine.take_welcome(welcome, now)
                        } else {
                            person.engine.take(&commit, now)
                        };
                        person.errors.extend(taken.err());
                    }
                }
                self.seen.extend(welcome);
            }
            ToOthers::Sealed { message } => {
                self.seen.push(message.clone());
                let times = match self.server {
                    Server::Honest => 1,
                    Server::Replays => 2,
                    Server::Withholds => 0,
                };
                for _ in 0..times {
                    self.tell_others(from, |engine| engine.take(&message, now));
                }
            }
        }
    }

    fn tell_others(&mut self, from: usize, mut act: impl FnMut(&mut EndToEnd) -> Result<(), TakeError>) {
        for (number, person) in self.people.iter_mut().enumerate() {
            if number != from && !person.is_gone {
                person.errors.extend(act(&mut person.engine).err());
            }
        }
    }

    /// Seals a camera's frame of one person.
    pub fn seal(&mut self, from: usize, frame: &[u8]) -> Vec<u8> {
        self.people[from].engine.sealer().seal(TrackKind::Camera, Codec::Vp8, frame).unwrap()
    }

    /// Opens it as another one.
    pub fn open(&mut self, by: usize, from: usize, sealed: &[u8]) -> Result<Vec<u8>, OpenFrameError> {
        let from = self.leaf(by, from).unwrap_or(LeafIndex::FIRST);
        self.people[by].engine.opener().open(Opening { from, track: TrackKind::Camera }, sealed)
    }

    pub fn leaf(&self, by: usize, of: usize) -> Option<LeafIndex> {
        let view = self.people[by].engine.view(self.now());
        view.members.iter().find(|member| member.statement.participant == self.people[of].id).map(|member| member.leaf)
    }

    pub fn state(&self, of: usize) -> State {
        self.people[of].engine.view(self.now()).state
    }

    pub fn words(&self, of: usize) -> Option<[&'static str; 2]> {
        self.people[of].engine.view(self.now()).words.map(|code| code.words())
    }

    /// Whether each of these people opens what each other one seals.
    pub fn all_hear_each_other(&mut self, people: &[usize]) -> bool {
        people.iter().all(|&from| {
            let sealed = self.seal(from, &[1; 40]);
            people.iter().all(|&by| by == from || self.open(by, from, &sealed) == Ok(vec![1; 40]))
        })
    }
}
