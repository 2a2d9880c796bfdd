//! Reading our own types from rows.

use colloque_ids::{Id, Timestamp};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::StorageError;

/// Columns of our own types. Identifiers are bound with [`Id::uuid`], instants with [`Timestamp::as_millis`].
pub(crate) trait Columns {
    fn id<K>(&self, column: &str) -> Result<Id<K>, StorageError>;
    fn optional_id<K>(&self, column: &str) -> Result<Option<Id<K>>, StorageError>;
    fn instant(&self, column: &str) -> Result<Timestamp, StorageError>;
    fn optional_instant(&self, column: &str) -> Result<Option<Timestamp>, StorageError>;
    fn text(&self, column: &str) -> Result<String, StorageError>;
    fn optional_text(&self, column: &str) -> Result<Option<String>, StorageError>;
}

impl Columns for PgRow {
    fn id<K>(&self, column: &str) -> Result<Id<K>, StorageError> {
        Ok(Id::from_uuid(self.try_get::<Uuid, _>(column)?))
    }

    fn optional_id<K>(&self, column: &str) -> Result<Option<Id<K>>, StorageError> {
        Ok(self.try_get::<Option<Uuid>, _>(column)?.map(Id::from_uuid))
    }

    fn instant(&self, column: &str) -> Result<Timestamp, StorageError> {
        Ok(Timestamp::from_millis(self.try_get(column)?))
    }

    fn optional_instant(&self, column: &str) -> Result<Option<Timestamp>, StorageError> {
        Ok(self.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
    }

    fn text(&self, column: &str) -> Result<String, StorageError> {
        Ok(self.try_get(column)?)
    }

    fn optional_text(&self, column: &str) -> Result<Option<String>, StorageError> {
        Ok(self.try_get(column)?)
    }
}
