//! Members with real engines and real sealed frames around a server that only puts messages in order, on a clock of its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;
use std::time::Duration;

use colloque_attestation::Standing;
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use colloque_network::Dice;
use colloque_sealing::e2ee::frame::{Codec, HOLD_FOR, OpenFrameError, TrackKind};
use colloque_sealing::e2ee::{EndToEnd, ToOthers};

use super::member::{Delivery, Member, Sealed, Waiting};
use super::tally::{Cause, Tallies};
use super::wire::{LOSS, ONE_WAY_US};

/// Pause between two frames of a voice and of a camera, in microseconds.
const VOICE_US: u64 = 20_000;
const PICTURE_US: u64 = 33_333;
/// Bytes of a frame of each.
const VOICE_BYTES: usize = 90;
const PICTURE_BYTES: usize = 3_000;
/// Pause between two ticks of an engine, in microseconds.
const TICK_US: u64 = 1_000_000;

enum Event {
    Said { from: ParticipantId, message: ToOthers },
    Brought { to: ParticipantId, delivery: Delivery },
    Arrives { to: ParticipantId, frame: Rc<Sealed> },
    Films { who: ParticipantId, track: TrackKind },
    Ticks { who: ParticipantId },
}

/// See the module.
pub(super) struct Room {
    pub(super) members: Vec<Member>,
    pub(super) now_us: u64,
    pub(super) tallies: Tallies,
    pub(super) dice: Dice,
    /// Share of the datagrams of messages that are lost, and sent again.
    message_loss: f64,
    consultation: ConsultationId,
    agenda: BinaryHeap<Reverse<Due>>,
    order: u64,
    /// The newest epoch that the server has put in order.
    newest: Option<u64>,
    causes: BTreeMap<u64, Cause>,
    media_until_us: u64,
    numbers: u64,
    /// Who is put out and tries to go on reading.
    pub(super) thief: Option<Thief>,
}

/// Somebody who was put out, keeps the keys they had, and is handed every frame by a server that helps them.
pub(super) struct Thief {
    pub(super) member: Member,
    /// The last instant at which a frame was sealed that they could read.
    pub(super) read_us: Option<u64>,
    /// Frames sealed by who knew of the removal already, and read all the same.
    pub(super) read_too_late: u64,
}

struct Due {
    at_us: u64,
    order: u64,
    event: Event,
}

impl Room {
    /// A practitioner alone, in a group of their own.
    pub(super) fn new(seed: u64, message_loss: f64) -> Self {
        let mut room = Self {
            members: Vec::new(),
            now_us: 0,
            tallies: Tallies::default(),
            dice: Dice::new(seed),
            message_loss,
            consultation: ConsultationId::from_parts(BEGIN, [7; 10]),
            agenda: BinaryHeap::new(),
            order: 0,
            newest: None,
            causes: BTreeMap::new(),
            media_until_us: 0,
            numbers: seed << 20,
            thief: None,
        };
        let who = room.add(Standing::Practitioner);
        room.act(who, |engine, now| engine.make_group(now).is_ok());
        let practitioner = &mut room.members[who];
        (practitioner.newest, practitioner.first_epoch) = (Some(0), Some(0));
        let view = practitioner.engine.view(BEGIN);
        practitioner.leaf = view.members.first().map(|member| member.leaf);
        room
    }

    /// Somebody comes and asks to be let in; the practitioner lets them.
    pub(super) fn enter(&mut self) {
        let who = self.add(Standing::AccompanyingPerson);
        self.act(who, |engine, _| engine.offer().is_ok());
    }

    /// The practitioner puts somebody out, who does not hear of it and reads on for as long as their keys fit.
    pub(super) fn put_out(&mut self, who: usize) {
        let mut member = self.members.remove(who);
        member.is_gone = true;
        let id = member.id;
        self.thief = Some(Thief { member, read_us: None, read_too_late: 0 });
        for member in &mut self.members {
            member.busy = Duration::ZERO;
        }
        self.act(0, |engine, _| {
            engine.put_out(id);
            true
        });
    }

    /// Has everybody send voice and pictures until then.
    pub(super) fn film_until(&mut self, until_us: u64) {
        let is_filming = self.media_until_us > self.now_us;
        self.media_until_us = until_us;
        if !is_filming {
            let everybody: Vec<_> = self.members.iter().map(|member| member.id).collect();
            everybody.into_iter().for_each(|who| self.begin_to_film(who));
        }
    }

    /// Lets time pass.
    pub(super) fn run_until(&mut self, until_us: u64) {
        while self.agenda.peek().is_some_and(|Reverse(due)| due.at_us <= until_us) {
            let Some(Reverse(due)) = self.agenda.pop() else { break };
            self.now_us = due.at_us;
            self.happen(due.event);
        }
        self.now_us = until_us;
    }

    /// Counts what still waits as lost; nothing comes any more.
    pub(super) fn conclude(&mut self) {
        for who in 0..self.members.len() {
            for waiting in std::mem::take(&mut self.members[who].waiting).into_values() {
                let class = self.class(who, &waiting.frame, waiting.frame.epoch);
                self.tallies.two_phase.at(class).lost += 1;
            }
            for waiting in std::mem::take(&mut self.members[who].early) {
                let class = self.class(who, &waiting.frame, waiting.frame.newest);
                self.tallies.at_once.at(class).lost += 1;
                self.tallies.at_once_dropping.at(class).lost += 1;
            }
        }
    }

    fn now(&self) -> Timestamp {
        BEGIN.after(Duration::from_micros(self.now_us))
    }

    fn add(&mut self, standing: Standing) -> usize {
        self.numbers += 1;
        let member = Member::new(self.consultation, self.numbers, standing, self.now());
        let who = member.id;
        self.members.push(member);
        let first_us = self.now_us + self.dice.below(TICK_US);
        self.push(first_us, Event::Ticks { who });
        if self.media_until_us > self.now_us {
            self.begin_to_film(who);
        }
        self.members.len() - 1
    }

    fn begin_to_film(&mut self, who: ParticipantId) {
        for (track, pause_us) in [(TrackKind::Voice, VOICE_US), (TrackKind::Camera, PICTURE_US)] {
            let at_us = self.now_us + self.dice.below(pause_us);
            self.push(at_us, Event::Films { who, track });
        }
    }

    fn push(&mut self, at_us: u64, event: Event) {
        self.order += 1;
        self.agenda.push(Reverse(Due { at_us, order: self.order, event }));
    }

    fn place(&self, id: ParticipantId) -> Option<usize> {
        self.members.iter().position(|member| member.id == id)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Said { from, message } => self.order(from, message),
            Event::Brought { to, delivery } => {
                let Some(who) = self.place(to) else { return };
                let (now_us, now) = (self.now_us, self.now());
                let (is_taken, says, has_installed) = self.members[who].take(&delivery, now_us, now);
                // What was said in an epoch before reaches who came since, too.
                let is_meant = !matches!(delivery, Delivery::Sealed { .. });
                self.tallies.not_taken += u64::from(!is_taken && is_meant);
                self.carry_out(who, says, has_installed);
            }
            Event::Arrives { to, frame } => {
                if let (Some(who), Some(_)) = (self.place(to), self.place(frame.from)) {
                    self.arrive(who, frame);
                }
            }
            Event::Films { who: id, track } => {
                let Some(who) = self.place(id).filter(|_| self.now_us < self.media_until_us) else { return };
                self.film(who, track);
                let pause_us = if track == TrackKind::Voice { VOICE_US } else { PICTURE_US };
                self.push(self.now_us + pause_us, Event::Films { who: id, track });
            }
            Event::Ticks { who: id } => {
                let Some(who) = self.place(id) else { return };
                self.act(who, |engine, now| {
                    engine.tick(now);
                    true
                });
                let now = self.now();
                self.members[who].held.expire(now);
                self.push(self.now_us + TICK_US, Event::Ticks { who: id });
            }
        }
    }

    fn act(&mut self, who: usize, act: impl FnOnce(&mut EndToEnd, Timestamp) -> bool) {
        let (now_us, now) = (self.now_us, self.now());
        let (is_done, says, has_installed) = self.members[who].with(now_us, |engine| act(engine, now));
        self.tallies.not_taken += u64::from(!is_done);
        self.carry_out(who, says, has_installed);
    }

    fn carry_out(&mut self, who: usize, says: Vec<ToOthers>, has_installed: bool) {
        let from = self.members[who].id;
        for message in says {
            let bytes = match &message {
                ToOthers::KeyPackage { package: bytes } | ToOthers::Sealed { message: bytes } => bytes.len(),
                ToOthers::Commit { commit, welcome, .. } => commit.len() + welcome.as_ref().map_or(0, Vec::len),
            };
            let loss = self.message_loss;
            let at_us = self.members[who].up.arrives_us(self.now_us, bytes * 4 / 3, loss, &mut self.dice);
            self.push(at_us, Event::Said { from, message });
        }
        if has_installed {
            self.try_again(who);
        }
    }

    /// The server puts a message in order and passes it on.
    fn order(&mut self, from: ParticipantId, message: ToOthers) {
        match message {
            ToOthers::KeyPackage { package } => {
                let to = self.members[0].id;
                self.bring(to, Delivery::KeyPackage { participant: from, package: package.into() });
            }
            ToOthers::Commit { epoch, commit, welcome, welcomed, .. } => {
                let holds = self.newest.is_none_or(|newest| newest == epoch.0);
                self.bring(from, Delivery::Ordered { epoch: epoch.0, holds });
                if !holds {
                    return;
                }
                let next = epoch.0 + 1;
                self.newest = Some(next);
                let removes = self.thief.is_some() && welcomed.is_empty() && from == self.members[0].id;
                let cause = match (removes, welcomed.is_empty()) {
                    (true, _) => Cause::Removal,
                    (false, true) => Cause::Renewal,
                    (false, false) => Cause::Join,
                };
                self.causes.insert(next, cause);
                self.tallies.changes[cause as usize] += 1;
                let commit: Rc<[u8]> = commit.into();
                for who in 0..self.members.len() {
                    let id = self.members[who].id;
                    if welcomed.contains(&id) {
                        self.members[who].first_epoch = Some(next);
                        let Some(welcome) = &welcome else { continue };
                        self.bring(id, Delivery::Welcome { first: next, welcome: welcome.as_slice().into() });
                    } else if id != from {
                        self.bring(id, Delivery::Commit { next, commit: Rc::clone(&commit) });
                    }
                }
            }
            ToOthers::Sealed { message } => {
                let message: Rc<[u8]> = message.into();
                for who in 0..self.members.len() {
                    let id = self.members[who].id;
                    if id != from {
                        self.bring(id, Delivery::Sealed { message: Rc::clone(&message) });
                    }
                }
            }
        }
    }

    fn bring(&mut self, to: ParticipantId, delivery: Delivery) {
        let Some(who) = self.place(to) else { return };
        let loss = self.message_loss;
        let at_us = self.members[who].down.arrives_us(self.now_us, delivery.bytes(), loss, &mut self.dice);
        self.push(at_us, Event::Brought { to, delivery });
    }

    fn film(&mut self, who: usize, track: TrackKind) {
        let member = &mut self.members[who];
        let (Some(leaf), Some(newest)) = (member.leaf, member.newest) else { return };
        let (codec, bytes) = match track {
            TrackKind::Voice => (Codec::Opus, VOICE_BYTES),
            TrackKind::Camera | TrackKind::Screen => (Codec::Vp8, PICTURE_BYTES),
        };
        let Some(epoch) = member.engine.sealer().epoch() else { return };
        let Ok(bytes) = member.engine.sealer().seal(track, codec, &vec![1; bytes]) else { return };
        let from = member.id;
        let frame = Rc::new(Sealed { from, leaf, track, bytes, epoch: epoch.0, newest });
        if let Some(thief) = &mut self.thief
            && thief.member.open(&frame).is_ok()
        {
            thief.read_us = Some(self.now_us);
            let known = thief.member.newest.unwrap_or(0);
            let knows = self.causes.range(..=newest).any(|(&epoch, &cause)| epoch > known && cause == Cause::Removal);
            thief.read_too_late += u64::from(knows);
        }
        for other in 0..self.members.len() {
            if other != who && !self.dice.is(LOSS) {
                let to = self.members[other].id;
                self.push(self.now_us + 2 * ONE_WAY_US, Event::Arrives { to, frame: Rc::clone(&frame) });
            }
        }
    }

    /// What changed before a frame was sealed, and whether it concerns who came by that; none for one sealed before who gets it came.
    fn class(&self, who: usize, frame: &Sealed, epoch: u64) -> Option<(Cause, bool)> {
        let first = self.members[who].first_epoch.filter(|first| *first <= epoch)?;
        let senders_first = self.place(frame.from).and_then(|from| self.members[from].first_epoch);
        let cause = self.causes.get(&epoch).copied().unwrap_or(Cause::Join);
        Some((cause, first == epoch || senders_first == Some(epoch)))
    }

    fn arrive(&mut self, who: usize, frame: Rc<Sealed>) {
        let now = self.now();
        if let Some(class) = self.class(who, &frame, frame.epoch) {
            self.tallies.two_phase.at(Some(class)).arrived += 1;
            match self.members[who].open(&frame) {
                Ok(_) => {}
                Err(OpenFrameError::UnknownKey) => {
                    self.order += 1;
                    let (number, bytes) = (self.order, frame.bytes.len());
                    self.members[who].held.hold(number, bytes, now);
                    let waiting = Waiting { frame: Rc::clone(&frame), came_us: self.now_us };
                    self.members[who].waiting.insert(number, waiting);
                }
                Err(_) => self.tallies.refused += 1,
            }
        }
        if let Some(class) = self.class(who, &frame, frame.newest) {
            for tally in [&mut self.tallies.at_once, &mut self.tallies.at_once_dropping] {
                tally.at(Some(class)).arrived += 1;
            }
            if self.members[who].newest.is_none_or(|newest| newest < frame.newest) {
                self.members[who].early.push(Waiting { frame, came_us: self.now_us });
            }
        }
    }

    /// New keys are there: opens what waited for them.
    fn try_again(&mut self, who: usize) {
        let (now, now_us) = (self.now(), self.now_us);
        let released: Vec<u64> = self.members[who].held.release(now).collect();
        for number in released {
            let Some(waiting) = self.members[who].waiting.remove(&number) else { continue };
            let class = self.class(who, &waiting.frame, waiting.frame.epoch);
            let is_open = self.members[who].open(&waiting.frame).is_ok();
            self.tallies.two_phase.at(class).settle(is_open, now_us - waiting.came_us);
        }
        let newest = self.members[who].newest;
        let (ready, early): (Vec<_>, Vec<_>) = std::mem::take(&mut self.members[who].early)
            .into_iter()
            .partition(|waiting| newest.is_some_and(|newest| newest >= waiting.frame.newest));
        self.members[who].early = early;
        for waiting in ready {
            let class = self.class(who, &waiting.frame, waiting.frame.newest);
            let waited_us = now_us - waiting.came_us;
            self.tallies.at_once.at(class).settle(Duration::from_micros(waited_us) < HOLD_FOR, waited_us);
            self.tallies.at_once_dropping.at(class).lost += 1;
        }
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_us, self.order).cmp(&(other.at_us, other.order))
    }
}

/// When every room begins.
const BEGIN: Timestamp = Timestamp::from_millis(2_000_000_000_000);
