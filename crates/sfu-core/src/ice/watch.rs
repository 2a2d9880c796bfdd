//! Which of the proven paths carries media when the client's choice falls silent.

use std::time::{Duration, Instant};

use crate::arena::{Path, Transport};
use crate::peer::PEER_LOST_AFTER;
use crate::random::Random;

use super::IceAgent;

/// Silence of somebody who sent media, after which every proven path is asked for a sign of life.
///
/// Higher: a dead path is left later. Lower: a voice that pauses is asked more often.
const DOUBTED_AFTER: Duration = Duration::from_millis(300);
/// How long the path in use may stay silent when another has answered.
///
/// Higher: a dead path is left later. Lower: one lost packet, or a slower way, is taken for death.
const PATIENCE: Duration = Duration::from_millis(150);
/// Pause between two questions to the client's choice while another path is used.
const ASKED_EVERY: Duration = Duration::from_millis(400);
/// How long the client's choice may take to answer before it is asked anew, while another path is used.
///
/// Higher: its return is noticed later. Lower: a way that takes longer there and back never returns.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1);
/// Signs of life in a row, each to a question of its own, until the client's choice is used again.
///
/// Higher: a better path lies idle for longer. Lower: a path that comes and goes takes the voice with it each time.
const SIGNS_OF_RETURN: u8 = 4;

/// How long the path in use may give no sign of life before it is asked for one, and before its peer is removed, whatever comes from
/// elsewhere. A sign of life is anything of the peer's own from there.
///
/// Higher: who gets an address from its former owner is sent that one's call for longer. Lower: more questions, and a path that loses
/// most of them is given up sooner.
///
/// # Source
///
/// RFC 7675 section 5.1: consent ends after 30 seconds. There, only an answer is a sign, which cannot be forged.
const ASKED_AFTER: Duration = Duration::from_secs(15);
const CONSENT_LASTS_FOR: Duration = Duration::from_secs(30);

/// Whether what is sent to the selected path is still wanted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Something came from there lately, or nothing is selected.
    Given,
    /// A question waits to be sent there.
    Asked,
    /// Nothing came from there for too long.
    Ended,
}

/// What is known of the path in use, beside what the client says.
#[derive(Default)]
pub(super) struct Watch {
    /// When media, reports or an answer came by the selected path last; none before the first media.
    heard_at: Option<Instant>,
    /// Media came by any path.
    media_at: Option<Instant>,
    given_up: Option<GivenUp>,
}

/// The client's choice that another path stands in for.
struct GivenUp {
    path: Path,
    signs: u8,
    asked_at: Instant,
}

impl Watch {
    /// Whether `path` is not used although the client chose it.
    pub(super) fn gave_up(&self, path: Path) -> bool {
        self.given_up.as_ref().is_some_and(|given_up| given_up.path == path)
    }
}

impl IceAgent {
    /// Goes over to a path by the client's will.
    pub(super) fn select(&mut self, path: Path, now: Instant) {
        if self.selected != Some(path) {
            self.go_over(path, now);
        }
        if !self.watch.gave_up(path) {
            self.watch.given_up = None;
        }
    }

    /// Records media or reports of the peer's own, of `bytes`, that came from `from`.
    pub(crate) fn note_media(&mut self, from: Path, bytes: usize, now: Instant) {
        self.watch.media_at = Some(now);
        if self.selected == Some(from) {
            self.watch.heard_at = Some(now);
        } else {
            self.note_received(from, bytes);
        }
    }

    pub(super) fn note_answer(&mut self, from: Path, now: Instant) {
        if self.selected == Some(from) && self.watch.heard_at.is_some() {
            self.watch.heard_at = Some(now);
        }
        if let Some(given_up) = self.watch.given_up.as_mut().filter(|given_up| given_up.path == from) {
            given_up.signs += 1;
            if given_up.signs >= SIGNS_OF_RETURN {
                self.watch.given_up = None;
                self.go_over(from, now);
            }
        }
    }

    /// Whether the selected path wants what is sent there: called once a second for a peer that is connected.
    pub(crate) fn consent(&mut self, now: Instant, random: &mut Random) -> Consent {
        let selected = self.addresses.iter_mut().find(|address| Some(address.path) == self.selected);
        let Some(address) = selected.filter(|address| address.path.transport == Transport::Udp) else {
            // A connection is proof enough of itself.
            return Consent::Given;
        };
        let heard_at =
            [address.proven_at, self.watch.heard_at].into_iter().flatten().fold(address.checked_at, Instant::max);
        let age = now.saturating_duration_since(heard_at);
        if age >= CONSENT_LASTS_FOR {
            return Consent::Ended;
        }
        if age < ASKED_AFTER {
            return Consent::Given;
        }
        address.ask(now, random);
        Consent::Asked
    }

    /// Leaves a path that fell silent for one that answers, and comes back to it; true when questions wait to be sent.
    ///
    /// Called ten times a second.
    pub(crate) fn watch(&mut self, now: Instant, random: &mut Random) -> bool {
        let Some(selected) = self.selected else { return false };
        let (Some(heard_at), Some(media_at)) = (self.watch.heard_at, self.watch.media_at) else { return false };
        // Whoever sends nothing at all is not missed: their client looks after the path.
        if now.saturating_duration_since(media_at) >= PEER_LOST_AFTER {
            return false;
        }
        let mut asks = self.ask_given_up(now, random);
        if now.saturating_duration_since(heard_at) < DOUBTED_AFTER || self.addresses.len() < 2 {
            return asks;
        }
        if let Some(better) = self.answering(selected, heard_at, now) {
            // Each sign of its return answers a question of its own: what was asked in the silence is none.
            let given_up = self.addresses.iter_mut().filter(|address| address.path == selected);
            given_up.for_each(|address| address.challenge = None);
            self.watch.given_up = Some(GivenUp { path: selected, signs: 0, asked_at: now });
            self.go_over(better, now);
            return asks;
        }
        let Some(silent) = self.addresses.iter_mut().find(|address| address.path == selected) else { return asks };
        // What was asked before the path was heard says nothing of this silence.
        silent.challenge.take_if(|asked| asked.began_at < heard_at);
        if silent.challenge.is_none() {
            // All at once: who answers first is known by then.
            let proven = self.addresses.iter_mut().filter(|address| address.proven_at.is_some());
            proven.for_each(|address| address.ask(now, random));
            asks = true;
        }
        asks
    }

    fn ask_given_up(&mut self, now: Instant, random: &mut Random) -> bool {
        let Some(given_up) = &mut self.watch.given_up else { return false };
        if now.saturating_duration_since(given_up.asked_at) < ASKED_EVERY {
            return false;
        }
        let Some(address) = self.addresses.iter_mut().find(|address| address.path == given_up.path) else {
            self.watch.given_up = None;
            return false;
        };
        if let Some(asked) = &address.challenge {
            // It did not answer the question before. Another is worth it when something came from there, or after a while.
            given_up.signs = 0;
            let is_old = now.saturating_duration_since(asked.began_at) >= ANSWERED_WITHIN;
            if is_old || address.checked_at > asked.began_at {
                address.challenge = None;
            }
        }
        given_up.asked_at = now;
        address.ask(now, random);
        true
    }

    /// The best path that answered a question which the selected one did not: the client's latest choice, then datagrams before a
    /// connection, which delays what it repeats.
    fn answering(&self, selected: Path, heard_at: Instant, now: Instant) -> Option<Path> {
        let silent = self.addresses.iter().find(|address| address.path == selected)?;
        let asked_at = silent.challenge.as_ref().filter(|asked| asked.sent > 0 && asked.began_at >= heard_at)?.began_at;
        let others = self.addresses.iter().filter(|address| address.path != selected);
        let answering = others.filter(|address| {
            address.proven_at.is_some_and(|at| at >= asked_at && now.saturating_duration_since(at) >= PATIENCE)
        });
        let is_datagram = |path: Path| matches!(path.transport, Transport::Udp);
        answering
            .max_by_key(|address| (self.nominated == Some(address.path), is_datagram(address.path), address.proven_at))
            .map(|address| address.path)
    }

    fn go_over(&mut self, path: Path, now: Instant) {
        self.selected = Some(path);
        // It has until then to be heard.
        self.watch.heard_at = self.watch.heard_at.map(|_| now);
    }
}
