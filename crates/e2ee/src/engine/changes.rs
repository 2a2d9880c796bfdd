//! What this member wants to change in the group, one commit at a time.

use std::time::Duration;

use colloque_attestation::Standing;
use colloque_ids::{ParticipantId, Timestamp};
use sha2::{Digest, Sha256};

use super::{EndToEnd, Output, TakeError, ToOthers};
use crate::frame::{Epoch, LeafIndex};
use crate::mls::{Change, Group, Newcomer, ProcessError, Received};

/// Most persons who may be about to be let in: more than a room holds.
const MAX_WAITING: usize = 16;

/// Key packages that are remembered. Somebody who comes again makes a new one; an older one than these lets nobody in who has its keys.
const MAX_TAKEN: usize = 64;
/// Once the connection is back, the server answers a change within this time, or never got it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);

/// What waits, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Let in as soon as it is this member's turn.
    wanted: Vec<(ParticipantId, Newcomer)>,
    /// Believed, and waiting for a clinician's word.
    asking: Vec<(ParticipantId, Newcomer)>,
    /// Guests who are let in as soon as they ask.
    expected: Vec<ParticipantId>,
    unwanted: Vec<ParticipantId>,
    renew: bool,
    on_its_way: Option<OnItsWay>,
}

#[derive(Debug)]
struct OnItsWay {
    added: Vec<(ParticipantId, Newcomer)>,
    removed: Vec<ParticipantId>,
    renews: bool,
    /// Where it, or its answer, may have been lost: when it counts as such.
    lost_at: Option<Timestamp>,
}

impl Changes {
    /// Lets the change that is on its way go, to be made again.
    pub(super) fn overtaken(&mut self) {
        if let Some(lost) = self.on_its_way.take() {
            for (participant, newcomer) in lost.added {
                if !self.wanted.iter().any(|(other, _)| *other == participant) {
                    self.wanted.push((participant, newcomer));
                }
            }
            self.unwanted.extend(lost.removed);
            self.renew |= lost.renews;
        }
    }

    /// Begins anew for another group; who is expected stays so.
    pub(super) fn restart(&mut self) {
        *self = Self { expected: std::mem::take(&mut self.expected), ..Self::default() };
    }

    pub(super) const fn renew(&mut self) {
        self.renew = true;
    }

    pub(super) fn asking(&self) -> impl Iterator<Item = &Newcomer> {
        self.asking.iter().map(|(_, newcomer)| newcomer)
    }

    fn forget(&mut self, participant: ParticipantId) {
        self.wanted.retain(|(other, _)| *other != participant);
        self.asking.retain(|(other, _)| *other != participant);
    }
}

/// Somebody whom this member let in with the key of their link.
#[derive(Debug)]
pub(super) struct Linked {
    pub leaf_key: [u8; 32],
    /// The first epoch with them.
    pub since: Epoch,
    /// Whether they have said something in it or later: without that key nobody could.
    pub was_heard: bool,
}

impl EndToEnd {
    /// Takes the key package with which somebody wants to be let in. The booked patient and practitioner are; for anybody else a
    /// clinician has to [`Self::let_in`]. A package serves once: its keys are gone then, and whoever sends it again is not its owner.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] for one that served; [`TakeError::NotBelieved`] when they are not who the platform says, which is also an [`Output::NotBelieved`].
    pub fn take_key_package(
        &mut self,
        participant: ParticipantId,
        package: &[u8],
        now: Timestamp,
    ) -> Result<(), TakeError> {
        let mut newcomer = Newcomer::verify(package, &self.provider, &self.verifier, now).inspect_err(|&error| {
            self.outputs.push_back(Output::NotBelieved { participant, error });
        })?;
        if newcomer.member.statement.participant != participant {
            return Err(TakeError::NotForUs);
        }
        let name = Sha256::digest(package).into();
        if self.taken.contains(&name) {
            return Err(TakeError::NotForUs);
        }
        self.changes.forget(participant);
        if self.changes.wanted.len() + self.changes.asking.len() >= MAX_WAITING {
            return Err(TakeError::NotForUs);
        }
        if self.taken.len() == MAX_TAKEN {
            self.taken.pop_front();
        }
        self.taken.push_back(name);
        match newcomer.member.statement.standing {
            Standing::Patient => {
                // Somebody who came by another link than the one that was handed over is let in without, and this person is told.
                newcomer.link = self.link.clone().filter(|link| link.name() == newcomer.member.link);
                self.changes.wanted.push((participant, newcomer));
            }
            // The practitioner of the consultation is this member, or has the group to make.
            Standing::Practitioner => return Err(TakeError::NotForUs),
            Standing::Expert | Standing::AccompanyingPerson | Standing::Interpreter
                if self.changes.expected.contains(&participant) =>
            {
                self.changes.wanted.push((participant, newcomer));
            }
            Standing::Expert | Standing::AccompanyingPerson | Standing::Interpreter => {
                self.changes.asking.push((participant, newcomer));
                self.outputs.push_back(Output::Changed);
            }
        }
        self.commit_what_waits();
        Ok(())
    }

    /// Lets a guest in who asks, or as soon as they do, until they are [`Self::put_out`]. The patient's own client refuses whom its person
    /// has not agreed to.
    pub fn let_in(&mut self, participant: ParticipantId) {
        if !self.changes.expected.contains(&participant) && self.changes.expected.len() < MAX_WAITING {
            self.changes.expected.push(participant);
        }
        if let Some(at) = self.changes.asking.iter().position(|(other, _)| *other == participant) {
            let asking = self.changes.asking.remove(at);
            self.changes.wanted.push(asking);
            self.commit_what_waits();
        }
    }

    /// Puts somebody out of the group, or forgets that they ask: they left, or a clinician wants it.
    pub fn put_out(&mut self, participant: ParticipantId) {
        self.changes.forget(participant);
        self.changes.expected.retain(|other| *other != participant);
        if self.leaf_of(participant).is_some() && !self.changes.unwanted.contains(&participant) {
            self.changes.unwanted.push(participant);
        }
        self.outputs.push_back(Output::Changed);
        self.commit_what_waits();
    }

    /// The server has put this member's change in order.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] when none is on its way for that epoch.
    pub fn accepted(&mut self, epoch: Epoch, now: Timestamp) -> Result<(), TakeError> {
        let group = self.group.as_mut().filter(|group| group.epoch() == epoch).ok_or(TakeError::NotForUs)?;
        let Some(change) = self.changes.on_its_way.take() else { return Err(TakeError::NotForUs) };
        for (_, newcomer) in change.added.iter().filter(|(_, newcomer)| newcomer.link.is_some()) {
            if self.linked.len() == MAX_WAITING {
                self.linked.remove(0);
            }
            let (leaf_key, since) = (newcomer.member.statement.leaf_key, Epoch(epoch.0 + 1));
            self.linked.push(Linked { leaf_key, since, was_heard: false });
        }
        match group.merge_pending(&self.provider, &self.verifier, now) {
            Ok(Received::NextEpoch { added, removed }) => {
                self.next_epoch(added, &removed, now);
                self.commit_what_waits();
                Ok(())
            }
            Ok(Received::Application { .. } | Received::Removed) | Err(ProcessError::NotOfThisGroup(_)) => {
                Err(TakeError::NotForUs)
            }
            Err(ProcessError::NotAllowed(error)) => Err(TakeError::NotAllowed(error)),
        }
    }

    /// Another change ended `epoch` first: the one on its way is let go, and made again once the other has arrived. A word about an epoch
    /// that is over concerns a change that was let go before.
    pub fn overtaken(&mut self, epoch: Epoch) {
        if self.group.as_ref().is_some_and(|group| group.epoch() == epoch) {
            self.let_change_go();
        }
    }

    fn let_change_go(&mut self) {
        if let Some(group) = &mut self.group {
            group.discard_pending(&self.provider);
        }
        self.changes.overtaken();
    }

    /// The connection to the server is back: what was said last may have been lost. A change whose answer does not come now is made again,
    /// and this member says again what others may still wait for.
    pub fn came_back(&mut self, now: Timestamp) {
        if let Some(on_its_way) = &mut self.changes.on_its_way {
            on_its_way.lost_at.get_or_insert(now.after(ANSWERED_WITHIN));
        }
        self.tell_ready(now);
    }

    /// Lets a change go whose answer did not come.
    pub(super) fn give_up_what_was_lost(&mut self, now: Timestamp) {
        let on_its_way = self.changes.on_its_way.as_ref();
        if on_its_way.and_then(|change| change.lost_at).is_some_and(|lost_at| now >= lost_at) {
            self.let_change_go();
        }
    }

    /// Commits what waits, when it is this member's turn and nothing of theirs is on its way.
    pub(super) fn commit_what_waits(&mut self) {
        if self.refusal.is_some() || self.changes.on_its_way.is_some() {
            return;
        }
        let Some(group) = &self.group else { return };
        let is_turn = group
            .members()
            .iter()
            .find(|member| member.statement.standing.is_clinician())
            .is_some_and(|member| member.leaf == group.own_leaf());
        let mut change = Change::default();
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        if is_turn {
            for participant in std::mem::take(&mut self.changes.unwanted) {
                if let Some(leaf) = leaf_in(group, participant) {
                    change.remove.push(leaf);
                    removed.push(participant);
                }
            }
            for (participant, newcomer) in std::mem::take(&mut self.changes.wanted) {
                // Who comes again without their keys gives up the place they had, also where a server that started anew knows them by
                // another name: there is one patient, and whoever takes that place is seen to take it.
                let standing = newcomer.member.statement.standing;
                let before = group.members().iter().filter(|member| {
                    member.statement.participant == participant
                        || (member.statement.standing == standing && !standing.is_guest())
                });
                for member in before.filter(|member| member.leaf != group.own_leaf()) {
                    if !change.remove.contains(&member.leaf) {
                        change.remove.push(member.leaf);
                    }
                }
                change.add.push(newcomer.clone());
                added.push((participant, newcomer));
            }
        }
        let renews = std::mem::take(&mut self.changes.renew);
        if change.add.is_empty() && change.remove.is_empty() && !(renews && group.members().len() > 1) {
            return;
        }
        // Whoever stays would have to be given the key to follow, and who is put out may be the one who claims it: it serves between two only.
        let stays = group.members().iter().filter(|member| !change.remove.contains(&member.leaf)).count();
        if stays > 1 || change.add.len() > 1 {
            let added = added.iter_mut().map(|(_, newcomer)| newcomer);
            change.add.iter_mut().chain(added).for_each(|newcomer| newcomer.link = None);
        }
        let Some(group) = &mut self.group else { return };
        // What the others would refuse is not sent, and not tried again.
        if let Ok(committed) = group.commit(&self.provider, &self.signer, &self.verifier, &change) {
            let output = ToOthers::Commit {
                group: group.id().to_vec(),
                epoch: committed.epoch,
                commit: committed.commit,
                welcome: committed.welcome,
                welcomed: added.iter().map(|(participant, _)| *participant).collect(),
            };
            self.changes.on_its_way = Some(OnItsWay { added, removed, renews, lost_at: None });
            self.outputs.push_back(Output::Send(output));
        }
    }

    fn leaf_of(&self, participant: ParticipantId) -> Option<LeafIndex> {
        self.group.as_ref().and_then(|group| leaf_in(group, participant))
    }
}

fn leaf_in(group: &Group, participant: ParticipantId) -> Option<LeafIndex> {
    group.members().iter().find(|member| member.statement.participant == participant).map(|member| member.leaf)
}
