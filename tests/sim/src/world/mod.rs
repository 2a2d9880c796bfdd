//! Whole consultations in memory: the real signaling state machine, media plane and client engines, on one clock that only the
//! simulation moves, with networks, storage, people and attackers that a seed draws.
//!
//! Same seed, same bytes: the digest of a world covers every byte and instant on every wire.

mod access;
mod act;
mod chance;
mod clinic;
mod device;
mod event;
mod hostile;
mod keys;
mod net;
mod oracle;
mod people;
mod phases;
mod plane;
mod recorder;
mod sabotage;
mod scene;
mod server;
mod spans;
mod stage;
mod transport;
mod watch;

use std::collections::BTreeMap;

use colloque_signaling_core::{CommitFailure, Input, Record};

use self::access::Item;
use self::act::Act;
use self::clinic::Clinic;
use self::device::Device;
use self::event::Event;
use self::hostile::Hostile;
use self::net::Net;
use self::oracle::Oracle;
use self::recorder::Storage;
pub use self::sabotage::Sabotage;
pub use self::scene::Fault;
use self::scene::Scene;
use self::server::Server;
use self::watch::Watch;

/// What all parts of a world meet in.
struct Around {
    scene: Scene,
    net: Net,
    clinic: Clinic,
    oracle: Oracle,
    storage: Storage,
    /// Peer connections that were ever opened.
    transports: u32,
    /// Practitioners admit whoever waits.
    admits: bool,
    is_calm: bool,
    /// Everybody seals what they say.
    seals: bool,
    /// What is broken on purpose.
    sabotage: Option<Sabotage>,
}

/// A world on its way.
pub struct World {
    seed: u64,
    around: Around,
    server: Server,
    devices: Vec<Device>,
    hostiles: Vec<Hostile>,
    watch: Watch,
    phase: phases::Phase,
}

/// How a world went.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The rules that did not hold; none in a sound world.
    pub faults: Vec<Fault>,
    /// Every byte and instant on every wire, as one digest.
    pub digest: String,
    /// The last lines of what happened.
    pub trace: Vec<String>,
    /// Seconds that passed in the world.
    pub seconds: f64,
    /// Bytes that went over wires.
    pub wire_bytes: u64,
    /// Packets of media that reached somebody's browser.
    pub heard: u64,
    /// Those among them that came before the card that the server had sent, because the browser's stream hung.
    pub unseen: u64,
    /// Tickets that opened a connection.
    pub entries: u64,
    /// From the last disturbance to the moment when both hear each other, in milliseconds, each time that it was waited for.
    pub healed_ms: Vec<u64>,
    /// From then to the moment when both have agreed on keys, in milliseconds.
    pub sealed_ms: Vec<u64>,
    /// The most that was held at once, by name.
    pub peaks: BTreeMap<&'static str, usize>,
}

/// Lets a world of a seed pass, from the first arrival until nobody is left.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    World::new(seed).run()
}

/// As [`run`], and prints what happens as it happens.
#[must_use]
pub fn run_aloud(seed: u64) -> Outcome {
    let mut world = World::new(seed);
    world.around.scene.is_loud = true;
    world.run()
}

impl World {
    /// Breaks something on purpose, to see that it is noticed.
    #[must_use]
    pub fn with(mut self, sabotage: Sabotage) -> Self {
        self.around.sabotage = Some(sabotage);
        self
    }

    /// Lets the world pass to its end.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        while self.phase != phases::Phase::Over && self.around.scene.faults.is_empty() {
            self.step();
        }
        self.outcome()
    }

    /// Moves the clock to the next instant at which something is due, and does it.
    fn step(&mut self) {
        let next_ms = self.next_at_ms();
        let scene = &mut self.around.scene;
        scene.now_ms = scene.now_ms.max(next_ms);
        while let Some(event) = self.around.scene.due() {
            self.take(event);
        }
        self.move_datagrams();
        for device in &mut self.devices {
            if device.next_at_ms().is_some_and(|at_ms| at_ms <= self.around.scene.now_ms) {
                device.run(&mut self.around);
            }
        }
        if self.server.is_up && self.server.plane.next_at_ms().is_some_and(|at_ms| at_ms <= self.around.scene.now_ms) {
            let Around { scene, net, .. } = &mut self.around;
            self.server.plane.run(scene, net);
            self.server.pass_events(&mut self.around);
        }
        self.count();
        self.advance_phase();
    }

    fn next_at_ms(&self) -> u64 {
        let scene = &self.around.scene;
        let mut next_ms = scene.next_at_ms().unwrap_or(scene.now_ms + 1_000);
        if self.server.is_up {
            next_ms = next_ms.min(self.server.plane.next_at_ms().unwrap_or(u64::MAX));
        }
        for access in &self.around.net.accesses {
            next_ms = next_ms.min(access.next_at_ms().unwrap_or(u64::MAX));
        }
        for device in &self.devices {
            next_ms = next_ms.min(device.next_at_ms().unwrap_or(u64::MAX));
        }
        // What is overdue, as the datagrams of a worker that stands still, waits for the next millisecond.
        next_ms.max(scene.now_ms + 1)
    }

    fn move_datagrams(&mut self) {
        let now = self.around.scene.instant();
        let is_listening = self.server.is_up && self.server.plane.stalled_for(self.around.scene.now_ms).is_none();
        for number in 0..self.around.net.accesses.len() {
            while let Some((_, datagram)) = self.around.net.accesses[number].down.pop(now) {
                if let Some(device) = self.devices.get_mut(number) {
                    device.receive(&mut self.around, datagram.bytes, datagram.sent_ms);
                }
            }
            if self.server.is_up && !is_listening {
                continue;
            }
            let mut has_come = false;
            while let Some((_, datagram)) = self.around.net.accesses[number].up.pop(now) {
                if is_listening {
                    has_come = true;
                    if !self.hostiles.is_empty() {
                        self.around.net.overhear(datagram.client, &datagram.bytes);
                    }
                    let Around { scene, net, .. } = &mut self.around;
                    self.server.plane.take(scene, net, datagram);
                }
            }
            if has_come {
                self.server.pass_events(&mut self.around);
            }
        }
    }

    fn take(&mut self, event: Event) {
        let Self { around, server, devices, .. } = self;
        match event {
            Event::StreamUp(stream) => {
                while let Some(item) = around.net.pop(&mut around.scene, stream, true) {
                    server.take(around, stream, item);
                }
            }
            Event::StreamDown(stream) => {
                while let Some(item) = around.net.pop(&mut around.scene, stream, false) {
                    let to = around.net.streams.get(&stream).map(|stream| stream.device);
                    if let Some(device) = to.and_then(|to| devices.get_mut(to)) {
                        device.take(around, stream, item);
                    }
                }
            }
            Event::TicketAsked { device, attempt } => self.ticket_asked(device, attempt),
            Event::TicketAnswered { device, attempt, answer } => {
                devices[device].ticket_answered(around, attempt, answer);
            }
            Event::Signed { device, nonce, ticket } => devices[device].signed(around, nonce, &ticket),
            Event::OfferMade { device, peer, generation, ice_restart } => {
                devices[device].offer_made(around, peer, generation, ice_restart);
            }
            Event::AnswerTaken { device, peer, generation, sdp } => {
                devices[device].answer_taken(around, peer, generation, &sdp);
            }
            Event::React { device } => people::react(&mut devices[device], around),
            Event::Act(act) => self.act(act),
            Event::Mischief { hostile } => self.mischief(hostile),
            Event::Written { life, lane, job, is_stored, is_told } => {
                let stored = if is_stored { Self::store(around, &job) } else { Err(CommitFailure::Unknown) };
                around
                    .scene
                    .say(|| format!("  storage, life {life}, {}: {job}", if stored.is_ok() { "ok" } else { "no" }));
                if is_told && life == server.life && server.is_up {
                    server.written(around, lane, job, stored);
                }
            }
            Event::WriteOverdue { life, lane, job } if life == server.life && server.is_up => {
                server.written(around, lane, job, Err(CommitFailure::Unknown));
            }
            Event::WriteAgain { life, job } if life == server.life && server.is_up => {
                recorder::write(&mut around.scene, around.storage, life, recorder::Lane::Kept, job);
            }
            Event::Orders { life } if life == server.life && server.is_up => server.take_orders(around),
            Event::OfferOverdue { life, peer, generation } if life == server.life => {
                server.offer_overdue(around, peer, generation);
            }
            Event::Told { life, input } if life == server.life => server.handle(around, input),
            Event::ServerTick { life } if life == server.life && server.is_up => server.tick(around),
            Event::ServerStarts => {
                let life = server.life + 1;
                *server = Server::start(around, life);
                self.watch.disturb_all(self.around.scene.now_ms);
                if let phases::Phase::Calm { since_ms } = &mut self.phase {
                    *since_ms = self.around.scene.now_ms;
                }
            }
            Event::WriteOverdue { .. }
            | Event::WriteAgain { .. }
            | Event::Orders { .. }
            | Event::OfferOverdue { .. }
            | Event::Told { .. }
            | Event::ServerTick { .. } => {}
        }
    }

    fn store(around: &mut Around, job: &recorder::Job) -> Result<colloque_ids::Timestamp, CommitFailure> {
        match job {
            recorder::Job::Commit { record: Record::Entry(entry), .. }
                if around.sabotage != Some(Sabotage::ForgetsTickets) && !around.clinic.use_ticket(entry) =>
            {
                Err(CommitFailure::TicketUsed)
            }
            recorder::Job::Commit { record, .. } => around.clinic.write(record).ok_or(CommitFailure::Unknown),
            recorder::Job::Journal(event) => {
                around.clinic.record(event);
                Ok(event.occurred_at)
            }
        }
    }

    /// The HTTP service answers a request for a ticket, if it and the network can.
    fn ticket_asked(&mut self, number: usize, attempt: u32) {
        let Self { around, server, devices, .. } = self;
        let device = &devices[number];
        let is_reached = server.is_up && !around.net.accesses[number].conditions.is_down;
        let answer = match around.storage {
            Storage::Fine | Storage::Slow if is_reached => {
                let consultation = device.consultation();
                let Around { scene, clinic, .. } = around;
                clinic.ticket(scene, number, device.person, consultation, device.secret.public())
            }
            _ => Err(colloque_call::TicketFailure::Unreachable),
        };
        let took_ms = if around.storage == Storage::Slow { 200..4_000 } else { 5..200 };
        around.scene.within(took_ms, Event::TicketAnswered { device: number, attempt, answer });
    }

    /// Tells signaling what the consultation service has done, a moment later.
    fn announce(&mut self, input: Input) {
        let life = self.server.life;
        self.around.scene.within(0..6, Event::Told { life, input });
    }

    fn schedule(&mut self, in_ms: u64, act: Act) {
        self.around.scene.after(in_ms, Event::Act(act));
    }

    fn break_stream(&mut self, device: usize, is_told: bool) {
        let Some(stream) = self.devices[device].stream() else { return };
        self.around.net.break_stream(&mut self.around.scene, stream, is_told);
        if is_told && self.server.holds(stream) {
            self.server.take(&mut self.around, stream, Item::Close);
        }
    }
}
