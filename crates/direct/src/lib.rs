//! The way from browser to browser, for a patient whose browser cannot lead its frames through the worker that holds the keys.
//!
//! Sound and picture then pass between the two browsers under DTLS-SRTP (RFC 5764), through a relay that holds no key. Whose
//! certificates these are, each side learns from a description (RFC 8829) that is sealed for the group: nobody but its two members can
//! have put a fingerprint into it. This crate decides who says what, and when; it makes no transport.
//!
//! The patient's browser asks, the practitioner's offers, the patient's answers. Each try has a number that the patient's side counts.

mod description;
mod wire;

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;

pub use description::guarded;
pub use wire::{MAX_DESCRIPTION_BYTES, Message, NoMeaning};

/// Pause before something without an answer is said again.
///
/// Longer: one lost message is noticed. Shorter: a slow link carries the same description twice.
pub const SAY_AGAIN_EVERY: Duration = Duration::from_secs(3);

/// How long a try may take from the question to the connection.
///
/// Longer: a person looks at an empty picture. Shorter: a relay behind three slow networks is given up too early.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// Tries without a connection before the person is told that their browser cannot.
pub const MAX_TRIES: u32 = 3;

/// Pause between two transports that the practitioner's side makes because it was asked.
///
/// Longer: a way that broke twice is made again later. Shorter: who asks without end has more made.
pub const OFFER_EVERY: Duration = Duration::from_secs(4);

/// How long the patient's side waits to be alone with the practitioner in a group.
///
/// Longer: somebody who is never seen is told later. Shorter: who agrees on keys on a bad network is told that there is no way.
pub const MET_WITHIN: Duration = Duration::from_secs(60);

/// Whose browser this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The practitioner's: offers when asked.
    Practitioner,
    /// The patient's, which has no other way: asks.
    Patient,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Have this sealed for the group: a [`Message`].
    Say(Vec<u8>),
    /// Practitioner: make a transport and describe it, then [`Direct::described`]; one that is there is of no use any more.
    Offer {
        /// Which try it is for.
        attempt: u32,
    },
    /// Patient: make a transport that answers this offer, then [`Direct::described`].
    Answer {
        /// Which try it is for.
        attempt: u32,
        /// What the practitioner's browser offers.
        offer: String,
    },
    /// Practitioner: this is the answer to the present offer.
    Take {
        /// What the patient's browser answered.
        answer: String,
    },
    /// Close the transport: who is there is somebody else, or nobody.
    Close,
    /// Patient: there is no way.
    GiveUp,
}

/// See the module.
#[derive(Debug)]
pub struct Direct {
    side: Side,
    /// The present try; none before the first.
    attempt: u32,
    step: Step,
    /// Tries since the last connection.
    failed: u32,
    /// When the last offer was begun.
    offered_at: Option<Timestamp>,
    /// Since when this side is not alone with the other.
    alone_since: Option<Timestamp>,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// There is nobody to speak to, or nobody asked.
    Idle,
    /// This browser asks, or its transport is being described.
    Begun { since: Timestamp },
    /// This browser has said something that may be lost.
    Said { since: Timestamp, said: Vec<u8>, again_at: Timestamp },
    /// Media pass.
    Connected,
    /// No way was found.
    GivenUp,
}

impl Direct {
    /// Begins without anybody to speak to.
    #[must_use]
    pub const fn new(side: Side) -> Self {
        Self {
            side,
            attempt: 0,
            step: Step::Idle,
            failed: 0,
            offered_at: None,
            alone_since: None,
            outputs: VecDeque::new(),
        }
    }

    /// Whether media pass from browser to browser, or are to. A patient's browser that asks has no other way.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.side == Side::Patient || self.step != Step::Idle
    }

    /// The group is of this person and one other, whose key is not that of before; or it is not (`false`).
    pub fn met(&mut self, is_alone_with_other: bool, now: Timestamp) {
        if self.step == Step::GivenUp {
            return;
        }
        if self.step != Step::Idle {
            self.outputs.push_back(Output::Close);
        }
        self.step = Step::Idle;
        self.failed = 0;
        self.offered_at = None;
        match self.side {
            Side::Practitioner => self.attempt = 0,
            Side::Patient if is_alone_with_other => self.ask(now),
            Side::Patient => {}
        }
    }

    /// Takes what the other member said.
    ///
    /// # Errors
    ///
    /// [`NoMeaning`]; nothing has changed then.
    pub fn hear(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), NoMeaning> {
        match (self.side, Message::read(bytes)?) {
            // Asked more often, it answers the next time that it is asked.
            (Side::Practitioner, Message::Ask { attempt })
                if attempt > self.attempt && self.offered_at.is_none_or(|at| now >= at.after(OFFER_EVERY)) =>
            {
                self.attempt = attempt;
                self.offered_at = Some(now);
                self.step = Step::Begun { since: now };
                self.outputs.push_back(Output::Offer { attempt });
            }
            (Side::Practitioner, Message::Answer { attempt, description }) if attempt == self.attempt => {
                if let Step::Said { since, .. } = self.step {
                    self.step = Step::Begun { since };
                    self.outputs.push_back(Output::Take { answer: description });
                }
            }
            (Side::Patient, Message::Offer { attempt, description }) if attempt == self.attempt => {
                if let Step::Said { said, since, .. } = &self.step
                    && Message::is_ask(said)
                {
                    self.step = Step::Begun { since: *since };
                    self.outputs.push_back(Output::Answer { attempt, offer: description });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The transport of this try is described; `None` when the browser could not.
    pub fn described(&mut self, attempt: u32, description: Option<String>, now: Timestamp) {
        let Step::Begun { since } = self.step else { return };
        if attempt != self.attempt {
            return;
        }
        let Some(description) = description.filter(|it| it.len() <= MAX_DESCRIPTION_BYTES) else {
            return self.failed(attempt, now);
        };
        let message = match self.side {
            Side::Practitioner => Message::Offer { attempt, description },
            Side::Patient => Message::Answer { attempt, description },
        };
        self.say(&message, since, now);
    }

    /// The browsers have found each other by the transport of this try.
    pub fn connected(&mut self, attempt: u32) {
        if attempt == self.attempt && !matches!(self.step, Step::Idle | Step::GivenUp) {
            self.step = Step::Connected;
            self.failed = 0;
        }
    }

    /// The transport of this try failed: the patient's side begins another, the practitioner's waits to be asked.
    pub fn failed(&mut self, attempt: u32, now: Timestamp) {
        if attempt != self.attempt || self.side == Side::Practitioner || matches!(self.step, Step::Idle | Step::GivenUp)
        {
            return;
        }
        self.failed += 1;
        if self.failed < MAX_TRIES { self.ask(now) } else { self.give_up() }
    }

    fn give_up(&mut self) {
        self.step = Step::GivenUp;
        self.outputs.push_back(Output::Close);
        self.outputs.push_back(Output::GiveUp);
    }

    /// Lets time pass: at least once a second.
    pub fn tick(&mut self, now: Timestamp) {
        match self.step {
            Step::Idle if self.side == Side::Patient => {
                if now >= self.alone_since.get_or_insert(now).after(MET_WITHIN) {
                    self.give_up();
                }
            }
            Step::Begun { since } | Step::Said { since, .. }
                if self.side == Side::Patient && now >= since.after(CONNECT_WITHIN) =>
            {
                self.failed(self.attempt, now);
            }
            // Whoever asked has given this try up.
            Step::Said { since, .. } if now >= since.after(CONNECT_WITHIN) => self.step = Step::Begun { since },
            Step::Said { again_at, .. } if now >= again_at => self.say_again(now),
            Step::Idle | Step::Begun { .. } | Step::Said { .. } | Step::Connected | Step::GivenUp => {}
        }
    }

    /// Gives the next thing to do.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Begins a try.
    fn ask(&mut self, now: Timestamp) {
        self.alone_since = None;
        self.attempt = self.attempt.saturating_add(1);
        self.say(&Message::Ask { attempt: self.attempt }, now, now);
    }

    fn say(&mut self, message: &Message, since: Timestamp, now: Timestamp) {
        self.step = Step::Said { since, said: message.write(), again_at: now };
        self.say_again(now);
    }

    fn say_again(&mut self, now: Timestamp) {
        if let Step::Said { said, again_at, .. } = &mut self.step {
            *again_at = now.after(SAY_AGAIN_EVERY);
            self.outputs.push_back(Output::Say(said.clone()));
        }
    }
}
