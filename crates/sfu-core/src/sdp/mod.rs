//! The part of SDP that this server speaks: one bundled peer connection, offered by the client.
//!
//! # Source
//!
//! RFC 8866 (SDP), RFC 8829 (offers and answers of browsers), RFC 8839 (ICE), RFC 8843 (bundles).

mod answer;
mod draft;
mod offer;
mod rid;

pub(crate) use answer::{AnswerLine, CNAME, Candidates, SlotNames, write_answer};
pub use offer::{Direction, Fingerprint, MediaKind, Mid, Offer, OfferLine, ParseOfferError, PayloadTypes};
pub use rid::{MAX_LAYERS, Rid};

/// Longest offer that is read, in bytes. Browsers send 3 to 8 KB.
pub const MAX_OFFER_BYTES: usize = 64 * 1024;
/// Most media lines in one offer.
pub const MAX_LINES: usize = 32;
