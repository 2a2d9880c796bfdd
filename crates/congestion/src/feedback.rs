/// Packets that one report may speak of.
///
/// Higher: a report after a long silence is read whole. Lower: a hostile report costs less.
pub const MAX_REPORTED: usize = 1024;

/// Units of an arrival time in a report, in microseconds.
pub(crate) const TICK_US: i64 = 250;
/// Units of a report's reference time, in microseconds.
pub(crate) const REFERENCE_US: i64 = 64_000;
/// Values that a reference time has before it begins anew.
pub(crate) const REFERENCES: i64 = 1 << 24;

/// One report on how the packets of a transport arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    base: u16,
    count: u16,
    reference: u32,
    number: u8,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    /// Reads a report from what follows the two stream numbers of its RTCP packet; none when it is cut short or speaks of
    /// more than [`MAX_REPORTED`] packets. Total, no allocation.
    #[must_use]
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (head, rest) = body.split_first_chunk::<8>()?;
        let count = u16::from_be_bytes([head[2], head[3]]);
        if usize::from(count) > MAX_REPORTED {
            return None;
        }
        let mut chunk_bytes = 0;
        let mut covered = 0;
        while covered < usize::from(count) {
            let chunk = rest.get(chunk_bytes..chunk_bytes + 2)?;
            let chunk = Chunk::read(u16::from_be_bytes([chunk[0], chunk[1]]));
            if chunk.length() == 0 {
                return None;
            }
            covered += chunk.length();
            chunk_bytes += 2;
        }
        let (chunks, deltas) = rest.split_at(chunk_bytes);
        Some(Self {
            base: u16::from_be_bytes([head[0], head[1]]),
            count,
            reference: u32::from_be_bytes([0, head[4], head[5], head[6]]),
            number: head[7],
            chunks,
            deltas,
        })
    }

    /// The instant that arrivals are counted from, in units of 64 ms modulo 2^24.
    #[must_use]
    pub fn reference(&self) -> u32 {
        self.reference
    }

    /// The report's own number, modulo 256.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Each packet's number, with its arrival in microseconds after the reference; none for what did not arrive.
    pub fn packets(&self) -> impl Iterator<Item = (u16, Option<i64>)> + use<'a> {
        let mut deltas = self.deltas;
        let mut at_us = 0;
        let symbols = self.chunks.as_chunks::<2>().0.iter().flat_map(|chunk| {
            let chunk = Chunk::read(u16::from_be_bytes(*chunk));
            (0..chunk.length()).map(move |at| chunk.symbol(at))
        });
        let base = self.base;
        symbols.take(usize::from(self.count)).enumerate().map_while(move |(offset, symbol)| {
            let delta = match symbol {
                SMALL => {
                    let (delta, rest) = deltas.split_first()?;
                    deltas = rest;
                    Some(i64::from(*delta))
                }
                LARGE => {
                    let (delta, rest) = deltas.split_first_chunk::<2>()?;
                    deltas = rest;
                    Some(i64::from(i16::from_be_bytes(*delta)))
                }
                _ => None,
            };
            let arrival = delta.map(|delta| {
                at_us += delta * TICK_US;
                at_us
            });
            Some((base.wrapping_add(offset as u16), arrival))
        })
    }
}

/// What became of a packet: nothing, an arrival less than 64 ms after the one before, another arrival.
const MISSING: u8 = 0;
const SMALL: u8 = 1;
const LARGE: u8 = 2;

/// Sixteen bits that say what became of some packets.
#[derive(Debug, Clone, Copy)]
enum Chunk {
    Run { symbol: u8, length: usize },
    OneBit { bits: u16 },
    TwoBits { bits: u16 },
}

impl Chunk {
    fn read(word: u16) -> Self {
        match word >> 14 {
            0 | 1 => Self::Run { symbol: (word >> 13 & 3) as u8, length: usize::from(word & 0x1fff) },
            2 => Self::OneBit { bits: word },
            _ => Self::TwoBits { bits: word },
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Run { length, .. } => length,
            Self::OneBit { .. } => 14,
            Self::TwoBits { .. } => 7,
        }
    }

    fn symbol(self, at: usize) -> u8 {
        match self {
            Self::Run { symbol, .. } => symbol,
            Self::OneBit { bits } => (bits >> (13 - at) & 1) as u8,
            Self::TwoBits { bits } => (bits >> (12 - 2 * at) & 3) as u8,
        }
    }
}

/// Writes a report on the packets from `base` on, each with the ticks between its arrival and the one before, the first
/// counted from the reference; none for what did not arrive. The length is a multiple of four.
pub(crate) fn write_feedback(
    mut out: impl FnMut(&[u8]),
    base: u16,
    reference: u32,
    number: u8,
    deltas: &[Option<i16>],
) {
    let symbol = |delta: &Option<i16>| match delta {
        None => MISSING,
        Some(0..=255) => SMALL,
        Some(_) => LARGE,
    };
    let mut length = 0;
    let mut put = |bytes: &[u8]| {
        length += bytes.len();
        out(bytes);
    };
    put(&base.to_be_bytes());
    put(&(deltas.len() as u16).to_be_bytes());
    put(&reference.to_be_bytes()[1..]);
    put(&[number]);
    let mut rest = deltas;
    while let Some(first) = rest.first() {
        let first = symbol(first);
        let run = rest.iter().take_while(|delta| symbol(delta) == first).count();
        let taken = if run >= 14 || (run >= 7 && first == LARGE) || run == rest.len() {
            put(&(u16::from(first) << 13 | run as u16).to_be_bytes());
            run
        } else if rest.iter().take(14).all(|delta| symbol(delta) != LARGE) {
            let bits = rest.iter().take(14).enumerate();
            let bits = bits.fold(0x8000u16, |word, (at, delta)| word | u16::from(symbol(delta)) << (13 - at));
            put(&bits.to_be_bytes());
            14
        } else {
            let bits = rest.iter().take(7).enumerate();
            let bits = bits.fold(0xc000u16, |word, (at, delta)| word | u16::from(symbol(delta)) << (12 - 2 * at));
            put(&bits.to_be_bytes());
            7
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    for delta in deltas.iter().flatten() {
        match u8::try_from(*delta) {
            Ok(small) => put(&[small]),
            Err(_) => put(&delta.to_be_bytes()),
        }
    }
    let padding = length.next_multiple_of(4) - length;
    out(&[0; 3][..padding]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_chunk_is_read() {
        // Base 65534; 2 small, then 7 of which one is late and one lost, then 14 of which every second is lost.
        let body = [
            0xff, 0xfe, 0, 23, 0, 0, 1, 9, //
            0x20, 2, // run of two small
            0xd9, 0x55, // two bits: 01 10 01 01 01 01 01
            0xaa, 0xaa, // one bit: 10 1010 1010 1010
            4, 8, 1, 0xff, 0xff, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2,
        ];
        let feedback = TransportFeedback::parse(&body).unwrap();
        assert_eq!((feedback.reference(), feedback.number()), (1, 9));
        let packets: Vec<_> = feedback.packets().collect();
        assert_eq!(packets.len(), 23);
        assert_eq!(packets[..4], [(65_534, Some(1_000)), (65_535, Some(3_000)), (0, Some(3_250)), (1, Some(3_000))]);
        assert_eq!(packets[9..11], [(7, Some(4_750)), (8, None)]);
        assert_eq!(packets[22], (20, None));
    }

    #[test]
    fn a_report_of_too_many_packets_is_refused() {
        let body = [0, 0, 0x04, 0x01, 0, 0, 0, 0, 0x1f, 0xff];
        assert_eq!(TransportFeedback::parse(&body), None);
    }

    #[test]
    fn a_run_of_nothing_is_refused_instead_of_read_for_ever() {
        assert_eq!(TransportFeedback::parse(&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            base: u16,
            reference in 0u32..1 << 24,
            deltas in proptest::collection::vec(
                prop_oneof![3 => (0i16..256).prop_map(Some), 2 => Just(None), 1 => any::<i16>().prop_map(Some)], 1..300,
            ),
        ) {
            let mut out = Vec::new();
            write_feedback(|bytes| out.extend_from_slice(bytes), base, reference, 3, &deltas);
            prop_assert!(!out.is_empty() && out.len().is_multiple_of(4));
            let feedback = TransportFeedback::parse(&out).unwrap();
            prop_assert_eq!((feedback.reference(), feedback.number()), (reference, 3));
            let mut at = 0;
            let expected: Vec<_> = deltas.iter().enumerate().map(|(offset, delta)| {
                let arrival = delta.map(|delta| { at += i64::from(delta) * TICK_US; at });
                (base.wrapping_add(offset as u16), arrival)
            }).collect();
            prop_assert_eq!(feedback.packets().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(feedback) = TransportFeedback::parse(&bytes) {
                prop_assert!(feedback.packets().count() <= MAX_REPORTED);
            }
        }
    }
}
