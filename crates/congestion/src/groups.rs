/// Packets that leave within this time are looked at as one, in microseconds: what one frame sends at once.
///
/// # Source
///
/// draft-ietf-rmcat-gcc-02 section 5.2.
const GROUP_US: i64 = 5_000;
/// Arrivals closer than this were held together by a link that sends in bursts, in microseconds.
const BURST_US: i64 = 5_000;
/// Longest time that one burst lasts, in microseconds.
const MAX_BURST_US: i64 = 100_000;
/// A clock that moved by more than this did not run, in microseconds.
const MAX_JUMP_US: i64 = 3_000_000;
/// Groups in a row that arrive before their forerunner until the order is taken as it is.
const MAX_REORDERED: u8 = 3;

/// Collects packets into groups, and compares each group with the one before.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    previous: Option<Group>,
    current: Option<Group>,
    reordered: u8,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_sent_us: i64,
    last_sent_us: i64,
    first_arrival_us: i64,
    last_arrival_us: i64,
}

/// How much further apart two groups left and arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spacing {
    pub sent_us: i64,
    pub arrival_us: i64,
    /// When the later group arrived, on the receiver's clock.
    pub at_us: i64,
}

impl Groups {
    /// Takes a packet that arrived; gives the spacing of two groups when it begins a third.
    pub(crate) fn add(&mut self, sent_us: i64, arrival_us: i64) -> Option<Spacing> {
        let Some(current) = &mut self.current else {
            self.current = Some(Group::begin(sent_us, arrival_us));
            return None;
        };
        if sent_us < current.first_sent_us {
            return None;
        }
        if current.takes(sent_us, arrival_us) {
            current.last_sent_us = current.last_sent_us.max(sent_us);
            current.last_arrival_us = current.last_arrival_us.max(arrival_us);
            return None;
        }
        let complete = *current;
        *current = Group::begin(sent_us, arrival_us);
        let before = self.previous.replace(complete)?;
        let spacing = Spacing {
            sent_us: complete.last_sent_us - before.last_sent_us,
            arrival_us: complete.last_arrival_us - before.last_arrival_us,
            at_us: complete.last_arrival_us,
        };
        if (spacing.arrival_us - spacing.sent_us).abs() > MAX_JUMP_US {
            *self = Self::default();
            return None;
        }
        if spacing.arrival_us < 0 {
            self.reordered += 1;
            if self.reordered >= MAX_REORDERED {
                *self = Self::default();
            }
            return None;
        }
        self.reordered = 0;
        Some(spacing)
    }
}

impl Group {
    fn begin(sent_us: i64, arrival_us: i64) -> Self {
        Self {
            first_sent_us: sent_us,
            last_sent_us: sent_us,
            first_arrival_us: arrival_us,
            last_arrival_us: arrival_us,
        }
    }

    fn takes(&self, sent_us: i64, arrival_us: i64) -> bool {
        if sent_us - self.first_sent_us <= GROUP_US {
            return true;
        }
        let sent_apart = sent_us - self.last_sent_us;
        let arrived_apart = arrival_us - self.last_arrival_us;
        arrived_apart < sent_apart && arrived_apart <= BURST_US && arrival_us - self.first_arrival_us < MAX_BURST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spacings(packets: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let mut groups = Groups::default();
        packets
            .iter()
            .filter_map(|(sent, arrival)| groups.add(*sent, *arrival))
            .map(|spacing| (spacing.sent_us, spacing.arrival_us))
            .collect()
    }

    #[test]
    fn a_frame_is_one_group_and_a_growing_queue_shows() {
        let packets = [(0, 100_000), (1_000, 101_000), (33_000, 133_000), (34_000, 140_000), (66_000, 180_000)];
        assert_eq!(spacings(&packets), [(33_000, 39_000)]);
    }

    #[test]
    fn what_a_link_delivers_in_a_burst_is_one_group() {
        let packets = [(0, 100_000), (20_000, 150_000), (40_000, 150_500), (60_000, 151_000), (100_000, 190_000)];
        assert_eq!(spacings(&packets), [(60_000, 51_000)]);
    }

    #[test]
    fn a_clock_that_jumps_begins_anew() {
        let packets = [(0, 0), (20_000, 20_000), (40_000, 9_000_000), (60_000, 9_020_000), (80_000, 9_040_000)];
        assert_eq!(spacings(&packets), [(20_000, 20_000)]);
    }
}
