mod acts;

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::{
    ClientMessage, DeviceCheck, EndReason, JoinRefusal, MediaState, RESUME_WINDOW, RoomState, ServerMessage, Stage,
};

use crate::degradation::Degradation;
use crate::guests::Guests;
use crate::io::{CallOptions, Input, Output};
use crate::link::{Link, LinkEvent, LinkInput};
use crate::media::{Media, MediaPath};
use crate::policy::{
    ANSWERS_ITSELF_AFTER, LONG_LOSS_AFTER, RECONNECTING_AFTER, RETRY_OFFERED_AFTER, SENDING_PAUSED_AFTER,
};
use crate::quality::Measured;
use crate::view::{CallView, Decision, Phase, Sending};

/// A person's part in one consultation, from the first attempt to join to the end.
///
/// Push inputs with [`Call::handle`], then take every output with [`Call::next_output`], read [`Call::view`], and push
/// [`Input::Tick`] at [`Call::deadline`]. The clock must not go back; an earlier `now` counts as the latest seen.
#[derive(Debug)]
pub struct Call {
    role: Role,
    now: Timestamp,
    visible: bool,
    wanted: MediaState,
    link: Link,
    media: Media,
    degradation: Degradation,
    guests: Guests,
    /// What the server said last; `None` before the first join and after the end.
    stage: Option<Stage>,
    lost_at: Option<Timestamp>,
    refusal: Option<(JoinRefusal, bool)>,
    answer: Answer,
    over: Option<Phase>,
    checks: Option<Checks>,
    outputs: VecDeque<Output>,
    view: CallView,
}

/// Whether a called patient has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nobody calls, or the answer was given.
    Given,
    Awaited {
        answers_at: Option<Timestamp>,
        held: bool,
    },
}

#[derive(Debug, Clone, Copy)]
struct Checks {
    camera: bool,
    microphone: bool,
    /// Whether the practitioner was told last that no media pass; none before they were told anything.
    sent: Option<bool>,
}

impl Call {
    /// Makes a call that waits for [`Input::Join`].
    #[must_use]
    pub fn new(options: CallOptions, now: Timestamp) -> Self {
        Self {
            role: options.role,
            now,
            visible: options.visible,
            wanted: options.local,
            link: Link::new(options.seed),
            media: Media::default(),
            degradation: Degradation::default(),
            guests: Guests::default(),
            stage: None,
            lost_at: None,
            refusal: None,
            answer: Answer::Given,
            over: Some(Phase::Idle),
            checks: None,
            outputs: VecDeque::new(),
            view: CallView { local: options.local, ..CallView::default() },
        }
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.now = self.now.max(now);
        match input {
            Input::Join => self.join(false),
            Input::Link(input) => self.link_input(input),
            Input::Media(input) => self.media.handle(input, self.now),
            Input::LocalMediaChanged(local) => self.local_changed(local),
            Input::DevicesChecked { camera, microphone } => {
                self.checks = Some(Checks { camera, microphone, sent: None });
            }
            Input::EndToEnd { message } => drop(self.link.send(ClientMessage::EndToEnd { message })),
            Input::Way(way) => self.degradation.take_way(way),
            Input::LinkSampled(sample) => self.degradation.sampled(sample, &self.view, self.now),
            Input::PageVisible(visible) => self.page_visible(visible),
            Input::Act(action) => self.act(action),
            Input::Tick => {
                let event = self.link.tick(self.now);
                self.link_event(event);
            }
        }
        self.advance();
    }

    /// Gives the next thing to do, in order.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Tells what a screen shows.
    #[must_use]
    pub const fn view(&self) -> &CallView {
        &self.view
    }

    /// Tells when to push [`Input::Tick`]; never earlier than the latest `now`.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let lost = self.lost_at.into_iter().flat_map(|at| {
            let given_up = (self.stage == Some(Stage::Open)).then(|| at.after(RESUME_WINDOW));
            SAID_AFTER.map(|pause| at.after(pause)).into_iter().chain(given_up)
        });
        let media_lost = match self.media.path() {
            MediaPath::Lost { since } => Some(SAID_AFTER.map(|pause| since.after(pause))),
            MediaPath::Idle | MediaPath::Connecting | MediaPath::Up | MediaPath::Blocked => None,
        };
        let answers_at = match self.answer {
            Answer::Awaited { answers_at, .. } => answers_at,
            Answer::Given => None,
        };
        // Screen deadlines that passed are done with; those of the link and of media stay due until they are acted on.
        let screen =
            lost.chain(media_lost.into_iter().flatten()).chain(answers_at).filter(|deadline| *deadline > self.now);
        let sample = self.degradation.sample_at().filter(|_| self.is_sampled());
        let engine = self.link.deadline().into_iter().chain(self.media.deadline(self.link.is_live())).chain(sample);
        screen.chain(engine).min().map(|deadline| deadline.max(self.now))
    }

    fn join(&mut self, take_over: bool) {
        if self.over.take().is_none() && !self.link.is_closed() {
            return;
        }
        self.refusal = None;
        self.view.deciding = None;
        self.view.not_done = None;
        self.link.open(take_over, self.now);
    }

    /// The relays that the server gave last, as [`colloque_protocol::signaling::RoomState::ice_servers`] says.
    #[must_use]
    pub fn relays(&self) -> Option<&str> {
        self.media.ice_servers()
    }

    fn finish(&mut self, phase: Phase) {
        self.link.close();
        self.media.close();
        self.degradation.restart();
        self.stage = None;
        self.lost_at = None;
        self.refusal = None;
        self.answer = Answer::Given;
        self.view.deciding = None;
        self.over = Some(phase);
    }

    fn link_input(&mut self, input: LinkInput) {
        if input == LinkInput::NetworkOnline {
            self.recover_if_given_up();
        }
        let event = self.link.handle(input, self.now);
        self.link_event(event);
    }

    fn link_event(&mut self, event: Option<LinkEvent>) {
        match event {
            None => {}
            Some(LinkEvent::Message(message)) => self.message(message),
            Some(LinkEvent::Lost) => self.lost_at = Some(self.now),
            Some(LinkEvent::Refused { refusal, retried: true }) => self.refusal = Some((refusal, true)),
            Some(LinkEvent::Refused { refusal, retried: false }) => {
                self.finish(Phase::Refused { refusal, retried: false });
            }
            Some(LinkEvent::SignedOut) => self.finish(Phase::SignedOut),
            Some(LinkEvent::CannotSign) => self.finish(Phase::CannotSign),
            Some(LinkEvent::Ended(reason)) => self.finish(Phase::Ended { reason }),
        }
    }

    fn message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Joined { participant, room, you, state } => {
                self.view.participant = Some(participant);
                self.view.room = Some(room);
                self.view.you = Some(you);
                self.joined(state);
            }
            ServerMessage::Room { state } => self.room(state),
            ServerMessage::Answer { generation, sdp } => self.media.answered(generation, sdp),
            ServerMessage::OfferRefused { generation, code } => self.media.refused(generation, code, self.now),
            ServerMessage::MediaPath { up } => self.media.server_sees_packets(up, self.now),
            ServerMessage::Link { down_kbps, leaves_kbps, lost_permille } => {
                self.degradation.measured(Measured { down_kbps, leaves_kbps, lost_permille });
            }
            ServerMessage::DelayAnnounced { minutes } => self.view.delay_minutes = minutes,
            ServerMessage::DocumentReady { document } => {
                if !self.view.documents.contains(&document) {
                    self.view.documents.push(document);
                }
            }
            ServerMessage::NotDone { code } => {
                self.view.deciding = None;
                self.guests.not_done(self.view.third.as_ref());
                self.view.not_done = Some(code);
            }
            ServerMessage::Pong { .. } => self.view.round_trip_ms = self.link.round_trip().map(millis),
            ServerMessage::EndToEnd { message } => self.outputs.push_back(Output::EndToEnd { message }),
            // Handled by the link, or meant for a desk.
            ServerMessage::Challenge { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Ended { .. }
            | ServerMessage::DeskJoined { .. }
            | ServerMessage::QueueChanged { .. }
            | ServerMessage::QueueLeft { .. }
            | ServerMessage::PatientCallsAgain { .. } => {}
        }
    }

    fn joined(&mut self, mut state: RoomState) {
        self.media.use_ice_servers(state.ice_servers.take());
        let came_back = self.stage.is_some();
        self.lost_at = None;
        self.refusal = None;
        if came_back {
            self.media.signaling_returned(self.now);
        } else {
            // A page that was loaded again during the consultation goes on without asking.
            self.stage = Some(state.stage);
        }
        self.media.prepare(self.now);
        self.link.send(ClientMessage::MediaState(self.view.local));
        if let Some(checks) = &mut self.checks {
            checks.sent = None;
        }
        self.room(state);
        match self.view.deciding {
            Some(Decision::Admit) => self.link.send(ClientMessage::Admit),
            Some(Decision::Refuse) => self.link.send(ClientMessage::Refuse),
            Some(Decision::End) => self.link.send(ClientMessage::End),
            None => false,
        };
    }

    fn room(&mut self, state: RoomState) {
        match (self.stage, state.stage) {
            (Some(Stage::Waiting), Stage::Open) if self.role != Role::Practitioner => {
                self.answer = Answer::Awaited { answers_at: self.answers_at(), held: !self.visible };
            }
            (Some(Stage::Open), Stage::Waiting) => {
                self.answer = Answer::Given;
                self.media.withdraw(self.now);
            }
            (None | Some(Stage::Waiting | Stage::Open), Stage::Waiting | Stage::Open) => {}
        }
        if state.stage == Stage::Open && self.view.deciding == Some(Decision::Admit) {
            self.view.deciding = None;
        }
        // A patient who was sent away may come back: what was decided about them is done with.
        if state.other.is_none() && self.view.deciding == Some(Decision::Refuse) {
            self.view.deciding = None;
        }
        self.stage = Some(state.stage);
        self.media.use_ice_servers(state.ice_servers);
        self.view.other = state.other;
        self.view.third = state.third;
        self.view.admitted_at = state.admitted_at;
        self.view.delay_minutes = state.delay_minutes;
    }

    fn local_changed(&mut self, local: MediaState) {
        self.wanted = local;
        self.say_media(self.degradation.complete(local));
    }

    fn say_media(&mut self, local: MediaState) {
        if self.view.local != local {
            self.view.local = local;
            self.link.send(ClientMessage::MediaState(local));
        }
    }

    /// Whether what the browser counts tells of the consultation: from the admission on, for what is sent before the patient answers is
    /// watched as well.
    fn is_sampled(&self) -> bool {
        self.stage == Some(Stage::Open) && self.media.path() == MediaPath::Up
    }

    fn page_visible(&mut self, visible: bool) {
        self.visible = visible;
        if let Answer::Awaited { held, .. } = self.answer {
            self.answer = Answer::Awaited { answers_at: self.answers_at(), held };
        }
        if visible {
            self.recover_if_given_up();
            self.link.hurry(self.now);
        }
    }

    fn recover_if_given_up(&mut self) {
        if self.over == Some(Phase::Ended { reason: EndReason::ConnectionGivenUp }) {
            self.join(false);
        }
    }

    fn answers_at(&self) -> Option<Timestamp> {
        self.visible.then(|| self.now.after(ANSWERS_ITSELF_AFTER))
    }

    /// Does what time or the last input made due, then writes the view.
    fn advance(&mut self) {
        if let Answer::Awaited { answers_at: Some(answers_at), .. } = self.answer
            && self.now >= answers_at
        {
            self.answer = Answer::Given;
        }
        if self.stage == Some(Stage::Open) && self.lost_for().is_some_and(|lost| lost >= RESUME_WINDOW) {
            self.finish(Phase::Ended { reason: EndReason::ConnectionGivenUp });
        }
        self.media.tick(self.link.is_live(), self.now);
        if self.link.is_live()
            && self.stage.is_some_and(|stage| stage == Stage::Open || !self.role.is_guest())
            && let Some(offer) = self.media.take_offer(self.now)
        {
            let (generation, ice_restart, sdp) = (offer.generation, offer.ice_restart, offer.sdp);
            self.link.send(ClientMessage::Offer { generation, ice_restart, sdp });
        }
        let order = self.guests.follow(self.role, self.view.third.as_ref());
        self.outputs.extend(order.map(Output::Guest));
        self.view.guest = self.guests.step(self.role, self.view.third.as_ref());
        self.view.phase = self.phase();
        self.view.media = self.media_path();
        self.send_checks();
        self.say_media(self.degradation.complete(self.view.local));
        while let Some(output) = self.link.next_output() {
            self.outputs.push_back(Output::Link(output));
        }
        while let Some(output) = self.media.next_output() {
            self.outputs.push_back(Output::Media(output));
        }
        self.view.signaling_lost_since = self.lost_at;
        self.follow_sending();
        self.follow_pictures();
    }

    fn follow_pictures(&mut self) {
        let other = self.view.other_media();
        self.view.paused = self.degradation.paused_by(other, self.now);
        if let Some(adaptation) = self.degradation.adapt(other, self.now) {
            self.outputs.push_back(Output::Adapt(adaptation));
        }
        if self.degradation.takes_sample(self.is_sampled(), self.now) {
            self.outputs.push_back(Output::SampleLink);
        }
    }

    /// How media go, as far as it is of interest: before the admission only that they cannot.
    fn media_path(&self) -> MediaPath {
        match (self.stage, self.media.path()) {
            (Some(Stage::Open), path) | (_, path @ MediaPath::Blocked) => path,
            (
                None | Some(Stage::Waiting),
                MediaPath::Idle | MediaPath::Connecting | MediaPath::Up | MediaPath::Lost { .. },
            ) => MediaPath::Idle,
        }
    }

    fn send_checks(&mut self) {
        let (Some(checks), Some(round_trip)) = (&mut self.checks, self.link.round_trip()) else { return };
        let media_blocked = self.view.media == MediaPath::Blocked;
        if self.role != Role::Patient || checks.sent == Some(media_blocked) {
            return;
        }
        let check = DeviceCheck {
            camera: checks.camera,
            microphone: checks.microphone,
            round_trip_ms: millis(round_trip),
            media_blocked,
        };
        checks.sent = self.link.send(ClientMessage::DeviceCheck(check)).then_some(media_blocked);
    }

    fn follow_sending(&mut self) {
        let sending = if self.stage != Some(Stage::Open) {
            // Nor by who is not in the room yet, or not any more.
            Sending::HeldUntilAdmitted
        } else if self.lost_for().is_some_and(|lost| lost >= SENDING_PAUSED_AFTER) {
            Sending::PausedForSafety
        } else if matches!(self.answer, Answer::Awaited { held: true, .. }) {
            Sending::HeldUntilAnswered
        } else {
            Sending::AsSwitchedOn
        };
        match (self.view.sending == Sending::AsSwitchedOn, sending == Sending::AsSwitchedOn) {
            (true, false) => self.outputs.push_back(Output::PauseSending),
            (false, true) => self.outputs.push_back(Output::ResumeSending),
            (true, true) | (false, false) => {}
        }
        self.view.sending = sending;
    }

    fn phase(&self) -> Phase {
        if let Some(over) = self.over {
            return over;
        }
        let Some(stage) = self.stage else {
            return match self.refusal {
                // Tickets that were too old or used are fetched again: nothing a person can act on.
                None | Some((JoinRefusal::TicketExpired | JoinRefusal::TicketReplayed, _)) => Phase::Connecting,
                Some((refusal, retried)) => Phase::Refused { refusal, retried },
            };
        };
        let cut_off_since = match (stage, self.media.path()) {
            (Stage::Waiting, _) => self.lost_at,
            (Stage::Open, MediaPath::Up) => None,
            (Stage::Open, MediaPath::Lost { since }) => Some(self.lost_at.map_or(since, |at| at.min(since))),
            (Stage::Open, MediaPath::Idle | MediaPath::Connecting | MediaPath::Blocked) => self.lost_at,
        };
        if let Some(since) = cut_off_since {
            let lasted = self.now.since(since);
            if lasted >= RECONNECTING_AFTER {
                let (can_retry, is_long) = (lasted >= RETRY_OFFERED_AFTER, lasted >= LONG_LOSS_AFTER);
                return Phase::Reconnecting { since, can_retry, is_long };
            }
        }
        match (stage, self.answer) {
            (Stage::Waiting, _) => Phase::Waiting,
            (Stage::Open, Answer::Awaited { answers_at, .. }) => Phase::Called { answers_at },
            (Stage::Open, Answer::Given) => Phase::InCall,
        }
    }

    fn lost_for(&self) -> Option<Duration> {
        self.lost_at.map(|at| self.now.since(at))
    }
}

/// What a screen says of a loss changes after these times.
const SAID_AFTER: [Duration; 3] = [RECONNECTING_AFTER, RETRY_OFFERED_AFTER, LONG_LOSS_AFTER];

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
