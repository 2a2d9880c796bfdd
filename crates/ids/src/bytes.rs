//! Whole numbers and byte strings on the wire: big-endian, each string after its length in two bytes.

use thiserror::Error;

use crate::{Id, Kind, Timestamp};

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadBytesError {
    /// They end too early.
    #[error("bytes end too early")]
    TooShort,
    /// More follows.
    #[error("bytes go on after the end")]
    TooLong,
    /// A text is not UTF-8.
    #[error("text is not UTF-8")]
    NotText,
}

/// Puts bytes together.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    /// Appends bytes whose length the reader knows.
    pub fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends a length in two bytes and `bytes`, cut at 65,535.
    pub fn string(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(&bytes[..usize::from(length)]);
        self
    }

    /// Appends a length in four bytes and `bytes`, which are shorter than 4 GiB.
    pub fn long_string(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.fixed(bytes)
    }

    /// Appends a whole number in eight bytes.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.fixed(&number.to_be_bytes())
    }

    /// Appends an identifier in sixteen bytes.
    pub fn id<K: Kind>(&mut self, id: Id<K>) -> &mut Self {
        self.fixed(id.bytes())
    }

    /// Appends an instant: milliseconds since 1970 in eight bytes.
    pub fn instant(&mut self, instant: Timestamp) -> &mut Self {
        self.fixed(&instant.as_millis().to_be_bytes())
    }

    /// Gives the bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Takes bytes apart.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Takes one byte.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`], as for all that follow.
    pub fn byte(&mut self) -> Result<u8, ReadBytesError> {
        Ok(self.array::<1>()?[0])
    }

    /// Takes a known number of bytes.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadBytesError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(ReadBytesError::TooShort)?;
        self.0 = rest;
        Ok(*array)
    }

    /// Takes a string.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn string(&mut self) -> Result<&'a [u8], ReadBytesError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (string, rest) = self.0.split_at_checked(length).ok_or(ReadBytesError::TooShort)?;
        self.0 = rest;
        Ok(string)
    }

    /// Takes a string whose length has four bytes.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn long_string(&mut self) -> Result<&'a [u8], ReadBytesError> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (string, rest) = self.0.split_at_checked(length).ok_or(ReadBytesError::TooShort)?;
        self.0 = rest;
        Ok(string)
    }

    /// Takes a text.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`], [`ReadBytesError::NotText`].
    pub fn text(&mut self) -> Result<&'a str, ReadBytesError> {
        std::str::from_utf8(self.string()?).map_err(|_| ReadBytesError::NotText)
    }

    /// Takes a whole number.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn number(&mut self) -> Result<u64, ReadBytesError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Takes an identifier.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn id<K: Kind>(&mut self) -> Result<Id<K>, ReadBytesError> {
        Ok(Id::from_bytes(self.array()?))
    }

    /// Takes an instant.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooShort`].
    pub fn instant(&mut self) -> Result<Timestamp, ReadBytesError> {
        Ok(Timestamp::from_millis(i64::from_be_bytes(self.array()?)))
    }

    /// Takes all that is left.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    ///
    /// [`ReadBytesError::TooLong`].
    pub const fn end(&self) -> Result<(), ReadBytesError> {
        if self.0.is_empty() { Ok(()) } else { Err(ReadBytesError::TooLong) }
    }
}
