//! Every bound and waiting time of signaling, with what more and less of it costs.

use std::time::Duration;

/// Pause between two [`crate::Input::Tick`].
///
/// Longer: a vanished person is noticed later. Shorter: every connection is looked at more often.
pub const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// Time from the opening of a connection to its join.
///
/// Longer: connections that say nothing occupy places. Shorter: a phone that fetches its ticket slowly is cut off.
pub const JOIN_LIMIT: Duration = Duration::from_secs(15);

/// How far in the future a ticket may be signed: the clocks of two servers differ.
///
/// Longer: a ticket lives longer than it says. Shorter: a small drift refuses everybody.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// How long media flows for somebody whose signaling connection is lost. Their browser pauses its sending after 15 s.
///
/// Longer: somebody is seen whom nobody could interrupt. Shorter: a server restart interrupts each consultation.
pub const MEDIA_KEPT_FOR: Duration = Duration::from_secs(30);

/// Shortest pause between two rings of a waiting patient.
///
/// Longer: a patient whom nobody heard waits more. Shorter: a desk is disturbed more.
pub const NOTIFY_AGAIN_PAUSE: Duration = Duration::from_secs(30);

/// Messages that a connection may send at once.
///
/// More: a flood costs more before it is cut. Fewer: somebody who taps fast is told to wait.
pub const MESSAGE_BURST: u32 = 40;

/// Messages a second that a connection may send over time.
///
/// More: a flood costs more. Fewer: heartbeats and actions compete.
pub const MESSAGES_PER_SECOND: u32 = 10;

/// Offers that a participant may send at once.
///
/// More: the media plane parses and shakes hands for one person alone. Fewer: a connection that flaps waits for its media.
pub const OFFER_BURST: u32 = 10;

/// Pause between two offers of a participant over time.
///
/// Longer: media comes back later on a line that breaks again and again. Shorter: handshakes and journal lines pile up.
pub const OFFER_PAUSE: Duration = Duration::from_secs(2);

/// Messages past the limit after which a connection is closed.
///
/// More: a broken client disturbs longer. Fewer: a client that wakes up and sends what it kept is cut off.
pub const EXCESS_MESSAGES: u32 = 40;

/// Statements about a person's end-to-end keys that may be asked for at once: one for each time that a page starts anew.
///
/// More: the journal fills faster. Fewer: somebody who reloads again and again waits.
pub const ATTESTATION_BURST: u32 = 6;

/// Pause between two such statements over time.
pub const ATTESTATION_PAUSE: Duration = Duration::from_secs(10);

/// How long such a statement is worth something: a long day.
///
/// Longer: a stolen key serves longer. Shorter: a consultation that runs late loses its newcomers.
pub const ATTESTATION_LIFETIME: Duration = Duration::from_secs(12 * 3_600);

/// Messages that a person may send past the server at once: a file's pieces among them.
///
/// More: one person's flood costs the others more. Fewer: a page that wakes up loses what it says.
pub const SEALED_BURST: u32 = 60;

/// Such messages a second over time.
pub const SEALED_PER_SECOND: u32 = 10;

/// Messages from past the server kept for somebody who is away.
///
/// More: more memory for each. Fewer: who comes back after a tunnel needs new keys.
pub const KEPT_SEALED_MESSAGES: usize = 256;

/// The same in bytes.
pub const KEPT_SEALED_BYTES: usize = 256 * 1024;

/// Refused joins from one address that are journaled at once; further ones are journaled at [`REFUSALS_PER_MINUTE`].
///
/// More: anybody can fill the journal. Fewer: an attack leaves fewer traces.
pub const REFUSAL_BURST: u32 = 10;

/// Refused joins a minute from one address that are journaled over time.
pub const REFUSALS_PER_MINUTE: u32 = 6;

/// How much is held at once. What does not fit is refused as full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rooms.
    pub rooms: usize,
    /// Connections, joined or not.
    pub connections: usize,
    /// Connections from one address: a hospital's people share one.
    pub connections_per_address: usize,
    /// Connections from one address that did not join yet.
    pub unjoined_per_address: usize,
    /// Connections of one person, desks and rooms together.
    pub connections_per_person: usize,
    /// Tickets remembered as used, each for the rest of its minute.
    pub used_tickets: usize,
    /// Rooms and people remembered as ended, each for a minute; past it, everybody who enters fetches another ticket.
    pub revocations: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms: 20_000,
            connections: 50_000,
            connections_per_address: 512,
            unjoined_per_address: 64,
            connections_per_person: 8,
            used_tickets: 200_000,
            revocations: 50_000,
        }
    }
}
