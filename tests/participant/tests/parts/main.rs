//! The parts of a participant by themselves: speech, its coding and its comparison, pictures.

#![allow(clippy::unwrap_used)]

mod picture;
mod score;
mod speech;
mod voice;
