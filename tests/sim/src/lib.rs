//! Whole rooms in memory: the media plane, participants that send voice and pictures as browsers do, and bad networks between
//! them, on a clock that only the simulation moves.

mod hall;
mod participant;
mod payload;
mod picture;
mod publisher;
mod voice;

pub use hall::{Hall, Seat};
pub use participant::Participant;
pub use picture::Pictures;
pub use voice::Voices;
