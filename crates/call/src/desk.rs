//! The waiting queue at the desk of a practice.

use std::collections::VecDeque;

use colloque_ids::{AppointmentId, Timestamp};
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, EndReason, JoinRefusal, Presence, QueueEntry, ServerMessage, Stage,
};

use crate::link::{Link, LinkEvent, LinkInput, LinkOutput};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskInput {
    /// The desk is opened.
    Open,
    /// Something happened to the connection.
    Link(LinkInput),
    /// The page became visible or hidden.
    PageVisible(bool),
    /// The person announces a delay to a waiting patient.
    AnnounceDelay {
        /// The appointment.
        appointment: AppointmentId,
        /// Minutes; 0 withdraws the announcement.
        minutes: u16,
    },
    /// The person wants another attempt now.
    Retry,
    /// The desk is closed.
    Close,
    /// The deadline came.
    Tick,
}

/// What the shell does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskOutput {
    /// For the connection.
    Link(LinkOutput),
    /// Tell the person, by sound and by sight.
    Ring {
        /// The appointment.
        appointment: AppointmentId,
        /// Why.
        cause: RingCause,
    },
}

/// Why the desk rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RingCause {
    /// The patient entered the waiting room.
    Arrived,
    /// The patient asks again.
    CallsAgain,
}

/// What a screen shows of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeskView {
    /// How the connection goes.
    pub connection: DeskConnection,
    /// Everybody who waits or is in consultation, first arrived first. Kept as last known while the connection is gone.
    pub queue: Vec<QueueEntry>,
    /// The last action was not done, and why. Cleared by the next action.
    pub not_done: Option<ActionRefusal>,
}

/// How the desk's connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeskConnection {
    /// Not opened, or closed.
    #[default]
    Closed,
    /// On the way in, for the first time.
    Connecting,
    /// The queue is live.
    Live,
    /// Cut off; being reconnected by itself. The queue may be out of date.
    Reconnecting {
        /// Since when.
        since: Timestamp,
    },
    /// Not let in.
    Refused {
        /// Why.
        refusal: JoinRefusal,
        /// Whether another attempt follows by itself.
        retried: bool,
    },
    /// The session ended.
    SignedOut,
    /// The browser has lost its key.
    CannotSign,
    /// The server ended it.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// The live queue of a practitioner, or of all the practitioners of a secretary.
///
/// Driven like [`crate::Call`].
#[derive(Debug)]
pub struct Desk {
    now: Timestamp,
    link: Link,
    outputs: VecDeque<DeskOutput>,
    view: DeskView,
}

impl Desk {
    /// Makes a desk that waits for [`DeskInput::Open`]; `seed` is random, to spread attempts over time.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self { now, link: Link::new(seed), outputs: VecDeque::new(), view: DeskView::default() }
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, input: DeskInput, now: Timestamp) {
        self.now = self.now.max(now);
        match input {
            DeskInput::Open => self.open(),
            DeskInput::Link(input) => {
                let event = self.link.handle(input, self.now);
                self.link_event(event);
            }
            DeskInput::PageVisible(visible) => {
                if visible {
                    self.link.hurry(self.now);
                }
            }
            DeskInput::AnnounceDelay { appointment, minutes } => {
                let sent = self.link.send(ClientMessage::AnnounceDelay { appointment: Some(appointment), minutes });
                self.view.not_done = (!sent).then_some(ActionRefusal::NotRecorded);
            }
            DeskInput::Retry => {
                if self.link.is_closed() {
                    self.open();
                } else {
                    self.link.hurry(self.now);
                }
            }
            DeskInput::Close => {
                self.link.close();
                self.view = DeskView::default();
            }
            DeskInput::Tick => {
                let event = self.link.tick(self.now);
                self.link_event(event);
            }
        }
        while let Some(output) = self.link.next_output() {
            self.outputs.push_back(DeskOutput::Link(output));
        }
    }

    /// Gives the next thing to do, in order.
    pub fn next_output(&mut self) -> Option<DeskOutput> {
        self.outputs.pop_front()
    }

    /// Tells what a screen shows.
    #[must_use]
    pub const fn view(&self) -> &DeskView {
        &self.view
    }

    /// Tells when to push [`DeskInput::Tick`].
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.link.deadline().map(|deadline| deadline.max(self.now))
    }

    fn open(&mut self) {
        if self.link.is_closed() {
            self.view.connection = DeskConnection::Connecting;
            self.link.open(false, self.now);
        }
    }

    fn link_event(&mut self, event: Option<LinkEvent>) {
        match event {
            None => {}
            Some(LinkEvent::Message(message)) => self.message(message),
            Some(LinkEvent::Lost) => self.view.connection = DeskConnection::Reconnecting { since: self.now },
            Some(LinkEvent::Refused { refusal, retried }) => self.refused(refusal, retried),
            Some(LinkEvent::SignedOut) => self.view.connection = DeskConnection::SignedOut,
            Some(LinkEvent::CannotSign) => self.view.connection = DeskConnection::CannotSign,
            Some(LinkEvent::Ended(reason)) => self.view.connection = DeskConnection::Ended { reason },
        }
    }

    fn refused(&mut self, refusal: JoinRefusal, retried: bool) {
        let reconnecting = matches!(self.view.connection, DeskConnection::Reconnecting { .. });
        let silent = matches!(refusal, JoinRefusal::TicketExpired | JoinRefusal::TicketReplayed);
        if !retried || !(reconnecting || silent) {
            self.view.connection = DeskConnection::Refused { refusal, retried };
        }
    }

    fn message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::DeskJoined { queue } => {
                let before = std::mem::take(&mut self.view.queue);
                self.view.connection = DeskConnection::Live;
                for entry in queue {
                    let known = before.iter().find(|known| known.appointment == entry.appointment);
                    self.put(entry, known.cloned().as_ref());
                }
            }
            ServerMessage::QueueChanged { entry } => {
                let known = self.take(entry.appointment);
                self.put(entry, known.as_ref());
            }
            ServerMessage::QueueLeft { appointment } => {
                self.take(appointment);
            }
            ServerMessage::NotDone { code } => self.view.not_done = Some(code),
            ServerMessage::PatientCallsAgain { appointment } => {
                self.outputs.push_back(DeskOutput::Ring { appointment, cause: RingCause::CallsAgain });
            }
            // Handled by the link, or meant for a room.
            ServerMessage::Challenge { .. }
            | ServerMessage::Joined { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Room { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::OfferRefused { .. }
            | ServerMessage::MediaPath { .. }
            | ServerMessage::Link { .. }
            | ServerMessage::DelayAnnounced { .. }
            | ServerMessage::DocumentReady { .. }
            | ServerMessage::EndToEnd { .. }
            | ServerMessage::Ended { .. }
            | ServerMessage::Pong { .. } => {}
        }
    }

    fn take(&mut self, appointment: AppointmentId) -> Option<QueueEntry> {
        let at = self.view.queue.iter().position(|entry| entry.appointment == appointment)?;
        Some(self.view.queue.remove(at))
    }

    fn put(&mut self, entry: QueueEntry, known: Option<&QueueEntry>) {
        let waits = entry.stage == Stage::Waiting && matches!(entry.presence, Presence::Here { .. });
        // Somebody who was only cut off for a moment does not arrive again.
        if waits && known.is_none() {
            self.outputs.push_back(DeskOutput::Ring { appointment: entry.appointment, cause: RingCause::Arrived });
        }
        let at = self.view.queue.partition_point(|other| other.arrived_at <= entry.arrived_at);
        self.view.queue.insert(at, entry);
    }
}
