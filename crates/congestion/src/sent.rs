/// Packets that are remembered until a report speaks of them: 2.5 s at 400 packets a second. Costs 16 KB.
///
/// Higher: later reports count. Lower: less memory for each subscriber.
const REMEMBERED: usize = 1024;

/// The packets that left lately, by number.
#[derive(Debug, Default)]
pub(crate) struct SentPackets {
    /// Made with the first packet.
    entries: Box<[SentPacket]>,
    next: u64,
    /// The first number of which it is not decided whether it was lost.
    unsettled: u64,
}

/// One packet that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentPacket {
    /// When, in microseconds since the estimator began, modulo 2^32.
    sent_us: u32,
    number: u32,
    pub bytes: u16,
    /// The probe that it was part of; zero for none.
    pub probe: u8,
    pub fate: Fate,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No report spoke of it.
    Unknown,
    Arrived,
    Missing,
}

impl SentPackets {
    /// Remembers a packet and gives its number.
    pub(crate) fn push(&mut self, now_us: i64, bytes: usize, probe: u8) -> u64 {
        if self.entries.is_empty() {
            let nothing = SentPacket { sent_us: 0, number: u32::MAX, bytes: 0, probe: 0, fate: Fate::Unknown };
            self.entries = vec![nothing; REMEMBERED].into_boxed_slice();
        }
        let number = self.next;
        self.next += 1;
        self.entries[number as usize % REMEMBERED] = SentPacket {
            sent_us: now_us as u32,
            number: number as u32,
            bytes: bytes.min(usize::from(u16::MAX)) as u16,
            probe,
            fate: Fate::Unknown,
        };
        self.unsettled = self.unsettled.max(self.next.saturating_sub(REMEMBERED as u64));
        number
    }

    /// The number that a report means; none for what was never sent or is forgotten.
    pub(crate) fn number_of(&self, sequence: u16) -> Option<u64> {
        let newest = self.next.checked_sub(1)?;
        let behind = u64::from((newest as u16).wrapping_sub(sequence));
        if behind >= REMEMBERED as u64 {
            return None;
        }
        newest.checked_sub(behind)
    }

    /// A packet that is still remembered, with the time when it left in microseconds.
    pub(crate) fn find(&self, number: u64, now_us: i64) -> Option<(SentPacket, i64)> {
        let packet = *self.entries.get(number as usize % REMEMBERED)?;
        (packet.number == number as u32 && number < self.next).then(|| (packet, packet.sent_us(now_us)))
    }

    /// Records what a report says; an arrival is never taken back.
    pub(crate) fn mark(&mut self, number: u64, fate: Fate) {
        if let Some(packet) = self.entries.get_mut(number as usize % REMEMBERED)
            && packet.number == number as u32
            && packet.fate != Fate::Arrived
        {
            packet.fate = fate;
        }
    }

    /// Hands over each packet that left before `before_us` and was not handed over yet, in order.
    pub(crate) fn settle(&mut self, before_us: i64, now_us: i64, mut take: impl FnMut(SentPacket, i64)) {
        while self.unsettled < self.next {
            let Some((packet, sent_us)) = self.find(self.unsettled, now_us) else { return };
            if sent_us >= before_us {
                return;
            }
            self.unsettled += 1;
            take(packet, sent_us);
        }
    }

    /// Leaves out everything before `number`.
    pub(crate) fn forget_before(&mut self, number: u64) {
        self.unsettled = self.unsettled.max(number);
    }

    /// Packets that left since the last one that was handed over.
    pub(crate) fn outstanding(&self) -> u64 {
        self.next - self.unsettled
    }
}

impl SentPacket {
    fn sent_us(&self, now_us: i64) -> i64 {
        now_us - i64::from((now_us as u32).wrapping_sub(self.sent_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_across_the_end_of_their_range() {
        let mut sent = SentPackets::default();
        for packet in 0..70_000i64 {
            sent.push(packet * 1_000, 100, 0);
        }
        assert_eq!(sent.number_of((69_999u64 & 0xffff) as u16), Some(69_999));
        let (packet, sent_us) = sent.find(69_500, 70_000_000).unwrap();
        assert_eq!((packet.bytes, sent_us), (100, 69_500_000));
        assert_eq!(sent.find(69_999 - REMEMBERED as u64, 70_000_000), None);
        assert_eq!(sent.number_of(69_000u64 as u16).and_then(|number| sent.find(number, 0)), sent.find(69_000, 0));
    }

    #[test]
    fn each_packet_is_settled_once_and_an_arrival_stays_one() {
        let mut sent = SentPackets::default();
        for packet in 0..10 {
            sent.push(packet * 10, 100, 0);
        }
        sent.mark(3, Fate::Missing);
        sent.mark(4, Fate::Arrived);
        sent.mark(4, Fate::Missing);
        let mut fates = Vec::new();
        sent.settle(50, 100, |packet, _| fates.push(packet.fate));
        assert_eq!(fates, [Fate::Unknown, Fate::Unknown, Fate::Unknown, Fate::Missing, Fate::Arrived]);
        fates.clear();
        sent.settle(70, 100, |packet, _| fates.push(packet.fate));
        assert_eq!((fates.len(), sent.outstanding()), (2, 3));
    }

    #[test]
    fn what_is_overwritten_before_it_is_settled_is_left_out() {
        let mut sent = SentPackets::default();
        for packet in 0..3_000 {
            sent.push(packet, 100, 0);
        }
        let mut count = 0;
        sent.settle(10_000, 10_000, |_, _| count += 1);
        assert_eq!(count, REMEMBERED);
    }
}
