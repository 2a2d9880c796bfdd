//! What may stand on a world's agenda.

use colloque_call::TicketFailure;
use colloque_ids::{PeerId, RoomId};
use colloque_signaling_core::Input;

use super::act::Act;
use super::recorder::{Job, Lane};

/// Something that is due at an instant. What belongs to one life of the server is void in the next.
pub(super) enum Event {
    /// A stream may have something for the server.
    StreamUp(u64),
    /// A stream may have something for its device.
    StreamDown(u64),
    /// A device's request for a ticket reaches the HTTP service.
    TicketAsked { device: usize, attempt: u32 },
    /// Its answer reaches the device.
    TicketAnswered { device: usize, attempt: u32, answer: Result<String, TicketFailure> },
    /// The browser has signed.
    Signed { device: usize, nonce: String, ticket: String },
    /// The browser has made an offer.
    OfferMade { device: usize, peer: u32, generation: u32, ice_restart: bool },
    /// The browser has taken an answer.
    AnswerTaken { device: usize, peer: u32, generation: u32, sdp: String },
    /// A person looks at their screen.
    React { device: usize },
    /// The plan has something happen.
    Act(Act),
    /// A hostile device does something.
    Mischief { hostile: usize },
    /// Storage has done a write, or has not; signaling is told or has given up on it.
    Written { life: u64, lane: Lane, job: Job, is_stored: bool, is_told: bool },
    /// Storage did not answer in time.
    WriteOverdue { life: u64, lane: Lane, job: Job },
    /// What was kept is tried again.
    WriteAgain { life: u64, job: Job },
    /// An order may have reached the media worker.
    Orders { life: u64 },
    /// The media worker did not answer an offer in time.
    OfferOverdue { life: u64, peer: PeerId, generation: u32 },
    /// Something reaches signaling from inside the server.
    Told { life: u64, input: Input },
    /// A second of the server's has passed.
    ServerTick { life: u64 },
    /// The server comes back.
    ServerStarts,
}

/// What signaling asks of the media worker.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Connect { room: RoomId, peer: PeerId, generation: u32, offer: String, ice_restart: bool },
    Disconnect { room: RoomId, peer: PeerId },
    Gate { room: RoomId, is_open: bool },
}
