//! End-to-end encryption of one person in one consultation, as a state machine: push what arrived, pull what must be sent.

mod changes;
#[cfg(feature = "conformance")]
mod conformance;
mod content;
mod io;
mod switch;
mod view;
mod words;

use std::collections::VecDeque;

use colloque_attestation::Attestation;
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::VerifyingKey;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::code::{Chain, Commitment, SHARE_BYTES};
use crate::credential::{IdentityProof, LeafCredential, Verifier, VerifyMemberError};
use crate::frame::{Opener, Sealer};
use crate::link::LinkSecret;
use crate::mls::{
    Group, JoinError, LeafSigner, Newcomer, PolicyError, ProcessError, Provider, Received, SEED_BYTES, is_overheard,
};

use changes::{Changes, Linked};
use content::Content;
pub use content::{Channel, MAX_CONTENT_BYTES};
pub use io::{ConnectError, Output, TakeError, ToOthers};
use switch::Switch;
pub use switch::{SWITCH_RENEWED_WITHIN, SWITCH_WITHIN};
pub use view::{Comparison, LinkProof, MemberView, Refusal, State, View};
use words::Words;

/// Pause between two signs of life inside the group.
pub const HEARTBEAT_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// Age at which this member's keys in the group are renewed.
///
/// Longer: a thief of the device's memory reads more of what follows. Shorter: more messages.
pub const RENEW_EVERY: std::time::Duration = std::time::Duration::from_secs(600);

/// What the engine starts from.
#[derive(Debug)]
pub struct Setup {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The platform's identity key, Ed25519, as the page was delivered with it.
    pub identity_key: [u8; 32],
    /// The secret of the invitation's link, where this browser has it.
    pub link: Option<LinkSecret>,
    /// Randomness that nobody else knows.
    pub seed: Zeroizing<[u8; SEED_BYTES]>,
}

/// Why the engine cannot start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("identity key is no Ed25519 key")]
pub struct SetUpError;

/// See the module.
#[derive(Debug)]
pub struct EndToEnd {
    provider: Provider,
    signer: LeafSigner,
    /// This member's numbers in the present group.
    chain: Chain,
    /// The same for groups that this member may be let into: a number that was shown in one group is worth nothing in another.
    offered: VecDeque<(Commitment, Chain)>,
    verifier: Verifier,
    link: Option<LinkSecret>,
    /// Whom this member let in with the key of their link, in the present group.
    linked: Vec<Linked>,
    /// Who this member is, once the platform has stated it.
    attestation: Option<Attestation>,
    group: Option<Group>,
    words: Words,
    switch: Switch,
    changes: Changes,
    /// Names of the key packages that were taken, newest last: each lets somebody in once.
    taken: VecDeque<[u8; 32]>,
    sealer: Sealer,
    opener: Opener,
    refusal: Option<Refusal>,
    heard: Vec<(ParticipantId, Timestamp)>,
    beat_at: Option<Timestamp>,
    renew_at: Option<Timestamp>,
    outputs: VecDeque<Output>,
}

/// Offers of this member that may still lead into a group.
const MAX_OFFERED: usize = 8;

impl EndToEnd {
    /// Starts without keys: nothing is sealed and nothing is opened.
    ///
    /// # Errors
    ///
    /// [`SetUpError`] when the platform's key is none.
    pub fn new(setup: Setup) -> Result<Self, SetUpError> {
        let provider = Provider::from_seed(&setup.seed);
        let mut chain = Zeroizing::new([0; SHARE_BYTES]);
        provider.fill(chain.as_mut());
        let signer = LeafSigner::generate(&provider);
        Ok(Self {
            chain: Chain::new(chain),
            offered: VecDeque::new(),
            verifier: Verifier {
                identity_key: VerifyingKey::from_bytes(&setup.identity_key).map_err(|_| SetUpError)?,
                consultation: setup.consultation,
                own_key: signer.public(),
                agreed: Vec::new(),
            },
            signer,
            provider,
            link: setup.link,
            linked: Vec::new(),
            attestation: None,
            group: None,
            words: Words::default(),
            switch: Switch::default(),
            changes: Changes::default(),
            taken: VecDeque::new(),
            sealer: Sealer::default(),
            opener: Opener::default(),
            refusal: None,
            heard: Vec::new(),
            beat_at: None,
            renew_at: None,
            outputs: VecDeque::new(),
        })
    }

    /// Gives the key that the platform has to state this person of.
    #[must_use]
    pub fn leaf_key(&self) -> [u8; 32] {
        self.signer.public()
    }

    /// Takes the platform's statement about this person.
    ///
    /// # Errors
    ///
    /// [`ConnectError::NotAttested`] when it is not about this key in this consultation, or not by this platform.
    pub fn attested(&mut self, attestation: &[u8], now: Timestamp) -> Result<(), ConnectError> {
        let attestation = Attestation::parse(attestation).map_err(|_| ConnectError::NotAttested)?;
        let statement = self.verifier.statement(&attestation, now).map_err(|_| ConnectError::NotAttested)?;
        if statement.leaf_key != self.leaf_key() {
            return Err(ConnectError::NotAttested);
        }
        self.attestation = Some(attestation);
        Ok(())
    }

    /// Writes what this member's leaf says, in a group of its own each time.
    fn new_credential(&mut self) -> Result<Vec<u8>, ConnectError> {
        let attestation = self.attestation.clone().ok_or(ConnectError::NotAttested)?;
        let mut seed = Zeroizing::new([0; SHARE_BYTES]);
        self.provider.fill(seed.as_mut());
        let chain = Chain::new(seed);
        let commitment = chain.commitment();
        if self.offered.len() >= MAX_OFFERED {
            self.offered.pop_front();
        }
        self.offered.push_back((commitment, chain));
        let link = self.link.as_ref().map(LinkSecret::name).unwrap_or_default();
        Ok(LeafCredential { proof: IdentityProof::Platform(attestation), commitment, link }.write())
    }

    /// Clinician: makes a group of this person alone, which takes the place of any other.
    ///
    /// # Errors
    ///
    /// [`ConnectError::NotAttested`] before [`Self::attested`]; [`ConnectError::Mls`] when keys cannot be made or for somebody who may not.
    pub fn make_group(&mut self, now: Timestamp) -> Result<(), ConnectError> {
        if self.refusal == Some(Refusal::WordsDiffer) {
            return Err(ConnectError::Mls);
        }
        let credential = self.new_credential()?;
        let group = Group::create(&self.provider, &self.signer, credential, &self.verifier, now)
            .map_err(|_| ConnectError::Mls)?;
        self.changes.restart();
        self.enter(group, now).map_err(|_| ConnectError::Mls)
    }

    /// Offers this member to the group with new keys: at first, and when messages were missed.
    ///
    /// # Errors
    ///
    /// [`ConnectError::NotAttested`] before [`Self::attested`]; [`ConnectError::Mls`] when keys cannot be made.
    pub fn offer(&mut self) -> Result<(), ConnectError> {
        let credential = self.new_credential()?;
        let package = Newcomer::offer(&self.provider, &self.signer, credential).map_err(|_| ConnectError::Mls)?;
        self.outputs.push_back(Output::Send(ToOthers::KeyPackage { package }));
        Ok(())
    }

    /// Takes an invitation into the group. One that is not believed leaves everything as it was. After words that differ none is.
    ///
    /// # Errors
    ///
    /// [`TakeError`].
    pub fn take_welcome(&mut self, welcome: &[u8], now: Timestamp) -> Result<(), TakeError> {
        if self.refusal == Some(Refusal::WordsDiffer) {
            return Err(TakeError::NotForUs);
        }
        let own_key = self.leaf_key();
        let link = self.link.as_ref().map(|link| (link, &own_key));
        let group = Group::join(welcome, &self.provider, link, &self.verifier, now).map_err(|error| match error {
            JoinError::NotForUs(_) | JoinError::OtherConsultation => TakeError::NotForUs,
            JoinError::Member(error) => TakeError::NotBelieved(error),
            JoinError::NotAllowed(error) => TakeError::NotAllowed(error),
        });
        if let Err(TakeError::NotAllowed(PolicyError::NotAgreed)) = &group {
            self.refuse(Refusal::NotAgreed);
        }
        let group = group?;
        self.enter(group, now)?;
        self.tell_ready(now);
        Ok(())
    }

    /// Takes a message of the group, in the order in which the server passes them on.
    ///
    /// # Errors
    ///
    /// [`TakeError`]; nothing has changed then.
    pub fn take(&mut self, message: &[u8], now: Timestamp) -> Result<(), TakeError> {
        let group = self.group.as_mut().ok_or(TakeError::NotForUs)?;
        if message.len() > MAX_CONTENT_BYTES {
            return Err(TakeError::NotForUs);
        }
        let received = match group.process(message, &self.provider, &self.verifier, now) {
            Ok(received) => received,
            Err(ProcessError::NotOfThisGroup(_)) => return Err(TakeError::NotForUs),
            Err(ProcessError::NotAllowed(error)) => {
                if error == PolicyError::NotAgreed {
                    self.refuse(Refusal::NotAgreed);
                }
                return Err(TakeError::NotAllowed(error));
            }
        };
        match received {
            Received::Application { from, epoch, content } => self.hear(from, epoch, &content, now),
            Received::NextEpoch { added, removed } => {
                // Whose change came first holds; this member's own, if any, is made again.
                self.changes.overtaken();
                self.next_epoch(added, &removed, now);
                Ok(())
            }
            Received::Removed => {
                self.refuse(Refusal::Removed);
                Ok(())
            }
        }
    }

    /// Patient: agrees that a guest takes part, or does not any more. Who was waited for by this alone is let in anew.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], as of [`Self::offer`].
    pub fn agree(&mut self, participant: ParticipantId, agrees: bool) -> Result<(), ConnectError> {
        self.verifier.agreed.retain(|other| *other != participant);
        if !agrees {
            // Nothing more is said to who listens without that, whoever is slow to put them out.
            self.hold_if_overheard();
            return Ok(());
        }
        self.verifier.agreed.push(participant);
        if self.refusal == Some(Refusal::NotAgreed) {
            self.refusal = None;
            self.offer()?;
        }
        self.hold_if_overheard();
        Ok(())
    }

    fn hold_if_overheard(&mut self) {
        let is_overheard = self.is_overheard();
        if self.sealer.is_held() != is_overheard {
            self.sealer.hold(is_overheard);
            self.outputs.push_back(Output::Changed);
        }
    }

    /// Patient: whether somebody is in the group to whom this person has not agreed, or no longer does.
    fn is_overheard(&self) -> bool {
        self.group.as_ref().is_some_and(|group| is_overheard(group.members(), &self.verifier))
    }

    /// Says something to everybody in the group.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] without a group or beyond [`MAX_CONTENT_BYTES`].
    pub fn say(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), TakeError> {
        if bytes.len() > MAX_CONTENT_BYTES / 2 || self.is_overheard() {
            return Err(TakeError::NotForUs);
        }
        self.tell(&Content::Said { channel, bytes: bytes.to_vec() })
    }

    /// Lets time pass: call it at least once a second.
    pub fn tick(&mut self, now: Timestamp) {
        self.opener.expire(now);
        self.give_up_what_was_lost(now);
        self.switch_if_due(now);
        if self.group.is_some() && self.beat_at.is_some_and(|at| now >= at) {
            self.beat_at = Some(now.after(HEARTBEAT_EVERY));
            let _ = self.tell(&Content::Heartbeat);
        }
        if self.renew_at.is_some_and(|at| now >= at) {
            self.renew_at = Some(now.after(RENEW_EVERY));
            self.changes.renew();
        }
        self.commit_what_waits();
    }

    /// Whether this member is in a group, if only alone.
    #[must_use]
    pub const fn is_in_group(&self) -> bool {
        self.group.is_some()
    }

    /// Gives the next thing to do.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Seals what this member sends.
    pub const fn sealer(&mut self) -> &mut Sealer {
        &mut self.sealer
    }

    /// Opens what the others send.
    pub const fn opener(&mut self) -> &mut Opener {
        &mut self.opener
    }

    /// Takes the place of the group before by one that this member has offered itself to, once for each offer.
    fn enter(&mut self, group: Group, now: Timestamp) -> Result<(), TakeError> {
        let own = group.members().iter().find(|member| member.leaf == group.own_leaf()).ok_or(TakeError::NotForUs)?;
        let offer = self.offered.iter().position(|(commitment, _)| *commitment == own.commitment);
        let (_, chain) = offer.and_then(|at| self.offered.remove(at)).ok_or(TakeError::NotForUs)?;
        self.chain = chain;
        // Epochs of another group may have the same numbers.
        self.sealer.stop();
        self.sealer.hold(false);
        self.opener.forget();
        self.words.restart(&group, &self.chain);
        self.group = Some(group);
        self.refusal = None;
        self.heard.clear();
        self.linked.clear();
        self.beat_at = Some(now.after(HEARTBEAT_EVERY));
        self.renew_at = Some(now.after(RENEW_EVERY));
        self.install(now);
        self.switch.wait(Vec::new(), now);
        self.switch_if_due(now);
        self.outputs.push_back(Output::Changed);
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.sealer.stop();
        self.opener.forget();
        if matches!(refusal, Refusal::Removed | Refusal::NotAgreed) {
            self.group = None;
        }
        self.refusal = Some(refusal);
        self.outputs.push_back(Output::Changed);
    }

    fn tell(&mut self, content: &Content) -> Result<(), TakeError> {
        self.tell_bytes(&content.write())
    }

    fn tell_bytes(&mut self, content: &[u8]) -> Result<(), TakeError> {
        let group = self.group.as_mut().ok_or(TakeError::NotForUs)?;
        if group.members().len() < 2 {
            return Ok(());
        }
        let message = group.seal(&self.provider, &self.signer, content).map_err(|_| TakeError::NotForUs)?;
        self.outputs.push_back(Output::Send(ToOthers::Sealed { message }));
        Ok(())
    }
}

impl From<VerifyMemberError> for TakeError {
    fn from(error: VerifyMemberError) -> Self {
        Self::NotBelieved(error)
    }
}
