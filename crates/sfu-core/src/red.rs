//! Redundant audio: a packet repeats those before it, so that one that is lost arrives with the next.
//!
//! # Source
//!
//! RFC 2198 section 3.

/// Earlier packets that one packet repeats at most; of what a client repeats beyond that, nothing is read.
///
/// Higher: longer bursts are survived. Lower: a voice takes less of the link.
pub const MAX_REPEATED: usize = 3;

/// What a packet repeats, the nearest packet first: how far its timestamp lies before the packet's own, and its payload.
pub type Repeated<'a> = [Option<(u32, &'a [u8])>; MAX_REPEATED];

/// A packet's own payload and what it repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redundant<'a> {
    /// What the packet would carry without repetition.
    pub primary: &'a [u8],
    /// What it repeats.
    pub repeated: Repeated<'a>,
}

/// Blocks that are read of one packet.
const MAX_BLOCKS: usize = 16;
const MAX_OFFSET: u32 = (1 << 14) - 1;
const MAX_BLOCK_BYTES: usize = (1 << 10) - 1;

impl<'a> Redundant<'a> {
    /// Reads a payload whose blocks are all of the format `codec`; none when it is malformed. Total, no allocation.
    #[must_use]
    pub fn parse(payload: &'a [u8], codec: u8) -> Option<Self> {
        let mut heads = [(0, 0); MAX_BLOCKS];
        let mut blocks = 0;
        let mut at = 0;
        loop {
            let first = *payload.get(at)?;
            if first & 0x7f != codec {
                return None;
            }
            if first & 0x80 == 0 {
                at += 1;
                break;
            }
            let rest = u32::from_be_bytes([0, *payload.get(at + 1)?, *payload.get(at + 2)?, *payload.get(at + 3)?]);
            *heads.get_mut(blocks)? = (rest >> 10, rest as usize & MAX_BLOCK_BYTES);
            blocks += 1;
            at += 4;
        }
        let mut repeated: Repeated<'a> = [None; MAX_REPEATED];
        for (number, (offset, length)) in heads[..blocks].iter().enumerate() {
            let block = payload.get(at..at + length)?;
            at += length;
            if let Some(place) = repeated.get_mut(blocks - 1 - number) {
                *place = (*offset > 0 && !block.is_empty()).then_some((*offset, block));
            }
        }
        Some(Self { primary: payload.get(at..)?, repeated })
    }

    /// Keeps what can be repeated of a packet that lies `offset` before its own.
    #[must_use]
    pub fn repeatable(offset: u32, payload: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let fits = (1..=MAX_OFFSET).contains(&offset) && (1..=MAX_BLOCK_BYTES).contains(&payload.len());
        fits.then_some((offset, payload))
    }

    /// Leaves the farthest repetition out; false when there is none.
    pub fn drop_farthest(&mut self) -> bool {
        self.repeated
            .iter_mut()
            .rev()
            .find(|repeated| repeated.is_some())
            .is_some_and(|repeated| repeated.take().is_some())
    }

    /// Bytes of the payload that [`Redundant::write`] makes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.repeated.iter().flatten().map(|(_, block)| 4 + block.len()).sum::<usize>() + 1 + self.primary.len()
    }

    /// Writes the payload into `out`, which has exactly [`Redundant::bytes`].
    pub fn write(&self, codec: u8, out: &mut [u8]) {
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            if let Some(room) = out.get_mut(at..at + bytes.len()) {
                room.copy_from_slice(bytes);
                at += bytes.len();
            }
        };
        let oldest_first = || self.repeated.iter().rev().flatten();
        for (offset, block) in oldest_first() {
            let rest = (offset << 10 | block.len() as u32).to_be_bytes();
            put(&[0x80 | codec, rest[1], rest[2], rest[3]]);
        }
        put(&[codec]);
        for (_, block) in oldest_first() {
            put(block);
        }
        put(self.primary);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODEC: u8 = 111;

    fn written(redundant: &Redundant<'_>) -> Vec<u8> {
        let mut out = vec![0xee; redundant.bytes()];
        redundant.write(CODEC, &mut out);
        out
    }

    #[test]
    fn the_bytes_are_those_of_the_article() {
        let redundant = Redundant { primary: b"now", repeated: [Some((960, b"before")), None, None] };
        let expected = [&[0x80 | 111, 0x0f, 0x00, 6, 111][..], b"before", b"now"].concat();
        assert_eq!(written(&redundant), expected);
    }

    #[test]
    fn older_blocks_than_those_that_are_used_are_passed_over() {
        let mut payload = Vec::new();
        for offset in [3_840u32, 2_880, 1_920, 960] {
            let rest = (offset << 10 | 1).to_be_bytes();
            payload.extend_from_slice(&[0x80 | CODEC, rest[1], rest[2], rest[3]]);
        }
        payload.extend_from_slice(&[CODEC, b'd', b'c', b'b', b'a', b'!']);
        let parsed = Redundant::parse(&payload, CODEC).unwrap();
        let repeated = [Some((960, &b"a"[..])), Some((1_920, b"b")), Some((2_880, b"c"))];
        assert_eq!(parsed, Redundant { primary: b"!", repeated });
    }

    #[test]
    fn the_farthest_repetition_is_left_out_first() {
        let mut redundant = Redundant { primary: b"!", repeated: [Some((960, b"a")), None, Some((2_880, b"c"))] };
        assert!(redundant.drop_farthest());
        assert_eq!(redundant.repeated, [Some((960, &b"a"[..])), None, None]);
        assert!(redundant.drop_farthest() && !redundant.drop_farthest());
    }

    #[test]
    fn other_formats_and_cut_payloads_are_refused() {
        let whole = written(&Redundant { primary: b"", repeated: [Some((960, b"before")), None, None] });
        assert!(Redundant::parse(&whole, CODEC).is_some());
        assert_eq!(Redundant::parse(&whole, 109), None);
        for length in 0..whole.len() {
            assert_eq!(Redundant::parse(&whole[..length], CODEC), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            primary in proptest::collection::vec(any::<u8>(), 0..300),
            first in proptest::collection::vec(any::<u8>(), 1..300),
            second in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..300)),
        ) {
            let second = second.as_deref().and_then(|block| Redundant::repeatable(1_920, block));
            let redundant = Redundant { primary: &primary, repeated: [Redundant::repeatable(960, &first), second, None] };
            let written = written(&redundant);
            prop_assert_eq!(Redundant::parse(&written, CODEC), Some(redundant));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Redundant::parse(&bytes, bytes.first().map_or(0, |byte| byte & 0x7f));
        }
    }
}
