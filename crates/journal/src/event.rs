//! What happened.

use colloque_ids::{
    AppointmentId, ConnectionId, DocumentId, GuestId, InvitationId, JournalEventId, PrescriptionId, StaffId, TicketId,
    Timestamp,
};

use crate::actor::{GuestRole, StaffRole};
use crate::codec::{Canonical, ParseEntryError, Reader};
use crate::detail::{
    AccessRefusal, CodeChannel, CodeRefusal, DisconnectCause, InvitationRefusal, JoinRefusal, Proof, SessionEnd,
    SignInFailure, SignInStage, ThrottleScope, TicketScope,
};

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused by a rule.
    Refused,
    /// Failed.
    Failed,
}

impl Outcome {
    /// Stable wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Declares the events: variant, code in the canonical bytes, wire name, outcome, French label, fields.
///
/// A code or a wire name, once used, keeps its meaning for as long as an entry is kept: add, never renumber.
macro_rules! events {
    ($($variant:ident = $code:literal, $wire:literal, $outcome:ident, $label:literal, { $($field:ident: $type:ty,)* };)+) => {
        /// A fact of the journal. No variant has a free text or names a patient: both are said beside it or not at all.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $(
                #[doc = concat!($label, ".")]
                $variant {
                    $(#[doc = concat!("Field `", stringify!($field), "`.")] $field: $type,)*
                },
            )+
        }

        /// The kind of an event, without its details.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = concat!($label, ".")] $variant,)+
        }

        impl Kind {
            /// Every kind, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Stable wire name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The kind in French.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// How an event of this kind ended.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$variant => Outcome::$outcome,)+ }
            }

            #[cfg(test)]
            pub(crate) const fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)+ }
            }

            #[cfg(test)]
            pub(crate) fn sample(self, draw: &mut dyn FnMut() -> u8) -> Event {
                match self { $(Self::$variant => Event::$variant { $($field: <$type as Canonical>::sample(draw),)* },)+ }
            }
        }

        impl Event {
            /// The kind of this event.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant { .. } => Kind::$variant,)+ }
            }
        }

        impl Canonical for Event {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field,)* } => {
                        ($code as u16).write(out);
                        $($field.write(out);)*
                    })+
                }
            }
            fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
                match u16::read(bytes)? {
                    $($code => Ok(Self::$variant { $($field: Canonical::read(bytes)?,)* }),)+
                    _ => Err(ParseEntryError::UnknownKind),
                }
            }
            #[cfg(test)]
            fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
                let kind = Kind::ALL[usize::from(draw()) % Kind::ALL.len()];
                kind.sample(draw)
            }
        }
    };
}

events! {
    // Rooms.
    ConnectionJoined = 101, "connection_joined", Success, "Connexion à la salle ou à la file",
        { connection: Option<ConnectionId>, proofs: Vec<Proof>, };
    ConnectionResumed = 102, "connection_resumed", Success, "Retour dans la salle",
        { connection: Option<ConnectionId>, proofs: Vec<Proof>, };
    JoinRefused = 103, "join_refused", Refused, "Connexion refusée",
        { connection: Option<ConnectionId>, refusal: JoinRefusal, };
    MediaConnected = 104, "media_connected", Success, "Son et image établis",
        { connection: Option<ConnectionId>, };
    MediaLost = 105, "media_lost", Failed, "Son et image perdus",
        { connection: Option<ConnectionId>, };
    Disconnected = 106, "disconnected", Success, "Fin de la connexion",
        { connection: Option<ConnectionId>, cause: DisconnectCause, };
    KeyAttested = 107, "key_attested", Success, "Clé de chiffrement attestée",
        { connection: Option<ConnectionId>, leaf_key: [u8; 32], };
    WordsCompared = 108, "words_compared", Success, "Mots de contrôle identiques",
        { connection: Option<ConnectionId>, };
    WordsDiffered = 109, "words_differed", Refused, "Mots de contrôle différents",
        { connection: Option<ConnectionId>, };
    TicketIssued = 110, "ticket_issued", Success, "Billet d’entrée remis",
        { ticket: TicketId, scope: TicketScope, };
    GuestInvited = 111, "guest_invited", Success, "Lien d’invité créé",
        { guest: GuestId, role: GuestRole, };
    GuestWithdrawn = 112, "guest_withdrawn", Success, "Lien d’invité repris",
        { guest: GuestId, };
    GuestLinkRefused = 113, "guest_link_refused", Refused, "Lien d’invité refusé",
        { guest: Option<GuestId>, reason: InvitationRefusal, };
    GuestAgreed = 114, "guest_agreed", Success, "Présence d’un invité acceptée par le patient",
        { guest: GuestId, };
    GuestDeclined = 115, "guest_declined", Refused, "Présence d’un invité refusée par le patient",
        { guest: GuestId, };
    GuestAdmitted = 116, "guest_admitted", Success, "Invité admis dans la consultation",
        { guest: GuestId, };
    GuestRemoved = 117, "guest_removed", Success, "Invité écarté de la consultation",
        { guest: GuestId, };
    ConsultationAdmitted = 120, "consultation_admitted", Success, "Patient admis, consultation ouverte", {};
    PatientRefused = 121, "patient_refused", Refused, "Patient non reçu", {};
    ConsultationEnded = 122, "consultation_ended", Success, "Consultation terminée", {};
    ConsultationRead = 123, "consultation_read", Success, "Dossier de consultation ouvert", {};
    NotesSaved = 124, "notes_saved", Success, "Notes enregistrées",
        { revision: u32, };

    // Signing in.
    FirstFactorAccepted = 201, "first_factor_accepted", Success, "Premier facteur accepté",
        { proof: Proof, };
    SignInSucceeded = 202, "sign_in_succeeded", Success, "Connexion au compte",
        { proofs: Vec<Proof>, };
    SignInFailed = 203, "sign_in_failed", Refused, "Échec de connexion au compte",
        { account: Option<StaffId>, stage: SignInStage, reason: SignInFailure, };
    SignInThrottled = 204, "sign_in_throttled", Refused, "Connexions freinées",
        { scope: ThrottleScope, attempts: u32, };
    SessionEnded = 205, "session_ended", Success, "Fin de session",
        { cause: SessionEnd, };
    SecondFactorConfirmed = 206, "second_factor_confirmed", Success, "Second facteur confirmé",
        { proof: Proof, };
    AccountActivated = 207, "account_activated", Success, "Compte activé", {};
    TotpEnrolled = 208, "totp_enrolled", Success, "Code à usage unique installé", {};
    PasskeyRegistered = 209, "passkey_registered", Success, "Clé d’accès ajoutée", {};
    PasskeyRemoved = 210, "passkey_removed", Success, "Clé d’accès retirée", {};

    // The patient's way in.
    InvitationSent = 301, "invitation_sent", Success, "Invitation envoyée",
        { invitation: InvitationId, };
    InvitationRedeemed = 302, "invitation_redeemed", Success, "Invitation utilisée",
        { invitation: InvitationId, };
    InvitationRefused = 303, "invitation_refused", Refused, "Invitation refusée",
        { invitation: Option<InvitationId>, reason: InvitationRefusal, };
    CodeSent = 304, "code_sent", Success, "Code envoyé au patient",
        { channel: CodeChannel, };
    CodeRefused = 305, "code_refused", Refused, "Code du patient refusé",
        { channel: CodeChannel, reason: CodeRefusal, };
    PatientVerified = 306, "patient_verified", Success, "Patient vérifié",
        { proofs: Vec<Proof>, };
    ConsentGiven = 307, "consent_given", Success, "Consentement recueilli",
        { text_version: u32, };
    PatientTotpEnrolled = 308, "patient_totp_enrolled", Success, "Code à usage unique installé par le patient", {};
    InvitationRequested = 309, "invitation_requested", Success, "Nouveau lien demandé",
        { invitation: InvitationId, };
    ConsentWithdrawn = 310, "consent_withdrawn", Success, "Consentement retiré", {};
    InvitationSuperseded = 311, "invitation_superseded", Success, "Invitation remplacée",
        { invitation: InvitationId, };

    PatientTotpReset = 312, "patient_totp_reset", Success, "Code à usage unique du patient retiré", {};

    // The day.
    PatientRecorded = 401, "patient_recorded", Success, "Patient enregistré", {};
    AppointmentBooked = 402, "appointment_booked", Success, "Rendez-vous pris",
        { appointment: AppointmentId, practitioner: StaffId, starts_at: Timestamp, };
    AppointmentMoved = 403, "appointment_moved", Success, "Rendez-vous déplacé",
        { appointment: AppointmentId, starts_at: Timestamp, };
    AppointmentCancelled = 404, "appointment_cancelled", Success, "Rendez-vous annulé",
        { appointment: AppointmentId, };
    PatientsSearched = 405, "patients_searched", Success, "Recherche de patients",
        { found: u32, };
    AppointmentReasonSaved = 406, "appointment_reason_saved", Success, "Motif du rendez-vous modifié",
        { appointment: AppointmentId, };
    AppointmentReasonRead = 407, "appointment_reason_read", Success, "Motif du rendez-vous lu",
        { appointment: AppointmentId, };

    // Documents.
    DocumentIssued = 501, "document_issued", Success, "Ordonnance émise",
        { prescription: PrescriptionId, document: DocumentId, version: u32, sha256: [u8; 32], };
    DocumentRead = 502, "document_read", Success, "Document ouvert",
        { document: DocumentId, };
    DocumentCancelled = 503, "document_cancelled", Success, "Ordonnance annulée",
        { prescription: PrescriptionId, document: DocumentId, };
    PrescriptionRefused = 504, "prescription_refused", Refused, "Ordonnance refusée",
        { lines: u32, };
    DocumentsListed = 505, "documents_listed", Success, "Liste des documents ouverte",
        { documents: u32, };

    // The practice.
    PracticeOpened = 601, "practice_opened", Success, "Cabinet créé", {};
    StaffInvited = 602, "staff_invited", Success, "Personne invitée",
        { staff: StaffId, role: StaffRole, };
    StaffChanged = 603, "staff_changed", Success, "Droits modifiés",
        { staff: StaffId, role: StaffRole, active: bool, };
    StaffReset = 604, "staff_reset", Success, "Accès réinitialisé",
        { staff: StaffId, };
    JournalRead = 610, "journal_read", Success, "Journal consulté",
        { lines: u32, };
    JournalEventRead = 611, "journal_event_read", Success, "Détail du journal consulté",
        { event: JournalEventId, };
    JournalExported = 612, "journal_exported", Success, "Journal exporté",
        { lines: u32, };
    AccessRefused = 620, "access_refused", Refused, "Accès refusé",
        { reason: AccessRefusal, };
}

impl Kind {
    /// Reads a wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_wire_names_and_labels_are_unique() {
        let count = Kind::ALL.len();
        assert_eq!(Kind::ALL.iter().map(|kind| kind.code()).collect::<HashSet<_>>().len(), count);
        assert_eq!(Kind::ALL.iter().map(|kind| kind.name()).collect::<HashSet<_>>().len(), count);
        assert_eq!(Kind::ALL.iter().map(|kind| kind.label()).collect::<HashSet<_>>().len(), count);
    }

    #[test]
    fn a_wire_name_is_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(Kind::from_name("drop table"), None);
    }
}
