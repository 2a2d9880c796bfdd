//! Prescriptions: check, issue, replace, cancel.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_documents::{
    ComposeSheetError, PrescriptionSheet, RenderSheetError, SheetHeader, Stamp, is_printable, render,
};
use colloque_domain::{
    CancelPrescriptionError, CancelReason, DraftFault, DraftLine, DraftRefusal, Fault, IssuedPrescription,
    PrescriptionDraft, ReplacePrescriptionError, ValidPrescription,
};
use colloque_ids::{DocumentId, PrescriptionId, Timestamp, kind};
use colloque_journal::Event;
use colloque_protocol::http::error::{ErrorCode, FieldError};
use colloque_protocol::http::prescription::{
    CancelPrescription, PrescriptionCheck, PrescriptionForm, PrescriptionIssued, RefusedLine,
};
use sqlx::{PgConnection, Row};
use tokio::sync::Semaphore;

use super::appointment::fact;
use super::booking::{Booking, By, Standing};
use super::document::{self, DocumentFace, NewDocument};
use super::paris;
use super::people::{self, PatientRecord, Practitioner};
use super::view::PRACTITIONER;
use crate::Consultation;
use crate::http::{Body, Context, PathId, Refusal, Routes};
use crate::journal;
use crate::random::new_id;
use crate::secrets::Secrets;
use crate::session::SignedIn;
use crate::storage::{Columns, Recorded, StorageError};

/// Purpose of the seal on a cancellation's reason.
const SEAL: &str = "cancel reason";

/// Documents laid out at the same time: each keeps a core busy for some tens of milliseconds.
static PRINTING: Semaphore = Semaphore::const_new(2);

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/consultations/{id}/prescriptions/check", PRACTITIONER, check)
        .post("/api/consultations/{id}/prescriptions", PRACTITIONER, issue)
        .post("/api/prescriptions/{id}/cancel", PRACTITIONER, cancel)
}

async fn check(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
    Body(form): Body<PrescriptionForm>,
) -> Result<impl IntoResponse, Refusal> {
    Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    Ok(Json(match validate(&form) {
        Ok(_) => PrescriptionCheck { fields: Vec::new(), refused: Vec::new() },
        Err(check) => check,
    }))
}

/// What a prescription replaces.
#[derive(Clone)]
struct Replaced {
    issued: IssuedPrescription,
}

async fn issue(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
    Body(form): Body<PrescriptionForm>,
) -> Result<impl IntoResponse, Refusal> {
    let booking = Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    may_prescribe(&booking)?;
    let valid = match validate(&form) {
        Ok(valid) => valid,
        Err(check) => return Err(refuse_draft(&service, context, &signed_in, &booking, check).await?),
    };
    let replaced = match form.replaces {
        Some(prescription) => Some(in_force(&service, &signed_in, context, prescription).await?),
        None => None,
    };
    let document: DocumentId = new_id(context.now);
    let version = replaced.as_ref().map_or(1, |replaced| replaced.issued.version + 1);
    let sheet = compose(&service, &signed_in, &booking, &valid, (document, version), context.now).await?;
    let bytes = print(sheet.clone(), None).await?;
    let stored = store(&service, &signed_in, booking, valid, replaced, (document, bytes, sheet), context.now).await;
    let (status, issued) = match stored {
        Ok(issued) => (StatusCode::CREATED, issued),
        Err(StorePrescriptionError::Repeated(before)) => (StatusCode::OK, before),
        Err(StorePrescriptionError::Refused(refusal)) => return Err(refusal),
    };
    service.announcements().document_ready(id, issued.document);
    Ok((status, Json(issued)))
}

/// Why nothing was stored.
enum StorePrescriptionError {
    /// The same prescription is in force already: its answer was lost on the way, and the request came again.
    Repeated(PrescriptionIssued),
    /// A rule or storage refuses.
    Refused(Refusal),
}

/// Stores the document, the prescription and the journal's entry, all or nothing.
async fn store(
    service: &Consultation,
    signed_in: &SignedIn,
    booking: Booking,
    valid: ValidPrescription,
    replaced: Option<Replaced>,
    (document, bytes, sheet): (DocumentId, Vec<u8>, PrescriptionSheet),
    now: Timestamp,
) -> Result<PrescriptionIssued, StorePrescriptionError> {
    let kept_sheet = serde_json::to_vec(&sheet).map_err(Refusal::failed)?;
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    let (keys, author) = (service.clone(), signed_in.clone());
    let patient = booking.patient;
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Consultation(booking.consultation)).await?;
                let booking = booking.ok_or(Refusal::not_found())?;
                may_prescribe(&booking)?;
                let consultation = booking.consultation;
                let in_force = document::sheets_in_force(connection, keys.secrets(), consultation).await?;
                if let Some((face, _)) = in_force.into_iter().find(|(_, kept)| kept.prescribes_the_same(&sheet)) {
                    return Err(StorePrescriptionError::Repeated(PrescriptionIssued {
                        prescription: face.prescription,
                        document: face.document,
                        version: face.version,
                        issued_at: face.issued_at,
                    }));
                }
                let decided = match &replaced {
                    None => valid.issue(new_id(now), document, consultation, author.staff, sha256, now),
                    Some(Replaced { issued }) => {
                        let locked = lock(connection, issued.prescription).await?.ok_or(Refusal::not_found())?;
                        if locked.cancelled_at.is_some() || locked.issued.version != issued.version {
                            return Err(Refusal::new(ErrorCode::Conflict).into());
                        }
                        document::withdraw(connection, issued.document, "replaced", now).await?;
                        let next = locked.issued.replace(&valid, document, consultation, author.staff, sha256, now);
                        next.map_err(Refusal::from)?
                    }
                };
                let (issued, entry) = decided.into_parts();
                let face = DocumentFace {
                    document,
                    practice: booking.practice,
                    practitioner: author.staff,
                    prescription: issued.prescription,
                    consultation,
                    version: issued.version,
                    issued_at: now,
                    withdrawn_as: None,
                    withdrawn_at: None,
                    read_by_patient_at: None,
                };
                document::insert(
                    connection,
                    keys.secrets(),
                    &NewDocument { face, patient, sha256, bytes, sheet: kept_sheet },
                )
                .await?;
                write(connection, &booking, &issued).await?;
                let answer = PrescriptionIssued {
                    prescription: issued.prescription,
                    document,
                    version: issued.version,
                    issued_at: now,
                };
                Ok(Recorded::new(answer, fact(&keys, &author, &booking, now, entry)))
            })
        })
        .await
}

async fn write(
    connection: &mut PgConnection,
    booking: &Booking,
    issued: &IssuedPrescription,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO health.prescription (prescription, practice, consultation, prescriber, version, document, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (prescription) DO UPDATE SET version = excluded.version, document = excluded.document,
             issued_at = excluded.issued_at",
    )
    .bind(issued.prescription.uuid())
    .bind(booking.practice.uuid())
    .bind(issued.consultation.uuid())
    .bind(issued.prescriber.uuid())
    .bind(i32::try_from(issued.version).unwrap_or(i32::MAX))
    .bind(issued.document.uuid())
    .bind(issued.issued_at.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn cancel(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Prescription>,
    Body(CancelPrescription { reason }): Body<CancelPrescription>,
) -> Result<impl IntoResponse, Refusal> {
    in_force(&service, &signed_in, context, id).await?;
    let reason = CancelReason::parse(&reason)
        .ok_or_else(|| Refusal::invalid_field("reason", "Indiquez la raison, en 3 à 500 caractères."))?;
    let (keys, author, now) = (service.clone(), signed_in, context.now);
    let (consultation, document) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let stored = lock(connection, id).await?.ok_or(Refusal::not_found())?;
                if stored.cancelled_at.is_some() {
                    return Err(Refusal::new(ErrorCode::WrongState));
                }
                let (consultation, document) = (stored.issued.consultation, stored.issued.document);
                let (next, entry) = stored.issued.cancel(author.staff, reason, now)?.into_parts();
                sqlx::query(
                    "UPDATE health.prescription SET cancelled_at = $2, sealed_reason = $3 WHERE prescription = $1",
                )
                .bind(id.uuid())
                .bind(next.cancelled_at.as_millis())
                .bind(keys.secrets().seal(SEAL, id.uuid(), next.reason.as_str().as_bytes()))
                .execute(&mut *connection)
                .await?;
                document::withdraw(connection, document, "cancelled", now).await?;
                let booking = Booking::load(connection, By::Consultation(consultation)).await?;
                let booking = booking.ok_or(StorageError::Unreadable { what: "consultation" })?;
                Ok::<_, Refusal>(Recorded::new((consultation, document), fact(&keys, &author, &booking, now, entry)))
            })
        })
        .await?;
    service.announcements().document_ready(consultation, document);
    Ok(StatusCode::NO_CONTENT)
}

/// A prescription of storage.
struct Stored {
    issued: IssuedPrescription,
    practice: colloque_ids::PracticeId,
    cancelled_at: Option<Timestamp>,
}

async fn lock(connection: &mut PgConnection, id: PrescriptionId) -> Result<Option<Stored>, StorageError> {
    let row = sqlx::query(
        "SELECT prescription, practice, consultation, prescriber, version, document, issued_at, cancelled_at
         FROM health.prescription WHERE prescription = $1 FOR UPDATE",
    )
    .bind(id.uuid())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Stored {
        practice: row.id("practice")?,
        cancelled_at: row.optional_instant("cancelled_at")?,
        issued: IssuedPrescription {
            prescription: id,
            document: row.id("document")?,
            consultation: row.id("consultation")?,
            prescriber: row.id("prescriber")?,
            version: u32::try_from(row.try_get::<i32, _>("version")?).unwrap_or(0),
            issued_at: row.instant("issued_at")?,
        },
    }))
}

/// Finds a prescription of the signed-in prescriber that is in force.
async fn in_force(
    service: &Consultation,
    signed_in: &SignedIn,
    context: Context,
    id: PrescriptionId,
) -> Result<Replaced, Refusal> {
    let mut connection = service.storage().read().await?;
    let stored = lock(&mut connection, id).await?;
    drop(connection);
    let is_theirs =
        |stored: &Stored| stored.practice == signed_in.practice && stored.issued.prescriber == signed_in.staff;
    match stored.filter(is_theirs) {
        None => Err(signed_in.refuse(service, context.now).await),
        Some(stored) if stored.cancelled_at.is_some() => Err(Refusal::new(ErrorCode::WrongState)),
        Some(stored) => Ok(Replaced { issued: stored.issued }),
    }
}

/// Why a prescription was cancelled.
pub(super) async fn cancel_reason(
    connection: &mut PgConnection,
    secrets: &Secrets,
    id: PrescriptionId,
) -> Result<Option<String>, StorageError> {
    let row = sqlx::query("SELECT sealed_reason FROM health.prescription WHERE prescription = $1")
        .bind(id.uuid())
        .fetch_optional(connection)
        .await?;
    let sealed: Option<Vec<u8>> = row.map(|row| row.try_get("sealed_reason")).transpose()?.flatten();
    let Some(sealed) = sealed else { return Ok(None) };
    let unreadable = || StorageError::Unreadable { what: "cancel reason" };
    let plain = secrets.open(SEAL, id.uuid(), &sealed).map_err(|_| unreadable())?;
    String::from_utf8(plain).map(Some).map_err(|_| unreadable())
}

/// A prescription belongs to an act: somebody was admitted.
fn may_prescribe(booking: &Booking) -> Result<(), Refusal> {
    match booking.standing() {
        _ if booking.cancelled_at.is_some() => Err(Refusal::new(ErrorCode::WrongState)),
        Standing::Waiting(_) => Err(Refusal::new(ErrorCode::WrongState)),
        Standing::Open(_) | Standing::Ended => Ok(()),
    }
}

fn validate(form: &PrescriptionForm) -> Result<ValidPrescription, PrescriptionCheck> {
    let line = |line: &colloque_protocol::http::prescription::PrescriptionLineForm| DraftLine {
        name: line.name.clone(),
        strength: line.strength.clone(),
        dosage: line.dosage.clone(),
        duration: line.duration.clone(),
        units: line.units.clone(),
        refills: line.refills,
        not_substitutable: line.not_substitutable.clone(),
    };
    let draft = PrescriptionDraft {
        lines: form.lines.iter().map(line).collect(),
        weight_kg: form.weight_kg.clone(),
        height_cm: form.height_cm.clone(),
        mentions: form.mentions.clone(),
    };
    let mut refusal = match draft.validate() {
        Ok(valid) => match unprintable(&draft) {
            faults if faults.is_empty() => return Ok(valid),
            faults => DraftRefusal { faults, secured: Vec::new() },
        },
        Err(refusal) => refusal,
    };
    let mut fields: Vec<FieldError> = refusal
        .faults
        .drain(..)
        .map(|fault| FieldError { field: fault.field, message: fault.fault.sentence().to_owned() })
        .collect();
    let mut refused = Vec::new();
    for (line, secured) in refusal.secured {
        match u32::try_from(line) {
            Ok(line) => {
                refused.push(RefusedLine { line, substance: secured.substance.to_owned(), reason: secured.sentence() })
            }
            Err(_) => fields.push(FieldError { field: "mentions".to_owned(), message: secured.sentence() }),
        }
    }
    Err(PrescriptionCheck { fields, refused })
}

/// Fields with a character that the fonts of documents do not have.
fn unprintable(draft: &PrescriptionDraft) -> Vec<DraftFault> {
    let mut faults = Vec::new();
    let mut look = |field: String, text: Option<&str>| {
        if text.is_some_and(|text| !is_printable(text)) {
            faults.push(DraftFault { field, fault: Fault::Unprintable });
        }
    };
    for (place, line) in draft.lines.iter().enumerate() {
        look(format!("lines.{place}.name"), Some(&line.name));
        look(format!("lines.{place}.strength"), Some(&line.strength));
        look(format!("lines.{place}.dosage"), Some(&line.dosage));
        look(format!("lines.{place}.duration"), line.duration.as_deref());
        look(format!("lines.{place}.units"), line.units.as_deref());
    }
    look("mentions".to_owned(), draft.mentions.as_deref());
    faults
}

/// Refuses a draft. A refusal for a secured substance is journaled, without the substance.
async fn refuse_draft(
    service: &Consultation,
    context: Context,
    signed_in: &SignedIn,
    booking: &Booking,
    check: PrescriptionCheck,
) -> Result<Refusal, Refusal> {
    if check.refused.is_empty() {
        return Ok(Refusal::invalid(check.fields));
    }
    let lines = u32::try_from(check.refused.len()).unwrap_or(u32::MAX);
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let refused = signed_in.draft(context.now, Event::PrescriptionRefused { lines });
    service.storage().record(refused.about(booking.consultation).concerning(pseudonym)).await?;
    let line = |line: RefusedLine| FieldError { field: format!("lines.{}.name", line.line), message: line.reason };
    let fields = check.refused.into_iter().map(line).chain(check.fields).collect();
    Ok(Refusal::secured_prescription(fields))
}

async fn compose(
    service: &Consultation,
    signed_in: &SignedIn,
    booking: &Booking,
    valid: &ValidPrescription,
    (document, version): (DocumentId, u32),
    now: Timestamp,
) -> Result<PrescriptionSheet, Refusal> {
    let mut connection = service.storage().read().await?;
    let patient = PatientRecord::load(service, &mut connection, booking.practice, booking.patient).await?;
    let practitioner = Practitioner::find(&mut connection, booking.practice, signed_in.staff).await?;
    let practice = people::practice(&mut connection, booking.practice).await?;
    let (Some(patient), Some(practitioner)) = (patient, practitioner) else { return Err(Refusal::not_found()) };
    let proofs = journal::proofs(&signed_in.verified_by);
    let authentication = proofs.iter().map(|proof| proof.french()).collect::<Vec<_>>().join(" et ");
    let header = SheetHeader {
        document,
        version,
        issued_at: now,
        date: paris::date(now),
        time: paris::time(now),
        prescriber: &practitioner.prescriber,
        practice: &practice,
        patient: &patient.identity,
        authentication: &authentication,
        is_specimen: service.config().demonstration,
    };
    Ok(PrescriptionSheet::compose(&header, valid)?)
}

/// Lays a sheet out on a thread of its own.
pub(super) async fn print(sheet: PrescriptionSheet, stamp: Option<Stamp>) -> Result<Vec<u8>, Refusal> {
    let turn = PRINTING.acquire().await.map_err(Refusal::failed)?;
    // The turn goes along: a client that leaves does not free it before the work is done.
    let printed = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        render(&sheet, stamp.as_ref())
    })
    .await;
    Ok(printed.map_err(Refusal::failed)??)
}

impl From<Refusal> for StorePrescriptionError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StorageError> for StorePrescriptionError {
    fn from(error: StorageError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<ComposeSheetError> for Refusal {
    fn from(error: ComposeSheetError) -> Self {
        Self::failed(error)
    }
}

impl From<RenderSheetError> for Refusal {
    fn from(error: RenderSheetError) -> Self {
        Self::failed(error)
    }
}

impl From<ReplacePrescriptionError> for Refusal {
    fn from(error: ReplacePrescriptionError) -> Self {
        match error {
            ReplacePrescriptionError::WrongPrescriber { .. } => Self::not_found(),
            ReplacePrescriptionError::OtherConsultation { .. } => Self::new(ErrorCode::WrongState),
        }
    }
}

impl From<CancelPrescriptionError> for Refusal {
    fn from(error: CancelPrescriptionError) -> Self {
        match error {
            CancelPrescriptionError::WrongPrescriber { .. } => Self::not_found(),
        }
    }
}
