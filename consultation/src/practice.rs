//! Practices, and how the first administrator of one gets in.

use colloque_domain::{PhoneNumber, PostalAddress};
use colloque_ids::{PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event, StaffRole};
use colloque_protocol::Role;
use colloque_protocol::http::admin::StaffForm;
use sqlx::PgConnection;
use thiserror::Error;

use crate::Consultation;
use crate::account::{Activations, activation_link};
use crate::random::{Token, new_id};
use crate::staff;
use crate::storage::{Recorded, StorageError};

/// A practice about to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPractice {
    /// Name, as on a prescription.
    pub name: String,
    /// Number and street.
    pub address: String,
    /// Postal code.
    pub postal_code: String,
    /// City.
    pub city: String,
    /// Telephone number, `+33…`.
    pub phone: String,
    /// FINESS number, when there is one.
    pub finess: Option<String>,
}

/// Its first administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstAdministrator {
    /// Family name.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// E-mail address of the account.
    pub email: String,
}

/// Why a practice cannot be created.
#[derive(Debug, Error)]
pub enum CreatePracticeError {
    /// There is one already: its administrators invite the others.
    #[error("a practice exists already")]
    Exists,
    /// A field is empty or wrong.
    #[error("field {field} is not valid")]
    Invalid {
        /// Its name.
        field: String,
    },
    /// Nothing was created.
    #[error("practice cannot be stored")]
    Storage(#[from] StorageError),
}

impl Consultation {
    /// Creates the first practice and its first administrator, and gives the link that activates the account.
    ///
    /// # Errors
    ///
    /// - [`CreatePracticeError::Exists`] when there is a practice.
    /// - [`CreatePracticeError::Invalid`] when a field is empty or wrong.
    /// - [`CreatePracticeError::Storage`] when nothing could be stored.
    pub async fn create_practice(
        &self,
        practice: NewPractice,
        administrator: FirstAdministrator,
    ) -> Result<String, CreatePracticeError> {
        let FirstAdministrator { family_name, given_name, email } = administrator;
        let form = StaffForm { family_name, given_name, email, role: Role::Administrator, practitioner: None };
        let form = staff::check(form)
            .map_err(|mut fields| CreatePracticeError::Invalid { field: fields.swap_remove(0).field })?;
        let practice = check(practice)?;
        let now = self.now();
        let secret: Token = self
            .storage()
            .commit(move |connection| {
                Box::pin(async move {
                    // Two first practices at once would give two administrators who know nothing of each other.
                    sqlx::query("LOCK TABLE administrative.practice IN SHARE ROW EXCLUSIVE MODE")
                        .execute(&mut *connection)
                        .await
                        .map_err(StorageError::from)?;
                    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM administrative.practice)")
                        .fetch_one(&mut *connection)
                        .await
                        .map_err(StorageError::from)?;
                    if exists {
                        return Err(CreatePracticeError::Exists);
                    }
                    let practice = insert(connection, &practice, now).await?;
                    let staff: StaffId = new_id(now);
                    staff::insert(connection, staff, practice, &form, now).await?;
                    let secret = Activations::make(connection, staff, now).await?;
                    let invited = Event::StaffInvited { staff, role: StaffRole::Administrator };
                    let opened = Draft::new(now, Event::PracticeOpened {}).by(practice, Actor::Platform);
                    Ok(Recorded::new(secret, opened).and(Draft::new(now, invited).by(practice, Actor::Platform)))
                })
            })
            .await?;
        Ok(activation_link(self, &secret))
    }
}

/// Checks what messages and prescriptions will say of the practice.
fn check(practice: NewPractice) -> Result<NewPractice, CreatePracticeError> {
    let invalid = |field: &str| CreatePracticeError::Invalid { field: field.to_owned() };
    if practice.name.trim().is_empty() || practice.name.chars().any(char::is_control) {
        return Err(invalid("name"));
    }
    let phone = PhoneNumber::parse(&practice.phone).map_err(|_| invalid("phone"))?;
    let NewPractice { address, postal_code, city, .. } = &practice;
    if [address, postal_code, city].iter().any(|part| part.trim().is_empty())
        || PostalAddress::parse(&format!("{address}\n{postal_code} {city}")).is_none()
    {
        return Err(invalid("address"));
    }
    Ok(NewPractice { phone: phone.as_str().to_owned(), ..practice })
}

/// Adds a practice in the present transaction.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    practice: &NewPractice,
    now: Timestamp,
) -> Result<PracticeId, StorageError> {
    let id: PracticeId = new_id(now);
    sqlx::query(
        "INSERT INTO administrative.practice (practice, name, address, postal_code, city, phone, finess, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.uuid())
    .bind(&practice.name)
    .bind(&practice.address)
    .bind(&practice.postal_code)
    .bind(&practice.city)
    .bind(&practice.phone)
    .bind(&practice.finess)
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(id)
}
