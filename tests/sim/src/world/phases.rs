//! What the plan's acts do, and the world's way from its events over a calm to its end.

use colloque_call::{Action, Input as CallInput, LinkInput};
use colloque_protocol::signaling::RESUME_WINDOW;
use colloque_signaling_core::Input;

use super::access::{Item, draw_good_conditions};
use super::act::Act;
use super::device::Honesty;
use super::event::Event;
use super::recorder::Storage;
use super::watch::HEARD_WITHIN_MS;
use super::{Outcome, World};

/// Where a world stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The plan has its way.
    Eventful,
    /// All is good: whoever may be in a room must come to hear the other.
    Calm {
        since_ms: u64,
    },
    /// Everybody goes, and must leave nothing behind.
    Farewell {
        since_ms: u64,
    },
    Over,
}

/// How long a calm lasts at least, and at most, in milliseconds.
const CALM_MS: u64 = 6_000;
const LONGEST_CALM_MS: u64 = HEARD_WITHIN_MS + 30_000;
/// After this time nothing may be left of anybody, in milliseconds: a person's place, and what storage may still have to write.
const FORGOTTEN_AFTER_MS: u64 = RESUME_WINDOW.as_millis() as u64 + 45_000;

impl World {
    /// Does one act of the plan.
    pub(super) fn act(&mut self, act: Act) {
        self.watch.disturb(&self.devices, &self.around, act);
        self.around.scene.say(|| format!("act {act:?}"));
        let is_eventful = self.phase == Phase::Eventful;
        let Self { around, server, devices, .. } = self;
        match act {
            Act::Calm => self.begin_calm(),
            Act::Farewell => self.begin_farewell(),
            // What was drawn to follow an act may come after the plan's end.
            _ if !is_eventful => {}
            Act::Arrive(device) => {
                devices[device].wants_in = true;
                devices[device].open_page(around);
            }
            Act::Leave(device) => {
                devices[device].wants_in = false;
                devices[device].act(around, Action::Leave);
                devices[device].close_page(around, true);
            }
            Act::ClosePage { device, is_told } => {
                devices[device].wants_in = false;
                devices[device].close_page(around, is_told);
            }
            Act::Reload { device, is_told } => {
                devices[device].close_page(around, is_told);
                if devices[device].wants_in {
                    devices[device].open_page(around);
                }
            }
            Act::TakeOver(device) => devices[device].act(around, Action::TakeOver),
            Act::Retry(device) => devices[device].act(around, Action::Retry),
            Act::Answer(device) => devices[device].act(around, Action::Answer),
            Act::NotifyAgain(device) => devices[device].act(around, Action::NotifyAgain),
            Act::Admit(device) => devices[device].act(around, Action::Admit),
            Act::Refuse(device) => devices[device].act(around, Action::Refuse),
            Act::End(device) => devices[device].act(around, Action::End),
            Act::AnnounceDelay(device) => devices[device].act(around, Action::AnnounceDelay { minutes: 20 }),
            Act::Microphone(device) => {
                let is_on = devices[device].local.microphone;
                devices[device].act(around, Action::Microphone(!is_on));
            }
            Act::Camera(device) => {
                let is_on = devices[device].local.camera;
                devices[device].act(around, Action::Camera(!is_on));
            }
            Act::Visible(device) => {
                let is_visible = !devices[device].is_visible;
                devices[device].is_visible = is_visible;
                devices[device].feed(around, CallInput::PageVisible(is_visible));
            }
            Act::Networks { device, conditions } => {
                around.net.accesses[device].set(around.scene.now_ms, conditions);
            }
            Act::GoDark(device) => self.set_dark(device, true),
            Act::GoBright(device) => self.set_dark(device, false),
            Act::Move(device) => {
                around.net.move_device(device);
                if let Some(transport) = &mut devices[device].transport {
                    transport.network_changed();
                }
                if devices[device].is_told_of_networks {
                    devices[device].link(around, LinkInput::NetworkOnline);
                }
            }
            Act::BreakStream { device, is_told } => self.break_stream(device, is_told),
            Act::Be { device, honesty } => devices[device].honesty = honesty,
            Act::WithdrawConsent(consultation) => self.withdraw_consent(consultation),
            Act::GiveConsent(consultation) => {
                let now = around.scene.timestamp();
                around.clinic.consultations[consultation].consent_given_at.get_or_insert(now);
            }
            Act::SignOut(person) => self.sign_out(person),
            Act::MoveAppointment(consultation) => {
                let consultation = around.clinic.consultations[consultation].id;
                self.announce(Input::AppointmentChanged { consultation });
            }
            Act::EndElsewhere(number) => {
                let now = around.scene.timestamp();
                let consultation = &mut around.clinic.consultations[number];
                if consultation.admitted_at.is_some() {
                    consultation.ended_at.get_or_insert(now);
                    let consultation = consultation.id;
                    self.announce(Input::ConsultationEnded { consultation });
                }
            }
            Act::IssueDocument(number) => {
                let document = around.scene.id();
                let consultation = around.clinic.consultations[number].id;
                self.announce(Input::DocumentReady { consultation, document });
            }
            Act::Storage(storage) => around.storage = storage,
            Act::Crash { is_reset, down_ms } => {
                if server.is_up {
                    server.crash(around, is_reset);
                    around.scene.after(down_ms, Event::ServerStarts);
                }
            }
            Act::Stop { down_ms } => {
                if server.is_up {
                    server.handle(around, Input::Stop);
                    server.crash(around, true);
                    around.scene.after(down_ms, Event::ServerStarts);
                }
            }
            Act::Stall { for_ms } => {
                let until_ms = around.scene.now_ms + for_ms;
                server.plane.stalled_until_ms = server.plane.stalled_until_ms.max(until_ms);
            }
        }
    }

    fn set_dark(&mut self, number: usize, is_down: bool) {
        let Self { around, devices, .. } = self;
        let mut conditions = around.net.accesses[number].conditions;
        conditions.is_down = is_down;
        around.net.accesses[number].set(around.scene.now_ms, conditions);
        if devices[number].is_told_of_networks {
            let input = if is_down { LinkInput::NetworkOffline } else { LinkInput::NetworkOnline };
            devices[number].link(around, input);
        }
    }

    fn withdraw_consent(&mut self, number: usize) {
        let consultation = &mut self.around.clinic.consultations[number];
        if consultation.consent_given_at.take().is_some() {
            let consultation = consultation.id;
            if self.server.is_up {
                *self.around.oracle.withdrawals_on_the_way.entry(number).or_default() += 1;
                self.announce(Input::ConsentWithdrawn { consultation });
            }
        }
    }

    fn sign_out(&mut self, person: usize) {
        self.around.clinic.people[person].is_signed_in = false;
        match self.around.clinic.staff(person) {
            Some(staff) => self.announce(Input::StaffSignedOut { staff }),
            None => {
                let consultations = self.around.clinic.consultations.iter();
                let theirs: Vec<_> =
                    consultations.filter(|known| known.patient == person).map(|known| known.id).collect();
                for consultation in theirs {
                    self.announce(Input::PatientSignedOut { consultation });
                }
            }
        }
    }

    fn begin_calm(&mut self) {
        let Self { around, devices, server, .. } = self;
        around.is_calm = true;
        around.storage = Storage::Fine;
        server.plane.stalled_until_ms = 0;
        server.take_orders(around);
        for known in &mut around.clinic.people {
            known.is_signed_in = true;
        }
        let now = around.scene.timestamp();
        for consultation in &mut around.clinic.consultations {
            consultation.consent_given_at.get_or_insert(now);
        }
        let mut seats = std::collections::BTreeSet::new();
        for device in devices.iter_mut() {
            let conditions = draw_good_conditions(&mut around.scene.dice);
            around.net.accesses[device.number].set(around.scene.now_ms, conditions);
            device.honesty = Honesty::Honest;
            let is_over = device.consultation().is_some_and(|at| around.clinic.consultations[at].ended_at.is_some());
            let is_first = seats.insert((device.person, device.consultation()));
            device.wants_in = is_first && !is_over;
            if !device.wants_in {
                device.close_page(around, true);
                continue;
            }
            device.is_visible = true;
            device.local.microphone = true;
            device.open_page(around);
            device.feed(around, CallInput::PageVisible(true));
            let local = device.local;
            device.feed(around, CallInput::LocalMediaChanged(local));
            if device.is_told_of_networks {
                device.link(around, LinkInput::NetworkOnline);
            }
        }
        self.phase = Phase::Calm { since_ms: around.scene.now_ms };
    }

    fn begin_farewell(&mut self) {
        self.watch.judge_calm(&self.devices, &self.server, &mut self.around);
        self.watch.judge_keys(&mut self.devices, &mut self.around);
        self.hostiles.iter_mut().for_each(|hostile| hostile.is_quiet = true);
        let Self { around, devices, .. } = self;
        for device in devices.iter_mut() {
            device.wants_in = false;
            match around.scene.dice.below(4) {
                0 => device.act(around, Action::Leave),
                1 => device.act(around, Action::End),
                _ => {}
            }
            let is_told = around.scene.dice.is(0.6);
            device.close_page(around, is_told);
        }
        // Strangers' connections end as well.
        let open: Vec<u64> = around.net.streams.keys().copied().collect();
        for stream in open {
            if around.net.streams[&stream].device >= self.devices.len() {
                around.net.push_up(&mut around.scene, stream, Item::Close);
            }
        }
        self.phase = Phase::Farewell { since_ms: around.scene.now_ms };
    }

    /// Goes on to the next phase when its time has come.
    pub(super) fn advance_phase(&mut self) {
        let now_ms = self.around.scene.now_ms;
        if self.phase != Phase::Over && now_ms >= self.watch.next_ms && !matches!(self.phase, Phase::Farewell { .. }) {
            self.watch.look(&self.devices, &self.server, &mut self.around);
            self.watch.look_at_keys(&mut self.devices, &mut self.around);
        }
        match self.phase {
            Phase::Calm { since_ms } => {
                let has_lasted =
                    now_ms >= since_ms + CALM_MS && self.watch.all_is_well(&self.devices, self.around.seals);
                if has_lasted || now_ms >= since_ms + LONGEST_CALM_MS {
                    self.act(Act::Farewell);
                }
            }
            Phase::Farewell { since_ms } if now_ms >= since_ms + FORGOTTEN_AFTER_MS => {
                self.watch.judge_end(&self.server, &mut self.around);
                self.phase = Phase::Over;
            }
            Phase::Eventful | Phase::Farewell { .. } | Phase::Over => {}
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let seconds = self.around.scene.now_ms as f64 / 1_000.0;
        let (wire_bytes, seed) = (self.around.scene.wire_bytes, self.seed);
        let super::Oracle { heard, unseen, entries, .. } = self.around.oracle;
        let (healed_ms, sealed_ms, peaks) = self.watch.finish();
        let (trace, digest, faults) = self.around.scene.finish();
        Outcome {
            seed,
            faults,
            digest,
            trace,
            seconds,
            wire_bytes,
            heard,
            unseen,
            entries,
            healed_ms,
            sealed_ms,
            peaks,
        }
    }
}
