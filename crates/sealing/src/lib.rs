//! End-to-end encryption in the words of the signaling messages: what a browser's worker and the native participant run.

mod places;
mod sealing;
mod watchdog;

pub use colloque_e2ee as e2ee;
pub use places::{PLACES, Places};
pub use sealing::{HearError, Outgoing, Sealing};
pub use watchdog::{SentUnsealed, Watchdog};
