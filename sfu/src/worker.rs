use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use colloque_ids::{PeerId, RoomId};
use colloque_sfu_core::sdp::Mid;
use colloque_sfu_core::{ConnectPeerError, Core, Event, Link, Path, SendArena};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::{error, warn};

use crate::io::{BATCH, ReceiveBatch, SendBatch, UdpPort, Waker, pin_to_core, wait_readable};
use crate::meter::{Arrival, Meter, Reading};
use crate::streams::{StreamInput, Streams};

/// What the rest of the program asks of a worker.
pub(crate) enum Command {
    Connect { room: RoomId, peer: PeerId, offer: String, reply: Reply, place: OwnedSemaphorePermit },
    RestartIce { room: RoomId, peer: PeerId, offer: String, reply: Reply, place: OwnedSemaphorePermit },
    Disconnect { room: RoomId, peer: PeerId },
    Gate { room: RoomId, is_open: bool },
    ShowPicture { room: RoomId, peer: PeerId, mid: Mid, height: u16 },
    CloseRoom { room: RoomId },
    Read { reply: oneshot::Sender<Box<Reading>> },
    Look { reply: oneshot::Sender<Vec<Link>> },
    Shutdown,
}

pub(crate) type Reply = oneshot::Sender<Result<String, ConnectPeerError>>;
pub(crate) type Answer = oneshot::Receiver<Result<String, ConnectPeerError>>;

/// One thread with one port: it owns its rooms alone.
pub(crate) struct Worker {
    pub core: Core,
    pub port: UdpPort,
    pub waker: Arc<Waker>,
    pub queue: Receiver<Command>,
    pub events: mpsc::UnboundedSender<Event>,
    pub segmentation: bool,
    pub streams: Streams,
    pub meter: Meter,
}

/// Whether a worker goes on.
enum Next {
    Continue,
    End,
}

/// Batches taken before commands and timers get their turn.
const MAX_BATCHES: usize = 16;
/// Pause after an error of the socket, so that a lasting one does not take a whole core.
const ERROR_PAUSE: Duration = Duration::from_millis(20);

impl Worker {
    /// Runs until [`Command::Shutdown`] or until nobody can send commands any more.
    pub(crate) fn run(mut self, core_number: Option<usize>) {
        if let Some(core_number) = core_number
            && let Err(error) = pin_to_core(core_number)
        {
            warn!(%error, core = core_number, "media worker cannot stay on core {core_number}");
        }
        let mut received = ReceiveBatch::default();
        let mut sending = SendBatch::new(self.segmentation);
        let mut arena = SendArena::default();
        loop {
            let timeout = self.core.next_timeout().map(|at| at.saturating_duration_since(Instant::now()));
            if wait_readable(&self.port, &self.waker, timeout) {
                self.waker.clear();
                self.take_stream_inputs(&mut sending, &mut arena);
                if let Next::End = self.take_commands(&mut sending, &mut arena) {
                    return;
                }
            }
            self.take_datagrams(&mut received, &mut sending, &mut arena);
            let now = Instant::now();
            if self.core.next_timeout().is_some_and(|at| at <= now) {
                self.guard(None, |core| core.handle_timeout(now, &mut arena));
                self.flush(&mut sending, &mut arena, None);
            }
            self.pass_events();
        }
    }

    fn take_datagrams(&mut self, received: &mut ReceiveBatch, sending: &mut SendBatch, arena: &mut SendArena) {
        for _ in 0..MAX_BATCHES {
            let count = match received.receive(&self.port) {
                Ok(0) => return,
                Ok(count) => count,
                Err(error) => {
                    warn!(%error, "cannot receive media");
                    self.meter.receive_errors += 1;
                    std::thread::sleep(ERROR_PAUSE);
                    return;
                }
            };
            let now = Instant::now();
            let arrival = Some(Arrival { taken_at: now, arrived_at: received.arrived_at() });
            self.meter.receive_batches.record(count as u64, 1);
            for index in 0..count {
                let Some((from, datagram)) = received.datagram(index) else {
                    self.meter.truncated += 1;
                    continue;
                };
                self.guard(Some(from), |core| core.handle_datagram(now, from, datagram, arena));
                if arena.should_flush() {
                    self.flush(sending, arena, arrival);
                }
            }
            self.flush(sending, arena, arrival);
            if count < BATCH {
                return;
            }
        }
    }

    /// Takes what the connections brought, as much as from the port before commands and timers get their turn.
    fn take_stream_inputs(&mut self, sending: &mut SendBatch, arena: &mut SendArena) {
        let now = Instant::now();
        for taken in 0.. {
            if taken == MAX_BATCHES * BATCH {
                self.waker.wake();
                break;
            }
            match self.streams.queue.try_recv() {
                Ok(StreamInput::Opened { path, way }) => self.streams.open(path, way),
                Ok(StreamInput::Datagram { path, mut bytes, .. }) => {
                    self.meter.stream_received += 1;
                    self.guard(Some(path), |core| core.handle_datagram(now, path, &mut bytes, arena));
                    // Its first datagram proves whose connection it is.
                    if !self.core.knows(path) {
                        self.streams.close(path);
                    }
                    self.close_abandoned();
                }
                Err(_) => break,
            }
            if arena.should_flush() {
                self.flush(sending, arena, None);
            }
        }
        self.flush(sending, arena, None);
    }

    fn take_commands(&mut self, sending: &mut SendBatch, arena: &mut SendArena) -> Next {
        loop {
            let next = match self.queue.try_recv() {
                Ok(command) => self.execute(command, arena),
                Err(TryRecvError::Empty) => return Next::Continue,
                Err(TryRecvError::Disconnected) => Next::End,
            };
            if let Next::End = next {
                for room in self.core.rooms() {
                    self.guard(None, |core| core.close_room(room, arena));
                }
            }
            self.flush(sending, arena, None);
            self.pass_events();
            if let Next::End = next {
                return next;
            }
        }
    }

    fn execute(&mut self, command: Command, arena: &mut SendArena) -> Next {
        match command {
            Command::Connect { room, peer, offer, reply, place } => {
                drop(place);
                let now = Instant::now();
                let mut answer = None;
                self.guard(None, |core| answer = Some(core.connect_peer(now, room, peer, &offer)));
                if let Some(answer) = answer {
                    // A caller that went away has no use for the answer; its peer falls silent and goes.
                    let _ = reply.send(answer);
                }
            }
            Command::RestartIce { room, peer, offer, reply, place } => {
                drop(place);
                let mut answer = None;
                self.guard(None, |core| answer = Some(core.restart_ice(room, peer, &offer)));
                if let Some(answer) = answer {
                    let _ = reply.send(answer);
                }
            }
            Command::Disconnect { room, peer } => self.guard(None, |core| core.disconnect_peer(room, peer, arena)),
            Command::Gate { room, is_open } => self.guard(None, |core| core.gate_room(room, is_open)),
            Command::ShowPicture { room, peer, mid, height } => {
                self.guard(None, |core| core.show_picture(room, peer, mid, height));
            }
            Command::CloseRoom { room } => self.guard(None, |core| core.close_room(room, arena)),
            Command::Read { reply } => {
                let _ = reply.send(Box::new(self.read()));
            }
            Command::Look { reply } => {
                let _ = reply.send(self.core.links());
            }
            Command::Shutdown => return Next::End,
        }
        Next::Continue
    }

    /// Runs one step so that a panic, which is a bug, costs one room at most and not the process.
    fn guard(&mut self, from: Option<Path>, step: impl FnOnce(&mut Core)) {
        let core = &mut self.core;
        if catch_unwind(AssertUnwindSafe(|| step(core))).is_ok() {
            return;
        }
        let room = match from {
            Some(from) => self.core.room_of_address(from),
            None => self.core.room_at_work(),
        };
        let Some(room) = room else {
            error!("a step of the media plane failed");
            return;
        };
        self.meter.rooms_failed += 1;
        error!(room.id = %room, "media of room {room} failed: its peers are removed");
        let core = &mut self.core;
        if catch_unwind(AssertUnwindSafe(|| core.drop_room(room))).is_err() {
            error!(room.id = %room, "room {room} cannot be removed whole");
        }
    }

    /// Sends what is in the arena; `arrival` is of the batch that it answers.
    fn flush(&mut self, sending: &mut SendBatch, arena: &mut SendArena, arrival: Option<Arrival>) {
        if !arena.transmits().is_empty() {
            self.streams.send(arena, &mut self.meter);
            let counts = sending.send(&self.port, arena);
            self.meter.note_sent(arena, counts);
            self.meter.note_forwarded(self.core.counters().forwarded, arrival);
            arena.clear();
        }
    }

    fn read(&self) -> Reading {
        Reading {
            counters: *self.core.counters(),
            meter: self.meter,
            population: self.core.population(),
            streams: self.streams.count() as u64,
            workers: 1,
        }
    }

    /// Ends the connections that their peer has no room for any more, or that it left: nobody holds more than one peer may.
    fn close_abandoned(&mut self) {
        while let Some(path) = self.core.poll_abandoned() {
            self.streams.close(path);
        }
    }

    fn pass_events(&mut self) {
        self.close_abandoned();
        while let Some(event) = self.core.poll_event() {
            // Without a listener the events have no use; the media goes on.
            let _ = self.events.send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::mpsc::channel;

    use colloque_load::memory::{World, room};

    use super::*;

    #[test]
    fn a_failure_in_one_room_costs_that_room_and_no_other() {
        let mut world = World::default();
        for (room_number, peer_number) in [(1, 1), (1, 2), (2, 3), (2, 4)] {
            world.join(room_number, peer_number);
        }
        let from = world.seats[0].path;
        let (_commands, queue) = channel();
        let (events, mut received) = mpsc::unbounded_channel();
        let mut worker = Worker {
            core: world.core,
            port: UdpPort::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 1 << 16).unwrap(),
            waker: Arc::new(Waker::new().unwrap()),
            queue,
            events,
            segmentation: true,
            streams: Streams::new(std::sync::mpsc::channel().1),
            meter: Meter::default(),
        };
        worker.guard(Some(from), |_| panic!("a bug"));
        worker.pass_events();
        assert_eq!(worker.core.rooms(), [room(2)]);
        assert_eq!((worker.read().meter.rooms_failed, worker.read().population.rooms_open), (1, 1));
        for _ in 0..2 {
            assert!(matches!(received.try_recv(), Ok(Event::PeerGone { room: gone, .. }) if gone == room(1)));
        }
        assert!(received.try_recv().is_err());
    }
}
