//! Frames sealed by SFrame (RFC 9605), in an envelope that leaves the first bytes of a picture readable to a media server.

mod clear;
#[cfg(feature = "conformance")]
pub mod conformance;
mod envelope;
mod header;
mod hold;
mod key;
mod key_id;
mod opener;
mod padding;
mod redundant;
mod replay;
mod sealer;

pub use clear::{Codec, clear_prefix_bytes};
pub use envelope::{MAX_CLEAR_PREFIX_BYTES, MAX_OVERHEAD_BYTES, OpenFrameError, SealFrameError};
pub use header::{FrameHeader, MAX_HEADER_BYTES, ParseHeaderError};
pub use hold::{HOLD_FOR, HoldBuffer, MAX_HELD_BYTES, MAX_HELD_FRAMES};
pub use key::{BaseKey, FrameKey, FrameSuite};
pub use key_id::{Epoch, KeyId, LeafIndex, MAX_LEAVES, TrackKind};
pub use opener::{Opener, Opening, RETAIN_FOR};
pub use padding::{PadError, pad_voice, unpad_voice};
pub use redundant::{RedundantError, open_redundant, seal_redundant};
pub use replay::{REPLAY_WINDOW, ReplayWindow};
pub use sealer::Sealer;
