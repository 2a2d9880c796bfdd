//! Bytes as vectors write them.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that a file gives as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hex(Vec<u8>);

impl Hex {
    pub fn parse(text: &str) -> Self {
        assert!(text.len().is_multiple_of(2), "odd number of digits");
        Self((0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect())
    }
}

impl<T: Into<Vec<u8>>> From<T> for Hex {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl Deref for Hex {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::parse(&text))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}
