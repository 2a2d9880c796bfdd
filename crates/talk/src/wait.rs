//! A message that somebody has not said yet that they have.

use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};

use crate::entry::Delivery;
use crate::wire::Message;

/// After so long without a receipt a message is sent again.
const AGAIN_AFTER: Duration = Duration::from_secs(4);

/// How often it is sent before the person is told.
const TRIES: u8 = 6;

/// See the module.
#[derive(Debug)]
pub struct Wait {
    pub number: u64,
    pub key: u64,
    pub message: Message,
    /// Who has not said that they have it, of those who were there when it was sent first.
    missing: Vec<ParticipantId>,
    /// Everybody whom it was meant for: to a group with somebody else it is not sent again by itself.
    to: Vec<ParticipantId>,
    /// Somebody left who never said that they have it.
    is_lost: bool,
    sent_at: Option<Timestamp>,
    tries: u8,
    has_somebody: bool,
}

impl Wait {
    pub const fn new(number: u64, key: u64, message: Message) -> Self {
        Self {
            number,
            key,
            message,
            missing: Vec::new(),
            to: Vec::new(),
            is_lost: false,
            sent_at: None,
            tries: 0,
            has_somebody: false,
        }
    }

    /// Gives the message if it is time to send it.
    pub fn next_message(&mut self, mut others: impl Iterator<Item = ParticipantId>, now: Timestamp) -> Option<Message> {
        match self.sent_at {
            None => {
                self.to = others.collect();
                self.missing.clone_from(&self.to);
            }
            Some(at) if self.tries < TRIES && now >= at.after(AGAIN_AFTER) => {
                if others.any(|person| !self.to.contains(&person)) {
                    self.is_lost = true;
                    return None;
                }
            }
            Some(_) => return None,
        }
        self.sent_at = Some(now);
        self.tries += 1;
        Some(self.message.clone())
    }

    pub fn taken_by(&mut self, person: ParticipantId) {
        let before = self.missing.len();
        self.missing.retain(|missing| *missing != person);
        self.has_somebody |= self.missing.len() < before;
    }

    /// Whoever is gone is not waited for. If nobody has it, it waits for whoever comes.
    pub fn keep(&mut self, is_there: impl Fn(ParticipantId) -> bool) {
        let before = self.missing.len();
        self.missing.retain(|person| is_there(*person));
        self.is_lost |= self.has_somebody && self.missing.len() < before;
        if self.missing.is_empty() && !self.has_somebody {
            self.start_over();
        }
    }

    pub const fn start_over(&mut self) {
        (self.sent_at, self.tries, self.is_lost, self.has_somebody) = (None, 0, false, false);
    }

    pub fn delivery(&self, now: Timestamp) -> Delivery {
        match self.sent_at {
            Some(_) if self.is_lost => Delivery::NotDelivered,
            Some(_) if self.missing.is_empty() && self.has_somebody => Delivery::Delivered,
            Some(at) if self.tries >= TRIES && now >= at.after(AGAIN_AFTER) => Delivery::NotDelivered,
            Some(_) | None => Delivery::OnItsWay,
        }
    }
}
