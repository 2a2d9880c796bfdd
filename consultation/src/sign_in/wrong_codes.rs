//! Wrong codes of a person, kept in storage and counted in the transaction that looks at the code: neither a restart nor many
//! requests at once give more attempts.
//!
//! Three codes of a million are right at any moment, so somebody who has the password may try few: 110 a day from one network,
//! 400 a day from all networks together, one chance in eight hundred. A known browser counts for itself; a passkey asks for no
//! code. So who has not even the password never makes the owner wait here; who has it makes them wait in new browsers only,
//! and there from four networks or more.

use std::time::Duration;

use colloque_ids::{StaffId, Timestamp};
use sqlx::{PgConnection, Row};

use super::Subject;
use super::delays::{Failures, Growth};
use crate::http::Pace;
use crate::storage::{Columns, StorageError};

/// Wrong codes from one network or in one known browser.
///
/// Longest delay longer: somebody who mistyped often waits longer. Shorter: an attacker who has the password guesses more from
/// one network, 96 times a day at this value.
const FROM_ONE_PLACE: Growth = Growth {
    free: 4,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(15 * 60),
    remembered_for: Duration::from_secs(24 * 3_600),
};

/// Wrong codes of strangers from all networks together: one in four minutes, forty at once.
///
/// More: an attacker who has the password and many networks guesses more. Fewer: they need fewer networks to make the owner
/// wait in a new browser as well.
const OF_STRANGERS: Pace = Pace::new(40, Duration::from_secs(4 * 60));

/// What earlier wrong codes of a person leave to somebody who gives another.
pub(super) struct WrongCodes {
    staff: StaffId,
    source: [u8; 16],
    from_here: Option<Failures>,
    /// When strangers have their whole stock again; none in a known browser, which takes nothing of it.
    strangers_full_at: Option<Timestamp>,
}

impl WrongCodes {
    /// Reads what is counted. The caller holds the person's row of codes.
    pub(super) async fn load(
        connection: &mut PgConnection,
        staff: StaffId,
        subject: &Subject,
        strangers_full_at: Timestamp,
    ) -> Result<Self, StorageError> {
        let source = subject.source();
        let row = sqlx::query("SELECT count, last_at FROM professionals.wrong_code WHERE staff = $1 AND source = $2")
            .bind(staff.uuid())
            .bind(source.as_slice())
            .fetch_optional(connection)
            .await?;
        let failures = |row: &sqlx::postgres::PgRow| {
            let count = u32::try_from(row.try_get::<i32, _>("count")?).unwrap_or(u32::MAX);
            Ok::<_, StorageError>(Failures { count, last_at: row.instant("last_at")? })
        };
        let from_here = row.as_ref().map(failures).transpose()?;
        let strangers_full_at = (!subject.is_known()).then_some(strangers_full_at);
        Ok(Self { staff, source, from_here, strangers_full_at })
    }

    /// How long a code must still wait; zero when it need not.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let from_here = self.from_here.map_or(Duration::ZERO, |failures| FROM_ONE_PLACE.wait(failures, now));
        let strangers = self.strangers_full_at.and_then(|full_at| OF_STRANGERS.take(full_at, now).err());
        from_here.max(strangers.unwrap_or(Duration::ZERO))
    }

    /// Counts a wrong code.
    pub(super) async fn count(self, connection: &mut PgConnection, now: Timestamp) -> Result<(), StorageError> {
        let counted = FROM_ONE_PLACE.count(self.from_here, now);
        sqlx::query(
            "INSERT INTO professionals.wrong_code (staff, source, count, last_at, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (staff, source) DO UPDATE
             SET count = excluded.count, last_at = excluded.last_at, expires_at = excluded.expires_at",
        )
        .bind(self.staff.uuid())
        .bind(self.source.as_slice())
        .bind(i32::try_from(counted.count).unwrap_or(i32::MAX))
        .bind(counted.last_at.as_millis())
        .bind(now.after(FROM_ONE_PLACE.remembered_for).as_millis())
        .execute(&mut *connection)
        .await?;
        let Some(Ok(full_at)) = self.strangers_full_at.map(|full_at| OF_STRANGERS.take(full_at, now)) else {
            return Ok(());
        };
        sqlx::query("UPDATE professionals.totp SET strangers_full_at = $2 WHERE staff = $1")
            .bind(self.staff.uuid())
            .bind(full_at.as_millis())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Forgets the wrong codes of this network or browser after a right one.
    pub(super) async fn forgive(self, connection: &mut PgConnection) -> Result<(), StorageError> {
        sqlx::query("DELETE FROM professionals.wrong_code WHERE staff = $1 AND source = $2")
            .bind(self.staff.uuid())
            .bind(self.source.as_slice())
            .execute(connection)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const A_DAY_S: u64 = 24 * 3_600;

    /// Wrong codes that are looked at in the first day from so many networks, which try every second.
    fn a_day_from(networks: usize) -> u32 {
        let mut counted: Vec<Option<Failures>> = vec![None; networks];
        let (mut full_at, mut tried) = (Timestamp::from_millis(0), 0);
        for second in 0..A_DAY_S {
            let now = NOW.after(Duration::from_secs(second));
            for from_here in &mut counted {
                for _ in 0..5 {
                    let strangers_full_at = Some(full_at);
                    let (staff, source) = (StaffId::from_parts(NOW, [1; 10]), [0; 16]);
                    let codes = WrongCodes { staff, source, from_here: *from_here, strangers_full_at };
                    if codes.wait(now).is_zero() {
                        *from_here = Some(FROM_ONE_PLACE.count(*from_here, now));
                        full_at = OF_STRANGERS.take(full_at, now).unwrap();
                        tried += 1;
                    }
                }
            }
        }
        tried
    }

    #[test]
    fn a_day_gives_few_codes_from_one_network_and_few_more_from_many() {
        let (from_one, from_three, from_many) = (a_day_from(1), a_day_from(3), a_day_from(50));
        assert!((100..=112).contains(&from_one), "{from_one}");
        assert_eq!(from_three, 3 * from_one, "three networks never use up what strangers may try");
        assert!((380..=400).contains(&from_many), "{from_many}");
    }
}
