//! What people in a consultation write to each other beside the pictures: messages, text that is seen while it is typed, files, and what a
//! patient answered while waiting.
//!
//! Decides and moves no bytes. Every message is sealed for the group before it leaves and opened after it arrived by whoever holds the
//! keys, who also knows by the key that opened it who wrote it. The server keeps nothing of it; neither does anybody here after the page
//! is closed. Whatever arrives is hostile: it is bounded, and what has no meaning is let go.

mod entry;
mod few;
mod file;
mod jpeg;
mod live;
mod pace;
mod talk;
mod transfers;
mod wait;
mod wire;

pub use entry::{Answer, Delivery, Entry, FileState, FileView, Question, What};
pub use file::{FileKind, MAX_FILE_BYTES, PIECE_BYTES, SendFileError};
pub use live::SEND_LIVE_EVERY;
pub use talk::{LiveView, MAX_ANSWER_CHARS, MAX_ENTRIES, MAX_TEXT_CHARS, Member, Standing, Talk, WriteError};
pub use wire::{Channel, Message, NoMeaning};
