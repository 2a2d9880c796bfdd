//! Files in pieces: each is taken in order, and only so much is on its way as the slowest of the others takes.

use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use thiserror::Error;

use crate::few::Few;
use crate::jpeg;
use crate::wire::Message;

/// Longest file, in bytes. A photograph as pages send it has a tenth of it.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Length of a piece, in bytes.
///
/// Longer: a voice waits for longer behind a piece on a narrow link. Shorter: a file takes longer, for a person may say so many things a
/// second.
pub const PIECE_BYTES: usize = 16 * 1024;

/// Pieces on their way.
const WINDOW: u32 = 3;

/// Pieces on their way where answers are slow, for voice and pictures share the link.
const NARROW_WINDOW: u32 = 1;

/// An answer that took longer is slow.
const SLOW: Duration = Duration::from_millis(400);

/// After so long without an answer, pieces are sent again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Whoever has not taken anything for so long, while another has, is not waited for.
const LEFT_OUT_AFTER: Duration = Duration::from_secs(10);

/// After so long without an answer the file is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(60);

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FileKind {
    /// A photograph, as pages write every picture anew.
    Jpeg = 1,
    /// A document, as pages write every document anew.
    Pdf = 2,
}

impl FileKind {
    /// Reads the number back.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Jpeg),
            2 => Some(Self::Pdf),
            _ => None,
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }

    /// Ending of its name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Pdf => "pdf",
        }
    }

    /// Whether the bytes are such a file, and, of photographs, one that a telephone can show. What a document holds is seen by whoever
    /// writes it anew.
    #[must_use]
    pub fn fits(self, bytes: &[u8]) -> bool {
        match self {
            Self::Jpeg => jpeg::is_shown(bytes),
            Self::Pdf => bytes.starts_with(b"%PDF-"),
        }
    }
}

/// Why a file is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendFileError {
    /// It is empty, or is not what its name says.
    #[error("file is not of its kind")]
    NotItsKind,
    /// It is longer than [`MAX_FILE_BYTES`].
    #[error("file is too long")]
    TooLong,
    /// Nobody is there to take it.
    #[error("nobody is there")]
    NobodyThere,
    /// Others are on their way.
    #[error("other files are on their way")]
    TooMany,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    count: u32,
    at: Timestamp,
}

/// A file on its way to the others.
#[derive(Debug)]
pub struct Outgoing {
    pub number: u64,
    pub key: u64,
    pub kind: FileKind,
    bytes: Vec<u8>,
    /// Pieces that each has taken, and when they took the last one.
    taken: Few<ParticipantId, Taken>,
    /// For whom it is: whoever comes later is not meant.
    to: Vec<ParticipantId>,
    is_stopped: bool,
    /// None while the offer is to be sent.
    next: Option<u32>,
    moved_at: Timestamp,
    said_at: Timestamp,
    window: u32,
    /// When the piece was sent that an answer is measured by.
    measured: Option<(u32, Timestamp)>,
}

impl Outgoing {
    pub fn new(
        number: u64,
        key: u64,
        kind: FileKind,
        bytes: Vec<u8>,
        to: impl Iterator<Item = ParticipantId>,
        now: Timestamp,
    ) -> Self {
        let to: Vec<_> = to.collect();
        Self {
            number,
            key,
            kind,
            bytes,
            taken: to.iter().map(|person| (*person, Taken { count: 0, at: now })).collect(),
            to,
            is_stopped: false,
            next: None,
            moved_at: now,
            said_at: now,
            window: NARROW_WINDOW,
            measured: None,
        }
    }

    pub fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    fn pieces(&self) -> u32 {
        u32::try_from(self.bytes.len().div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX)
    }

    fn least(&self) -> u32 {
        self.taken.iter().map(|(_, taken)| taken.count).min().unwrap_or(0)
    }

    /// Bytes that everybody has.
    pub fn done(&self) -> u32 {
        u32::try_from((self.least() as usize * PIECE_BYTES).min(self.bytes.len())).unwrap_or(u32::MAX)
    }

    pub fn is_done(&self) -> bool {
        self.least() >= self.pieces()
    }

    /// Whether nobody is left to take it, or nobody says anything any more.
    pub fn is_lost(&self, now: Timestamp) -> bool {
        self.is_stopped || self.taken.iter().next().is_none() || now >= self.moved_at.after(GIVE_UP_AFTER)
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whoever is not there any more is not waited for.
    pub fn keep(&mut self, is_there: impl Fn(ParticipantId) -> bool) {
        self.taken.keep(is_there);
    }

    /// These are the others now. Somebody who came since is not meant: nothing more of it is sent to a group with them.
    pub fn meet(&mut self, others: &[ParticipantId]) {
        self.keep(|person| others.contains(&person));
        self.is_stopped |= others.iter().any(|person| !self.to.contains(person));
    }

    /// Goes on without whoever holds all the others up.
    pub fn leave_out(&mut self, now: Timestamp) {
        let most = self.taken.iter().map(|(_, taken)| taken.count).max().unwrap_or(0);
        let is_slow = |taken: &Taken| taken.count < most && now >= taken.at.after(LEFT_OUT_AFTER);
        let slow: Vec<_> = self.taken.iter().filter(|(_, taken)| is_slow(taken)).map(|(person, _)| *person).collect();
        slow.into_iter().for_each(|person| self.taken.remove(person));
    }

    pub fn heard(&mut self, from: ParticipantId, count: u32, now: Timestamp) {
        let pieces = self.pieces();
        let Some(taken) = self.taken.get_mut(from).filter(|taken| count > taken.count && count <= pieces) else {
            return;
        };
        *taken = Taken { count, at: now };
        if let Some((_, sent_at)) = self.measured.filter(|(at, _)| count > *at) {
            self.window = if now.since(sent_at) > SLOW { NARROW_WINDOW } else { WINDOW };
            self.measured = None;
        }
        (self.moved_at, self.said_at) = (now, now);
    }

    /// Gives what is to be sent next.
    pub fn next_message(&mut self, now: Timestamp) -> Option<Message> {
        if now >= self.said_at.after(AGAIN_AFTER) {
            (self.next, self.measured, self.window) = (None, None, NARROW_WINDOW);
        }
        let (number, kind) = (self.number, self.kind);
        let Some(at) = self.next else {
            self.next = Some(self.least());
            self.said_at = now;
            return Some(Message::Offer { number, kind, length: self.length() });
        };
        if at >= self.pieces() || at >= self.least() + self.window {
            return None;
        }
        let bytes = self.bytes.chunks(PIECE_BYTES).nth(at as usize)?.to_vec();
        self.next = Some(at + 1);
        self.measured = self.measured.or(Some((at, now)));
        self.said_at = now;
        Some(Message::Piece { number, at, bytes })
    }
}

/// A file on its way from somebody.
#[derive(Debug)]
pub struct Incoming {
    pub from: ParticipantId,
    pub number: u64,
    pub key: u64,
    pub kind: FileKind,
    pub length: usize,
    pub bytes: Vec<u8>,
    pub moved_at: Timestamp,
}

impl Incoming {
    /// Takes a piece, if it is the next one; tells how many are there.
    pub fn take(&mut self, at: u32, bytes: &[u8], now: Timestamp) -> u32 {
        let here = self.pieces();
        let expected = PIECE_BYTES.min(self.length - self.bytes.len());
        if at != here || bytes.is_empty() || bytes.len() != expected {
            return here;
        }
        self.bytes.extend_from_slice(bytes);
        self.moved_at = now;
        here + 1
    }

    /// Pieces that are there.
    pub fn pieces(&self) -> u32 {
        u32::try_from(self.bytes.len().div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX)
    }

    pub const fn is_whole(&self) -> bool {
        self.bytes.len() == self.length
    }

    pub fn is_lost(&self, now: Timestamp) -> bool {
        now >= self.moved_at.after(GIVE_UP_AFTER)
    }
}
