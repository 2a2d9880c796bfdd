//! The day, appointments, patients of a practice, invitations.

use colloque_ids::{AppointmentId, ConsultationId, InvitationId, PatientId, StaffId, Timestamp};
use serde::{Deserialize, Serialize};

/// Sex, as the identity traits write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not determined.
    Undetermined,
}

/// A patient's identity traits and how to reach them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientForm {
    /// Birth name.
    pub birth_name: String,
    /// Name used every day, when it is another.
    #[serde(default)]
    pub used_name: Option<String>,
    /// Birth first names.
    pub first_names: String,
    /// Birth date, `YYYY-MM-DD`.
    pub birth_date: String,
    /// Sex.
    pub sex: Sex,
    /// E-mail address: receives the invitation and the code.
    pub email: String,
    /// Telephone number, international form.
    #[serde(default)]
    pub phone: Option<String>,
}

/// `POST /api/patients/search`: names stay out of addresses, which proxies and browsers write down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientSearch {
    /// Beginnings of names, in any order.
    pub query: String,
}

/// A patient in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientEntry {
    /// The patient.
    pub patient: PatientId,
    /// Traits and contact.
    #[serde(flatten)]
    pub form: PatientForm,
}

/// `GET /api/patients/{id}/totp`. `POST /api/patients/{id}/totp/reset`, without a body, takes the application away: codes leave
/// by message again, the patient's verified sessions end, and a message tells the address on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientTotp {
    /// Whether the patient uses a code application.
    pub enrolled: bool,
}

/// `POST /api/appointments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentForm {
    /// The practitioner; a practitioner may only name themselves.
    pub practitioner: StaffId,
    /// The patient.
    pub patient: PatientId,
    /// When it starts.
    pub starts_at: Timestamp,
    /// How long, in minutes: 5 to 120.
    pub duration_min: u16,
    /// Why the patient comes, in at most 200 characters of one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /api/appointments/{id}/move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveAppointment {
    /// New start.
    pub starts_at: Timestamp,
    /// New length, in minutes: 5 to 120.
    pub duration_min: u16,
    /// Why the patient comes: empty takes it away, none leaves it as it is. When it alone changes, nobody is written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `GET /api/appointments/{id}/reason`. Each reading stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedReason {
    /// Why the patient comes; none when nobody said.
    pub reason: Option<String>,
}

/// `GET /api/day?date=YYYY-MM-DD`: appointments in order of start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// The day, `YYYY-MM-DD`, in Europe/Paris.
    pub date: String,
    /// Practitioners whose day the reader may see.
    pub practitioners: Vec<PractitionerEntry>,
    /// Their appointments.
    pub appointments: Vec<AppointmentEntry>,
}

/// A practitioner in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PractitionerEntry {
    /// The practitioner.
    pub staff: StaffId,
    /// Name shown.
    pub display_name: String,
    /// Specialty.
    pub specialty: String,
}

/// An appointment in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppointmentEntry {
    /// The appointment.
    pub appointment: AppointmentId,
    /// Its consultation.
    pub consultation: ConsultationId,
    /// The practitioner.
    pub practitioner: StaffId,
    /// The patient.
    pub patient: PatientId,
    /// The patient's name as staff read it: `DURAND Jeanne`.
    pub patient_name: String,
    /// When it starts.
    pub starts_at: Timestamp,
    /// How long, in minutes.
    pub duration_min: u16,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// Whether an invitation was sent since the last change.
    pub invited_at: Option<Timestamp>,
    /// Whether it was written down why the patient comes.
    #[serde(default)]
    pub has_reason: bool,
}

/// Where an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStatus {
    /// Booked.
    Booked,
    /// The patient was admitted, the consultation is open.
    InProgress,
    /// The consultation was held.
    Held,
    /// The practitioner did not receive the patient, who was told that the practice calls back.
    NotReceived,
    /// The time is over and nobody was admitted.
    Missed,
    /// Cancelled.
    Cancelled,
}

/// Answer of `POST /api/appointments/{id}/invitation`: a fresh invitation; earlier ones stop working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSent {
    /// The invitation.
    pub invitation: InvitationId,
    /// The link with its secret in the fragment. Shown once, never stored.
    pub link: String,
    /// Whether the message was handed to the mail server; when not, it is tried again.
    pub sent: bool,
    /// The patient's address that it goes to.
    pub to: String,
}
