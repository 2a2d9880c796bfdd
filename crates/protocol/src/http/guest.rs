//! Guests: a third person whom the practitioner asks into one consultation.

use colloque_ids::{GuestId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::{IdentityCard, Role};
use crate::key::BrowserKey;

/// `POST /api/appointments/{id}/guests`, the booked practitioner only. `DELETE /api/guests/{id}` takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteGuest {
    /// Name shown to everybody in the room.
    pub name: String,
    /// As what: one of [`Role::GUESTS`].
    pub role: Role,
}

/// What the practitioner hands to the guest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestInvited {
    /// The guest.
    pub guest: GuestId,
    /// `https://HOST/g/{guest}#{secret}`. The server keeps a digest of the secret only.
    pub link: String,
    /// From when on the link opens nothing.
    pub expires_at: Timestamp,
}

/// `POST /api/guests/{id}/face`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowGuestLink {
    /// The secret of the link's fragment: 32 bytes, base64url without padding.
    pub secret: String,
}

/// What a guest is shown before they enter: nothing of the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestFace {
    /// Who asks them.
    pub practitioner: IdentityCard,
    /// The practice's name.
    pub practice: String,
    /// As whom they were asked.
    pub you: IdentityCard,
    /// Whether the room can be entered.
    pub state: GuestState,
    /// When it opens.
    pub opens_at: Timestamp,
}

/// Whether a guest's link opens the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestState {
    /// It does.
    Ready,
    /// It will.
    TooEarly,
    /// The consultation is over or was cancelled, or the practitioner took the link back.
    Over,
    /// It was opened in another browser.
    OpenedElsewhere,
}

/// `POST /api/guests/{id}/ticket`: answered by a [`super::patient::TicketIssued`]. The first browser that asks keeps the link for itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct GuestTicketRequest {
    /// The secret of the link's fragment.
    pub secret: String,
    /// The key made in the guest's browser.
    pub key: BrowserKey,
}
