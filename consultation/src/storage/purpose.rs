//! What a database is for. Invented people never get into a database of real ones, nor real ones among invented ones.

use std::fmt;

use sqlx::PgConnection;

use super::OpenStorageError;

/// What a database, and the folder of its keys, is for. One never becomes the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Invented people.
    Demonstration,
    /// Real people.
    Production,
}

impl Purpose {
    /// Gives the word that is kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Demonstration => "demonstration",
            Self::Production => "production",
        }
    }

    /// Reads a kept word. Whatever is not a demonstration is guarded as a production.
    #[must_use]
    pub fn of(word: &str) -> Self {
        if word == Self::Demonstration.word() { Self::Demonstration } else { Self::Production }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Refuses a database that is for something else, before anything in it changes.
pub(super) async fn check(connection: &mut PgConnection, wanted: Purpose) -> Result<(), OpenStorageError> {
    match kept(connection).await.map_err(OpenStorageError::ReadPurpose)? {
        Some(kept) if kept != wanted => Err(OpenStorageError::OtherPurpose { kept }),
        Some(_) | None => Ok(()),
    }
}

/// Marks a database that has no mark yet; of two processes that start at the same time, the first one decides.
pub(super) async fn claim(connection: &mut PgConnection, wanted: Purpose) -> Result<(), OpenStorageError> {
    sqlx::query("INSERT INTO administrative.purpose (purpose) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(wanted.word())
        .execute(&mut *connection)
        .await
        .map_err(OpenStorageError::ReadPurpose)?;
    check(connection, wanted).await
}

/// Gives what a database is for; none when nobody has used it.
async fn kept(connection: &mut PgConnection) -> Result<Option<Purpose>, sqlx::Error> {
    if has_table(connection, "administrative.purpose").await? {
        let word: Option<String> =
            sqlx::query_scalar("SELECT purpose FROM administrative.purpose").fetch_optional(&mut *connection).await?;
        if let Some(word) = word {
            return Ok(Some(Purpose::of(&word)));
        }
    }
    recognised(connection).await
}

/// Recognises a database from before the mark by its people: those of the demonstration have addresses in a domain that
/// cannot exist (RFC 2606), so a practice without any of them is a real one.
async fn recognised(connection: &mut PgConnection) -> Result<Option<Purpose>, sqlx::Error> {
    for table in ["administrative.practice", "professionals.staff"] {
        if !has_table(connection, table).await? {
            return Ok(None);
        }
    }
    let practices: Vec<bool> = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM professionals.staff s
                        WHERE s.practice = p.practice AND s.email LIKE '%@tilleuls.example')
         FROM administrative.practice p",
    )
    .fetch_all(connection)
    .await?;
    Ok(match practices.as_slice() {
        [] => None,
        all if all.iter().all(|is_invented| *is_invented) => Some(Purpose::Demonstration),
        _ => Some(Purpose::Production),
    })
}

async fn has_table(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(name).fetch_one(connection).await
}
