//! Demonstration: a fictional practice and people who can sign in.
//!
//! Their passwords and codes come from the master key, which is drawn at the first start of each installation: none is shipped,
//! and the same ones are printed at each start. They are stored as anybody's, hashed and sealed.

use std::time::Duration;

use colloque_ids::{PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event};
use colloque_protocol::Role;
use colloque_protocol::http::admin::StaffForm;
use colloque_protocol::http::session::PractitionerDetails;
use sqlx::{PgConnection, Row};
use thiserror::Error;

use crate::Consultation;
use crate::journal;
use crate::practice::{self, NewPractice};
use crate::random::new_id;
use crate::sign_in::totp::{Codes, SECRET_BYTES, base32};
use crate::sign_in::{HashPasswordError, Lane};
use crate::staff;
use crate::storage::{Columns, Recorded, StorageError};

/// Somebody who may sign in to the demonstration.
#[derive(Clone)]
pub struct DemoPerson {
    /// The person.
    pub staff: StaffId,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// E-mail address of the account.
    pub email: String,
    /// Password.
    pub password: String,
    /// Secret of the codes, in base32.
    pub totp_secret: String,
    /// Whether password and codes are the person's own by now: an administrator reset the account, or they changed it.
    pub chose_own: bool,
    codes: DemoCodes,
}

#[derive(Clone)]
struct DemoCodes([u8; SECRET_BYTES]);

/// The demonstration practice.
#[derive(Clone)]
pub struct DemoPeople {
    /// Its name.
    pub practice_name: String,
    /// Its people, practitioners first.
    pub people: Vec<DemoPerson>,
}

/// Why the demonstration is not there.
#[derive(Debug, Error)]
pub enum SeedDemonstrationError {
    /// The service does not run in demonstration mode.
    #[error("the service does not run in demonstration mode")]
    NotADemonstration,
    /// The passwords cannot be hashed.
    #[error("demonstration passwords cannot be hashed")]
    Hashing(#[from] HashPasswordError),
    /// Nothing was stored.
    #[error("demonstration cannot be stored")]
    Storage(#[from] StorageError),
}

impl DemoPerson {
    /// The code that this person's application would show.
    #[must_use]
    pub fn code_at(&self, now: Timestamp) -> String {
        Codes::new(&self.codes.0, &self.email).map(|codes| codes.code_at(now)).unwrap_or_default()
    }
}

/// Creates the practice and its people at the first call, and tells who can sign in at each.
///
/// # Errors
///
/// - [`SeedDemonstrationError::NotADemonstration`] outside demonstration mode.
/// - [`SeedDemonstrationError::Hashing`] when passwords cannot be hashed.
/// - [`SeedDemonstrationError::Storage`] when nothing could be stored.
pub async fn seed(service: &Consultation) -> Result<DemoPeople, SeedDemonstrationError> {
    if !service.config().demonstration {
        return Err(SeedDemonstrationError::NotADemonstration);
    }
    let forms = forms();
    let mut members = Vec::with_capacity(forms.len());
    for form in forms {
        let secrets = Secrets::of(service, &form.email);
        members.push((form, secrets));
    }
    let missing = missing(service, &members).await?;
    let mut hashed = Vec::with_capacity(missing.len());
    for (form, secrets) in missing {
        let hash = service.hashing().hash(Lane::Known, secrets.password.clone()).await?;
        hashed.push((form, secrets, hash));
    }
    if !hashed.is_empty() {
        store(service, hashed).await?;
    }
    tell(service, members).await
}

/// What a person of the demonstration knows.
#[derive(Clone)]
struct Secrets {
    password: String,
    totp: [u8; SECRET_BYTES],
}

impl Secrets {
    fn of(service: &Consultation, email: &str) -> Self {
        let [password, totp] = ["password", "totp"].map(|what| service.secrets().demonstration(what, email));
        let mut secret = [0; SECRET_BYTES];
        secret.copy_from_slice(&totp[..SECRET_BYTES]);
        Self { password: readable(&password), totp: secret }
    }
}

/// Writes a password that can be read aloud and typed on a telephone: `kmqr-4827-TWHD-pxzn`.
fn readable(bytes: &[u8; 32]) -> String {
    const LOWER: &[u8] = b"abcdefghkmnpqrstuvwxyz";
    const DIGITS: &[u8] = b"23456789";
    const UPPER: &[u8] = b"ABCDEFGHKMNPQRSTUVWXYZ";
    let groups = [LOWER, DIGITS, UPPER, LOWER].into_iter().zip(bytes.chunks(4));
    let words = groups.map(|(alphabet, bytes)| {
        bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

/// The people who have no account yet.
async fn missing(
    service: &Consultation,
    members: &[(StaffForm, Secrets)],
) -> Result<Vec<(StaffForm, Secrets)>, StorageError> {
    let known: Vec<String> = sqlx::query_scalar("SELECT email FROM professionals.staff")
        .fetch_all(&mut *service.storage().read().await?)
        .await?;
    Ok(members.iter().filter(|(form, _)| !known.contains(&form.email)).cloned().collect())
}

async fn store(service: &Consultation, members: Vec<(StaffForm, Secrets, String)>) -> Result<(), StorageError> {
    let (shared, now) = (service.clone(), service.now());
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let practice = practice(connection, now).await?;
                let mut recorded =
                    Recorded::new((), Draft::new(now, Event::PracticeOpened {}).by(practice, Actor::Platform));
                for (place, (form, secrets, hash)) in (0..).zip(members) {
                    // One after the other: who is listed first is who the demonstration's visit waits for.
                    let created_at = now.after(Duration::from_millis(place));
                    let staff: StaffId = new_id(created_at);
                    staff::insert(connection, staff, practice, &form, created_at).await?;
                    sqlx::query(
                        "UPDATE professionals.staff SET password_hash = $2, activated_at = $3 WHERE staff = $1",
                    )
                    .bind(staff.uuid())
                    .bind(hash)
                    .bind(now.as_millis())
                    .execute(&mut *connection)
                    .await?;
                    sqlx::query(
                        "INSERT INTO professionals.totp (staff, sealed_secret, enrolled_at, last_used_step)
                         VALUES ($1, $2, $3, 0)",
                    )
                    .bind(staff.uuid())
                    .bind(shared.secrets().seal("totp", staff.uuid(), &secrets.totp))
                    .bind(now.as_millis())
                    .execute(&mut *connection)
                    .await?;
                    let role = journal::role(form.role);
                    let invited = Event::StaffInvited { staff, role };
                    let person = Actor::Staff { staff, role };
                    recorded = recorded
                        .and(Draft::new(now, invited).by(practice, Actor::Platform))
                        .and(Draft::new(now, Event::AccountActivated {}).by(practice, person))
                        .and(Draft::new(now, Event::TotpEnrolled {}).by(practice, person));
                }
                Ok::<_, StorageError>(recorded)
            })
        })
        .await
}

/// Finds the practice, or creates it, in the present transaction.
async fn practice(connection: &mut PgConnection, now: Timestamp) -> Result<PracticeId, StorageError> {
    let known: Option<uuid::Uuid> = sqlx::query_scalar("SELECT practice FROM administrative.practice WHERE name = $1")
        .bind(PRACTICE_NAME)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(practice) = known {
        return Ok(PracticeId::from_uuid(practice));
    }
    let practice = NewPractice {
        name: PRACTICE_NAME.to_owned(),
        address: "12 rue des Tilleuls".to_owned(),
        postal_code: "35000".to_owned(),
        city: "Rennes".to_owned(),
        phone: "+33261910012".to_owned(),
        finess: None,
    };
    practice::insert(connection, &practice, now).await
}

async fn tell(
    service: &Consultation,
    members: Vec<(StaffForm, Secrets)>,
) -> Result<DemoPeople, SeedDemonstrationError> {
    let mut people = Vec::with_capacity(members.len());
    let mut connection = service.storage().read().await?;
    for (form, secrets) in members {
        let row = sqlx::query(
            "SELECT s.staff, s.password_hash, t.sealed_secret
             FROM professionals.staff s LEFT JOIN professionals.totp t USING (staff) WHERE s.email = $1",
        )
        .bind(&form.email)
        .fetch_one(&mut *connection)
        .await
        .map_err(StorageError::from)?;
        let staff: StaffId = row.id("staff")?;
        let stored: Option<String> = row.try_get("password_hash").map_err(StorageError::from)?;
        let sealed: Option<Vec<u8>> = row.try_get("sealed_secret").map_err(StorageError::from)?;
        let opened = sealed.and_then(|sealed| service.secrets().open("totp", staff.uuid(), &sealed).ok());
        let keeps_password = service.hashing().verify(Lane::Known, secrets.password.clone(), stored).await?;
        let chose_own = !keeps_password || opened.as_deref() != Some(secrets.totp.as_slice());
        let title = form.practitioner.map(|details| format!("{} ", details.title)).unwrap_or_default();
        people.push(DemoPerson {
            staff,
            display_name: format!("{title}{} {}", form.given_name, form.family_name),
            role: form.role,
            email: form.email,
            password: secrets.password,
            totp_secret: base32(&secrets.totp),
            chose_own,
            codes: DemoCodes(secrets.totp),
        });
    }
    Ok(DemoPeople { practice_name: PRACTICE_NAME.to_owned(), people })
}

/// Fictional, as its telephone number is: that range is kept free for fiction (ARCEP, décision 2018-0881).
const PRACTICE_NAME: &str = "Cabinet des Tilleuls";

/// The people of the demonstration. Their addresses are in a domain that cannot exist (RFC 2606).
fn forms() -> Vec<StaffForm> {
    let person = |given: &str, family: &str, email: &str, role| StaffForm {
        family_name: family.to_owned(),
        given_name: given.to_owned(),
        email: email.to_owned(),
        role,
        practitioner: None,
    };
    let practitioner = |title: &str, specialty: &str, rpps: &str| {
        Some(PractitionerDetails {
            title: title.to_owned(),
            profession: "Médecin".to_owned(),
            specialty: specialty.to_owned(),
            rpps: rpps.to_owned(),
        })
    };
    vec![
        StaffForm {
            practitioner: practitioner("Dre", "Médecine générale", "10003456786"),
            ..person("Claire", "Martin", "claire.martin@tilleuls.example", Role::Practitioner)
        },
        StaffForm {
            practitioner: practitioner("Dr", "Médecine générale", "10009876540"),
            ..person("Youssef", "Bernard", "youssef.bernard@tilleuls.example", Role::Practitioner)
        },
        person("Nadia", "Petit", "nadia.petit@tilleuls.example", Role::Secretary),
        person("Paul", "Girard", "paul.girard@tilleuls.example", Role::Administrator),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_people_of_the_demonstration_pass_our_own_checks() {
        for form in forms() {
            assert_eq!(staff::check(form.clone()), Ok(form));
        }
    }

    #[test]
    fn passwords_of_the_demonstration_pass_our_own_rules() {
        for first in 0..=255_u8 {
            let bytes = std::array::from_fn(|index| {
                first.wrapping_mul(31).wrapping_add(u8::try_from(index * 73 % 256).unwrap())
            });
            assert_eq!(crate::account::weakness(&readable(&bytes), &[]), None);
        }
    }
}
