//! What lets a browser use the TURN server: a name that says until when, and a password that proves who gave it.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use colloque_ids::{RoomId, Timestamp};
use serde_json::json;

use crate::room::{Attendance, Seat};
use crate::signaling::Signaling;

/// A TURN server that shares a secret with this one, and so knows whom it let in without asking.
///
/// # Source
///
/// draft-uberti-behave-turn-rest-00; coturn calls it `use-auth-secret`. HMAC-SHA-1 is the draft's.
#[derive(Debug, Clone)]
pub struct TurnServer {
    urls: Vec<String>,
    secret: hmac::Key,
    lifetime: Duration,
}

/// One person's way in, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnPass {
    /// As [`colloque_protocol::signaling::RoomState::ice_servers`] says.
    pub(crate) ice_servers: String,
    expires_at: Timestamp,
}

impl TurnServer {
    /// Names a server by its `turn:` and `turns:` addresses. What it is told lets somebody begin for `lifetime`; what has begun may go on.
    #[must_use]
    pub fn new(urls: Vec<String>, secret: &[u8], lifetime: Duration) -> Self {
        Self { urls, secret: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), lifetime }
    }

    /// A word for one person in one consultation, the same in all their passes: the TURN server counts what each of them holds. It
    /// names nobody, and only who has the secret can compute it.
    fn distinction(&self, room: RoomId, seat: Seat) -> u64 {
        let mut person = room.uuid().as_bytes().to_vec();
        person.push(match seat {
            Seat::Patient => 0,
            Seat::Practitioner => 1,
            Seat::Guest => 2,
        });
        let sealed = hmac::sign(&self.secret, &person);
        sealed.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// The name holds nothing of the person: `distinction` only keeps two people's allocations apart.
    fn pass(&self, distinction: u64, now: Timestamp) -> TurnPass {
        let expires_at = now.after(self.lifetime);
        let username = format!("{}:{distinction:016x}", expires_at.as_millis() / 1_000);
        let credential = STANDARD.encode(hmac::sign(&self.secret, username.as_bytes()));
        let ice_servers = json!([{ "urls": self.urls, "username": username, "credential": credential }]).to_string();
        TurnPass { ice_servers, expires_at }
    }

    /// Half of the lifetime is left to begin with, however late the pass is used.
    fn is_stale(&self, pass: &TurnPass, now: Timestamp) -> bool {
        now.after(self.lifetime / 2) >= pass.expires_at
    }
}

impl Signaling {
    /// Gives somebody who may connect to the media plane a fresh pass, and nobody else.
    pub(crate) fn renew_turn_pass(&mut self, room: RoomId, seat: Seat) {
        let Some(turn) = &self.turn else { return };
        let distinction = turn.distinction(room, seat);
        let Some(room) = self.rooms.get_mut(&room).filter(|room| room.may_connect(seat)) else { return };
        if let Some(participant) = room.seat_mut(seat) {
            participant.turn_pass = Some(turn.pass(distinction, self.now));
        }
    }

    /// Renews the passes that grew old, long before they end.
    pub(crate) fn renew_turn_passes(&mut self) {
        let Some(turn) = &self.turn else { return };
        let seats = self.rooms.iter().flat_map(|(id, room)| Seat::ALL.map(|seat| (*id, seat, room.seat(seat))));
        let stale: Vec<(RoomId, Seat)> = seats
            .filter(|(_, _, participant)| {
                participant.is_some_and(|participant| {
                    matches!(participant.attendance, Attendance::Here { .. })
                        && participant.turn_pass.as_ref().is_some_and(|pass| turn.is_stale(pass, self.now))
                })
            })
            .map(|(room, seat, _)| (room, seat))
            .collect();
        for (room, seat) in stale {
            self.renew_turn_pass(room, seat);
            self.publish(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The password is what `openssl dgst -sha1 -hmac north -binary` says of the name, in base64.
    #[test]
    fn a_pass_is_what_the_turn_server_computes_too() {
        let server = TurnServer::new(vec!["turns:turn.exemple.fr:443".to_owned()], b"north", Duration::from_secs(60));
        let pass = server.pass(0xbee, Timestamp::from_millis(1_433_895_858_000));
        let expected = json!([{
            "urls": ["turns:turn.exemple.fr:443"],
            "username": "1433895918:0000000000000bee",
            "credential": "yUFF6Cn/OT5Bjn6r2PC6uK9CKks=",
        }]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pass.ice_servers).ok(), Some(expected));
    }
}
