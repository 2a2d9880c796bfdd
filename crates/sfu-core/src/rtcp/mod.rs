//! RTCP: what clients report and ask for, and what this server answers.
//!
//! # Source
//!
//! RFC 3550 section 6 (reports), RFC 4585 section 6 (feedback), RFC 5104 section 4.3.1 (full intra request),
//! draft-alvestrand-rmcat-remb-03 (receiver estimated maximum bitrate),
//! draft-holmer-rmcat-transport-wide-cc-extensions-01 (arrivals of numbered packets).

mod write;

use colloque_congestion::TransportFeedback;
pub(crate) use write::{CompoundWriter, ReportBlock};

/// One thing that a client said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback<'a> {
    /// A publisher ties its clock to the timestamps of one stream.
    SenderReport {
        /// Whose stream.
        ssrc: u32,
        /// Wallclock of the publisher, 32.32 fixed point.
        ntp: u64,
        /// The same instant in units of the codec's clock.
        timestamp: u32,
    },
    /// A subscriber says how one stream arrives.
    Reception {
        /// The stream that is reported on.
        ssrc: u32,
        /// Packets lost since the last report, in 256ths.
        fraction_lost: u8,
        /// Middle 32 bits of the wallclock in the last sender report; zero when there was none.
        last_report: u32,
        /// Time between that report and this one, in 65536ths of a second.
        delay_since: u32,
    },
    /// A subscriber misses packets of one stream.
    Nack {
        /// The stream.
        ssrc: u32,
        /// The missing sequence numbers.
        missing: Missing<'a>,
    },
    /// A subscriber needs a keyframe of one stream.
    KeyframeRequest {
        /// The stream.
        ssrc: u32,
    },
    /// A subscriber says how the numbered packets of its transport arrived.
    Transport(TransportFeedback<'a>),
    /// A client estimates what it can receive.
    Remb {
        /// All streams together, in bits per second.
        bits_per_second: u64,
    },
}

/// The missing sequence numbers of one loss report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing<'a> {
    entries: &'a [[u8; 4]],
}

impl Missing<'_> {
    /// Each missing sequence number, in the order of the report.
    pub fn sequences(&self) -> impl Iterator<Item = u16> {
        self.entries.iter().flat_map(|entry| {
            let first = u16::from_be_bytes([entry[0], entry[1]]);
            let following = u16::from_be_bytes([entry[2], entry[3]]);
            std::iter::once(first).chain(
                (0..16u16).filter(move |bit| following >> bit & 1 == 1).map(move |bit| first.wrapping_add(bit + 1)),
            )
        })
    }
}

/// Reads a compound packet and hands over what concerns this server. Total, no allocation.
///
/// A malformed part ends the reading; what came before it counts.
pub fn read_compound<'a>(mut packet: &'a [u8], mut take: impl FnMut(Feedback<'a>)) {
    while let Some((header, _)) = packet.split_first_chunk::<4>() {
        let length = 4 * (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1);
        let Some((part, rest)) = packet.split_at_checked(length) else { return };
        if header[0] >> 6 != 2 {
            return;
        }
        let body = match without_padding(header[0], &part[4..]) {
            Some(body) => body,
            None => return,
        };
        read_part(header[1], header[0] & 31, body, &mut take);
        packet = rest;
    }
}

fn without_padding(first: u8, body: &[u8]) -> Option<&[u8]> {
    if first & 0x20 == 0 {
        return Some(body);
    }
    body.get(..body.len().checked_sub(usize::from(*body.last()?))?)
}

fn read_part<'a>(kind: u8, count_or_format: u8, body: &'a [u8], take: &mut impl FnMut(Feedback<'a>)) {
    match (kind, count_or_format) {
        (SENDER_REPORT, _) => {
            let Some((sender, blocks)) = body.split_first_chunk::<24>() else { return };
            take(Feedback::SenderReport {
                ssrc: word(sender, 0),
                ntp: u64::from(word(sender, 4)) << 32 | u64::from(word(sender, 8)),
                timestamp: word(sender, 12),
            });
            read_blocks(blocks, take);
        }
        (RECEIVER_REPORT, _) => read_blocks(body.get(4..).unwrap_or_default(), take),
        (TRANSPORT_FEEDBACK, GENERIC_NACK) => {
            let Some((ssrcs, entries)) = body.split_first_chunk::<8>() else { return };
            take(Feedback::Nack { ssrc: word(ssrcs, 4), missing: Missing { entries: entries.as_chunks().0 } });
        }
        (TRANSPORT_FEEDBACK, TRANSPORT_WIDE) => {
            if let Some(feedback) = body.get(8..).and_then(TransportFeedback::parse) {
                take(Feedback::Transport(feedback));
            }
        }
        (PAYLOAD_FEEDBACK, PICTURE_LOSS) => {
            let Some(ssrcs) = body.first_chunk::<8>() else { return };
            take(Feedback::KeyframeRequest { ssrc: word(ssrcs, 4) });
        }
        (PAYLOAD_FEEDBACK, FULL_INTRA) => {
            let Some((_, entries)) = body.split_first_chunk::<8>() else { return };
            for entry in entries.as_chunks::<8>().0 {
                take(Feedback::KeyframeRequest { ssrc: word(entry, 0) });
            }
        }
        (PAYLOAD_FEEDBACK, APPLICATION) => {
            let Some(remb) = body.first_chunk::<16>() else { return };
            if &remb[8..12] == b"REMB" {
                let exponent = u32::from(remb[13] >> 2);
                let mantissa = u64::from(word(remb, 12) & 0x3_ffff);
                let bits_per_second = mantissa.checked_shl(exponent).filter(|bits| bits >> exponent == mantissa);
                take(Feedback::Remb { bits_per_second: bits_per_second.unwrap_or(u64::MAX) });
            }
        }
        _ => {}
    }
}

fn read_blocks<'a>(blocks: &'a [u8], take: &mut impl FnMut(Feedback<'a>)) {
    for block in blocks.as_chunks::<24>().0 {
        take(Feedback::Reception {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            last_report: word(block, 16),
            delay_since: word(block, 20),
        });
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const GENERIC_NACK: u8 = 1;
const TRANSPORT_WIDE: u8 = 15;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA: u8 = 4;
const APPLICATION: u8 = 15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(packet: &[u8]) -> Vec<Feedback<'_>> {
        let mut feedback = Vec::new();
        read_compound(packet, |item| feedback.push(item));
        feedback
    }

    #[test]
    fn a_nack_names_the_first_packet_and_its_followers() {
        let packet = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0x80, 0x01];
        let [Feedback::Nack { ssrc: 9, missing }] = read(&packet)[..] else { panic!("not a nack") };
        assert_eq!(missing.sequences().collect::<Vec<_>>(), [65_535, 0, 15]);
    }

    #[test]
    fn both_kinds_of_keyframe_request_are_read() {
        let pli = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9];
        let fir = [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0];
        for packet in [&pli[..], &fir[..]] {
            assert_eq!(read(packet), [Feedback::KeyframeRequest { ssrc: 9 }]);
        }
    }

    #[test]
    fn an_impossible_estimate_is_read_as_no_limit() {
        let packet = [0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 0, 0xff, 0xff, 0xff];
        assert_eq!(read(&packet), [Feedback::Remb { bits_per_second: u64::MAX }]);
    }

    #[test]
    fn reading_stops_at_a_part_that_runs_past_the_end() {
        let packet = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0x81, 206, 0, 9, 0, 0, 0, 1];
        assert_eq!(read(&packet), [Feedback::KeyframeRequest { ssrc: 9 }]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            kind in 195u8..215,
            mut bytes in proptest::collection::vec(any::<u8>(), 4..200),
        ) {
            bytes[0] = bytes[0] & 63 | 0x80;
            bytes[1] = kind;
            bytes[2] = 0;
            bytes[3] %= 50;
            read_compound(&bytes, |feedback| if let Feedback::Nack { missing, .. } = feedback {
                assert!(missing.sequences().count() <= 17 * bytes.len() / 4);
            });
        }
    }
}
