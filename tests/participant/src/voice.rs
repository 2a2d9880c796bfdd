//! A voice on its way: sound to packets at one end, packets to sound at the other.

mod ear;
mod mouth;

pub use ear::{Ear, VoiceStatistics};
pub use mouth::{Mouth, Spoken};

/// Why sound cannot be coded: the codec refuses its configuration.
#[derive(Debug, thiserror::Error)]
#[error("the voice codec cannot be made")]
pub struct MakeVoiceError(#[from] opus::Error);
