//! Redundant audio, written and read without the product's code: one side of the comparison is independent.

use bytes::{BufMut, Bytes, BytesMut};

/// Writes a packet that repeats the one before it; `offset` is the time between the two in samples.
///
/// # Source
///
/// RFC 2198 section 3.
pub(crate) fn write(codec: u8, repeated: Option<(u32, &[u8])>, primary: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(primary.len() + 260);
    let repeated = repeated.filter(|(offset, block)| *offset < 1 << 14 && block.len() < 1 << 10);
    if let Some((offset, block)) = repeated {
        out.put_u8(0x80 | codec);
        out.put_uint(u64::from(offset << 10 | block.len() as u32), 3);
    }
    out.put_u8(codec);
    if let Some((_, block)) = repeated {
        out.put_slice(block);
    }
    out.put_slice(primary);
    out.freeze()
}

/// Reads a packet: each block with the time by which it lies before the packet, the packet's own last; none when malformed.
pub(crate) fn read(payload: &Bytes) -> Option<Vec<(u32, Bytes)>> {
    let mut heads = Vec::new();
    let mut at = 0;
    while payload.get(at)? & 0x80 != 0 {
        let head = payload.get(at + 1..at + 4)?;
        let rest = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        heads.push((rest >> 10, (rest & 0x3ff) as usize));
        at += 4;
    }
    at += 1;
    let mut blocks = Vec::new();
    for (offset, length) in heads {
        payload.get(at..at + length)?;
        blocks.push((offset, payload.slice(at..at + length)));
        at += length;
    }
    payload.get(at..)?;
    blocks.push((0, payload.slice(at..)));
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let blocks = read(&write(111, Some((960, b"before")), b"now")).unwrap();
        assert_eq!(blocks, [(960, Bytes::from_static(b"before")), (0, Bytes::from_static(b"now"))]);
        assert_eq!(read(&write(111, None, b"now")).unwrap(), [(0, Bytes::from_static(b"now"))]);
        assert_eq!(read(&Bytes::from_static(&[0x80 | 111, 0, 0, 9, 111, 1])), None);
    }
}
