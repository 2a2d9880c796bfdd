use colloque_ids::{
    AppointmentId, ConsultationId, DocumentId, InvitationId, PatientId, PrescriptionId, StaffId, Timestamp,
};
use serde::Serialize;

/// A decision of the rules: the next state and the journal entry that must be committed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision counts only once its state and its entry are stored together"]
pub struct Decided<State> {
    next: State,
    entry: Entry,
}

impl<State> Decided<State> {
    pub(crate) const fn new(next: State, entry: Entry) -> Self {
        Self { next, entry }
    }

    /// Gives the next state and its entry to storage, which commits both or neither.
    pub fn into_parts(self) -> (State, Entry) {
        (self.next, self.entry)
    }

    /// Reads the next state.
    pub const fn next(&self) -> &State {
        &self.next
    }

    /// Reads the entry.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }
}

/// What the journal says of a decision. Identifiers and instants only: no name, no clinical content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Entry {
    /// An appointment was booked.
    AppointmentBooked {
        /// The appointment.
        appointment: AppointmentId,
        /// With whom.
        practitioner: StaffId,
        /// For whom.
        patient: PatientId,
        /// When it starts.
        starts_at: Timestamp,
    },
    /// An appointment was moved.
    AppointmentMoved {
        /// The appointment.
        appointment: AppointmentId,
        /// When it was to start.
        from: Timestamp,
        /// When it starts now.
        to: Timestamp,
    },
    /// An appointment was cancelled.
    AppointmentCancelled {
        /// The appointment.
        appointment: AppointmentId,
    },
    /// Why the patient comes was written down or taken away.
    AppointmentReasonSaved {
        /// The appointment.
        appointment: AppointmentId,
    },
    /// An invitation was issued.
    InvitationIssued {
        /// The invitation.
        invitation: InvitationId,
        /// Its appointment.
        appointment: AppointmentId,
    },
    /// An invitation's secret was used.
    InvitationRedeemed {
        /// The invitation.
        invitation: InvitationId,
        /// Its appointment.
        appointment: AppointmentId,
    },
    /// An invitation stopped working because of a newer one or of a change of its appointment.
    InvitationSuperseded {
        /// The invitation.
        invitation: InvitationId,
        /// Its appointment.
        appointment: AppointmentId,
    },
    /// The patient agreed to the act.
    ConsentGiven {
        /// The consultation.
        consultation: ConsultationId,
        /// The text that was agreed to.
        text_version: u32,
    },
    /// The patient withdrew the agreement.
    ConsentWithdrawn {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The practitioner admitted the patient.
    ConsultationAdmitted {
        /// The consultation.
        consultation: ConsultationId,
        /// By whom.
        practitioner: StaffId,
    },
    /// The practitioner ended the consultation.
    ConsultationEnded {
        /// The consultation.
        consultation: ConsultationId,
        /// By whom.
        practitioner: StaffId,
    },
    /// Notes were saved.
    NotesSaved {
        /// The consultation.
        consultation: ConsultationId,
        /// The new revision.
        revision: u32,
    },
    /// A prescription was issued.
    PrescriptionIssued {
        /// The prescription.
        prescription: PrescriptionId,
        /// Its document.
        document: DocumentId,
        /// In which consultation.
        consultation: ConsultationId,
        /// Version, from 1.
        version: u32,
        /// SHA-256 of the document's bytes.
        document_sha256: [u8; 32],
    },
    /// A prescription was cancelled.
    PrescriptionCancelled {
        /// The prescription.
        prescription: PrescriptionId,
        /// The version that was in force.
        version: u32,
        /// Its document.
        document: DocumentId,
    },
}
