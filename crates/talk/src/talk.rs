//! The conversation of one person.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use thiserror::Error;

use crate::entry::{Answer, Delivery, Entry, FileState, FileView, What};
use crate::few::Few;
use crate::file::FileKind;
use crate::live::{OtherLine, OwnLine};
use crate::pace::Pace;
use crate::transfers::Transfers;
use crate::wait::Wait;
use crate::wire::{Channel, Message, clean};

/// Longest message, in characters.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// Longest answer, in characters.
pub const MAX_ANSWER_CHARS: usize = 1_000;

/// Entries of one person that are kept; their oldest goes first, and nobody else's.
const MAX_ENTRIES_OF_ONE: usize = 150;

/// Entries that are kept in all.
pub const MAX_ENTRIES: usize = 4 * MAX_ENTRIES_OF_ONE;

/// Messages of somebody that are known by their names, so that one that comes again is shown once.
const MAX_KNOWN: usize = 256;

/// Messages that wait for their turn. Receipts beyond are let go: whoever misses one asks again.
const MAX_QUEUED: usize = 64;

/// Pause before the same warning is shown again.
const TELL_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// As what somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A practitioner of the consultation.
    Practitioner,
    /// The patient.
    Patient,
    /// A third person.
    Guest,
}

/// Somebody else in the group, as the platform stated them and this person's keys checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: ParticipantId,
    /// As what.
    pub standing: Standing,
    /// Their name.
    pub name: String,
}

/// A line that somebody is typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveView<'a> {
    /// Who.
    pub from: ParticipantId,
    /// Their name.
    pub name: &'a str,
    /// What is seen of it.
    pub line: &'a str,
}

/// Why something is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// There is nothing in it.
    #[error("text is empty")]
    Empty,
    /// It has more characters than are sent.
    #[error("text is too long")]
    TooLong,
}

/// See the module.
#[derive(Debug)]
pub struct Talk {
    own: Standing,
    others: Vec<Member>,
    is_sealed: bool,
    entries: VecDeque<Entry>,
    next_key: u64,
    next_number: u64,
    waits: Vec<Wait>,
    known: Few<ParticipantId, VecDeque<u64>>,
    is_live: bool,
    own_line: OwnLine,
    lines: Few<ParticipantId, OtherLine>,
    transfers: Transfers,
    queue: VecDeque<Message>,
    is_own_turn: bool,
    pace: Pace,
}

impl Talk {
    /// Starts with nobody there. What this person sends is named from `first_number` on: a random number, for another page of theirs may
    /// have sent before.
    #[must_use]
    pub fn new(own: Standing, first_number: u64) -> Self {
        Self {
            own,
            others: Vec::new(),
            is_sealed: false,
            entries: VecDeque::new(),
            next_key: 0,
            next_number: first_number,
            waits: Vec::new(),
            known: Few::default(),
            is_live: false,
            own_line: OwnLine::default(),
            lines: Few::default(),
            transfers: Transfers::default(),
            queue: VecDeque::new(),
            is_own_turn: false,
            pace: Pace::default(),
        }
    }

    /// These are the others now, and whether what is said to them is sealed.
    pub fn meet(&mut self, others: Vec<Member>, is_sealed: bool) {
        let is_new = |one: &Member| !self.others.iter().any(|known| known.id == one.id);
        let has_patient = others.iter().any(|one| one.standing == Standing::Patient && is_new(one));
        self.others = others.into_iter().map(|other| Member { name: clean(&other.name), ..other }).collect();
        self.is_sealed = is_sealed;
        if has_patient && self.own == Standing::Practitioner {
            self.queue(Message::AskAnswers);
        }
        let is_there = |person| self.others.iter().any(|other| other.id == person);
        self.waits.iter_mut().for_each(|wait| wait.keep(is_there));
        self.lines.keep(is_there);
        let others: Vec<_> = self.others.iter().map(|other| other.id).collect();
        self.transfers.meet(&others);
    }

    /// Whether what is written reaches somebody now.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.is_sealed && !self.others.is_empty()
    }

    /// Everybody else.
    #[must_use]
    pub fn others(&self) -> &[Member] {
        &self.others
    }

    /// The conversation, oldest first.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Lines that others are typing.
    pub fn lines(&self) -> impl Iterator<Item = LiveView<'_>> {
        self.lines.iter().filter(|(_, line)| !line.line().is_empty()).filter_map(|(from, line)| {
            let name = &self.others.iter().find(|other| other.id == *from)?.name;
            Some(LiveView { from: *from, name, line: line.line() })
        })
    }

    /// The bytes of a file that is there.
    #[must_use]
    pub fn file(&self, key: u64) -> Option<&[u8]> {
        self.transfers.file(key)
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; nothing was sent then.
    pub fn write(&mut self, text: &str, now: Timestamp) -> Result<(), WriteError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(WriteError::Empty);
        }
        if text.chars().count() > MAX_TEXT_CHARS {
            return Err(WriteError::TooLong);
        }
        self.own_line.end();
        let number = self.next_number();
        let what = What::Text { text: text.to_owned(), delivery: Delivery::OnItsWay };
        let key = self.show(None, what, now);
        self.waits.push(Wait::new(number, key, Message::Text { number, text: text.to_owned() }));
        Ok(())
    }

    /// What this person types is seen while they do, or not any more.
    pub fn show_typing(&mut self, is_live: bool) {
        self.is_live = is_live;
        if !is_live {
            self.own_line.set("");
        }
    }

    /// The line that this person types is now this.
    pub fn type_line(&mut self, line: &str) {
        if self.is_live && line.chars().count() <= MAX_TEXT_CHARS {
            self.own_line.set(line);
        }
    }

    /// Answers the questions of the waiting room, again or for the first time. Only practitioners are told.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; nothing changed then.
    pub fn answer(&mut self, answers: Vec<Answer>, now: Timestamp) -> Result<(), WriteError> {
        let answers: Vec<_> = answers
            .into_iter()
            .map(|answer| Answer { text: answer.text.trim().to_owned(), ..answer })
            .filter(|answer| !answer.text.is_empty())
            .collect();
        if answers.is_empty() {
            return Err(WriteError::Empty);
        }
        if answers.iter().any(|answer| answer.text.chars().count() > MAX_ANSWER_CHARS) {
            return Err(WriteError::TooLong);
        }
        self.waits.retain(|wait| !matches!(wait.message, Message::Answers { .. }));
        self.entries.retain(|entry| !matches!(entry.what, What::Answers { .. }));
        let number = self.next_number();
        let what = What::Answers { answers: answers.clone(), delivery: Delivery::OnItsWay };
        let key = self.show(None, what, now);
        self.waits.push(Wait::new(number, key, Message::Answers { number, answers }));
        Ok(())
    }

    /// Sends a file.
    ///
    /// # Errors
    ///
    /// [`crate::SendFileError`]; nothing was sent then.
    pub fn send_file(&mut self, kind: FileKind, bytes: Vec<u8>, now: Timestamp) -> Result<(), crate::SendFileError> {
        if !self.is_heard() {
            return Err(crate::SendFileError::NobodyThere);
        }
        let number = self.next_number();
        let to = self.others.iter().map(|other| other.id);
        let view = self.transfers.send(number, self.next_key, kind, bytes, to, now)?;
        self.show(None, What::File(view), now);
        Ok(())
    }

    /// Does not go on with a file.
    pub fn give_up(&mut self, key: u64) {
        if let Some(number) = self.transfers.give_up(key) {
            self.queue(Message::GivenUp { number });
        }
        self.file_becomes(key, FileState::Moving, FileState::Failed);
    }

    /// A file that arrived is not what it was said to be: nothing of it is kept.
    pub fn refuse_file(&mut self, key: u64) {
        self.transfers.forget(key);
        self.file_becomes(key, FileState::Done, FileState::Refused);
    }

    /// Somebody wanted in and was not believed; told once a minute at most, however often they try.
    pub fn not_believed(&mut self, now: Timestamp) {
        let last = self.entries.iter().rev().find(|entry| matches!(entry.what, What::NotBelieved));
        if last.is_none_or(|last| now >= last.at.after(TELL_AGAIN_AFTER)) {
            self.show(None, What::NotBelieved, now);
        }
    }

    /// Sends again what did not arrive.
    pub fn try_again(&mut self, key: u64) {
        self.waits.iter_mut().filter(|wait| wait.key == key).for_each(Wait::start_over);
    }

    /// Takes what a member said; what has no meaning changes nothing. Tells whether something is to be shown anew.
    pub fn hear(&mut self, from: ParticipantId, channel: Channel, bytes: &[u8], now: Timestamp) -> bool {
        let Some(member) = self.others.iter().find(|other| other.id == from) else { return false };
        let (standing, name) = (member.standing, member.name.clone());
        let Ok(message) = Message::read(channel, bytes) else { return false };
        match message {
            Message::Text { number, text } => {
                let text = text.trim();
                if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS {
                    return false;
                }
                self.queue(Message::Taken { number });
                if let Some(line) = self.lines.get_mut(from) {
                    line.end();
                }
                if self.is_new(from, number) {
                    let what = What::Text { text: text.to_owned(), delivery: Delivery::Delivered };
                    self.show(Some((from, name)), what, now);
                }
            }
            Message::Taken { number } => {
                self.waits.iter_mut().filter(|wait| wait.number == number).for_each(|wait| wait.taken_by(from));
                return self.tick(now);
            }
            Message::Live { sequence, text } => {
                self.lines.get_or_default(from).take(sequence, &text, MAX_TEXT_CHARS);
            }
            Message::AskAnswers if standing == Standing::Practitioner => {
                let answers = self.waits.iter_mut().filter(|wait| matches!(wait.message, Message::Answers { .. }));
                answers.for_each(Wait::start_over);
                return false;
            }
            Message::Answers { number, answers }
                if standing == Standing::Patient && self.own == Standing::Practitioner =>
            {
                if answers.iter().any(|answer| answer.text.chars().count() > MAX_ANSWER_CHARS) {
                    return false;
                }
                self.queue(Message::Taken { number });
                if self.is_new(from, number) {
                    self.entries.retain(|entry| !matches!(entry.what, What::Answers { .. }));
                    self.show(Some((from, name)), What::Answers { answers, delivery: Delivery::Delivered }, now);
                }
            }
            Message::AskAnswers | Message::Answers { .. } => return false,
            Message::Offer { number, kind, length } => {
                let key = self.next_key;
                let (answer, view) = self.transfers.offered(from, number, key, kind, length, now);
                self.queue(answer);
                // A refusal is told once, however often somebody tries.
                let is_told = |view: FileView| {
                    let last = self.entries.iter().rev().find(|entry| entry.from == Some(from));
                    view.state == FileState::Refused
                        && matches!(last.map(|entry| &entry.what), Some(What::File(before)) if before.state == FileState::Refused)
                };
                if let Some(view) = view.filter(|view| !is_told(*view)) {
                    self.show(Some((from, name)), What::File(view), now);
                }
            }
            Message::Piece { number, at, bytes } => {
                let Some(answer) = self.transfers.piece(from, number, at, &bytes, now) else { return false };
                self.queue(answer);
            }
            Message::PiecesTaken { number, count } => self.transfers.taken(from, number, count, now),
            Message::GivenUp { number } => self.transfers.refused(from, number),
        }
        self.tick(now);
        true
    }

    /// Lets time pass; tells whether something is to be shown anew.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let mut is_changed = false;
        for (key, view) in self.transfers.tick(now) {
            if let Some(What::File(shown)) = self.entries.iter_mut().find(|it| it.key == key).map(|it| &mut it.what) {
                is_changed |= *shown != view;
                *shown = view;
            }
        }
        for wait in &self.waits {
            let entry = self.entries.iter_mut().find(|entry| entry.key == wait.key);
            if let Some(What::Text { delivery, .. } | What::Answers { delivery, .. }) = entry.map(|it| &mut it.what) {
                let now_is = wait.delivery(now);
                is_changed |= *delivery != now_is;
                *delivery = now_is;
            }
        }
        // Answers are kept for a practitioner who comes later, or again.
        self.waits.retain(|wait| {
            matches!(wait.message, Message::Answers { .. }) || wait.delivery(now) != Delivery::Delivered
        });
        is_changed
    }

    /// Gives the next message to be sealed and sent.
    pub fn next_send(&mut self, now: Timestamp) -> Option<(Channel, Vec<u8>)> {
        if !self.is_heard() || !self.pace.allows(now) {
            return None;
        }
        let message = self.next_message(now)?;
        self.pace.count();
        Some((message.channel(), message.write()))
    }

    fn next_message(&mut self, now: Timestamp) -> Option<Message> {
        // In turns: whoever makes this person answer again and again keeps nothing of theirs back.
        self.is_own_turn = !self.is_own_turn;
        if self.is_own_turn {
            self.next_own(now).or_else(|| self.queue.pop_front())
        } else {
            self.queue.pop_front().or_else(|| self.next_own(now))
        }
    }

    fn next_own(&mut self, now: Timestamp) -> Option<Message> {
        let others = &self.others;
        let has_only_practitioners = others.iter().all(|other| other.standing == Standing::Practitioner);
        for wait in &mut self.waits {
            // A guest is told nothing that was meant for the practitioner.
            if matches!(wait.message, Message::Answers { .. }) && !has_only_practitioners {
                continue;
            }
            if let Some(message) = wait.next_message(others.iter().map(|other| other.id), now) {
                return Some(message);
            }
        }
        self.own_line.next_part(now).or_else(|| self.transfers.next_message(now))
    }

    fn show(&mut self, from: Option<(ParticipantId, String)>, what: What, at: Timestamp) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        let (from, name) = from.map_or((None, String::new()), |(from, name)| (Some(from), name));
        self.entries.push_back(Entry { key, from, name, at, what });
        let is_of_sender = |entry: &Entry| entry.from == from && !matches!(entry.what, What::Answers { .. });
        if self.entries.iter().filter(|entry| is_of_sender(entry)).count() > MAX_ENTRIES_OF_ONE
            && let Some(at) = self.entries.iter().position(is_of_sender)
        {
            self.drop_entry(at);
        }
        if self.entries.len() > MAX_ENTRIES {
            self.drop_entry(0);
        }
        key
    }

    fn drop_entry(&mut self, at: usize) {
        if let Some(entry) = self.entries.remove(at) {
            self.transfers.forget(entry.key);
        }
    }

    fn file_becomes(&mut self, key: u64, from: FileState, to: FileState) {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key);
        if let Some(What::File(view)) = entry.map(|entry| &mut entry.what)
            && view.state == from
        {
            view.state = to;
        }
    }

    fn queue(&mut self, message: Message) {
        if let Message::PiecesTaken { number, .. } = message {
            self.queue.retain(|it| !matches!(it, Message::PiecesTaken { number: before, .. } if *before == number));
        }
        if self.queue.len() < MAX_QUEUED && !self.queue.contains(&message) {
            self.queue.push_back(message);
        }
    }

    fn is_new(&mut self, from: ParticipantId, number: u64) -> bool {
        let known = self.known.get_or_default(from);
        if known.contains(&number) {
            return false;
        }
        if known.len() >= MAX_KNOWN {
            known.pop_front();
        }
        known.push_back(number);
        true
    }

    const fn next_number(&mut self) -> u64 {
        self.next_number = self.next_number.wrapping_add(1);
        self.next_number
    }
}
