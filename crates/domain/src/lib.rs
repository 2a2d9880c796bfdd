//! The rules of care: appointment, invitation, consent, consultation, notes, prescription.
//!
//! Pure: instants, random bytes and digests come in as arguments. A state that can only exist once is a type of its own, and
//! every transition consumes it and returns a [`Decided`]: the next state together with the entry that the journal must hold.
//! Only this crate builds a `Decided`, so a state that was stored without its entry does not compile.

mod appointment;
mod code;
mod consent;
mod consultation;
mod date;
mod decided;
mod draft;
mod invitation;
mod notes;
mod people;
mod prescription;
mod reason;
mod secured;
mod text;
mod value;

pub use appointment::{
    AppointmentTerms, BookAppointmentError, BookedAppointment, CancelAppointmentError, CancelledAppointment,
    MoveAppointmentError, PlanSlotError, ROOM_CLOSES_AFTER, ROOM_OPENS_BEFORE, Slot,
};
pub use code::{
    CODE_LIFETIME, CodePolicy, CodeVerdict, CodesSent, MAX_CODE_TRIES, MAX_CODES, PendingCode, SendCodeError,
    resend_pause,
};
pub use consent::{Consent, GiveConsentError, GivenConsent, WithdrawConsentError, WithdrawnConsent};
pub use consultation::{
    AdmitError, AuthenticatedPractitioner, ConsultationTerms, EndConsultationError, EndedConsultation,
    OpenConsultation, WaitingConsultation,
};
pub use date::{CalendarDate, ParseDateError};
pub use decided::{Decided, Entry};
pub use draft::{DraftFault, DraftLine, DraftRefusal, Fault, MAX_LINES, PrescriptionDraft};
pub use invitation::{
    INVITATION_LIFETIME_AFTER_CLOSE, IssuedInvitation, RedeemInvitationError, RedeemedInvitation, SecretDigest,
    SupersededInvitation,
};
pub use notes::{MAX_NOTES_CHARS, NotesRevision, SaveNotesError};
pub use people::{PatientIdentity, PostalAddress, Practice, Prescriber};
pub use prescription::{
    CancelPrescriptionError, CancelReason, CancelledPrescription, Exclusion, IssuedPrescription, Measures,
    PrescriptionLine, Quantity, ReplacePrescriptionError, ValidPrescription,
};
pub use reason::{AppointmentReason, MAX_APPOINTMENT_REASON_CHARS, ParseAppointmentReasonError};
pub use secured::{SecuredReason, SecuredSupportRequired, secured_substance};
pub use text::plain_words;
pub use value::{
    EmailAddress, ParseEmailError, ParseNameError, ParsePhoneError, ParseRppsError, PersonName, PhoneNumber,
    RppsNumber, Sex,
};
