//! People and roles of a practice.

use colloque_ids::{StaffId, Timestamp};
use serde::{Deserialize, Serialize};

use super::session::PractitionerDetails;
use crate::identity::Role;

/// A person of the practice, in `GET /api/admin/staff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEntry {
    /// The person.
    pub staff: StaffId,
    /// Name shown.
    pub display_name: String,
    /// E-mail address of the account.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Whether they may sign in.
    pub active: bool,
    /// Whether the account was activated.
    pub activated: bool,
    /// Whether TOTP is enrolled.
    pub totp: bool,
    /// Number of passkeys.
    pub passkeys: u32,
    /// Last sign-in.
    pub signed_in_at: Option<Timestamp>,
    /// Practitioner's details.
    pub practitioner: Option<PractitionerDetails>,
}

/// `POST /api/admin/staff`: invites a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffForm {
    /// Family name.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// E-mail address of the account.
    pub email: String,
    /// Role: any but patient.
    pub role: Role,
    /// Practitioner's details, required for practitioners.
    #[serde(default)]
    pub practitioner: Option<PractitionerDetails>,
}

/// `POST /api/admin/staff/{id}`: changes a person's role or right to sign in. Ends their sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeStaff {
    /// New role; unchanged when absent.
    #[serde(default)]
    pub role: Option<Role>,
    /// Whether they may sign in; unchanged when absent.
    #[serde(default)]
    pub active: Option<bool>,
    /// Practitioner's details; required when the role becomes practitioner.
    #[serde(default)]
    pub practitioner: Option<PractitionerDetails>,
}

/// Answer of `POST /api/admin/staff` and `POST /api/admin/staff/{id}/reset`: an activation link leaves by e-mail.
///
/// The link itself is for the person alone: who holds it becomes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationSent {
    /// The person.
    pub staff: StaffId,
    /// The address on file, to which the link is sent.
    pub email: String,
}
