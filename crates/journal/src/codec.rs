//! The canonical layout: big-endian numbers, lengths before lists, one tag byte before what is optional.
//!
//! Each value has exactly one form and each form exactly one value, so two entries never share their bytes.

use colloque_ids::bytes::ReadBytesError;
pub use colloque_ids::bytes::Reader;
use colloque_ids::{Id, Timestamp};
use thiserror::Error;

/// Most elements of a list, so that hostile bytes reserve no memory.
const MAX_LIST: u8 = 16;

/// Why bytes are not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseEntryError {
    /// The first byte names a layout that this version does not know.
    #[error("entry has an unknown layout")]
    UnknownLayout,
    /// The kind is not one this version knows.
    #[error("entry has an unknown kind")]
    UnknownKind,
    /// The bytes end too early, go on too long, or hold a value outside its range.
    #[error("entry is malformed")]
    Malformed,
}

impl From<ReadBytesError> for ParseEntryError {
    fn from(_: ReadBytesError) -> Self {
        Self::Malformed
    }
}

/// A value with one canonical form.
pub trait Canonical: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError>;

    /// Draws a value for property tests.
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self;
}

impl Canonical for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(bytes.byte()?)
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        draw()
    }
}

impl Canonical for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        match u8::read(bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            2.. => Err(ParseEntryError::Malformed),
        }
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        draw() & 1 == 1
    }
}

impl Canonical for u16 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(Self::from_be_bytes(bytes.array()?))
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        Self::from_be_bytes([draw(), draw()])
    }
}

impl Canonical for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(Self::from_be_bytes(bytes.array()?))
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        Self::from_be_bytes([draw(), draw(), draw(), draw()])
    }
}

/// A digest.
impl Canonical for [u8; 32] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(bytes.array()?)
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        std::array::from_fn(|_| draw())
    }
}

impl Canonical for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.as_millis().to_be_bytes());
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(bytes.instant()?)
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        Self::from_millis(i64::from_be_bytes(std::array::from_fn(|_| draw())))
    }
}

impl<K> Canonical for Id<K> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.bytes());
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(Self::from_bytes(bytes.array()?))
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        Self::from_bytes(std::array::from_fn(|_| draw()))
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        if bool::read(bytes)? { T::read(bytes).map(Some) } else { Ok(None) }
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        bool::sample(draw).then(|| T::sample(draw))
    }
}

/// A list keeps its first sixteen elements; no list of an event has more values to choose from.
impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        let kept = self.len().min(usize::from(MAX_LIST));
        out.push(u8::try_from(kept).unwrap_or(MAX_LIST));
        for value in &self[..kept] {
            value.write(out);
        }
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        let count = u8::read(bytes)?;
        if count > MAX_LIST {
            return Err(ParseEntryError::Malformed);
        }
        (0..count).map(|_| T::read(bytes)).collect()
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        (0..draw() % (MAX_LIST + 1)).map(|_| T::sample(draw)).collect()
    }
}
