//! The ways between members and the server: media that may be lost, and messages that come late instead.

use colloque_network::Dice;

/// From a member to the server, or back, in microseconds: a round trip of 300 ms.
pub(super) const ONE_WAY_US: u64 = 150_000;
/// Share of the datagrams of media that are lost.
pub(super) const LOSS: f64 = 0.05;
/// Bytes of a message that one datagram carries.
const SEGMENT_BYTES: usize = 1_200;
/// After this time what was lost is sent again: a round trip, and the 200 ms that Linux adds, in microseconds. It doubles each time.
///
/// # Source
///
/// RFC 6298 section 2.
const SENT_AGAIN_US: u64 = 2 * ONE_WAY_US + 200_000;

/// One direction of a connection: everything arrives, in order; what was lost holds up what follows.
#[derive(Debug, Default)]
pub(super) struct Wire {
    free_us: u64,
}

impl Wire {
    /// Takes a message, of whose datagrams a share is lost; gives when it arrives, in microseconds.
    pub(super) fn arrives_us(&mut self, now_us: u64, bytes: usize, loss: f64, dice: &mut Dice) -> u64 {
        let mut held_up_us = 0;
        for _ in 0..bytes.div_ceil(SEGMENT_BYTES).max(1) {
            let (mut pause_us, mut waited_us) = (SENT_AGAIN_US, 0);
            while dice.is(loss) {
                waited_us += pause_us;
                pause_us *= 2;
            }
            held_up_us = held_up_us.max(waited_us);
        }
        self.free_us = self.free_us.max(now_us + ONE_WAY_US + held_up_us);
        self.free_us
    }
}
