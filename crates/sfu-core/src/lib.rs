//! The media plane as one state machine: ICE-lite, DTLS-SRTP and blind forwarding of RTP.
//!
//! No socket, no clock, no randomness source, and no allocation for a forwarded packet. The shell pushes inputs into a
//! [`Core`] with the present instant, and pulls datagrams, events and the next timeout out of it.
//!
//! ```text
//! datagram -> STUN: authenticate -> answer, challenge the address -> follow it once it answered
//!          -> DTLS: handshake -> keys, first keyframe request
//!          -> RTP:  rate check -> replay check, open in place -> publisher's ring -> for each subscriber: rewrite, seal -> arena
//!          -> RTCP: rate check -> open -> retransmit from the ring within a budget, merge keyframe requests, tie clocks together
//! timeout  -> paths that fell silent, what waits for a subscriber's link, what each link carries, what each publisher may send
//!          -> requests for missing packets, challenges, handshake retransmissions, reports, peers that vanished
//! ```

mod arena;
mod budget;
mod core;
mod counters;
mod datagram;
mod demand;
mod downlink;
mod dtls;
mod egress;
mod feedback;
mod few;
mod gaps;
mod histogram;
mod ice;
mod layers;
mod links;
mod mark;
mod mover;
mod negotiate;
mod pace;
mod peer;
mod random;
mod rate;
mod reception;
pub mod red;
mod resent;
mod ring;
mod room;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
mod seal;
mod share;
mod slot;
pub mod srtp;
pub mod stun;
mod tick;
mod track;
mod vp8;

pub use crate::core::{
    ConnectPeerError, Core, CoreConfig, DEFAULT_PUBLISHER_CAP_BPS, Event, MAX_PEERS_PER_ROOM, MAX_ROOMS, TICK,
};
pub use arena::{MAX_DATAGRAM_BYTES, NO_GROUP, Path, SendArena, Transmit, Transport};
pub use counters::{CheckRefusal, Counters, DatagramKind, DropReason, Population};
pub use dtls::{Certificate, fingerprint_of};
pub use histogram::Histogram;
pub use links::Link;
pub use mark::{MAX_MARKS, mark_in_check};
pub use peer::{PEER_GONE_AFTER, PEER_LOST_AFTER};
pub use ring::{AUDIO_RING_PACKETS, VIDEO_RING_PACKETS};
pub use track::{KEYFRAME_REQUEST_INTERVAL, TrackKind};
