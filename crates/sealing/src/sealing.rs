//! One person's keys in one room, from text to text.

use std::time::Duration;

use colloque_e2ee::frame::{Epoch, Opener, Sealer};
use colloque_e2ee::{
    Channel, Comparison, ConnectError, EndToEnd, Output, SetUpError, Setup, State, TakeError, ToOthers as Told,
    VerifyMemberError, View,
};
use colloque_ids::{ParticipantId, Timestamp};
use colloque_protocol::end_to_end::{FromOthers, ToOthers};
use thiserror::Error;

/// See the module.
#[derive(Debug)]
pub struct Sealing {
    engine: EndToEnd,
    /// Who this person is in the room, and as whom the platform has attested their key.
    own: Option<ParticipantId>,
    is_attested: bool,
    makes_group: bool,
    /// This person came back to a room that knows them, and what was on its way may be lost.
    came_back: bool,
    /// Since when nothing that members say is taken, while they do say something.
    astray_since: Option<Timestamp>,
    /// While this person is in no group: when they last asked for what they need, and the pause before they ask again.
    asked: Option<(Timestamp, Duration)>,
    sends: std::collections::VecDeque<String>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Hand this text to the server: [`ToOthers`].
    Send(String),
    /// What is shown changed.
    Changed,
    /// Frames whose key was unknown may be tried again.
    KeysInstalled,
    /// A member said something.
    Said {
        /// Who.
        from: ParticipantId,
        /// On what channel.
        channel: Channel,
        /// What.
        bytes: Vec<u8>,
    },
    /// Somebody wanted in and is not believed.
    NotBelieved {
        /// Who, by the server's word.
        participant: ParticipantId,
        /// Why not.
        error: VerifyMemberError,
    },
}

/// Why a text of the server changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HearError {
    /// It is no message.
    #[error("text is no message")]
    Malformed,
    /// The platform has not stated this key.
    #[error("key is not attested")]
    Connect(#[source] ConnectError),
    /// It was not taken.
    #[error("message was not taken")]
    Take(#[source] TakeError),
}

impl From<TakeError> for HearError {
    fn from(error: TakeError) -> Self {
        Self::Take(error)
    }
}

impl From<ConnectError> for HearError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

impl Sealing {
    /// Starts without keys.
    ///
    /// # Errors
    ///
    /// [`SetUpError`] when the platform's key is none.
    pub fn new(setup: Setup) -> Result<Self, SetUpError> {
        Ok(Self {
            engine: EndToEnd::new(setup)?,
            own: None,
            is_attested: false,
            makes_group: false,
            came_back: false,
            astray_since: None,
            asked: None,
            sends: std::collections::VecDeque::new(),
        })
    }

    /// This person is in the room as `participant`, for the first time or again: call it each time that the server says so. A server
    /// that knows them by another name than before has started anew, and is asked for another statement.
    pub fn joined(&mut self, participant: ParticipantId) {
        if self.own.replace(participant) != Some(participant) || !self.is_attested {
            self.send(&ToOthers::Attest { leaf_key: self.engine.leaf_key() });
        } else {
            self.came_back = true;
        }
        self.asked = None;
    }

    /// Takes a text that the server passed on.
    ///
    /// # Errors
    ///
    /// [`HearError`]; nothing has changed then.
    pub fn hear(&mut self, text: &str, now: Timestamp) -> Result<(), HearError> {
        match FromOthers::from_text(text).map_err(|_| HearError::Malformed)? {
            FromOthers::Attested { attestation, makes_group } => {
                self.engine.attested(&attestation, now)?;
                self.makes_group = makes_group;
                self.is_attested = true;
                self.begin(now)?;
            }
            FromOthers::Offer => self.engine.offer()?,
            FromOthers::KeyPackage { participant, package } => {
                self.engine.take_key_package(participant, &package, now)?;
            }
            FromOthers::Ordered { epoch, holds: true } => self.engine.accepted(Epoch(epoch), now)?,
            FromOthers::Ordered { epoch, holds: false } => {
                self.engine.overtaken(Epoch(epoch));
                // Another change is to follow, unless its word was lost.
                self.go_astray(now)?;
            }
            FromOthers::Commit { commit: message } | FromOthers::Sealed { message } => {
                let taken = self.engine.take(&message, now);
                self.notice(taken, now)?;
            }
            FromOthers::Welcome { welcome } => {
                self.engine.take_welcome(&welcome, now)?;
                self.astray_since = None;
            }
            FromOthers::Left { participant } => self.engine.put_out(participant),
            FromOthers::Missed => self.begin(now)?,
        }
        Ok(())
    }

    /// Lets time pass: at least once a second.
    pub fn tick(&mut self, now: Timestamp) {
        if std::mem::take(&mut self.came_back) {
            self.engine.came_back(now);
            self.ask_again(now);
        }
        self.engine.tick(now);
        self.ask_in_time(now);
    }

    /// Says what this person found when they compared the words; journaled.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] while there are no words.
    pub fn compare(&mut self, comparison: Comparison) -> Result<(), TakeError> {
        self.engine.compare(comparison)?;
        self.send(&ToOthers::Compared { same: comparison == Comparison::Same });
        Ok(())
    }

    /// Patient: agrees that a guest takes part, or does not any more.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] when this person cannot offer themselves anew.
    pub fn agree(&mut self, guest: ParticipantId, agrees: bool) -> Result<(), ConnectError> {
        self.engine.agree(guest, agrees)
    }

    /// Practitioner: lets a guest in, at once or as soon as they ask.
    pub fn let_in(&mut self, guest: ParticipantId) {
        self.engine.let_in(guest);
    }

    /// Practitioner: puts a guest out.
    pub fn put_out(&mut self, guest: ParticipantId) {
        self.engine.put_out(guest);
    }

    /// Says something to everybody in the group.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] without a group or beyond its limit.
    pub fn say(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), TakeError> {
        self.engine.say(channel, bytes)
    }

    /// Gives what to show.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> View {
        self.engine.view(now)
    }

    /// Seals what this person sends.
    pub const fn sealer(&mut self) -> &mut Sealer {
        self.engine.sealer()
    }

    /// Opens what the others send.
    pub const fn opener(&mut self) -> &mut Opener {
        self.engine.opener()
    }

    /// Gives the next thing to do.
    pub fn next_outgoing(&mut self) -> Option<Outgoing> {
        // What the engine says comes after what it was asked to say about itself.
        if let Some(text) = self.sends.pop_front() {
            return Some(Outgoing::Send(text));
        }
        Some(match self.engine.next_output()? {
            Output::Send(told) => Outgoing::Send(in_words(told).to_text()),
            Output::Changed => Outgoing::Changed,
            Output::KeysInstalled => Outgoing::KeysInstalled,
            Output::Said { from, channel, bytes } => Outgoing::Said { from, channel, bytes: bytes.to_vec() },
            Output::NotBelieved { participant, error } => Outgoing::NotBelieved { participant, error },
        })
    }

    /// After a while in which members say things that this person cannot take, theirs is another group or another epoch: begins again.
    fn notice(&mut self, taken: Result<(), TakeError>, now: Timestamp) -> Result<(), HearError> {
        match taken {
            Ok(()) => self.astray_since = None,
            Err(TakeError::NotForUs) => self.go_astray(now)?,
            Err(_) => {}
        }
        Ok(taken?)
    }

    /// Begins anew once nothing that members say has been for this member for long enough.
    fn go_astray(&mut self, now: Timestamp) -> Result<(), ConnectError> {
        if self.is_refused(now) {
            return Ok(());
        }
        let since = *self.astray_since.get_or_insert(now);
        // Whoever makes groups waits for the others to ask first: another group means other words.
        let patience = if self.makes_group { MAKE_AGAIN_AFTER } else { ASK_AGAIN_AFTER };
        if self.is_attested && now >= since.after(patience) {
            self.astray_since = None;
            self.begin(now)?;
        }
        Ok(())
    }

    /// Without a group, asks for what is needed now and then: what was said before may be lost, and nobody else would notice.
    fn ask_in_time(&mut self, now: Timestamp) {
        if self.own.is_none() || self.engine.is_in_group() || self.is_refused(now) {
            self.asked = None;
            return;
        }
        let (asked_at, pause) = *self.asked.get_or_insert((now, ASK_EVERY));
        if now < asked_at.after(pause) {
            return;
        }
        let longest = if self.is_attested { LONGEST_OFFER_PAUSE } else { LONGEST_PAUSE };
        self.asked = Some((now, (pause * 2).min(longest)));
        if self.is_attested {
            // What cannot be made now is made the next time.
            let _ = self.begin(now);
        } else {
            self.send(&ToOthers::Attest { leaf_key: self.engine.leaf_key() });
        }
    }

    /// Who was refused, or refused a group themselves, waits for a person's word.
    fn is_refused(&self, now: Timestamp) -> bool {
        matches!(self.engine.view(now).state, State::Refused(_))
    }

    /// Asks again for what the answer to may have been lost.
    fn ask_again(&mut self, now: Timestamp) {
        match self.engine.view(now).state {
            // What cannot be made now is asked for by the server, or when this person comes back once more.
            State::Preparing => drop(self.begin(now)),
            State::Alone => self.send(&ToOthers::AskOffers),
            State::EndToEnd | State::Refused(_) => {}
        }
    }

    /// Makes the group and asks everybody in, or asks to be let in.
    fn begin(&mut self, now: Timestamp) -> Result<(), ConnectError> {
        if !self.makes_group {
            return self.engine.offer();
        }
        self.engine.make_group(now)?;
        self.send(&ToOthers::AskOffers);
        Ok(())
    }

    fn send(&mut self, message: &ToOthers) {
        self.sends.push_back(message.to_text());
    }
}

/// How long what members say may be none of this person's before they ask to be let in again. Members say something every ten seconds.
///
/// Longer: who was let in elsewhere meanwhile hears nothing for longer. Shorter: what was said before somebody came in is taken for it.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(8);

/// Pause before somebody without a group asks for one again; it doubles each time.
///
/// Longer: whoever was not heard waits longer. Shorter: more statements are journaled where the journal does not answer.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// The longest pause before an offer: it costs nobody a line in the journal.
///
/// Longer: where much is lost, somebody stays without keys for a minute. Shorter: a telephone that waits works for nothing.
const LONGEST_OFFER_PAUSE: Duration = Duration::from_secs(15);

/// The longest such pause before a statement is asked for: a patient may wait alone for an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// [`ASK_AGAIN_AFTER`] for who makes another group then.
const MAKE_AGAIN_AFTER: Duration = Duration::from_secs(25);

fn in_words(told: Told) -> ToOthers {
    match told {
        Told::KeyPackage { package } => ToOthers::KeyPackage { package },
        Told::Commit { group, epoch, commit, welcome, welcomed } => {
            ToOthers::Commit { group, epoch: epoch.0, commit, welcome, welcomed }
        }
        Told::Sealed { message } => ToOthers::Sealed { message },
    }
}
