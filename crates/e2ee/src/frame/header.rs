//! The SFrame header: which key, and which number under it.

use thiserror::Error;

/// Longest header, in bytes: the first one and two whole numbers of 64 bits.
pub const MAX_HEADER_BYTES: usize = 17;

/// A number this large takes bytes of its own; below, it is in the header's first byte.
const IN_FIRST_BYTE: u64 = 8;

/// What an SFrame header says.
///
/// # Source
///
/// RFC 9605 section 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Names the key (KID).
    pub key_id: u64,
    /// Counts what the key sealed (CTR).
    pub counter: u64,
}

/// Why bytes do not begin with an SFrame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseHeaderError {
    /// They end before it does.
    #[error("frame ends within its header")]
    TooShort,
    /// A number is written longer than it needs to be. Only one header names one key and one number, so that nobody
    /// can write a second one for the same frame.
    #[error("header is not in its shortest form")]
    NotShortest,
}

impl FrameHeader {
    /// Appends the header's bytes.
    pub fn write(self, bytes: &mut Vec<u8>) {
        let (key_field, key_bytes) = field(self.key_id);
        let (counter_field, counter_bytes) = field(self.counter);
        bytes.push(key_field << 4 | counter_field);
        bytes.extend_from_slice(&self.key_id.to_be_bytes()[8 - key_bytes..]);
        bytes.extend_from_slice(&self.counter.to_be_bytes()[8 - counter_bytes..]);
    }

    /// Reads a header and gives how many bytes it takes.
    ///
    /// # Errors
    ///
    /// - [`ParseHeaderError::TooShort`] when `bytes` end within it.
    /// - [`ParseHeaderError::NotShortest`] when another writing of the same header is shorter.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), ParseHeaderError> {
        let (&first, rest) = bytes.split_first().ok_or(ParseHeaderError::TooShort)?;
        let (key_id, rest) = number(first >> 4, rest)?;
        let (counter, rest) = number(first & 0x0f, rest)?;
        Ok((Self { key_id, counter }, bytes.len() - rest.len()))
    }
}

/// Gives the four bits that stand for a number in the first byte, and how many bytes follow.
fn field(number: u64) -> (u8, usize) {
    if number < IN_FIRST_BYTE {
        return (number as u8, 0);
    }
    let bytes = (8 - number.leading_zeros() as usize / 8).max(1);
    (0x08 | (bytes as u8 - 1), bytes)
}

fn number(field: u8, rest: &[u8]) -> Result<(u64, &[u8]), ParseHeaderError> {
    if field & 0x08 == 0 {
        return Ok((u64::from(field), rest));
    }
    let length = usize::from(field & 0x07) + 1;
    let (bytes, rest) = rest.split_at_checked(length).ok_or(ParseHeaderError::TooShort)?;
    let number = bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
    if bytes[0] == 0 || number < IN_FIRST_BYTE {
        return Err(ParseHeaderError::NotShortest);
    }
    Ok((number, rest))
}
