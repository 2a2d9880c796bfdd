//! People whose address changed in the call: their voice says so 20 milliseconds later, their next check up to two and a half seconds.

use std::time::Instant;

use crate::arena::{Path, SendArena, Transport};
use crate::core::{Core, push_copy};

/// Media packets from unknown addresses that are tried with the keys of those whose stream they seem to be, each tick.
///
/// Higher: a flood of forged packets costs more. Lower: of many people who move at once, some wait for their next check.
pub(crate) const STRANGERS_PER_TICK: u32 = 16;

impl Core {
    /// Whose stream a packet from an unknown address seems to be. Only its keys can tell.
    pub(crate) fn find_mover(&mut self, packet: &[u8]) -> Option<usize> {
        let ssrc = u32::from_be_bytes(packet.get(8..12)?.try_into().ok()?);
        let key = *self.peer_by_ssrc.get(&ssrc)?;
        self.strangers_left = self.strangers_left.checked_sub(1)?;
        Some(key)
    }

    /// Asks the address that an authentic, new packet came from for a sign of life: it is followed once it answers, as after a check.
    pub(crate) fn follow_mover(&mut self, now: Instant, key: usize, from: Path, bytes: usize, out: &mut SendArena) {
        let peer = &mut self.peers[key];
        let removed = peer.ice.accept_media(from, bytes, now, &mut self.random);
        peer.ice.send_challenges(now, |to, challenge| push_copy(out, to, challenge));
        self.mark_urgent(key);
        self.bind_address(key, from, removed);
    }

    /// Takes what comes from an address as this peer's from now on.
    pub(crate) fn bind_address(&mut self, key: usize, from: Path, removed: Option<Path>) {
        if let Some(removed) = removed {
            self.unbind_address(key, removed);
        }
        if self.peer_by_address.insert(from, key) != Some(key) {
            self.last_address = None;
        }
    }

    /// Gives a connection that belonged to a peer and is nobody's any more, for the shell to close.
    pub fn poll_abandoned(&mut self) -> Option<Path> {
        self.abandoned.pop()
    }

    /// Takes nothing from an address as this peer's any more, unless it is another's by now.
    pub(crate) fn unbind_address(&mut self, key: usize, address: Path) {
        self.last_address = None;
        if self.peer_by_address.get(&address) == Some(&key) {
            self.peer_by_address.remove(&address);
            if address.transport != Transport::Udp {
                self.abandoned.push(address);
            }
        }
    }
}
