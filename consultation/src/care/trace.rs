//! From what the rules decide to what the journal says.

use colloque_domain::Entry;
use colloque_journal::Event;

/// Gives the journal's event for an entry of the rules.
pub(crate) fn event(entry: Entry) -> Event {
    match entry {
        Entry::AppointmentBooked { appointment, practitioner, starts_at, patient: _ } => {
            Event::AppointmentBooked { appointment, practitioner, starts_at }
        }
        Entry::AppointmentMoved { appointment, to, from: _ } => Event::AppointmentMoved { appointment, starts_at: to },
        Entry::AppointmentCancelled { appointment } => Event::AppointmentCancelled { appointment },
        Entry::AppointmentReasonSaved { appointment } => Event::AppointmentReasonSaved { appointment },
        Entry::InvitationIssued { invitation, appointment: _ } => Event::InvitationSent { invitation },
        Entry::InvitationRedeemed { invitation, appointment: _ } => Event::InvitationRedeemed { invitation },
        Entry::InvitationSuperseded { invitation, appointment: _ } => Event::InvitationSuperseded { invitation },
        Entry::ConsentGiven { text_version, consultation: _ } => Event::ConsentGiven { text_version },
        Entry::ConsentWithdrawn { consultation: _ } => Event::ConsentWithdrawn {},
        Entry::ConsultationAdmitted { .. } => Event::ConsultationAdmitted {},
        Entry::ConsultationEnded { .. } => Event::ConsultationEnded {},
        Entry::NotesSaved { revision, consultation: _ } => Event::NotesSaved { revision },
        Entry::PrescriptionIssued { prescription, document, version, document_sha256, consultation: _ } => {
            Event::DocumentIssued { prescription, document, version, sha256: document_sha256 }
        }
        Entry::PrescriptionCancelled { prescription, document, version: _ } => {
            Event::DocumentCancelled { prescription, document }
        }
    }
}
