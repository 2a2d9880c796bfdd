//! Who may change the group, checked by every member for themselves: a server that orders messages decides nothing.

use colloque_attestation::Standing;
use openmls::group::StagedCommit;
use openmls::prelude::{LeafNodeIndex, Proposal};
use thiserror::Error;

use crate::credential::{Member, Verifier, VerifyMemberError};
use crate::frame::MAX_LEAVES;

/// Why a change of the group is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Somebody who is no clinician lets others in or out.
    #[error("committer may not change who is in the group")]
    NotAClinician,
    /// A kind of proposal that no client of ours makes.
    #[error("commit holds a proposal that is not allowed")]
    ForeignProposal,
    /// A member presents themselves as somebody else than before.
    #[error("committer changes their identity")]
    ChangedIdentity,
    /// Two leaves of one person.
    #[error("one person would be in the group twice")]
    TwiceTheSame,
    /// Two practitioners of the consultation, or two patients: the booked ones are one each.
    #[error("there would be two practitioners or two patients")]
    TwoOfOneStanding,
    /// More than eight.
    #[error("group would be too large")]
    TooMany,
    /// Who is let in is not who they should be.
    #[error("newcomer is not believed")]
    Newcomer(#[source] VerifyMemberError),
    /// Somebody to whom this patient has not agreed.
    #[error("patient has not agreed to a guest")]
    NotAgreed,
    /// No practitioner would be left.
    #[error("nobody would be left who may change the group")]
    NoClinician,
}

/// What a commit does to the roster, once it is found allowed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RosterChange {
    pub added: u32,
    pub removed: Vec<u32>,
}

/// Checks a commit that `committer` made against the members before it.
pub(super) fn check(
    members: &[Member],
    committer: LeafNodeIndex,
    commit: &StagedCommit,
) -> Result<RosterChange, PolicyError> {
    let committer =
        members.iter().find(|member| member.leaf.get() == committer.u32()).ok_or(PolicyError::NotAClinician)?;
    let mut change = RosterChange::default();
    let mut uses_link = false;
    for queued in commit.queued_proposals() {
        match queued.proposal() {
            Proposal::Add(_) => change.added += 1,
            Proposal::Remove(remove) => change.removed.push(remove.removed().u32()),
            Proposal::PreSharedKey(_) => uses_link = true,
            _ => return Err(PolicyError::ForeignProposal),
        }
    }
    let changes_roster = change.added > 0 || !change.removed.is_empty() || uses_link;
    if changes_roster && !committer.statement.standing.is_clinician() {
        return Err(PolicyError::NotAClinician);
    }
    Ok(change)
}

/// Checks the members that a commit leads to, or that a newcomer finds.
///
/// A patient's own client lets nobody listen to whom the patient has not said yes: neither the server's word nor the practitioner's counts.
pub(super) fn check_roster(members: &[Member], verifier: &Verifier) -> Result<(), PolicyError> {
    if members.len() > MAX_LEAVES as usize {
        return Err(PolicyError::TooMany);
    }
    for (index, member) in members.iter().enumerate() {
        let is_twice = members[index + 1..].iter().any(|other| {
            other.statement.participant == member.statement.participant
                || other.statement.leaf_key == member.statement.leaf_key
        });
        if is_twice {
            return Err(PolicyError::TwiceTheSame);
        }
    }
    for standing in [Standing::Practitioner, Standing::Patient] {
        if members.iter().filter(|member| member.statement.standing == standing).count() > 1 {
            return Err(PolicyError::TwoOfOneStanding);
        }
    }
    if is_overheard(members, verifier) {
        return Err(PolicyError::NotAgreed);
    }
    if members.iter().any(|member| member.statement.standing.is_clinician()) {
        Ok(())
    } else {
        Err(PolicyError::NoClinician)
    }
}

/// Whether this member is a patient, and a guest to whom their person has not agreed is there.
pub(crate) fn is_overheard(members: &[Member], verifier: &Verifier) -> bool {
    let own = members.iter().find(|member| member.statement.leaf_key == verifier.own_key);
    own.is_some_and(|own| own.statement.standing == Standing::Patient)
        && members.iter().any(|member| {
            member.statement.standing.is_guest() && !verifier.agreed.contains(&member.statement.participant)
        })
}
