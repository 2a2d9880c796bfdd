//! Whole rooms in memory: the media plane, participants that send voice and pictures as browsers do, and bad networks between
//! them, on a clock that only the simulation moves.

pub mod batch;
mod hall;
pub mod links;
pub mod meter;
mod participant;
mod payload;
mod picture;
mod publisher;
pub mod rekey;
mod voice;
pub mod world;

pub use hall::{Hall, Seat, good_network};
pub use participant::Participant;
pub use picture::Pictures;
pub use voice::Voices;
