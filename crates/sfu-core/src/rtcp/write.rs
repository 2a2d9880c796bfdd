use super::{
    APPLICATION, GENERIC_NACK, PAYLOAD_FEEDBACK, PICTURE_LOSS, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION,
    TRANSPORT_FEEDBACK, TRANSPORT_WIDE,
};

/// How one published stream arrives here, told to its publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReportBlock {
    pub ssrc: u32,
    /// Packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning, duplicates counted against them.
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    /// In units of the codec's clock.
    pub jitter: u32,
    pub last_report: u32,
    pub delay_since: u32,
}

/// Writes one compound packet into a buffer that is large enough for [`CompoundWriter::MAX_BYTES`].
pub(crate) struct CompoundWriter<'a> {
    out: &'a mut [u8],
    used: usize,
}

impl<'a> CompoundWriter<'a> {
    /// Most that one compound packet takes: each part checks the room before it is written.
    pub(crate) const MAX_BYTES: usize = 1100;

    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, used: 0 }
    }

    pub(crate) fn length(&self) -> usize {
        self.used
    }

    pub(crate) fn sender_report(&mut self, ssrc: u32, ntp: u64, timestamp: u32, packets: u32, octets: u32) {
        self.part(SENDER_REPORT, 0, |part| {
            part.word(ssrc);
            part.word((ntp >> 32) as u32);
            part.word(ntp as u32);
            part.word(timestamp);
            part.word(packets);
            part.word(octets);
        });
    }

    pub(crate) fn receiver_report(&mut self, sender: u32, blocks: &[ReportBlock]) {
        debug_assert!(blocks.len() < 32);
        self.part(RECEIVER_REPORT, blocks.len() as u8, |part| {
            part.word(sender);
            for block in blocks {
                part.word(block.ssrc);
                let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
                part.word(u32::from(block.fraction_lost) << 24 | lost);
                part.word(block.highest_sequence);
                part.word(block.jitter);
                part.word(block.last_report);
                part.word(block.delay_since);
            }
        });
    }

    /// Names the sender of `ssrc`; the name is the same for all its streams.
    pub(crate) fn source_description(&mut self, ssrc: u32, cname: &[u8]) {
        self.part(SOURCE_DESCRIPTION, 1, |part| {
            part.word(ssrc);
            part.bytes(&[1, cname.len() as u8]);
            part.bytes(cname);
            part.bytes(&[0]);
            part.pad_to_word();
        });
    }

    /// Asks for missing packets; `sequences` ascend, as sequence numbers do.
    pub(crate) fn nack(&mut self, sender: u32, ssrc: u32, sequences: impl Iterator<Item = u16>) {
        self.part(TRANSPORT_FEEDBACK, GENERIC_NACK, |part| {
            part.word(sender);
            part.word(ssrc);
            let mut entry: Option<(u16, u16)> = None;
            for sequence in sequences {
                entry = match entry {
                    Some((first, following)) => match sequence.wrapping_sub(first) {
                        0 => Some((first, following)),
                        distance @ 1..=16 => Some((first, following | 1 << (distance - 1))),
                        _ => {
                            part.word(u32::from(first) << 16 | u32::from(following));
                            Some((sequence, 0))
                        }
                    },
                    None => Some((sequence, 0)),
                };
            }
            if let Some((first, following)) = entry {
                part.word(u32::from(first) << 16 | u32::from(following));
            }
        });
    }

    /// Reports how numbered packets arrived: `write` puts the report, in whole words, and says whether there is one.
    pub(crate) fn transport_feedback(
        &mut self,
        sender: u32,
        ssrc: u32,
        write: impl FnOnce(&mut dyn FnMut(&[u8])) -> bool,
    ) {
        self.part(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, |part| {
            part.word(sender);
            part.word(ssrc);
            part.is_full |= !write(&mut |bytes| part.bytes(bytes));
        });
    }

    pub(crate) fn picture_loss(&mut self, sender: u32, ssrc: u32) {
        self.part(PAYLOAD_FEEDBACK, PICTURE_LOSS, |part| {
            part.word(sender);
            part.word(ssrc);
        });
    }

    /// Caps what the publisher of `ssrcs` sends, all streams together.
    pub(crate) fn remb(&mut self, sender: u32, bits_per_second: u64, ssrcs: &[u32]) {
        self.part(PAYLOAD_FEEDBACK, APPLICATION, |part| {
            let exponent = 64 - bits_per_second.leading_zeros().min(64);
            let exponent = exponent.saturating_sub(18);
            let mantissa = (bits_per_second >> exponent) as u32;
            part.word(sender);
            part.word(0);
            part.bytes(b"REMB");
            part.word((ssrcs.len() as u32) << 24 | exponent << 18 | mantissa);
            for ssrc in ssrcs {
                part.word(*ssrc);
            }
        });
    }

    fn part(&mut self, kind: u8, count_or_format: u8, write: impl FnOnce(&mut Part<'_>)) {
        let room = &mut self.out[self.used..];
        let mut part = Part { out: room, used: 4, is_full: false };
        write(&mut part);
        if part.is_full {
            return;
        }
        let used = part.used;
        let words = (used / 4 - 1) as u16;
        room[0] = 0x80 | count_or_format;
        room[1] = kind;
        room[2..4].copy_from_slice(&words.to_be_bytes());
        self.used += used;
    }
}

struct Part<'a> {
    out: &'a mut [u8],
    used: usize,
    is_full: bool,
}

impl Part<'_> {
    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match self.out.get_mut(self.used..self.used + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.used += bytes.len();
            }
            None => self.is_full = true,
        }
    }

    fn pad_to_word(&mut self) {
        while !self.used.is_multiple_of(4) && !self.is_full {
            self.bytes(&[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Feedback, read_compound};
    use super::*;

    fn written(write: impl FnOnce(&mut CompoundWriter<'_>)) -> Vec<u8> {
        let mut out = [0; CompoundWriter::MAX_BYTES];
        let mut writer = CompoundWriter::new(&mut out);
        write(&mut writer);
        let length = writer.length();
        out[..length].to_vec()
    }

    #[test]
    fn reports_are_read_back() {
        let block = ReportBlock {
            ssrc: 7,
            fraction_lost: 12,
            cumulative_lost: -1,
            highest_sequence: 70_000,
            jitter: 4,
            last_report: 5,
            delay_since: 6,
        };
        let packet = written(|writer| {
            writer.sender_report(3, 0x1122_3344_5566_7788, 99, 10, 1_000);
            writer.receiver_report(3, &[block]);
            writer.source_description(3, b"name");
        });
        let mut seen = Vec::new();
        read_compound(&packet, |feedback| seen.push(feedback));
        assert_eq!(
            seen,
            [
                Feedback::SenderReport { ssrc: 3, ntp: 0x1122_3344_5566_7788, timestamp: 99 },
                Feedback::Reception { ssrc: 7, fraction_lost: 12, last_report: 5, delay_since: 6 },
            ]
        );
        assert_eq!(packet.len() % 4, 0);
    }

    #[test]
    fn a_cap_is_read_back_within_the_precision_of_the_format() {
        for bits_per_second in [0, 1, 262_143, 262_144, 2_500_000, 10_000_000_000] {
            let packet = written(|writer| writer.remb(1, bits_per_second, &[5, 6]));
            read_compound(&packet, |feedback| {
                let Feedback::Remb { bits_per_second: read } = feedback else { panic!("not an estimate") };
                assert!(read <= bits_per_second && read >= bits_per_second - bits_per_second / 100_000);
            });
        }
    }

    #[test]
    fn a_part_that_does_not_fit_is_left_out_whole() {
        let mut out = [0; 40];
        let mut writer = CompoundWriter::new(&mut out);
        writer.picture_loss(1, 2);
        writer.nack(1, 2, (0..2_000).step_by(20));
        assert_eq!(writer.length(), 12);
    }

    proptest! {
        #[test]
        fn missing_packets_are_read_back(start: u16, steps in proptest::collection::vec(1u16..40, 1..100)) {
            let sequences: Vec<u16> = steps.iter().scan(start, |at, step| { *at = at.wrapping_add(*step); Some(*at) }).collect();
            let packet = written(|writer| writer.nack(1, 2, sequences.iter().copied()));
            let mut read = Vec::new();
            read_compound(&packet, |feedback| if let Feedback::Nack { missing, .. } = feedback {
                read.extend(missing.sequences());
            });
            prop_assert_eq!(read, sequences);
        }
    }
}
