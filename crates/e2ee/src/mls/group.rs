//! One member's view of the group of a consultation.

use colloque_ids::{ConsultationId, Timestamp};
use openmls::group::{
    GroupId, MlsGroup, MlsGroupJoinConfig, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProcessedWelcome, StagedCommit,
    StagedWelcome,
};
use openmls::prelude::tls_codec::Deserialize as _;
use openmls::prelude::{
    Ciphersuite, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, PreSharedKeyProposal, ProcessedMessageContent,
    Proposal, Sender, SenderRatchetConfiguration,
};
use openmls::schedule::PreSharedKeyId;
use openmls_traits::OpenMlsProvider;
use thiserror::Error;
use zeroize::Zeroizing;

use super::newcomer::{Newcomer, always, capabilities, identity, text};
use super::policy::{self, PolicyError};
use super::provider::link_key;
use super::{LeafSigner, Provider};
use crate::credential::{Member, Verifier, VerifyMemberError};
use crate::frame::{BaseKey, Epoch, FrameSuite, LeafIndex};
use crate::link::LinkSecret;

/// ML-KEM-768 with X25519, AES-256-GCM, SHA-384, Ed25519. Fixed: no group of a consultation has another one.
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;

/// Begins the name of every group, with the version of this protocol.
const GROUP_VERSION: u8 = 1;

/// Messages of the group are as long as a multiple of this, in bytes: how much was written, and whether the answer was yes or no, is not
/// told by their length.
const PADDED_TO: usize = 256;

/// Epochs before the newest whose messages are still read: what was on its way when it came.
const PAST_EPOCHS: usize = 2;

/// Messages that may be missing or late in one sender's chain. The server keeps their order, so a gap means that it lost some.
const OUT_OF_ORDER: u32 = 32;
const FORWARD: u32 = 1_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Group {
    mls: MlsGroup,
    members: Vec<Member>,
    used_link: bool,
}

/// What this member wants to change.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub add: Vec<Newcomer>,
    pub remove: Vec<LeafIndex>,
}

/// What to send for a change.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The epoch that it ends.
    pub epoch: Epoch,
    pub commit: Vec<u8>,
    pub welcome: Option<Vec<u8>>,
}

/// What a message of the group turned out to be.
#[derive(Debug)]
pub(crate) enum Received {
    /// Something that a member says.
    Application { from: LeafIndex, epoch: Epoch, content: Zeroizing<Vec<u8>> },
    /// The group is in its next epoch.
    NextEpoch { added: bool, removed: Vec<LeafIndex> },
    /// This member is not in the group any more.
    Removed,
}

/// Why this member's change was not made.
#[derive(Debug, Error)]
pub(crate) enum CommitError {
    /// Another change of this member is on its way.
    #[error("another change is on its way")]
    Pending,
    /// The others would refuse it.
    #[error("change is not allowed")]
    NotAllowed(#[source] PolicyError),
    /// OpenMLS refuses it.
    #[error("change cannot be made: {0}")]
    Mls(String),
}

/// Why an invitation into a group is not taken.
#[derive(Debug, Error)]
pub(crate) enum JoinError {
    /// Not a welcome for this member.
    #[error("not a welcome for this member: {0}")]
    NotForUs(String),
    /// The group is another consultation's, or of another version.
    #[error("welcome leads into another consultation")]
    OtherConsultation,
    /// A member of it is not believed.
    #[error("a member is not believed")]
    Member(#[source] VerifyMemberError),
    /// Its members are not what they may be, or who let this member in may not.
    #[error("group is not allowed")]
    NotAllowed(#[source] PolicyError),
}

/// Why a message of the group was not taken. The group is as it was.
#[derive(Debug, Error)]
pub(crate) enum ProcessError {
    /// Not a message of this group and epoch, changed, replayed, or not signed by who it says.
    #[error("message is not of this group: {0}")]
    NotOfThisGroup(String),
    /// A change that is not allowed.
    #[error("change is not allowed")]
    NotAllowed(#[source] PolicyError),
}

impl Group {
    /// Makes a group of this member alone.
    pub(crate) fn create(
        provider: &Provider,
        signer: &LeafSigner,
        credential: Vec<u8>,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Self, CommitError> {
        let mut random = [0; 16];
        provider.fill(&mut random);
        let group_id = [&[GROUP_VERSION], verifier.consultation.bytes().as_slice(), &random].concat();
        let mls = MlsGroup::builder()
            .with_group_id(GroupId::from_slice(&group_id))
            .ciphersuite(SUITE)
            .with_wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(PAST_EPOCHS)
            .padding_size(PADDED_TO)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
            .use_ratchet_tree_extension(true)
            .lifetime(always())
            .with_capabilities(capabilities())
            .build(provider, signer, signer.with_credential(credential))
            .map_err(|error| CommitError::Mls(text(error)))?;
        let members =
            roster(&mls, &[], verifier, now).map_err(|error| CommitError::NotAllowed(PolicyError::Newcomer(error)))?;
        policy::check_roster(&members, verifier).map_err(CommitError::NotAllowed)?;
        Ok(Self { mls, members, used_link: false })
    }

    /// Takes an invitation. Who let this member in, and everybody who is there, is checked first.
    pub(crate) fn join(
        welcome: &[u8],
        provider: &Provider,
        link: Option<(&LinkSecret, &[u8; 32])>,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Self, JoinError> {
        let not_for_us = |error: String| JoinError::NotForUs(error);
        let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|error| not_for_us(text(error)))?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(not_for_us("no welcome".to_owned()));
        };
        if let Some((link, leaf_key)) = link {
            provider
                .keep_link_key(leaf_key, &link.pre_shared_key(leaf_key))
                .map_err(|error| not_for_us(text(error)))?;
        }
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(PAST_EPOCHS)
            .padding_size(PADDED_TO)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
            .use_ratchet_tree_extension(true)
            .build();
        let processed =
            ProcessedWelcome::new_from_welcome(provider, &config, welcome).map_err(|error| not_for_us(text(error)))?;
        let own_link = link.map(|(_, leaf_key)| link_key(leaf_key));
        let used_link = processed.psks().iter().any(|id| Some(id.psk()) == own_link.as_ref());
        let staged: StagedWelcome =
            processed.into_staged_welcome(provider, None).map_err(|error| not_for_us(text(error)))?;
        if !is_of(staged.group_context().group_id().as_slice(), verifier.consultation) {
            return Err(JoinError::OtherConsultation);
        }
        let inviter = staged.welcome_sender_index();
        let mls = staged.into_group(provider).map_err(|error| not_for_us(text(error)))?;
        let members = roster(&mls, &[], verifier, now).map_err(JoinError::Member)?;
        policy::check_roster(&members, verifier).map_err(JoinError::NotAllowed)?;
        let is_clinician =
            members.iter().any(|member| member.leaf.get() == inviter.u32() && member.statement.standing.is_clinician());
        if !is_clinician {
            return Err(JoinError::NotAllowed(PolicyError::NotAClinician));
        }
        Ok(Self { mls, members, used_link })
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.mls.epoch().as_u64())
    }

    pub(crate) fn id(&self) -> &[u8] {
        self.mls.group_id().as_slice()
    }

    /// Everybody who is in it, this member too, by place in the tree.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(crate) fn own_leaf(&self) -> LeafIndex {
        LeafIndex::new(self.mls.own_leaf_index().u32()).unwrap_or(LeafIndex::FIRST)
    }

    /// Whether this member was let in with the key of their link.
    pub(crate) const fn used_link(&self) -> bool {
        self.used_link
    }

    /// Whether a change of this member waits for the server's word.
    pub(crate) fn is_pending(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// The secret that the epoch's frame keys come from.
    ///
    /// # Source
    ///
    /// RFC 9605 section 5.2.
    pub(crate) fn base_key(&self, provider: &Provider) -> Result<BaseKey, CommitError> {
        let length = FrameSuite::Aes256Gcm.key_bytes();
        let secret = self
            .mls
            .export_secret(provider.crypto(), "SFrame 1.0 Base Key", b"", length)
            .map(Zeroizing::new)
            .map_err(|error| CommitError::Mls(text(error)))?;
        Ok(BaseKey::from_bytes(&secret))
    }

    /// What only members of this very group in this very epoch know.
    pub(crate) fn authenticator(&self) -> &[u8] {
        self.mls.epoch_authenticator().as_slice()
    }

    /// Seals something for the others.
    pub(crate) fn seal(
        &mut self,
        provider: &Provider,
        signer: &LeafSigner,
        content: &[u8],
    ) -> Result<Vec<u8>, CommitError> {
        let message =
            self.mls.create_message(provider, signer, content).map_err(|error| CommitError::Mls(text(error)))?;
        message.to_bytes().map_err(|error| CommitError::Mls(text(error)))
    }

    /// Prepares a change, or new keys for this member when nothing is asked. It holds once the server has put it in order:
    /// [`Self::merge_pending`].
    pub(crate) fn commit(
        &mut self,
        provider: &Provider,
        signer: &LeafSigner,
        verifier: &Verifier,
        change: &Change,
    ) -> Result<Committed, CommitError> {
        if self.is_pending() {
            return Err(CommitError::Pending);
        }
        self.check_change(change, verifier).map_err(CommitError::NotAllowed)?;
        let mls = |error: String| CommitError::Mls(error);
        let mut proposals = Vec::new();
        for newcomer in &change.add {
            if let Some(link) = &newcomer.link {
                let leaf_key = &newcomer.member.statement.leaf_key;
                provider.keep_link_key(leaf_key, &link.pre_shared_key(leaf_key)).map_err(|error| mls(text(error)))?;
                let id = PreSharedKeyId::new(SUITE, provider.rand(), link_key(leaf_key))
                    .map_err(|error| mls(text(error)))?;
                proposals.push(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id))));
            }
        }
        let epoch = self.epoch();
        let bundle = self
            .mls
            .commit_builder()
            .force_self_update(true)
            .propose_adds(change.add.iter().map(|newcomer| newcomer.package.clone()))
            .propose_removals(change.remove.iter().map(|leaf| LeafNodeIndex::new(leaf.get())))
            .add_proposals(proposals)
            .load_psks(provider.storage())
            .map_err(|error| mls(text(error)))?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|error| mls(text(error)))?
            .stage_commit(provider)
            .map_err(|error| mls(text(error)))?;
        let (commit, welcome, _) = bundle.into_messages();
        Ok(Committed {
            epoch,
            commit: commit.to_bytes().map_err(|error| mls(text(error)))?,
            welcome: welcome.map(|welcome| welcome.to_bytes().map_err(|error| mls(text(error)))).transpose()?,
        })
    }

    /// Makes this member's own change hold: the server has put it in order.
    pub(crate) fn merge_pending(
        &mut self,
        provider: &Provider,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Received, ProcessError> {
        let commit = self.mls.pending_commit().ok_or_else(|| ProcessError::NotOfThisGroup("no change".to_owned()))?;
        let change =
            policy::check(&self.members, self.mls.own_leaf_index(), commit).map_err(ProcessError::NotAllowed)?;
        let next = self
            .members_after(commit, self.mls.own_leaf_index(), &change, verifier, now)
            .map_err(ProcessError::NotAllowed)?;
        self.mls.merge_pending_commit(provider).map_err(|error| ProcessError::NotOfThisGroup(text(error)))?;
        self.members = roster(&self.mls, &next, verifier, now)
            .map_err(|error| ProcessError::NotAllowed(PolicyError::Newcomer(error)))?;
        Ok(Received::NextEpoch { added: change.added > 0, removed: leaves(&change.removed) })
    }

    /// Lets this member's own change go: another one came first.
    pub(crate) fn discard_pending(&mut self, provider: &Provider) {
        // Nothing is written that could fail: storage keeps no group.
        let _ = self.mls.clear_pending_commit(provider.storage());
    }

    /// Takes a message that the server passed on.
    pub(crate) fn process(
        &mut self,
        bytes: &[u8],
        provider: &Provider,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Received, ProcessError> {
        let foreign = |error: String| ProcessError::NotOfThisGroup(error);
        let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|error| foreign(text(error)))?;
        let message = message.try_into_protocol_message().map_err(|error| foreign(text(error)))?;
        let processed = self.mls.process_message(provider, message).map_err(|error| foreign(text(error)))?;
        let epoch = Epoch(processed.epoch().as_u64());
        let Sender::Member(sender) = *processed.sender() else {
            return Err(ProcessError::NotAllowed(PolicyError::ForeignProposal));
        };
        // A message of an epoch before may be of somebody whose place another one has now.
        if self.mls.member_at(sender).is_none_or(|member| member.credential != *processed.credential()) {
            return Err(foreign("sender is not a member any more".to_owned()));
        }
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => Ok(Received::Application {
                from: LeafIndex::new(sender.u32()).ok_or_else(|| foreign("leaf".to_owned()))?,
                epoch,
                content: Zeroizing::new(message.into_bytes()),
            }),
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                self.merge(*commit, sender, provider, verifier, now)
            }
            _ => Err(ProcessError::NotAllowed(PolicyError::ForeignProposal)),
        }
    }

    fn merge(
        &mut self,
        commit: StagedCommit,
        sender: LeafNodeIndex,
        provider: &Provider,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Received, ProcessError> {
        let change = policy::check(&self.members, sender, &commit).map_err(ProcessError::NotAllowed)?;
        let next = self.members_after(&commit, sender, &change, verifier, now).map_err(ProcessError::NotAllowed)?;
        let is_removed = commit.self_removed();
        self.mls.merge_staged_commit(provider, commit).map_err(|error| ProcessError::NotOfThisGroup(text(error)))?;
        if is_removed {
            return Ok(Received::Removed);
        }
        // The places of newcomers are known now.
        self.members = roster(&self.mls, &next, verifier, now)
            .map_err(|error| ProcessError::NotAllowed(PolicyError::Newcomer(error)))?;
        Ok(Received::NextEpoch { added: change.added > 0, removed: leaves(&change.removed) })
    }

    /// Who would be in the group after a commit, each of them believed.
    fn members_after(
        &self,
        commit: &StagedCommit,
        sender: LeafNodeIndex,
        change: &policy::RosterChange,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Vec<Member>, PolicyError> {
        let mut members: Vec<Member> =
            self.members.iter().filter(|member| !change.removed.contains(&member.leaf.get())).cloned().collect();
        for queued in commit.add_proposals() {
            let leaf = queued.add_proposal().key_package().leaf_node();
            let credential =
                identity(leaf.credential()).ok_or(PolicyError::Newcomer(VerifyMemberError::NoCredential))?;
            let member =
                verifier.member(0, &credential, leaf.signature_key().as_slice(), now).map_err(PolicyError::Newcomer)?;
            members.push(member);
        }
        policy::check_roster(&members, verifier)?;
        if let Some(leaf) = commit.update_path_leaf_node() {
            let before = self.mls.member_at(sender).ok_or(PolicyError::ChangedIdentity)?;
            if leaf.credential() != &before.credential || leaf.signature_key().as_slice() != before.signature_key {
                return Err(PolicyError::ChangedIdentity);
            }
        }
        Ok(members)
    }

    /// What the others would say of a change, said before it is sent.
    fn check_change(&self, change: &Change, verifier: &Verifier) -> Result<(), PolicyError> {
        let own = self.own_leaf();
        let is_clinician =
            self.members.iter().any(|member| member.leaf == own && member.statement.standing.is_clinician());
        let changes_roster = !change.add.is_empty() || !change.remove.is_empty();
        if changes_roster && !is_clinician {
            return Err(PolicyError::NotAClinician);
        }
        let mut members: Vec<Member> =
            self.members.iter().filter(|member| !change.remove.contains(&member.leaf)).cloned().collect();
        members.extend(change.add.iter().map(|newcomer| newcomer.member.clone()));
        policy::check_roster(&members, verifier)
    }
}

/// Reads who is in the tree. Those who were believed before stay so, although their statement's time may be over by now.
fn roster(
    mls: &MlsGroup,
    believed: &[Member],
    verifier: &Verifier,
    now: Timestamp,
) -> Result<Vec<Member>, VerifyMemberError> {
    mls.members()
        .map(|leaf| {
            let known = believed.iter().find(|member| leaf.signature_key == member.statement.leaf_key);
            if let Some(known) = known {
                let place = LeafIndex::new(leaf.index.u32()).ok_or(VerifyMemberError::TooManyMembers)?;
                return Ok(Member { leaf: place, ..known.clone() });
            }
            let credential = identity(&leaf.credential).ok_or(VerifyMemberError::NoCredential)?;
            verifier.member(leaf.index.u32(), &credential, &leaf.signature_key, now)
        })
        .collect()
}

fn leaves(indices: &[u32]) -> Vec<LeafIndex> {
    indices.iter().filter_map(|&index| LeafIndex::new(index)).collect()
}

/// Whether a group's name is one of this consultation's.
fn is_of(group_id: &[u8], consultation: ConsultationId) -> bool {
    group_id.strip_prefix(&[GROUP_VERSION]).is_some_and(|rest| rest.starts_with(consultation.bytes()))
}
