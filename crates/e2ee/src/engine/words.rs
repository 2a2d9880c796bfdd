//! When there are words to compare, and what came of it.

use super::view::Comparison;
use super::{Content, EndToEnd, Refusal, TakeError};
use crate::code::{Chain, Share, SpokenCode};
use crate::frame::{Epoch, LeafIndex};
use crate::mls::Group;

/// The words of the newest epoch that changed who is in the group.
#[derive(Debug, Default)]
pub(super) struct Words {
    epoch: Option<Epoch>,
    authenticator: Vec<u8>,
    shares: Vec<(LeafIndex, Option<Share>)>,
    code: Option<SpokenCode>,
    /// What this person found.
    pub own: Option<Comparison>,
    /// Whether another person found them the same, and who.
    pub others: Vec<LeafIndex>,
}

impl Words {
    /// Begins new words for the group as it is now.
    pub(super) fn restart(&mut self, group: &Group, chain: &Chain) {
        let own = group.own_leaf();
        let epoch = group.epoch();
        *self = Self {
            epoch: Some(epoch),
            authenticator: group.authenticator().to_vec(),
            shares: group
                .members()
                .iter()
                .map(|member| (member.leaf, if member.leaf == own { chain.share(epoch) } else { None }))
                .collect(),
            ..Self::default()
        };
    }

    pub(super) const fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// Gives the words once everybody has shown their number, and somebody else is there to compare with.
    pub(super) const fn code(&self) -> Option<SpokenCode> {
        self.code
    }

    fn own_share(&self, own: LeafIndex) -> Option<Share> {
        self.shares.iter().find(|(leaf, _)| *leaf == own).and_then(|(_, share)| *share)
    }

    fn note(&mut self, from: LeafIndex, share: Share) {
        // The first number shown counts; there is no second one that opens the same commitment.
        if let Some((_, kept @ None)) = self.shares.iter_mut().find(|(leaf, _)| *leaf == from) {
            *kept = Some(share);
        }
        let all: Option<Vec<_>> = self.shares.iter().map(|(leaf, share)| share.map(|share| (*leaf, share))).collect();
        if let (Some(all), None) = (all, self.code)
            && all.len() > 1
        {
            self.code = Some(SpokenCode::derive(&self.authenticator, all));
        }
    }
}

impl EndToEnd {
    /// Says what this person found. *Different* ends sealing and opening at once: somebody may stand in the middle.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] while there are no words.
    pub fn compare(&mut self, comparison: Comparison) -> Result<(), TakeError> {
        let (Some(epoch), Some(_)) = (self.words.epoch(), self.words.code()) else {
            return Err(TakeError::NotForUs);
        };
        self.words.own = Some(comparison);
        let _ = self.tell(&Content::Compared { epoch, comparison });
        match comparison {
            Comparison::Same => self.outputs.push_back(super::Output::Changed),
            Comparison::Different => self.refuse(Refusal::WordsDiffer),
        }
        Ok(())
    }

    /// Shows this member's number, now that everybody has settled on theirs.
    pub(super) fn show_share(&mut self) {
        let Some(own) = self.group.as_ref().map(Group::own_leaf) else { return };
        if let (Some(epoch), Some(share)) = (self.words.epoch(), self.words.own_share(own)) {
            let _ = self.tell(&Content::Share { epoch, share });
        }
    }

    pub(super) fn hear_share(&mut self, from: LeafIndex, epoch: Epoch, share: Share) -> Result<(), TakeError> {
        if self.words.epoch() != Some(epoch) {
            // Of the words before, or of a change that this member does not know yet: its sender shows it again then.
            return Ok(());
        }
        let member = self.group.as_ref().and_then(|group| group.members().iter().find(|member| member.leaf == from));
        let commitment = member.ok_or(TakeError::NotForUs)?.commitment;
        if !share.is_of(commitment, epoch) {
            return Err(TakeError::Malformed);
        }
        let had_code = self.words.code().is_some();
        self.words.note(from, share);
        if !had_code && self.words.code().is_some() {
            self.outputs.push_back(super::Output::Changed);
        }
        Ok(())
    }

    pub(super) fn hear_comparison(&mut self, from: LeafIndex, epoch: Epoch, comparison: Comparison) {
        if self.words.epoch() != Some(epoch) {
            return;
        }
        match comparison {
            Comparison::Same => {
                if !self.words.others.contains(&from) {
                    self.words.others.push(from);
                    self.outputs.push_back(super::Output::Changed);
                }
            }
            Comparison::Different => self.refuse(Refusal::WordsDiffer),
        }
    }
}
