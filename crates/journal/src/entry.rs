//! One entry: a fact with its author, its instant and its place.

use colloque_ids::{ConsultationId, JournalEventId, PracticeId, SessionId, Timestamp};

use crate::actor::{Actor, NetworkPrefix, PatientPseudonym};
use crate::codec::{Canonical, ParseEntryError, Reader};
use crate::event::Event;

/// First byte of the canonical bytes.
const LAYOUT: u8 = 1;

/// A fact about to be journaled; storage gives it its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// When it happened, by the server's clock.
    pub occurred_at: Timestamp,
    /// The practice whose administrators may read it; none when nobody could tell.
    pub practice: Option<PracticeId>,
    /// Who acted.
    pub actor: Actor,
    /// The session they acted in.
    pub session: Option<SessionId>,
    /// Where they acted from.
    pub origin: Option<NetworkPrefix>,
    /// The patient concerned.
    pub patient: Option<PatientPseudonym>,
    /// The consultation concerned.
    pub consultation: Option<ConsultationId>,
    /// What happened.
    pub event: Event,
}

/// A fact of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names the entry.
    pub id: JournalEventId,
    /// The fact.
    pub draft: Draft,
}

impl Draft {
    /// Starts a fact that nobody known did.
    #[must_use]
    pub const fn new(occurred_at: Timestamp, event: Event) -> Self {
        Self {
            occurred_at,
            practice: None,
            actor: Actor::Unknown,
            session: None,
            origin: None,
            patient: None,
            consultation: None,
            event,
        }
    }

    /// Says who acted and for which practice.
    #[must_use]
    pub const fn by(mut self, practice: PracticeId, actor: Actor) -> Self {
        self.practice = Some(practice);
        self.actor = actor;
        self
    }

    /// Says in which session.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Says from where.
    #[must_use]
    pub const fn from(mut self, origin: Option<NetworkPrefix>) -> Self {
        self.origin = origin;
        self
    }

    /// Says which patient is concerned.
    #[must_use]
    pub const fn concerning(mut self, patient: PatientPseudonym) -> Self {
        self.patient = Some(patient);
        self
    }

    /// Says which consultation is concerned.
    #[must_use]
    pub const fn about(mut self, consultation: ConsultationId) -> Self {
        self.consultation = Some(consultation);
        self
    }
}

impl Entry {
    /// Writes the bytes that are kept for ever.
    ///
    /// Layout 1: layout byte, identifier (16 bytes), instant (8), practice, actor, session, origin, patient, consultation, kind
    /// (2), then the kind's fields in the order of their declaration. Numbers are big-endian; an optional value follows a byte
    /// 0 or 1; a list follows its length; a closed list is its code.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let Draft { occurred_at, practice, actor, session, origin, patient, consultation, event } = &self.draft;
        out.push(LAYOUT);
        self.id.write(&mut out);
        occurred_at.write(&mut out);
        practice.write(&mut out);
        actor.write(&mut out);
        session.write(&mut out);
        origin.write(&mut out);
        patient.write(&mut out);
        consultation.write(&mut out);
        event.write(&mut out);
        out
    }

    /// Reads canonical bytes back.
    ///
    /// # Errors
    ///
    /// - [`ParseEntryError::UnknownLayout`] when a later version wrote them.
    /// - [`ParseEntryError::UnknownKind`] when a later version wrote the event.
    /// - [`ParseEntryError::Malformed`] for anything that [`Entry::canonical`] does not write.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseEntryError> {
        let mut bytes = Reader::new(bytes);
        if u8::read(&mut bytes)? != LAYOUT {
            return Err(ParseEntryError::UnknownLayout);
        }
        let entry = Self {
            id: Canonical::read(&mut bytes)?,
            draft: Draft {
                occurred_at: Canonical::read(&mut bytes)?,
                practice: Canonical::read(&mut bytes)?,
                actor: Canonical::read(&mut bytes)?,
                session: Canonical::read(&mut bytes)?,
                origin: Canonical::read(&mut bytes)?,
                patient: Canonical::read(&mut bytes)?,
                consultation: Canonical::read(&mut bytes)?,
                event: Canonical::read(&mut bytes)?,
            },
        };
        bytes.end()?;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::GuestId;
    use proptest::prelude::*;

    use super::*;
    use crate::actor::GuestRole;
    use crate::event::Kind;

    /// Draws an entry of each kind from random bytes, which start over when they run out.
    fn entry(kind: Kind, random: &[u8]) -> Entry {
        let mut next = 0;
        let mut draw = || {
            next += 1;
            random[next % random.len()]
        };
        Entry {
            id: Canonical::sample(&mut draw),
            draft: Draft {
                occurred_at: Canonical::sample(&mut draw),
                practice: Canonical::sample(&mut draw),
                actor: Canonical::sample(&mut draw),
                session: Canonical::sample(&mut draw),
                origin: Canonical::sample(&mut draw),
                patient: Canonical::sample(&mut draw),
                consultation: Canonical::sample(&mut draw),
                event: kind.sample(&mut draw),
            },
        }
    }

    fn kind() -> impl Strategy<Value = Kind> {
        (0..Kind::ALL.len()).prop_map(|index| Kind::ALL[index])
    }

    fn random() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 1..200)
    }

    proptest! {
        #[test]
        fn canonical_bytes_are_read_back(kind in kind(), random in random()) {
            let entry = entry(kind, &random);
            prop_assert_eq!(Entry::parse(&entry.canonical()), Ok(entry));
        }

        #[test]
        fn two_entries_never_share_their_bytes(
            (one, other) in (kind(), kind()), (a, b) in (random(), random()),
        ) {
            let (one, other) = (entry(one, &a), entry(other, &b));
            prop_assert_eq!(one.canonical() == other.canonical(), one == other);
        }

        #[test]
        fn hostile_bytes_give_an_error_or_an_entry_with_exactly_these_bytes(
            kind in kind(), random in random(), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let mut bytes = entry(kind, &random).canonical();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(entry) = Entry::parse(&bytes) {
                prop_assert_eq!(entry.canonical(), bytes);
            }
        }

        #[test]
        fn cut_or_extended_bytes_are_refused(kind in kind(), random in random(), cut in any::<prop::sample::Index>()) {
            let mut bytes = entry(kind, &random).canonical();
            prop_assert!(Entry::parse(&bytes[..cut.index(bytes.len())]).is_err());
            bytes.push(0);
            prop_assert!(Entry::parse(&bytes).is_err());
        }
    }

    /// The bytes of 2026 must be read in 2046: a change of this text is a new layout, not a correction.
    #[test]
    fn layout_1_is_frozen() {
        let bytes = entry(Kind::SignInFailed, &[1, 2, 3]).canonical();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, FROZEN);
    }

    /// What a guest did is read back as long as anything else.
    #[test]
    fn the_bytes_of_a_guest_are_frozen() {
        let actor = Actor::Guest { guest: GuestId::from_bytes([9; 16]), role: GuestRole::Interpreter };
        let event = Event::GuestInvited { guest: GuestId::from_bytes([8; 16]), role: GuestRole::AccompanyingPerson };
        let mut draft = Draft::new(Timestamp::from_millis(1), event);
        draft.actor = actor;
        let entry = Entry { id: JournalEventId::from_bytes([7; 16]), draft };
        let guest = [vec![4], vec![9; 16], vec![3]].concat();
        let event = [vec![0, 111], vec![8; 16], vec![2]].concat();
        let bytes = [vec![1], vec![7; 16], vec![0, 0, 0, 0, 0, 0, 0, 1], vec![0], guest, vec![0; 4], event].concat();
        assert_eq!(entry.canonical(), bytes);
    }

    const FROZEN: &str = concat!(
        "0102030102030102030102030102030102030102030102030100030102030102030102010102030102030102030102030102",
        "030100010102030102030102010102030102030102030102030102030100cb000402",
    );
}
