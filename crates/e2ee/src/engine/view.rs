//! What a person is shown of all this.

use std::time::Duration;

use colloque_attestation::Statement;
use colloque_ids::Timestamp;

use super::{Content, EndToEnd, Linked, Output, TakeError};
use crate::code::SpokenCode;
use crate::frame::{Epoch, LeafIndex};

/// Silence inside the group after which nobody can be sure any more that a member is in it.
pub const UNSURE_AFTER: Duration = Duration::from_secs(35);

/// Where this person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Without keys: nothing is sealed, so nothing is sent.
    Preparing,
    /// In a group alone.
    Alone,
    /// What is sent, only the members can read.
    EndToEnd,
    /// It was ended, and stays so.
    Refused(Refusal),
}

/// Why nothing is sealed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody found that the words differ.
    WordsDiffer,
    /// A clinician has put this person out.
    Removed,
    /// A guest would listen to whom this patient has not agreed.
    NotAgreed,
}

/// What a person found when they compared the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// They are the same.
    Same,
    /// They are not.
    Different,
}

/// What the link's secret shows of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkProof {
    /// Patient and practitioner hold the secret of one link, which no server saw.
    Proven,
    /// This browser has the secret of a link, and the other side did not use it.
    NotUsed,
    /// There is no secret to prove anything with: the words decide.
    None,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// What was stated of them, and checked here.
    pub statement: Statement,
    /// Their place.
    pub leaf: LeafIndex,
    /// Whether it is this person.
    pub is_own: bool,
    /// Whether they found the words the same.
    pub found_same: bool,
    /// Whether nothing was heard of them inside the group for too long.
    pub is_unsure: bool,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Where this person stands.
    pub state: State,
    /// Who can read what is sent.
    pub members: Vec<MemberView>,
    /// Who is believed and waits for a clinician's word.
    pub asking: Vec<Statement>,
    /// What to compare, once it is there.
    pub words: Option<SpokenCode>,
    /// What this person found.
    pub comparison: Option<Comparison>,
    /// What the link shows.
    pub link: LinkProof,
}

impl EndToEnd {
    /// Gives what to show.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> View {
        let own = self.group.as_ref().map(crate::mls::Group::own_leaf);
        let members: Vec<_> = self
            .group
            .iter()
            .flat_map(|group| group.members())
            .map(|member| MemberView {
                statement: member.statement.clone(),
                leaf: member.leaf,
                is_own: Some(member.leaf) == own,
                found_same: self.words.others.contains(&member.leaf),
                is_unsure: Some(member.leaf) != own && self.is_unsure(member.statement.participant, now),
            })
            .collect();
        View {
            state: self.state(members.len()),
            asking: self.changes.asking().map(|newcomer| newcomer.member.statement.clone()).collect(),
            words: self.words.code(),
            comparison: self.words.own,
            link: self.link_proof(),
            members,
        }
    }

    fn state(&self, members: usize) -> State {
        match (self.refusal, members) {
            (Some(refusal), _) => State::Refused(refusal),
            (None, 0) => State::Preparing,
            (None, 1) => State::Alone,
            (None, _) if self.sealer.epoch().is_none() || self.sealer.is_held() => State::Preparing,
            (None, _) => State::EndToEnd,
        }
    }

    fn link_proof(&self) -> LinkProof {
        match (&self.group, &self.link) {
            // A third person has proven nothing by it.
            (Some(group), _) if group.members().len() > 2 => LinkProof::None,
            (Some(group), _) if group.used_link() || self.hears_by_link(group) => LinkProof::Proven,
            (Some(group), Some(_)) if group.members().len() == 2 => LinkProof::NotUsed,
            (Some(_) | None, _) => LinkProof::None,
        }
    }

    /// Whether somebody in the group was let in with the key of their link, and has shown that they have it.
    fn hears_by_link(&self, group: &crate::mls::Group) -> bool {
        let is_there = |key| group.members().iter().any(|member| member.statement.leaf_key == key);
        self.linked.iter().any(|linked| linked.was_heard && is_there(linked.leaf_key))
    }

    fn is_unsure(&self, participant: colloque_ids::ParticipantId, now: Timestamp) -> bool {
        self.heard
            .iter()
            .find(|(other, _)| *other == participant)
            .is_some_and(|(_, heard_at)| now >= heard_at.after(UNSURE_AFTER))
    }

    /// Takes what a member said.
    pub(super) fn hear(
        &mut self,
        from: LeafIndex,
        epoch: Epoch,
        content: &[u8],
        now: Timestamp,
    ) -> Result<(), TakeError> {
        let group = self.group.as_ref().ok_or(TakeError::NotForUs)?;
        let member = group.members().iter().find(|member| member.leaf == from).ok_or(TakeError::NotForUs)?;
        let participant = member.statement.participant;
        let leaf_key = member.statement.leaf_key;
        let is_newest = epoch == group.epoch();
        let content = Content::read(content).map_err(|_| TakeError::Malformed)?;
        match self.heard.iter_mut().find(|(other, _)| *other == participant) {
            Some((_, heard_at)) => *heard_at = now,
            None => self.heard.push((participant, now)),
        }
        let is_linked = |it: &&mut Linked| it.leaf_key == leaf_key && epoch >= it.since && !it.was_heard;
        if let Some(linked) = self.linked.iter_mut().find(is_linked) {
            linked.was_heard = true;
            self.outputs.push_back(Output::Changed);
        }
        match content {
            Content::Heartbeat => {}
            Content::Ready if is_newest => self.hear_ready(from, now),
            // Of an epoch that is over: nobody waits for it any more.
            Content::Ready => {}
            Content::Share { epoch, share } => self.hear_share(from, epoch, share)?,
            Content::Compared { epoch, comparison } => self.hear_comparison(from, epoch, comparison),
            Content::Said { channel, bytes } => self.outputs.push_back(Output::Said {
                from: participant,
                channel,
                bytes: zeroize::Zeroizing::new(bytes),
            }),
        }
        Ok(())
    }
}
