//! One person: the engine, the connection to the server, and frames that wait for their key.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use colloque_sealing::e2ee::frame::{Epoch, HoldBuffer, LeafIndex, OpenFrameError, Opening, TrackKind};
use colloque_sealing::e2ee::{EndToEnd, Output, SEED_BYTES, Setup, ToOthers};
use colloque_signaling::Attestor as _;
use colloque_test_support::Platform;

use super::wire::Wire;

/// What the server brings to a member.
#[derive(Debug, Clone)]
pub(super) enum Delivery {
    KeyPackage { participant: ParticipantId, package: Rc<[u8]> },
    Ordered { epoch: u64, holds: bool },
    Commit { next: u64, commit: Rc<[u8]> },
    Welcome { first: u64, welcome: Rc<[u8]> },
    Sealed { message: Rc<[u8]> },
}

impl Delivery {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::KeyPackage { package: bytes, .. }
            | Self::Commit { commit: bytes, .. }
            | Self::Welcome { welcome: bytes, .. }
            | Self::Sealed { message: bytes } => bytes.len() * 4 / 3,
            Self::Ordered { .. } => 40,
        }
    }
}

/// A sealed frame on its way.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) from: ParticipantId,
    pub(super) leaf: LeafIndex,
    pub(super) track: TrackKind,
    pub(super) bytes: Vec<u8>,
    /// The epoch that it is sealed in.
    pub(super) epoch: u64,
    /// The newest epoch that its sender knew, in which one that switches at once would have sealed it.
    pub(super) newest: u64,
}

/// A frame that waits for its key.
pub(super) struct Waiting {
    pub(super) frame: Rc<Sealed>,
    pub(super) came_us: u64,
}

/// See the module.
pub(super) struct Member {
    pub(super) id: ParticipantId,
    pub(super) engine: EndToEnd,
    pub(super) up: Wire,
    pub(super) down: Wire,
    pub(super) is_gone: bool,
    pub(super) leaf: Option<LeafIndex>,
    /// The epoch in which this member is let in, once the server has put it in order.
    pub(super) first_epoch: Option<u64>,
    /// The newest epoch whose frames this member opens.
    pub(super) newest: Option<u64>,
    /// When the epoch that seals began to, in microseconds.
    pub(super) switched: Option<(u64, u64)>,
    pub(super) held: HoldBuffer<u64>,
    pub(super) waiting: BTreeMap<u64, Waiting>,
    /// Frames that senders who switch at once would have sealed, and whose key was not there.
    pub(super) early: Vec<Waiting>,
    /// Time that the engine has taken since this was last set to nothing.
    pub(super) busy: Duration,
    /// The same at the last switch.
    pub(super) switching: Duration,
}

impl Member {
    pub(super) fn new(consultation: ConsultationId, number: u64, standing: Standing, now: Timestamp) -> Self {
        let platform = Platform::default();
        let mut seed = [0; SEED_BYTES];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let mut random = [0; 10];
        random[2..].copy_from_slice(&number.to_be_bytes());
        let id = ParticipantId::from_parts(now, random);
        let setup = Setup { consultation, identity_key: platform.identity_key(), link: None, seed: seed.into() };
        let mut engine = EndToEnd::new(setup).expect("the platform's key is a key");
        let statement = Statement {
            consultation,
            participant: id,
            standing,
            proof: ProofOfPerson::Passkey,
            name: format!("Person {number}"),
            profession: None,
            rpps: None,
            leaf_key: engine.leaf_key(),
            issued_at: now,
            expires_at: now.after(Duration::from_secs(12 * 3_600)),
        };
        engine.attested(platform.attest(&statement).bytes(), now).expect("the platform has signed this statement");
        Self {
            id,
            engine,
            up: Wire::default(),
            down: Wire::default(),
            is_gone: false,
            leaf: None,
            first_epoch: None,
            newest: None,
            switched: None,
            held: HoldBuffer::default(),
            waiting: BTreeMap::new(),
            early: Vec::new(),
            busy: Duration::ZERO,
            switching: Duration::ZERO,
        }
    }

    /// Does something with the engine; gives what it has to say, and whether frames may be tried again.
    pub(super) fn with<R>(&mut self, now_us: u64, act: impl FnOnce(&mut EndToEnd) -> R) -> (R, Vec<ToOthers>, bool) {
        let began_at = Instant::now();
        let result = act(&mut self.engine);
        self.busy += began_at.elapsed();
        let (mut says, mut has_installed) = (Vec::new(), false);
        while let Some(output) = self.engine.next_output() {
            match output {
                Output::Send(message) => says.push(message),
                Output::KeysInstalled => has_installed = true,
                Output::Changed | Output::Said { .. } | Output::NotBelieved { .. } => {}
            }
        }
        let sealing = self.engine.sealer().epoch().map(|epoch| epoch.0);
        if let Some(epoch) = sealing
            && self.switched.is_none_or(|(known, _)| known != epoch)
        {
            self.switched = Some((epoch, now_us));
            self.switching = self.busy;
        }
        (result, says, has_installed)
    }

    /// Takes what the server brought; whether the engine took it.
    pub(super) fn take(&mut self, delivery: &Delivery, now_us: u64, now: Timestamp) -> (bool, Vec<ToOthers>, bool) {
        let (taken, says, has_installed) = self.with(now_us, |engine| match delivery {
            Delivery::KeyPackage { participant, package } => {
                engine.take_key_package(*participant, package, now).map(|()| engine.let_in(*participant)).is_ok()
            }
            Delivery::Ordered { epoch, holds: true } => engine.accepted(Epoch(*epoch), now).is_ok(),
            Delivery::Ordered { epoch, holds: false } => {
                engine.overtaken(Epoch(*epoch));
                true
            }
            Delivery::Commit { commit: message, .. } | Delivery::Sealed { message } => {
                engine.take(message, now).is_ok()
            }
            Delivery::Welcome { welcome, .. } => engine.take_welcome(welcome, now).is_ok(),
        });
        if taken {
            match delivery {
                Delivery::Ordered { epoch, holds: true } => self.newest = Some(epoch + 1),
                Delivery::Commit { next: epoch, .. } | Delivery::Welcome { first: epoch, .. } => {
                    self.newest = Some(*epoch);
                }
                Delivery::Ordered { holds: false, .. } | Delivery::KeyPackage { .. } | Delivery::Sealed { .. } => {}
            }
        }
        if self.leaf.is_none() && self.newest.is_some() {
            let view = self.engine.view(now);
            self.leaf = view.members.iter().find(|member| member.is_own).map(|member| member.leaf);
        }
        (taken, says, has_installed)
    }

    /// Opens a frame as the page of this member does.
    pub(super) fn open(&mut self, frame: &Sealed) -> Result<Vec<u8>, OpenFrameError> {
        self.engine.opener().open(Opening { from: frame.leaf, track: frame.track }, &frame.bytes)
    }
}
