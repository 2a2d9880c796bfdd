//! Practices, practitioners and patients, as storage keeps them.

use std::collections::HashMap;

use colloque_domain::{
    CalendarDate, EmailAddress, PatientIdentity, PersonName, PhoneNumber, PostalAddress, Practice, Prescriber,
    RppsNumber, Sex,
};
use colloque_ids::{PatientId, PracticeId, StaffId};
use colloque_protocol::http::appointment::{self as wire, PatientForm};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::Consultation;
use crate::secrets::{Secrets, Store};
use crate::storage::{Columns, StorageError};

/// Purpose of the seal on a patient's identifier.
const SEAL: &str = "patient";

/// A patient's traits and contact.
#[derive(Debug, Clone)]
pub(crate) struct PatientRecord {
    pub(crate) patient: PatientId,
    pub(crate) identity: PatientIdentity,
    pub(crate) email: EmailAddress,
    pub(crate) phone: Option<PhoneNumber>,
}

/// Columns of a patient's row.
macro_rules! patient_columns {
    () => {
        "identity, sealed_patient, birth_name, used_name, first_names, birth_date, sex, email, phone"
    };
}

impl PatientRecord {
    /// Loads a patient of a practice.
    pub(crate) async fn load(
        service: &Consultation,
        connection: &mut PgConnection,
        practice: PracticeId,
        patient: PatientId,
    ) -> Result<Option<Self>, StorageError> {
        let mut found = Self::load_all(service, connection, practice, &[patient]).await?;
        Ok(found.remove(&patient))
    }

    /// Loads patients of a practice.
    pub(crate) async fn load_all(
        service: &Consultation,
        connection: &mut PgConnection,
        practice: PracticeId,
        patients: &[PatientId],
    ) -> Result<HashMap<PatientId, Self>, StorageError> {
        let identities: Vec<_> =
            patients.iter().map(|patient| service.secrets().patient_in(Store::Identity, *patient)).collect();
        let rows = sqlx::query(concat!(
            "SELECT ",
            patient_columns!(),
            " FROM identity.patient WHERE practice = $1 AND identity = ANY($2)"
        ))
        .bind(practice.uuid())
        .bind(identities)
        .fetch_all(connection)
        .await?;
        rows.iter().map(|row| Self::read(service.secrets(), row).map(|record| (record.patient, record))).collect()
    }

    /// Finds patients of a practice whose names begin with each of `words`, in order of name.
    pub(crate) async fn search(
        service: &Consultation,
        connection: &mut PgConnection,
        practice: PracticeId,
        words: &[String],
        limit: i64,
    ) -> Result<Vec<Self>, StorageError> {
        // Words are letters and digits only, so they hold no sign of LIKE.
        let patterns: Vec<String> = words.iter().map(|word| format!("% {word}%")).collect();
        let rows = sqlx::query(concat!(
            "SELECT ",
            patient_columns!(),
            " FROM identity.patient WHERE practice = $1 AND search LIKE ALL($2) ORDER BY search, identity LIMIT $3"
        ))
        .bind(practice.uuid())
        .bind(patterns)
        .bind(limit)
        .fetch_all(connection)
        .await?;
        rows.iter().map(|row| Self::read(service.secrets(), row)).collect()
    }

    /// Stores a new patient.
    pub(crate) async fn insert(
        &self,
        secrets: &Secrets,
        connection: &mut PgConnection,
        practice: PracticeId,
        created_at: colloque_ids::Timestamp,
    ) -> Result<(), StorageError> {
        let identity = secrets.patient_in(Store::Identity, self.patient);
        let PatientIdentity { birth_name, used_name, first_names, birth_date, sex } = &self.identity;
        let used = used_name.as_ref().map_or("", PersonName::as_str);
        let search = format!(" {} {used} {}", birth_name.as_str(), first_names.as_str());
        sqlx::query(
            "INSERT INTO identity.patient (identity, practice, sealed_patient, birth_name, used_name, first_names, birth_date,
                 sex, email, phone, search, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(identity)
        .bind(practice.uuid())
        .bind(secrets.seal(SEAL, identity, self.patient.uuid().as_bytes()))
        .bind(birth_name.as_str())
        .bind(used_name.as_ref().map(PersonName::as_str))
        .bind(first_names.as_str())
        .bind(birth_date.to_string())
        .bind(sex.name())
        .bind(self.email.as_str())
        .bind(self.phone.as_ref().map(PhoneNumber::as_str))
        .bind(format!(" {}", colloque_domain::plain_words(&search)))
        .bind(created_at.as_millis())
        .execute(connection)
        .await?;
        Ok(())
    }

    fn read(secrets: &Secrets, row: &PgRow) -> Result<Self, StorageError> {
        use sqlx::Row;
        let unreadable = || StorageError::Unreadable { what: "patient" };
        let identity: uuid::Uuid = row.try_get("identity")?;
        let sealed: Vec<u8> = row.try_get("sealed_patient")?;
        let patient = secrets.open(SEAL, identity, &sealed).map_err(|_| unreadable())?;
        let patient = uuid::Uuid::from_slice(&patient).map_err(|_| unreadable())?;
        let name = |text: String| PersonName::parse(&text).map_err(|_| unreadable());
        let phone = row.optional_text("phone")?.map(|text| PhoneNumber::parse(&text));
        Ok(Self {
            patient: PatientId::from_uuid(patient),
            identity: PatientIdentity {
                birth_name: name(row.text("birth_name")?)?,
                used_name: row.optional_text("used_name")?.map(name).transpose()?,
                first_names: name(row.text("first_names")?)?,
                birth_date: CalendarDate::parse(&row.text("birth_date")?).map_err(|_| unreadable())?,
                sex: Sex::from_name(&row.text("sex")?).ok_or_else(unreadable)?,
            },
            email: EmailAddress::parse(&row.text("email")?).map_err(|_| unreadable())?,
            phone: phone.transpose().map_err(|_| unreadable())?,
        })
    }

    /// Writes the traits for the wire.
    pub(crate) fn form(&self) -> PatientForm {
        let PatientIdentity { birth_name, used_name, first_names, birth_date, sex } = &self.identity;
        PatientForm {
            birth_name: birth_name.as_str().to_owned(),
            used_name: used_name.as_ref().map(|name| name.as_str().to_owned()),
            first_names: first_names.as_str().to_owned(),
            birth_date: birth_date.to_string(),
            sex: match sex {
                Sex::Female => wire::Sex::Female,
                Sex::Male => wire::Sex::Male,
                Sex::Undetermined => wire::Sex::Undetermined,
            },
            email: self.email.as_str().to_owned(),
            phone: self.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        }
    }

    /// The card that the practitioner sees.
    pub(crate) fn card(&self, verified_by: Vec<AuthenticationMethod>) -> IdentityCard {
        IdentityCard {
            display_name: self.identity.card_name(),
            role: Role::Patient,
            profession: None,
            rpps: None,
            verified_by,
        }
    }
}

/// A practitioner who may sign in, with what a prescription says of them.
#[derive(Debug, Clone)]
pub(crate) struct Practitioner {
    pub(crate) staff: StaffId,
    pub(crate) prescriber: Prescriber,
}

impl Practitioner {
    /// Loads practitioners of a practice: one, or all.
    pub(crate) async fn load(
        connection: &mut PgConnection,
        practice: PracticeId,
        only: Option<StaffId>,
    ) -> Result<Vec<Self>, StorageError> {
        let rows = sqlx::query(
            "SELECT staff, title, given_name, family_name, profession, specialty, rpps, email FROM professionals.staff
             WHERE practice = $1 AND role = 'practitioner' AND (staff = $2 OR ($2 IS NULL AND active))
             ORDER BY family_name, given_name, staff",
        )
        .bind(practice.uuid())
        .bind(only.map(|staff| staff.uuid()))
        .fetch_all(connection)
        .await?;
        rows.iter().map(Self::read).collect()
    }

    /// Loads one practitioner of a practice.
    pub(crate) async fn find(
        connection: &mut PgConnection,
        practice: PracticeId,
        staff: StaffId,
    ) -> Result<Option<Self>, StorageError> {
        Ok(Self::load(connection, practice, Some(staff)).await?.pop())
    }

    fn read(row: &PgRow) -> Result<Self, StorageError> {
        let unreadable = || StorageError::Unreadable { what: "practitioner" };
        let name = |text: String| PersonName::parse(&text).map_err(|_| unreadable());
        Ok(Self {
            staff: row.id("staff")?,
            prescriber: Prescriber {
                title: row.optional_text("title")?.unwrap_or_default(),
                given_name: name(row.text("given_name")?)?,
                family_name: name(row.text("family_name")?)?,
                profession: row.text("profession")?,
                specialty: row.text("specialty")?,
                rpps: RppsNumber::parse(&row.text("rpps")?).map_err(|_| unreadable())?,
                email: EmailAddress::parse(&row.text("email")?).map_err(|_| unreadable())?,
            },
        })
    }

    /// The card that the patient sees.
    pub(crate) fn card(&self, verified_by: Vec<AuthenticationMethod>) -> IdentityCard {
        let Prescriber { profession, specialty, rpps, .. } = &self.prescriber;
        IdentityCard {
            display_name: self.prescriber.display_name(),
            role: Role::Practitioner,
            profession: Some(format!("{profession}, {}", specialty.to_lowercase())),
            rpps: Some(rpps.as_str().to_owned()),
            verified_by,
        }
    }
}

/// Loads a practice.
pub(crate) async fn practice(connection: &mut PgConnection, practice: PracticeId) -> Result<Practice, StorageError> {
    let row =
        sqlx::query("SELECT name, address, postal_code, city, phone FROM administrative.practice WHERE practice = $1")
            .bind(practice.uuid())
            .fetch_one(connection)
            .await?;
    let unreadable = || StorageError::Unreadable { what: "practice" };
    let address = format!("{}\n{} {}", row.text("address")?, row.text("postal_code")?, row.text("city")?);
    Ok(Practice {
        name: row.text("name")?,
        address: PostalAddress::parse(&address).ok_or_else(unreadable)?,
        phone: PhoneNumber::parse(&row.text("phone")?).map_err(|_| unreadable())?,
    })
}
