//! Plays one script in front of one server.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use colloque_sfu_core::{Path, SendArena};

use crate::client::{Outgoing, Participant};
use crate::script::{AFTERWARDS, Fate, Script, TALK};
use crate::server::MediaServer;

/// How finely time passes.
const STEP: Duration = Duration::from_millis(5);
/// How long a datagram travels, each way.
const TRAVEL: Duration = Duration::from_millis(15);

/// Datagrams on their way: when they arrive, in which order they left, for whom.
type Way = BinaryHeap<Reverse<(Instant, u64, usize, Vec<u8>)>>;

struct Stage {
    server: Box<dyn MediaServer>,
    arena: SendArena,
    participants: Vec<Participant>,
    up: Way,
    down: Way,
    sent: u64,
}

/// Plays a script in front of a server; gives both participants with all that they saw.
///
/// # Errors
///
/// What the server says of an offer that it refuses.
pub fn play(script: &Script, server: Box<dyn MediaServer>) -> Result<Vec<Participant>, String> {
    let began_at = Instant::now();
    let mut stage = Stage {
        server,
        arena: SendArena::default(),
        participants: Vec::new(),
        up: Way::new(),
        down: Way::new(),
        sent: 0,
    };
    let joins_at = [Duration::ZERO, script.joins_at];
    let mut elapsed = Duration::ZERO;
    while elapsed < TALK + AFTERWARDS {
        let now = began_at + elapsed;
        let number = stage.participants.len();
        if joins_at.get(number).is_some_and(|at| *at <= elapsed) {
            let mut participant = Participant::new(number, script, began_at, now);
            let answer = stage.server.connect(now, number, &participant.client.offer(crate::client::LINES))?;
            if !participant.client.accept(&answer) {
                return Err("the answer lacks what ICE needs".to_owned());
            }
            participant.client.check();
            stage.participants.push(participant);
        }
        stage.step(script, now);
        if stage.participants.iter().any(|participant| participant.is_late(now)) {
            return Err("a handshake is not complete in time".to_owned());
        }
        elapsed += STEP;
    }
    Ok(stage.participants)
}

impl Stage {
    fn step(&mut self, script: &Script, now: Instant) {
        for number in 0..self.participants.len() {
            let mut outgoing = Vec::new();
            self.participants[number].run(script, now, &mut |one| outgoing.push(one));
            self.send_up(now, number, outgoing);
        }
        while self.up.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, _, number, mut bytes))) = self.up.pop() else { break };
            self.server.take(now, path(number), &mut bytes, &mut self.arena);
            self.send_down(now);
        }
        // A server that wants to be woken at once for ever would stop time.
        for _ in 0..1_000 {
            if self.server.due_at().is_none_or(|at| at > now) {
                break;
            }
            self.server.tick(now, &mut self.arena);
            self.send_down(now);
        }
        while self.down.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((_, _, number, bytes))) = self.down.pop() else { break };
            let mut outgoing = Vec::new();
            self.participants[number].take(script, now, bytes, &mut |one| outgoing.push(one));
            self.send_up(now, number, outgoing);
        }
    }

    fn send_up(&mut self, now: Instant, number: usize, outgoing: Vec<Outgoing>) {
        for Outgoing { bytes, fate } in outgoing {
            let (copies, late) = match fate {
                Fate::Lost => (0, Duration::ZERO),
                Fate::Late(late) => (1, late),
                Fate::Doubled => (2, Duration::ZERO),
            };
            for _ in 0..copies {
                self.sent += 1;
                self.up.push(Reverse((now + TRAVEL + late, self.sent, number, bytes.clone())));
            }
        }
    }

    fn send_down(&mut self, now: Instant) {
        for transmit in self.arena.transmits() {
            let Some(number) = (0..self.participants.len()).find(|number| path(*number) == transmit.to) else {
                continue;
            };
            self.sent += 1;
            let bytes = self.arena.bytes(transmit).to_vec();
            self.down.push(Reverse((now + TRAVEL, self.sent, number, bytes)));
        }
        self.arena.clear();
    }
}

fn path(number: usize) -> Path {
    Path::from(SocketAddr::from(([198, 51, 100, 1], 10_000 + number as u16)))
}
