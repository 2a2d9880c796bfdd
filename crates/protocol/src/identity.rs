//! Who a person is, as the other party sees it before any media.

use serde::{Deserialize, Serialize};

/// What a person does on the platform. There is no super-user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A practitioner: holds consultations, writes notes and prescriptions.
    Practitioner,
    /// A secretary: keeps the day of the practice's practitioners, reads nothing clinical.
    Secretary,
    /// An administrator: people of the practice and the connection journal, nothing clinical.
    Administrator,
    /// A patient.
    Patient,
    /// Another practitioner, asked for their opinion during a consultation: a guest.
    Expert,
    /// Somebody beside the patient: a guest.
    AccompanyingPerson,
    /// Somebody who translates: a guest.
    Interpreter,
}

impl Role {
    /// What a guest can be: a third person whom the practitioner asks in, with the patient's consent.
    pub const GUESTS: [Self; 3] = [Self::Expert, Self::AccompanyingPerson, Self::Interpreter];

    /// Whether it is a guest's.
    #[must_use]
    pub const fn is_guest(self) -> bool {
        matches!(self, Self::Expert | Self::AccompanyingPerson | Self::Interpreter)
    }

    /// The stored and wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Practitioner => "practitioner",
            Self::Secretary => "secretary",
            Self::Administrator => "administrator",
            Self::Patient => "patient",
            Self::Expert => "expert",
            Self::AccompanyingPerson => "accompanying_person",
            Self::Interpreter => "interpreter",
        }
    }

    /// Reads the stored name back.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Practitioner, Self::Secretary, Self::Administrator, Self::Patient]
            .into_iter()
            .chain(Self::GUESTS)
            .find(|role| role.name() == name)
    }
}

/// One proof that a person gave of who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// Password checked against its argon2id hash.
    Password,
    /// Time-based one-time password, RFC 6238.
    Totp,
    /// Passkey with user verification, WebAuthn level 3.
    Passkey,
    /// Single-use secret of the invitation link.
    InvitationLink,
    /// Code sent by e-mail.
    EmailCode,
    /// Code sent by text message.
    SmsCode,
}

/// What each party of a consultation is shown of the other before any media.
///
/// Signed inside the ticket, so the signaling server cannot make one up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityCard {
    /// Name shown: `Dre Claire Martin`, or the patient's given name and initial.
    pub display_name: String,
    /// Role in the consultation.
    pub role: Role,
    /// Profession and specialty, practitioners only: `Médecin généraliste`.
    pub profession: Option<String>,
    /// RPPS number, eleven digits, practitioners only.
    pub rpps: Option<String>,
    /// How the person was authenticated in this session, in the order of the proofs.
    pub verified_by: Vec<AuthenticationMethod>,
}
