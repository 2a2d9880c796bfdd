use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use uuid::Uuid;

use crate::Timestamp;

/// What an identifier names.
pub trait Kind: 'static {
    /// Word printed before the short form in logs.
    const PREFIX: &'static str;
}

/// An identifier of a thing of kind `K`.
///
/// Sorted by creation instant, because its first 48 bits are milliseconds since 1970.
///
/// # Source
///
/// RFC 9562 section 5.7, UUID version 7.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not an identifier")]
pub struct ParseIdError;

impl<K> Id<K> {
    /// Builds an identifier from an instant and ten random bytes, six bits of which give way to version and variant.
    ///
    /// Instants before 1970 count as 1970.
    #[must_use]
    pub fn from_parts(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(), PhantomData)
    }

    /// Takes an identifier that storage kept.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// Gives the identifier to storage.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Takes an identifier off a wire that is not text.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes), PhantomData)
    }

    /// Gives the sixteen bytes, for a wire that is not text.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Names another thing that lives and dies with this one, such as the room of a consultation.
    #[must_use]
    pub const fn same_as<Other>(self) -> Id<Other> {
        Id(self.0, PhantomData)
    }

    /// Prints all 32 hexadecimal digits, with hyphens.
    #[must_use]
    pub fn full(self) -> String {
        self.0.as_hyphenated().to_string()
    }
}

/// Short form: the kind and the last eight hexadecimal digits, which are random.
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.as_bytes();
        write!(f, "{}-{:02x}{:02x}{:02x}{:02x}", K::PREFIX, bytes[12], bytes[13], bytes[14], bytes[15])
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> FromStr for Id<K> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Uuid::try_parse(text).map(|uuid| Self(uuid, PhantomData)).map_err(|_| ParseIdError)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader of `uuid` explains each fault of a text: kilobytes of words that no page shows.
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

// Written by hand: a derive would ask the marker `K` for traits that it has no use for.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use crate::{AppointmentId, RoomId, Timestamp};

    #[test]
    fn identifiers_sort_by_creation() {
        let older = RoomId::from_parts(Timestamp::from_millis(1_000), [255; 10]);
        let newer = RoomId::from_parts(Timestamp::from_millis(1_001), [0; 10]);
        assert!(older < newer);
    }

    #[test]
    fn full_form_is_read_back() {
        let id = AppointmentId::from_parts(Timestamp::from_millis(1_700_000_000_000), [7; 10]);
        assert_eq!(id.full().parse(), Ok(id));
    }

    #[test]
    fn logs_show_the_kind_and_the_random_end_only() {
        let id = AppointmentId::from_parts(Timestamp::from_millis(1_700_000_000_000), [0xab; 10]);
        assert_eq!(id.to_string(), "appointment-abababab");
    }

    #[test]
    fn hostile_text_is_refused() {
        assert!("../../etc/passwd".parse::<RoomId>().is_err());
        assert!("".parse::<RoomId>().is_err());
    }
}
