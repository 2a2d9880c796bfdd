//! A voice that carries its last frames with it (RFC 2198), block by block.
//!
//! The media server takes such a packet apart and puts others together (decision 14), so each block is sealed by itself.

use thiserror::Error;

use super::envelope::{OpenFrameError, SealFrameError};

/// Most blocks in one packet: the server sends four.
const MAX_BLOCKS: usize = 8;

/// A block's length has ten bits.
const MAX_EARLIER_BYTES: usize = 1_023;

const HEADER_BYTES: usize = 4;

/// Why a packet with earlier frames was not sealed or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RedundantError {
    /// Not the form of RFC 2198, or more than eight blocks.
    #[error("payload is not a redundant voice")]
    Malformed,
    /// The newest block was not sealed.
    #[error("newest block was not sealed")]
    Seal(#[from] SealFrameError),
    /// The newest block was not opened.
    #[error("newest block was not opened")]
    Open(#[from] OpenFrameError),
}

/// An earlier frame: payload type, how much earlier, and its bytes.
struct Earlier<'a> {
    /// Payload type and timestamp offset, as they stand on the wire.
    payload_type: u8,
    offset: u16,
    block: &'a [u8],
}

struct Parsed<'a> {
    earlier: Vec<Earlier<'a>>,
    payload_type: u8,
    newest: &'a [u8],
}

/// Seals each block of a packet. An earlier one that does not fit any more is left out.
///
/// # Errors
///
/// - [`RedundantError::Malformed`] when `payload` is not RFC 2198's.
/// - [`RedundantError::Seal`] what `seal` says.
pub fn seal_redundant(
    payload: &[u8],
    mut seal: impl FnMut(&[u8]) -> Result<Vec<u8>, SealFrameError>,
) -> Result<Vec<u8>, RedundantError> {
    let parsed = parse(payload)?;
    let mut earlier = Vec::with_capacity(parsed.earlier.len());
    for block in &parsed.earlier {
        // Firefox and Chromium send an empty block where nothing is repeated.
        if !block.block.is_empty() {
            earlier.push((block, seal(block.block)?));
        }
    }
    let newest = seal(parsed.newest)?;
    Ok(write(&earlier, parsed.payload_type, &newest))
}

/// Opens each block of a packet. An earlier one that cannot be opened, most often because it was before, is left out.
///
/// # Errors
///
/// - [`RedundantError::Malformed`] when `payload` is not RFC 2198's.
/// - [`RedundantError::Open`] what `open` says of the newest block; then no other was opened.
pub fn open_redundant(
    payload: &[u8],
    mut open: impl FnMut(&[u8]) -> Result<Vec<u8>, OpenFrameError>,
) -> Result<Vec<u8>, RedundantError> {
    let parsed = parse(payload)?;
    let newest = open(parsed.newest)?;
    let earlier: Vec<_> =
        parsed.earlier.iter().filter_map(|block| open(block.block).ok().map(|opened| (block, opened))).collect();
    Ok(write(&earlier, parsed.payload_type, &newest))
}

fn parse(payload: &[u8]) -> Result<Parsed<'_>, RedundantError> {
    let mut headers = Vec::new();
    let mut rest = payload;
    let payload_type = loop {
        let (&first, after) = rest.split_first().ok_or(RedundantError::Malformed)?;
        if first & 0x80 == 0 {
            rest = after;
            break first;
        }
        let (header, after) = rest.split_first_chunk::<HEADER_BYTES>().ok_or(RedundantError::Malformed)?;
        if headers.len() + 1 == MAX_BLOCKS {
            return Err(RedundantError::Malformed);
        }
        let offset = u16::from(header[1]) << 6 | u16::from(header[2] >> 2);
        let length = usize::from(header[2] & 0x03) << 8 | usize::from(header[3]);
        headers.push((first & 0x7f, offset, length));
        rest = after;
    };
    let mut earlier = Vec::with_capacity(headers.len());
    for (payload_type, offset, length) in headers {
        let (block, after) = rest.split_at_checked(length).ok_or(RedundantError::Malformed)?;
        earlier.push(Earlier { payload_type, offset, block });
        rest = after;
    }
    Ok(Parsed { earlier, payload_type, newest: rest })
}

fn write(earlier: &[(&Earlier<'_>, Vec<u8>)], payload_type: u8, newest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fitting = || earlier.iter().filter(|(_, bytes)| bytes.len() <= MAX_EARLIER_BYTES);
    for (block, sealed) in fitting() {
        let length = sealed.len() as u16;
        bytes.push(0x80 | block.payload_type);
        bytes.push((block.offset >> 6) as u8);
        bytes.push((block.offset << 2) as u8 | (length >> 8) as u8);
        bytes.push(length as u8);
    }
    bytes.push(payload_type);
    for (_, sealed) in fitting() {
        bytes.extend_from_slice(sealed);
    }
    bytes.extend_from_slice(newest);
    bytes
}
