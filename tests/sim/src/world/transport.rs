//! A browser's peer connection: a real offer and answer, ICE checks, a real handshake, sealed media, and the states that browsers
//! tell of it.

use std::time::{Duration, Instant};

use colloque_call::PeerState;
use colloque_load::client::{LINES, MediaClient};

use super::chance;
use super::scene::{began_at, millis_of};
use crate::participant::{Heard, Participant};
use crate::publisher::Sending;

/// Silence after which browsers call a connection interrupted, and failed.
const DISCONNECTED_AFTER: Duration = Duration::from_secs(6);
const FAILED_AFTER: Duration = Duration::from_secs(20);
/// Time after which browsers give up a connection that never was.
const NEVER_CONNECTED_AFTER: Duration = Duration::from_secs(15);
/// How finely a browser's media run, in milliseconds: a voice speaks every 20 ms.
pub(super) const MEDIA_STEP_MS: u64 = 5;

/// A peer connection.
pub(super) struct Transport {
    /// Its number at the engine.
    pub(super) number: u32,
    pub(super) media: Participant,
    told: Option<PeerState>,
    answered_at: Option<Instant>,
    /// When the server last answered a check.
    heard_at: Instant,
    restarts: u32,
    has_failed: bool,
    /// When it ran last, in milliseconds of the world.
    ran_ms: u64,
    /// First voice and first picture that came, in milliseconds of the world.
    pub(super) first_voice_ms: Option<u64>,
    pub(super) first_picture_ms: Option<u64>,
    pub(super) voice_ms: Option<u64>,
    pub(super) picture_ms: Option<u64>,
}

impl Transport {
    /// Opens a connection; `unique` tells it from all others of the world.
    pub(super) fn open(number: u32, unique: u32, sending: Sending, now: Instant) -> Self {
        let client = MediaClient::with_handshake(unique, true, now, chance::browser_handshake());
        let mut media = Participant::of(client, sending, began_at(), now);
        media.received = Some(Vec::new());
        Self {
            number,
            media,
            told: None,
            answered_at: None,
            heard_at: now,
            restarts: 0,
            has_failed: false,
            ran_ms: 0,
            first_voice_ms: None,
            first_picture_ms: None,
            voice_ms: None,
            picture_ms: None,
        }
    }

    pub(super) fn offer(&mut self, ice_restart: bool) -> String {
        if ice_restart {
            self.restarts += 1;
            self.media.client.restart_ice(self.restarts);
        }
        self.media.client.offer(LINES)
    }

    /// Takes an answer; false when it is none.
    pub(super) fn accept(&mut self, now: Instant, sdp: &str) -> bool {
        if !self.media.client.accept(sdp) {
            return false;
        }
        if self.answered_at.is_some() {
            self.media.client.look_again();
            self.has_failed = false;
        }
        self.answered_at.get_or_insert(now);
        self.heard_at = now;
        true
    }

    /// Whether media can be sent.
    pub(super) fn is_connected(&self) -> bool {
        self.media.client.is_connected()
    }

    /// The device came to another network.
    pub(super) fn network_changed(&mut self) {
        self.media.client.look_again();
    }

    pub(super) fn receive(&mut self, now: Instant, mut bytes: Vec<u8>, mut send: impl FnMut(Vec<u8>)) {
        if MediaClient::is_answer(&bytes) {
            self.heard_at = now;
        }
        self.media.receive(now, &mut bytes, &mut send);
        // Browsers answer at once, and begin the handshake as soon as a path is found.
        if !self.is_connected() && self.media.client.is_validated() {
            self.media.client.handle_timeout(now);
            while let Some(datagram) = self.media.client.poll_transmit() {
                send(datagram);
            }
        }
    }

    /// What arrived since the last look.
    pub(super) fn take_heard(&mut self) -> Vec<Heard> {
        self.media.received.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// When it has something to do, in milliseconds of the world.
    pub(super) fn next_at_ms(&self) -> Option<u64> {
        self.answered_at?;
        let is_busy = self.media.publisher.sending.has_voice || self.media.publisher.sending.has_picture;
        let is_listening = self.voice_ms.or(self.picture_ms).is_some_and(|at_ms| at_ms + 500 > self.ran_ms);
        let step = if is_busy || is_listening { MEDIA_STEP_MS } else { 20 };
        Some(self.ran_ms + step)
    }

    pub(super) fn run(&mut self, now: Instant, mut send: impl FnMut(Vec<u8>)) {
        self.ran_ms = millis_of(now);
        if self.answered_at.is_some() {
            if now.saturating_duration_since(self.heard_at) >= DISCONNECTED_AFTER {
                self.media.client.look_again();
            }
            self.media.run(now, &mut send);
        }
    }

    /// Tells a state that is new.
    pub(super) fn poll_state(&mut self, now: Instant) -> Option<PeerState> {
        let answered_at = self.answered_at?;
        let silence = now.saturating_duration_since(self.heard_at);
        let was_connected = matches!(self.told, Some(PeerState::Connected | PeerState::Disconnected));
        let state = if self.has_failed {
            PeerState::Failed
        } else if !self.is_connected() {
            let waited = now.saturating_duration_since(answered_at);
            if waited >= NEVER_CONNECTED_AFTER { PeerState::Failed } else { PeerState::Connecting }
        } else if silence >= FAILED_AFTER {
            PeerState::Failed
        } else if silence >= DISCONNECTED_AFTER && was_connected {
            PeerState::Disconnected
        } else if self.media.client.is_validated() || was_connected {
            PeerState::Connected
        } else {
            self.told?
        };
        self.has_failed |= state == PeerState::Failed;
        (self.told.replace(state) != Some(state)).then_some(state)
    }
}
