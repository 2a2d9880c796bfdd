//! The routes that the bundle uses, typed.

use colloque_ids::{AppointmentId, ConsultationId, DocumentId, PatientId, PrescriptionId};
use colloque_kit::route::encode;
use colloque_kit::session::Session;
use colloque_protocol::http::REQUEST_HEADER;
use colloque_protocol::http::appointment::{
    AppointmentEntry, AppointmentForm, Day, InvitationSent, MoveAppointment, PatientEntry, PatientForm, PatientSearch,
    StatedReason,
};
use colloque_protocol::http::consultation::{ConsultationView, DocumentEntry, NotesSaved, SaveNotes};
use colloque_protocol::http::guest::{GuestInvited, InviteGuest};
use colloque_protocol::http::prescription::{
    CancelPrescription, PrescriptionCheck, PrescriptionForm, PrescriptionIssued,
};
use colloque_web::dom::{spawn, window};
use colloque_web::http::{self, SendRequestError};
use colloque_web::json;
use js_sys::Reflect;
use serde::de::IgnoredAny;
use wasm_bindgen::JsValue;
use web_sys::{Headers, RequestInit};

/// Requests of a signed-in person: when the session has ended, sign-in comes over the page.
#[derive(Debug, Clone, Copy)]
pub struct Api(Session);

type Answer<T> = Result<T, SendRequestError>;

impl Api {
    /// The requests of this page.
    pub fn here() -> Self {
        Self(Session::here())
    }

    /// Appointments of a day `YYYY-MM-DD`.
    pub async fn day(self, date: &str) -> Answer<Day> {
        self.0.heed(http::get(&format!("/api/day?date={}", encode(date))).await)
    }

    /// The same, read by the page itself: the session may become idle meanwhile.
    pub async fn day_in_background(self, date: &str) -> Answer<Day> {
        self.0.heed(http::get_in_background(&format!("/api/day?date={}", encode(date))).await)
    }

    /// Patients whose name starts like the query, at most 20.
    pub async fn patients(self, query: &str) -> Answer<Vec<PatientEntry>> {
        let search = PatientSearch { query: query.to_owned() };
        self.0.heed(http::post("/api/patients/search", &search).await)
    }

    /// Adds a patient.
    pub async fn add_patient(self, form: &PatientForm) -> Answer<PatientEntry> {
        self.0.heed(http::post("/api/patients", form).await)
    }

    /// Asks a third person into a consultation.
    pub async fn invite_guest(self, appointment: AppointmentId, form: &InviteGuest) -> Answer<GuestInvited> {
        self.0.heed(http::post(&of_appointment(appointment, "guests"), form).await)
    }

    /// Books.
    pub async fn book(self, form: &AppointmentForm) -> Answer<AppointmentEntry> {
        self.0.heed(http::post("/api/appointments", form).await)
    }

    /// Why the patient of an appointment comes. The journal keeps that it was read.
    pub async fn reason(self, appointment: AppointmentId) -> Answer<Option<String>> {
        let stated: Answer<StatedReason> = self.0.heed(http::get(&of_appointment(appointment, "reason")).await);
        stated.map(|stated| stated.reason)
    }

    /// Moves an appointment, or changes why its patient comes.
    pub async fn move_to(self, appointment: AppointmentId, form: &MoveAppointment) -> Answer<()> {
        self.done(http::post(&of_appointment(appointment, "move"), form).await)
    }

    /// Cancels an appointment.
    pub async fn cancel(self, appointment: AppointmentId) -> Answer<()> {
        self.done(http::act(&of_appointment(appointment, "cancel")).await)
    }

    /// Makes and sends a fresh invitation.
    pub async fn invite(self, appointment: AppointmentId) -> Answer<InvitationSent> {
        self.0.heed(http::act(&of_appointment(appointment, "invitation")).await)
    }

    /// Sends a fresh link to a patient who lost the connection; their browser may still come back by itself.
    pub async fn invite_again(self, appointment: AppointmentId) -> Answer<InvitationSent> {
        self.0.heed(http::act(&of_appointment(appointment, "invitation/again")).await)
    }

    /// All that the practitioner sees of a consultation.
    pub async fn consultation(self, consultation: ConsultationId) -> Answer<ConsultationView> {
        self.0.heed(http::get(&of_consultation(consultation, "")).await)
    }

    /// Saves the notes.
    pub async fn save_notes(self, consultation: ConsultationId, notes: &SaveNotes) -> Answer<NotesSaved> {
        self.0.heed(http::put(&of_consultation(consultation, "/notes"), notes).await)
    }

    /// Sends the notes of a page that goes: nobody waits for the answer.
    pub fn save_notes_leaving(self, consultation: ConsultationId, notes: &SaveNotes) {
        let Ok(body) = json::to_string(notes) else { return };
        // Without a request the text stays a draft on this computer.
        send_leaving(&of_consultation(consultation, "/notes"), &body).ok();
    }

    /// Says what a prescription lacks; stores nothing.
    pub async fn check(self, consultation: ConsultationId, form: &PrescriptionForm) -> Answer<PrescriptionCheck> {
        self.0.heed(http::post(&of_consultation(consultation, "/prescriptions/check"), form).await)
    }

    /// Issues a prescription.
    pub async fn issue(self, consultation: ConsultationId, form: &PrescriptionForm) -> Answer<PrescriptionIssued> {
        self.0.heed(http::post(&of_consultation(consultation, "/prescriptions"), form).await)
    }

    /// Cancels a prescription.
    pub async fn cancel_prescription(self, prescription: PrescriptionId, form: &CancelPrescription) -> Answer<()> {
        self.done(http::post(&format!("/api/prescriptions/{}/cancel", prescription.full()), form).await)
    }

    /// Documents of a patient, newest first.
    pub async fn documents(self, patient: PatientId) -> Answer<Vec<DocumentEntry>> {
        self.0.heed(http::get(&format!("/api/patients/{}/documents", patient.full())).await)
    }

    fn done(self, outcome: Answer<IgnoredAny>) -> Answer<()> {
        self.0.heed(outcome).map(drop)
    }
}

/// Where the PDF of a document is.
pub fn document_address(document: DocumentId) -> String {
    format!("/api/documents/{}", document.full())
}

/// Where tickets for the room of a consultation are.
pub fn room_ticket_path(consultation: ConsultationId) -> String {
    of_consultation(consultation, "/ticket")
}

/// A request that the browser finishes after the page is gone; browsers take up to 64 kB of them.
fn send_leaving(path: &str, body: &str) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    headers.set(REQUEST_HEADER, "1")?;
    headers.set("content-type", "application/json")?;
    let init = RequestInit::new();
    init.set_method("PUT");
    init.set_headers(&headers);
    init.set_body(&body.into());
    Reflect::set(&init, &"keepalive".into(), &true.into())?;
    let sent = wasm_bindgen_futures::JsFuture::from(window().fetch_with_str_and_init(path, &init));
    spawn(async move {
        sent.await.ok();
    });
    Ok(())
}

fn of_appointment(appointment: AppointmentId, act: &str) -> String {
    format!("/api/appointments/{}/{act}", appointment.full())
}

fn of_consultation(consultation: ConsultationId, part: &str) -> String {
    format!("/api/consultations/{}{part}", consultation.full())
}
