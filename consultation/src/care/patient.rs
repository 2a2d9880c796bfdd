//! Patients of a practice: find, record, read the form.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_domain::{CalendarDate, EmailAddress, PatientIdentity, PersonName, PhoneNumber, Sex, plain_words};
use colloque_ids::{PatientId, Timestamp};
use colloque_journal::Event;
use colloque_protocol::Role;
use colloque_protocol::http::appointment::{self as wire, PatientEntry, PatientForm, PatientSearch};
use colloque_protocol::http::error::FieldError;

use super::paris;
use super::people::PatientRecord;
use crate::Consultation;
use crate::http::{Access, Body, Context, Refusal, Routes};
use crate::random::new_id;
use crate::session::SignedIn;
use crate::storage::Recorded;

/// Most patients of an answer.
const MOST_FOUND: i64 = 20;

/// Longest query, in bytes.
const MAX_QUERY_BYTES: usize = 200;

pub(crate) const DAY_STAFF: Access = Access::Staff(&[Role::Practitioner, Role::Secretary]);

pub(super) fn routes() -> Routes {
    Routes::new().post("/api/patients", DAY_STAFF, record).post("/api/patients/search", DAY_STAFF, search)
}

async fn search(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Body(PatientSearch { query }): Body<PatientSearch>,
) -> Result<impl IntoResponse, Refusal> {
    let query: String = query.chars().take(MAX_QUERY_BYTES).collect();
    let words: Vec<String> =
        plain_words(&query).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let found = if words.is_empty() {
        Vec::new()
    } else {
        let mut connection = service.storage().read().await?;
        PatientRecord::search(&service, &mut connection, signed_in.practice, &words, MOST_FOUND).await?
    };
    let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
    service.storage().record(signed_in.draft(context.now, Event::PatientsSearched { found: count })).await?;
    Ok(Json(found.iter().map(entry).collect::<Vec<_>>()))
}

async fn record(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Body(form): Body<PatientForm>,
) -> Result<impl IntoResponse, Refusal> {
    let record = read_form(&form, new_id(context.now), context.now).map_err(Refusal::invalid)?;
    let entry = entry(&record);
    store(&service, &signed_in, record, context.now).await?;
    Ok(Json(entry))
}

async fn store(
    service: &Consultation,
    signed_in: &SignedIn,
    record: PatientRecord,
    now: Timestamp,
) -> Result<(), Refusal> {
    let pseudonym = service.secrets().pseudonym(signed_in.practice, record.patient);
    let fact = signed_in.draft(now, Event::PatientRecorded {}).concerning(pseudonym);
    let (keys, practice) = (service.clone(), signed_in.practice);
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                record.insert(keys.secrets(), connection, practice, now).await?;
                Ok(Recorded::new((), fact))
            })
        })
        .await
}

/// Reads a form, or names every field at fault.
pub(super) fn read_form(
    form: &PatientForm,
    patient: PatientId,
    now: Timestamp,
) -> Result<PatientRecord, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut blame = |field: &str, message: &str| {
        faults.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let birth_name = PersonName::parse(&form.birth_name);
    if birth_name.is_err() {
        blame("birth_name", "Indiquez le nom de naissance.");
    }
    let used_name = form.used_name.as_deref().filter(|name| !name.trim().is_empty()).map(PersonName::parse);
    if matches!(used_name, Some(Err(_))) {
        blame("used_name", "Ce nom ne peut pas être enregistré.");
    }
    let first_names = PersonName::parse(&form.first_names);
    if first_names.is_err() {
        blame("first_names", "Indiquez les prénoms de naissance.");
    }
    let birth_date = CalendarDate::parse_birth(&form.birth_date, paris::date(now));
    if birth_date.is_err() {
        blame("birth_date", "Indiquez une date de naissance qui existe et qui est passée.");
    }
    let email = EmailAddress::parse(&form.email);
    if email.is_err() {
        blame("email", "Indiquez une adresse e-mail complète, par exemple nom@exemple.fr.");
    }
    let phone = form.phone.as_deref().filter(|phone| !phone.trim().is_empty()).map(PhoneNumber::parse);
    if matches!(phone, Some(Err(_))) {
        blame("phone", "Indiquez un numéro de téléphone complet, par exemple 06 12 34 56 78.");
    }
    let (Ok(birth_name), Ok(first_names), Ok(birth_date), Ok(email), Ok(used_name), Ok(phone)) =
        (birth_name, first_names, birth_date, email, used_name.transpose(), phone.transpose())
    else {
        return Err(faults);
    };
    let sex = match form.sex {
        wire::Sex::Female => Sex::Female,
        wire::Sex::Male => Sex::Male,
        wire::Sex::Undetermined => Sex::Undetermined,
    };
    let identity = PatientIdentity { birth_name, used_name, first_names, birth_date, sex };
    let unprintable = [Some(&identity.birth_name), identity.used_name.as_ref(), Some(&identity.first_names)]
        .into_iter()
        .zip(["birth_name", "used_name", "first_names"])
        .find(|(name, _)| name.is_some_and(|name| !colloque_documents::is_printable(name.as_str())));
    if let Some((_, field)) = unprintable {
        let message = "Écrivez ce nom en lettres latines, comme sur la carte d’identité.".to_owned();
        return Err(vec![FieldError { field: field.to_owned(), message }]);
    }
    Ok(PatientRecord { patient, identity, email, phone })
}

fn entry(record: &PatientRecord) -> PatientEntry {
    PatientEntry { patient: record.patient, form: record.form() }
}
