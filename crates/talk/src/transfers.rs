//! All files on their way, and those that are there.

use std::collections::VecDeque;

use colloque_ids::{ParticipantId, Timestamp};

use crate::entry::{FileState, FileView};
use crate::few::Few;
use crate::file::{FileKind, Incoming, MAX_FILE_BYTES, Outgoing, PIECE_BYTES, SendFileError};
use crate::wire::Message;

/// Files of this person on their way at once.
const MAX_OUTGOING: usize = 4;

/// Files of somebody else on their way at once.
const MAX_INCOMING: usize = 2;

/// Bytes of files that are kept: what a telephone's page can hold beside a call.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Files whose end is remembered, for whoever did not hear of it.
const MAX_ENDED: usize = 64;

/// A file that came to its end.
#[derive(Debug)]
struct Ended {
    from: ParticipantId,
    number: u64,
    answer: Message,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Transfers {
    outgoing: Vec<Outgoing>,
    incoming: Vec<Incoming>,
    ended: VecDeque<Ended>,
    kept: Few<u64, Vec<u8>>,
}

impl Transfers {
    pub fn send(
        &mut self,
        number: u64,
        key: u64,
        kind: FileKind,
        bytes: Vec<u8>,
        to: impl Iterator<Item = ParticipantId>,
        now: Timestamp,
    ) -> Result<FileView, SendFileError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(SendFileError::TooLong);
        }
        if !kind.fits(&bytes) {
            return Err(SendFileError::NotItsKind);
        }
        if self.outgoing.len() >= MAX_OUTGOING || self.bytes() + bytes.len() > MAX_KEPT_BYTES {
            return Err(SendFileError::TooMany);
        }
        let length = length_of(&bytes);
        self.outgoing.push(Outgoing::new(number, key, kind, bytes, to, now));
        Ok(FileView { kind, length, done: 0, state: FileState::Moving })
    }

    /// Gives the number of the file that is not gone on with.
    pub fn give_up(&mut self, key: u64) -> Option<u64> {
        if let Some(at) = self.outgoing.iter().position(|file| file.key == key) {
            return Some(self.outgoing.remove(at).number);
        }
        let at = self.incoming.iter().position(|file| file.key == key)?;
        let file = self.incoming.remove(at);
        self.end(file.from, file.number, Message::GivenUp { number: file.number });
        Some(file.number)
    }

    pub fn file(&self, key: u64) -> Option<&[u8]> {
        self.kept.get(key).map(Vec::as_slice)
    }

    pub fn forget(&mut self, key: u64) {
        self.kept.remove(key);
        self.give_up(key);
    }

    /// These are the others now.
    pub fn meet(&mut self, others: &[ParticipantId]) {
        self.outgoing.iter_mut().for_each(|file| file.meet(others));
    }

    /// Somebody wants to send a file: gives the answer and, if it is a new one, what to show.
    pub fn offered(
        &mut self,
        from: ParticipantId,
        number: u64,
        key: u64,
        kind: FileKind,
        length: u32,
        now: Timestamp,
    ) -> (Message, Option<FileView>) {
        if let Some(file) = self.coming(from, number) {
            return (Message::PiecesTaken { number, count: file.pieces() }, None);
        }
        if let Some(answer) = self.last_answer(from, number) {
            return (answer, None);
        }
        let view = FileView { kind, length, done: 0, state: FileState::Moving };
        let bytes = length as usize;
        let of_theirs = self.incoming.iter().filter(|file| file.from == from).count();
        let is_too_much =
            bytes == 0 || bytes > MAX_FILE_BYTES || of_theirs >= MAX_INCOMING || self.bytes() + bytes > MAX_KEPT_BYTES;
        if is_too_much {
            let answer = Message::GivenUp { number };
            self.end(from, number, answer.clone());
            return (answer, Some(FileView { state: FileState::Refused, ..view }));
        }
        self.incoming.push(Incoming { from, number, key, kind, length: bytes, bytes: Vec::new(), moved_at: now });
        (Message::PiecesTaken { number, count: 0 }, Some(view))
    }

    /// A piece came: gives the answer, unless nobody offered it.
    pub fn piece(
        &mut self,
        from: ParticipantId,
        number: u64,
        at: u32,
        bytes: &[u8],
        now: Timestamp,
    ) -> Option<Message> {
        if let Some(file) = self.coming(from, number) {
            return Some(Message::PiecesTaken { number, count: file.take(at, bytes, now) });
        }
        self.last_answer(from, number)
    }

    pub fn taken(&mut self, from: ParticipantId, number: u64, count: u32, now: Timestamp) {
        if let Some(file) = self.going(number) {
            file.heard(from, count, now);
        }
    }

    /// Somebody does not take a file, or does not send it any more.
    pub fn refused(&mut self, from: ParticipantId, number: u64) {
        if let Some(file) = self.going(number) {
            file.keep(|person| person != from);
        }
        if let Some(file) = self.coming(from, number) {
            file.moved_at = Timestamp::from_millis(0);
        }
    }

    pub fn next_message(&mut self, now: Timestamp) -> Option<Message> {
        self.outgoing.iter_mut().find_map(|file| file.next_message(now))
    }

    /// Gives how far each file is that is on its way or came to its end just now.
    pub fn tick(&mut self, now: Timestamp) -> Vec<(u64, FileView)> {
        let mut views = Vec::new();
        for at in (0..self.outgoing.len()).rev() {
            self.outgoing[at].leave_out(now);
            let file = &self.outgoing[at];
            let (kind, done, key) = (file.kind, file.done(), file.key);
            let is_lost = file.is_lost(now);
            let state = match (file.is_done(), is_lost) {
                (_, true) => FileState::Failed,
                (true, false) => FileState::Done,
                (false, false) => FileState::Moving,
            };
            let length = file.length();
            views.push((key, FileView { kind, length, done, state }));
            if state != FileState::Moving {
                let file = self.outgoing.remove(at);
                if state == FileState::Done {
                    self.kept.insert(key, file.into_bytes());
                }
            }
        }
        for at in (0..self.incoming.len()).rev() {
            let file = &self.incoming[at];
            let state = match (file.is_whole(), file.is_lost(now)) {
                (true, _) if file.kind.fits(&file.bytes) => FileState::Done,
                (true, _) => FileState::Refused,
                (false, true) => FileState::Failed,
                (false, false) => FileState::Moving,
            };
            let length = u32::try_from(file.length).unwrap_or(u32::MAX);
            views.push((file.key, FileView { kind: file.kind, length, done: length_of(&file.bytes), state }));
            if state != FileState::Moving {
                let file = self.incoming.remove(at);
                let number = file.number;
                let answer = match state {
                    FileState::Done => Message::PiecesTaken { number, count: file.pieces() },
                    FileState::Moving | FileState::Failed | FileState::Refused => Message::GivenUp { number },
                };
                self.end(file.from, number, answer);
                if state == FileState::Done {
                    self.kept.insert(file.key, file.bytes);
                }
            }
        }
        views
    }

    fn coming(&mut self, from: ParticipantId, number: u64) -> Option<&mut Incoming> {
        self.incoming.iter_mut().find(|file| file.from == from && file.number == number)
    }

    fn going(&mut self, number: u64) -> Option<&mut Outgoing> {
        self.outgoing.iter_mut().find(|file| file.number == number)
    }

    /// What was answered when a file came to its end.
    fn last_answer(&self, from: ParticipantId, number: u64) -> Option<Message> {
        self.ended.iter().find(|ended| ended.from == from && ended.number == number).map(|ended| ended.answer.clone())
    }

    fn end(&mut self, from: ParticipantId, number: u64, answer: Message) {
        if self.ended.len() >= MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { from, number, answer });
    }

    /// Bytes of all files, also of those that have not arrived whole.
    fn bytes(&self) -> usize {
        let coming: usize = self.incoming.iter().map(|file| file.length).sum();
        let going: usize = self.outgoing.iter().map(|file| file.length() as usize).sum();
        coming + going + self.kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

const _: () = assert!(MAX_FILE_BYTES.is_multiple_of(PIECE_BYTES));
