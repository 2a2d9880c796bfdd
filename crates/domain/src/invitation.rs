use std::time::Duration;

use colloque_ids::{AppointmentId, InvitationId, Timestamp};
use thiserror::Error;

use crate::appointment::BookedAppointment;
use crate::decided::{Decided, Entry};

/// How long after the room's closing an invitation still opens the patient's documents.
///
/// Longer: a stolen mailbox opens more. Shorter: the patient who comes back in the evening finds nothing.
pub const INVITATION_LIFETIME_AFTER_CLOSE: Duration = Duration::from_secs(24 * 60 * 60);

/// SHA-256 of an invitation's 256-bit secret. Only this is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretDigest(pub [u8; 32]);

/// An invitation whose secret was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInvitation {
    /// The invitation.
    pub invitation: InvitationId,
    /// Its appointment.
    pub appointment: AppointmentId,
    /// Digest of its secret.
    pub digest: SecretDigest,
    /// First instant at which it no longer serves.
    pub expires_at: Timestamp,
}

/// An invitation whose secret was used: the secret opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedeemedInvitation {
    /// The invitation.
    pub invitation: InvitationId,
    /// Its appointment.
    pub appointment: AppointmentId,
    /// When it was used.
    pub redeemed_at: Timestamp,
}

/// An invitation that a newer one or a change of its appointment made useless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededInvitation {
    /// The invitation.
    pub invitation: InvitationId,
    /// When it stopped working.
    pub superseded_at: Timestamp,
}

/// Why an invitation does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedeemInvitationError {
    /// The secret is another one.
    #[error("secret does not belong to {invitation}")]
    WrongSecret {
        /// The invitation.
        invitation: InvitationId,
    },
    /// Its time is over.
    #[error("{invitation} has expired")]
    Expired {
        /// The invitation.
        invitation: InvitationId,
    },
}

impl IssuedInvitation {
    /// Issues an invitation to a booked appointment.
    pub fn issue(invitation: InvitationId, digest: SecretDigest, appointment: &BookedAppointment) -> Decided<Self> {
        let terms = appointment.terms();
        let next = Self {
            invitation,
            appointment: terms.appointment,
            digest,
            expires_at: terms.slot.closes_at().after(INVITATION_LIFETIME_AFTER_CLOSE),
        };
        let entry = Entry::InvitationIssued { invitation, appointment: terms.appointment };
        Decided::new(next, entry)
    }

    /// Uses the secret, once and for all.
    ///
    /// # Errors
    ///
    /// - [`RedeemInvitationError::WrongSecret`] when `presented` is not the digest of its secret.
    /// - [`RedeemInvitationError::Expired`] from `expires_at` on. Only said to who holds the secret.
    pub fn redeem(
        self,
        presented: SecretDigest,
        now: Timestamp,
    ) -> Result<Decided<RedeemedInvitation>, RedeemInvitationError> {
        let Self { invitation, appointment, .. } = self;
        // Digests of 256-bit secrets: what a comparison's duration gives away about a digest opens nothing.
        if presented != self.digest {
            return Err(RedeemInvitationError::WrongSecret { invitation });
        }
        if now >= self.expires_at {
            return Err(RedeemInvitationError::Expired { invitation });
        }
        let next = RedeemedInvitation { invitation, appointment, redeemed_at: now };
        Ok(Decided::new(next, Entry::InvitationRedeemed { invitation, appointment }))
    }

    /// Makes the invitation useless.
    pub fn supersede(self, now: Timestamp) -> Decided<SupersededInvitation> {
        supersede(self.invitation, self.appointment, now)
    }
}

impl RedeemedInvitation {
    /// Makes the invitation useless. The session that it opened goes on: it proved more than the link.
    pub fn supersede(self, now: Timestamp) -> Decided<SupersededInvitation> {
        supersede(self.invitation, self.appointment, now)
    }
}

fn supersede(invitation: InvitationId, appointment: AppointmentId, now: Timestamp) -> Decided<SupersededInvitation> {
    let next = SupersededInvitation { invitation, superseded_at: now };
    Decided::new(next, Entry::InvitationSuperseded { invitation, appointment })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appointment::{AppointmentTerms, Slot};
    use colloque_ids::{PatientId, StaffId};

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const SECRET: SecretDigest = SecretDigest([7; 32]);

    fn issued() -> IssuedInvitation {
        let appointment = BookedAppointment::stored(AppointmentTerms {
            appointment: AppointmentId::from_parts(NOW, [1; 10]),
            practitioner: StaffId::from_parts(NOW, [2; 10]),
            patient: PatientId::from_parts(NOW, [3; 10]),
            slot: Slot::new(NOW, 20).unwrap(),
        });
        IssuedInvitation::issue(InvitationId::from_parts(NOW, [4; 10]), SECRET, &appointment).into_parts().0
    }

    #[test]
    fn the_secret_opens_once_and_leaves_a_trace() {
        let (redeemed, entry) = issued().redeem(SECRET, NOW).unwrap().into_parts();
        assert_eq!(redeemed.redeemed_at, NOW);
        let expected = Entry::InvitationRedeemed { invitation: redeemed.invitation, appointment: redeemed.appointment };
        assert_eq!(entry, expected);
    }

    #[test]
    fn a_wrong_secret_learns_nothing_even_of_an_expired_invitation() {
        let late = Timestamp::from_millis(i64::MAX);
        let refused = issued().redeem(SecretDigest([8; 32]), late);
        assert_eq!(refused, Err(RedeemInvitationError::WrongSecret { invitation: issued().invitation }));
    }

    #[test]
    fn an_invitation_ends_a_day_after_its_room() {
        let end = issued().expires_at;
        assert_eq!(end.since(NOW), Duration::from_secs((20 + 60) * 60 + 24 * 3600));
        assert!(issued().redeem(SECRET, end.before(Duration::from_millis(1))).is_ok());
        assert_eq!(
            issued().redeem(SECRET, end),
            Err(RedeemInvitationError::Expired { invitation: issued().invitation })
        );
    }
}
