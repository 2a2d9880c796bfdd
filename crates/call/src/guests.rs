//! A third person, as this page's person decided about them. What the page does not remember is asked again: the server's word is not enough to
//! have this person's keys shared.

use colloque_ids::ParticipantId;
use colloque_protocol::Role;
use colloque_protocol::signaling::OtherParty;

/// How far the third person is on their way in, for this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GuestStep {
    /// There is nobody to decide about.
    #[default]
    Nobody,
    /// Patient: says whether they may take part.
    YouAreAsked,
    /// They wait: for the patient's answer, or for the practitioner.
    Waits,
    /// The patient does not agree.
    Declined,
    /// Practitioner: may let them in.
    MayEnter,
    /// They take part.
    TakesPart,
}

/// What whoever holds this person's end-to-end keys is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuestOrder {
    /// Patient: agrees that a guest takes part, or does not any more.
    Agree {
        /// The guest.
        guest: ParticipantId,
        /// Whether they may.
        agrees: bool,
    },
    /// Practitioner: lets a guest in.
    LetIn {
        /// The guest.
        guest: ParticipantId,
    },
    /// Practitioner: puts a guest out.
    PutOut {
        /// The guest.
        guest: ParticipantId,
    },
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    /// To whom this person agreed, or whom they let in, in this page.
    welcome: Option<ParticipantId>,
    /// Whom the keys were told to let in.
    let_in: Option<ParticipantId>,
}

impl Guests {
    pub(crate) fn welcome(&mut self, guest: ParticipantId, is_welcome: bool) {
        self.let_in = None;
        self.welcome = is_welcome.then_some(guest);
    }

    /// The practitioner's word was not acted on.
    pub(crate) fn not_done(&mut self, third: Option<&OtherParty>) {
        if third.is_none_or(|third| !third.takes_part) {
            self.welcome = None;
        }
    }

    /// Gives what the keys are to be told once storage holds the admission, once.
    pub(crate) fn follow(&mut self, role: Role, third: Option<&OtherParty>) -> Option<GuestOrder> {
        let third = third.filter(|third| third.takes_part && self.welcome == Some(third.participant))?;
        let guest = third.participant;
        if role != Role::Practitioner || self.let_in.replace(guest) == Some(guest) {
            return None;
        }
        Some(GuestOrder::LetIn { guest })
    }

    pub(crate) fn step(&self, role: Role, third: Option<&OtherParty>) -> GuestStep {
        let Some(third) = third.filter(|_| !role.is_guest()) else { return GuestStep::Nobody };
        let is_welcome = self.welcome == Some(third.participant);
        match (role, third.agreed) {
            (_, Some(false)) => GuestStep::Declined,
            (Role::Practitioner, None) => GuestStep::Waits,
            (Role::Practitioner, Some(true)) if !is_welcome => GuestStep::MayEnter,
            (Role::Practitioner, _) if third.takes_part => GuestStep::TakesPart,
            (Role::Practitioner, _) => GuestStep::Waits,
            (_, _) if !is_welcome => GuestStep::YouAreAsked,
            (_, _) if third.takes_part => GuestStep::TakesPart,
            (_, _) => GuestStep::Waits,
        }
    }
}
