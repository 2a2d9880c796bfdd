//! Signing in, for the staff of a practice.

use colloque_ids::{PracticeId, StaffId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::{AuthenticationMethod, Role};

/// `POST /api/session/password`: first factor.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasswordSignIn {
    /// E-mail address of the account.
    pub email: String,
    /// Password.
    pub password: String,
}

/// Answer of a step of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "next")]
pub enum SignInStep {
    /// `POST /api/session/totp` is next.
    Totp,
    /// No second factor exists yet: `POST /api/account/totp/start` is next.
    EnrolTotp,
    /// Signed in.
    Done,
}

/// `POST /api/session/totp`, `POST /api/account/totp/finish`: a six-digit code.
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpCode {
    /// Six digits.
    pub code: String,
}

/// Answer of `POST /api/account/totp/start`.
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpEnrolment {
    /// Secret in base32, to type by hand.
    pub secret: String,
    /// `otpauth:` address.
    pub address: String,
    /// The address as a QR code: an SVG document.
    pub qr_svg: String,
}

/// `GET /api/session`: who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The person.
    pub staff: StaffId,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Practice.
    pub practice: PracticeId,
    /// Its name.
    pub practice_name: String,
    /// How the person signed in.
    pub verified_by: Vec<AuthenticationMethod>,
    /// When the session ends whatever happens.
    pub expires_at: Timestamp,
    /// Number of passkeys registered.
    pub passkeys: u32,
    /// The practitioner's own details, for practitioners.
    pub practitioner: Option<PractitionerDetails>,
    /// Whether the product runs with demonstration people and its own mailbox.
    pub demonstration: bool,
}

/// What a prescription says of its prescriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PractitionerDetails {
    /// Title: `Dr`, `Dre`.
    pub title: String,
    /// Profession: `Médecin`.
    pub profession: String,
    /// Specialty: `Médecine générale`.
    pub specialty: String,
    /// RPPS number, eleven digits.
    pub rpps: String,
}

/// Passkey messages are those of WebAuthn in JSON; the server's library defines their inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasskeyChallenge {
    /// `PublicKeyCredentialCreationOptions` or `…RequestOptions`, as WebAuthn level 3 JSON.
    pub options: serde_json::Value,
}

/// Answer of an authenticator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PasskeyAnswer {
    /// `PublicKeyCredential.toJSON()`.
    pub credential: serde_json::Value,
    /// Name that the person gives the passkey, at registration.
    #[serde(default)]
    pub label: Option<String>,
}

/// One registered passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyEntry {
    /// Number within the account, for deletion.
    pub id: String,
    /// Name given by the person.
    pub label: String,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

/// `POST /api/activation/redeem`: first sign-in of an invited person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Activation {
    /// Single-use secret of the activation link's fragment.
    pub secret: String,
    /// Password chosen.
    pub password: String,
}
