use std::time::{SystemTime, UNIX_EPOCH};

use colloque_ids::Timestamp;

/// Reads the machine's clock.
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
