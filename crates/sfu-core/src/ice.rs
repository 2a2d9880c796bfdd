mod watch;

use std::time::{Duration, Instant};

use aws_lc_rs::hmac;

use crate::arena::{Path, Transport};
use crate::mark::character_of;
use crate::peer::PEER_LOST_AFTER;
use crate::random::Random;
use crate::stun;
pub(crate) use watch::Consent;
use watch::Watch;

/// Characters of this server's user name: the worker's mark and 42 bits, enough that two peers of one worker do not share one.
pub(crate) const UFRAG_CHARACTERS: usize = 8;
/// Characters of this server's password: 144 bits, above the 128 that RFC 8445 asks.
pub(crate) const PASSWORD_CHARACTERS: usize = 24;
/// Addresses that one peer may check from at a time: Wi-Fi, mobile, VPN, each in both families, and one to spare.
///
/// Higher: more memory for a peer that moves about. Lower: a peer with many interfaces loses its standby paths.
pub(crate) const MAX_ADDRESSES: usize = 8;

/// How long an answered challenge proves that the peer receives at an address where no media goes.
///
/// Higher: an address that was handed on to somebody else can be chosen for longer. Lower: a return to a standby path
/// costs a round trip more often.
///
/// # Source
///
/// RFC 7675 section 5.1: consent ends after 30 seconds.
const PROOF_LASTS_FOR: Duration = Duration::from_secs(30);
/// Most that an address may be sent without a proof, however much came from it, in bytes: the flights of a handshake.
///
/// Higher: who gets an address from its former owner can be sent more in that one's name. Lower: a handshake cannot be a proof.
const MAX_CREDIT_BYTES: u32 = 2_048;
/// What an address that proved itself may be sent after its proof has grown old, in bytes: three challenges.
///
/// Higher: as above. Lower: a standby path cannot be asked whether it is still one.
const PROVEN_CREDIT_BYTES: u32 = 288;
/// Handshake datagrams that wait for the proof at most, in bytes: a flight, and its repetition.
///
/// Higher: more memory for each peer. Lower: a handshake on a link that loses goes on later.
const MAX_WITHHELD_BYTES: usize = 2_048;
/// How often one challenge is sent.
const MAX_CHALLENGES: u8 = 5;
/// Pause before a challenge is sent for the second time; each further pause is twice as long.
const FIRST_CHALLENGE_PAUSE: Duration = Duration::from_millis(100);
/// How long a challenge can be answered.
///
/// Higher: slower links are followed. Lower: a lost challenge is replaced sooner.
const CHALLENGE_LASTS_FOR: Duration = Duration::from_secs(3);

/// User name of one peer's transport at this server.
pub(crate) type Ufrag = [u8; UFRAG_CHARACTERS];

/// The server's half of ICE-lite for one peer: it answers checks and follows the path that the client chooses, unless that one fell
/// silent while another answers: a client notices seconds later.
///
/// A check proves who sent it, not where: its source may be a stranger's address. So a path is followed only once something
/// unguessable that was sent there came back: the answer to a challenge, or before that the handshake itself. Whenever any
/// address is proven, the selected one is.
///
/// # Source
///
/// RFC 8445 sections 2.5 (lite) and 7.3 (answering checks); RFC 7675 section 4 (consent, by the same requests).
pub(crate) struct IceAgent {
    mark: u8,
    current: Credentials,
    /// Those of before the restart: the paths found with them carry the call until new ones do, or for good when the restart fails.
    previous: Option<Box<Credentials>>,
    /// Addresses that checks came from.
    addresses: Vec<Address>,
    selected: Option<Path>,
    /// The client's latest choice, followed as soon as it is proven.
    nominated: Option<Path>,
    watch: Watch,
    /// Handshake datagrams that the selected address may not be sent before its proof.
    withheld: Vec<Box<[u8]>>,
    /// Where challenges are written.
    draft: Vec<u8>,
}

/// What one offer and its answer agreed on.
struct Credentials {
    ufrag: Ufrag,
    password: [u8; PASSWORD_CHARACTERS],
    key: hmac::Key,
    remote: RemoteCredentials,
}

/// What the client's offer says of itself.
pub(crate) struct RemoteCredentials {
    /// What must stand in the client's checks.
    ufrag: String,
    password: String,
    /// Proves the client's answers.
    key: hmac::Key,
}

struct Address {
    path: Path,
    /// Whether its latest check was one of before the restart.
    is_previous: bool,
    checked_at: Instant,
    /// When something that was sent there last came back.
    proven_at: Option<Instant>,
    challenge: Option<Challenge>,
    /// Number of its latest check that was not answered, because too little had come from there.
    unanswered: Option<[u8; 12]>,
    /// Bytes that may go there without a proof: as many as came from there and were not spent.
    credit_bytes: u32,
}

/// A request that only who receives at the address can answer.
struct Challenge {
    transaction: [u8; 12],
    began_at: Instant,
    sent: u8,
    due_at: Instant,
}

impl RemoteCredentials {
    pub(crate) fn new(ufrag: &str, password: &str) -> Self {
        let key = stun::integrity_key(password.as_bytes());
        Self { ufrag: ufrag.to_owned(), password: password.to_owned(), key }
    }
}

impl Credentials {
    fn new(mark: u8, remote: RemoteCredentials, random: &mut Random) -> Self {
        let password = random.ice_text();
        let mut ufrag: Ufrag = random.ice_text();
        ufrag[0] = character_of(mark);
        Self { ufrag, key: stun::integrity_key(&password), password, remote }
    }
}

impl IceAgent {
    pub(crate) fn new(mark: u8, remote: RemoteCredentials, random: &mut Random) -> Self {
        Self {
            mark,
            current: Credentials::new(mark, remote, random),
            previous: None,
            addresses: Vec::with_capacity(MAX_ADDRESSES),
            selected: None,
            nominated: None,
            watch: Watch::default(),
            withheld: Vec::new(),
            draft: Vec::new(),
        }
    }

    /// Takes fresh credentials, while what the client found with the old ones goes on; gives a user name that is no longer valid.
    ///
    /// When nothing was ever found with the old ones, because that restart failed, those before them are kept instead.
    ///
    /// # Source
    ///
    /// RFC 8445 section 9: the old pairs carry media until new ones are selected.
    pub(crate) fn restart(&mut self, remote: RemoteCredentials, random: &mut Random) -> Option<Ufrag> {
        let fresh = Credentials::new(self.mark, remote, random);
        let replaced = std::mem::replace(&mut self.current, fresh);
        let found = self.addresses.iter().any(|address| !address.is_previous && address.proven_at.is_some());
        let dropped = if found || self.previous.is_none() {
            self.previous.replace(Box::new(replaced)).map(|dropped| *dropped)
        } else {
            Some(replaced)
        };
        for address in &mut self.addresses {
            address.is_previous = true;
            // What was asked with credentials that are dropped, the client may no longer answer, nor wait for an answer to.
            address.challenge = None;
            address.unanswered = None;
        }
        dropped.map(|dropped| dropped.ufrag)
    }

    /// Whether `request` comes from this peer's client.
    pub(crate) fn is_authentic(&self, request: &stun::BindingRequest<'_>) -> bool {
        let credentials = self.credentials_of(self.is_previous(request.to_ufrag));
        request.is_authentic(&credentials.key) && request.from_ufrag == credentials.remote.ufrag.as_bytes()
    }

    fn is_previous(&self, to_ufrag: &[u8]) -> bool {
        self.previous.as_ref().is_some_and(|previous| previous.ufrag == to_ufrag)
    }

    fn credentials_of(&self, is_previous: bool) -> &Credentials {
        self.previous.as_deref().filter(|_| is_previous).unwrap_or(&self.current)
    }

    /// Takes an authentic check of `bytes` from `from`; gives an address that had to give way.
    ///
    /// An address without a fresh proof is challenged at its first check, before it is chosen, so that most clients find
    /// it proven when they choose it.
    pub(crate) fn accept_check(
        &mut self,
        from: Path,
        request: &stun::BindingRequest<'_>,
        bytes: usize,
        now: Instant,
        random: &mut Random,
    ) -> Option<Path> {
        let is_nominated = request.is_nominated;
        let is_previous = self.is_previous(request.to_ufrag);
        let (at, removed) = self.find_or_add(from, now);
        let address = &mut self.addresses[at];
        address.checked_at = now;
        address.is_previous = is_previous;
        address.note_received(bytes);
        let is_proven = address.is_proven_lately(now);
        let is_in_use = self.selected == Some(from) && address.proven_at.is_some();
        if !is_proven && !is_in_use {
            address.ask(now, random);
        }
        if is_nominated {
            self.nominated = Some(from);
        }
        if self.selected.is_none() || (is_nominated && is_proven && !self.watch.gave_up(from)) {
            self.select(from, now);
        }
        removed
    }

    /// Takes an authentic media packet from an address where nobody was known: its client has moved. Gives an address that had to give
    /// way.
    pub(crate) fn accept_media(&mut self, from: Path, bytes: usize, now: Instant, random: &mut Random) -> Option<Path> {
        let is_previous =
            self.addresses.iter().any(|address| Some(address.path) == self.selected && address.is_previous);
        let (at, removed) = self.find_or_add(from, now);
        let address = &mut self.addresses[at];
        address.is_previous = is_previous;
        address.note_received(bytes);
        address.ask(now, random);
        self.nominated = Some(from);
        removed
    }

    fn find_or_add(&mut self, path: Path, now: Instant) -> (usize, Option<Path>) {
        if let Some(at) = self.addresses.iter().position(|address| address.path == path) {
            return (at, None);
        }
        let mut removed = None;
        if self.addresses.len() == MAX_ADDRESSES {
            let others = self.addresses.iter().enumerate().filter(|(_, address)| Some(address.path) != self.selected);
            let idlest = others.min_by_key(|(_, address)| address.checked_at).map_or(0, |(at, _)| at);
            removed = Some(self.addresses.remove(idlest).path);
        }
        self.addresses.push(Address {
            path,
            is_previous: false,
            checked_at: now,
            proven_at: None,
            challenge: None,
            unanswered: None,
            credit_bytes: 0,
        });
        (self.addresses.len() - 1, removed)
    }

    /// Writes the challenges that are due, each within what its address may be sent.
    pub(crate) fn send_challenges(&mut self, now: Instant, mut send: impl FnMut(Path, &[u8])) {
        let (current, previous) = (&self.current, &self.previous);
        for address in &mut self.addresses {
            let Credentials { ufrag, remote, .. } =
                previous.as_deref().filter(|_| address.is_previous).unwrap_or(current);
            let Some(challenge) = &mut address.challenge else { continue };
            if now.saturating_duration_since(challenge.began_at) >= CHALLENGE_LASTS_FOR {
                address.challenge = None;
                continue;
            }
            if now < challenge.due_at || challenge.sent == MAX_CHALLENGES {
                continue;
            }
            let (transaction, sent) = (challenge.transaction, challenge.sent);
            if !address.may_send(stun::challenge_bytes(remote.ufrag.len(), ufrag.len()), now) {
                continue;
            }
            if let Some(challenge) = &mut address.challenge {
                challenge.due_at = now + FIRST_CHALLENGE_PAUSE * (1 << sent);
                challenge.sent += 1;
            }
            stun::write_challenge(&mut self.draft, transaction, remote.ufrag.as_bytes(), ufrag, &remote.key);
            send(address.path, &self.draft);
        }
    }

    /// Whether a challenge still waits for its answer.
    pub(crate) fn is_challenging(&self) -> bool {
        self.addresses.iter().any(|address| address.challenge.is_some())
    }

    /// Takes an answer from `from`; false when it proves nothing.
    pub(crate) fn take_answer(&mut self, from: Path, answer: &stun::BindingSuccess<'_>, now: Instant) -> bool {
        let Some(at) = self.addresses.iter().position(|address| address.path == from) else { return false };
        let address = &self.addresses[at];
        let is_expected =
            address.challenge.as_ref().is_some_and(|challenge| challenge.transaction == answer.transaction);
        if !is_expected || !answer.is_authentic(&self.credentials_of(address.is_previous).remote.key) {
            return false;
        }
        self.addresses[at].prove(now);
        let is_chosen = self.nominated == Some(from) && !self.watch.gave_up(from);
        if is_chosen || !self.selected.is_some_and(|selected| self.is_proven(selected)) {
            self.select(from, now);
        }
        self.note_answer(from, now);
        true
    }

    /// Takes the end of the handshake as proof of the selected address: as long as that was unproven, no other was proven
    /// either, so every flight went there.
    pub(crate) fn prove_by_handshake(&mut self, now: Instant) {
        if let Some(selected) = self.selected
            && let Some(address) = self.addresses.iter_mut().find(|address| address.path == selected)
            && address.proven_at.is_none()
        {
            address.prove(now);
        }
    }

    /// Where the answer to a handshake datagram from `from` goes: there if it is proven.
    pub(crate) fn handshake_path(&self, from: Path) -> Option<Path> {
        if self.is_proven(from) { Some(from) } else { self.selected }
    }

    fn is_proven(&self, path: Path) -> bool {
        self.addresses.iter().any(|address| address.path == path && address.proven_at.is_some())
    }

    /// Counts bytes of the peer's own that came from `from`.
    pub(crate) fn note_received(&mut self, from: Path, bytes: usize) {
        if let Some(address) = self.addresses.iter_mut().find(|address| address.path == from) {
            address.note_received(bytes);
        }
    }

    /// Whether `bytes` may go to `to` now, which counts them: an unproven address gets at most as many as came from it.
    ///
    /// # Source
    ///
    /// RFC 9000 section 8.1 has the same problem and allows three times as many, with hellos that are padded.
    pub(crate) fn may_send(&mut self, to: Path, bytes: usize, now: Instant) -> bool {
        let is_selected = self.selected == Some(to);
        self.addresses
            .iter_mut()
            .find(|address| address.path == to)
            .is_some_and(|address| (is_selected && address.proven_at.is_some()) || address.may_send(bytes, now))
    }

    /// Whether this peer receives at `path` and was heard from there lately.
    pub(crate) fn holds(&self, path: Path, now: Instant) -> bool {
        self.addresses.iter().any(|address| {
            let is_recent = now.saturating_duration_since(address.checked_at) < PEER_LOST_AFTER;
            address.path == path && address.proven_at.is_some() && (is_recent || self.selected == Some(path))
        })
    }

    /// Writes the answer to a check, unless its address must prove itself first: then it waits for that.
    pub(crate) fn respond(
        &mut self,
        request: &stun::BindingRequest<'_>,
        from: Path,
        now: Instant,
        send: impl FnOnce(&[u8]),
    ) {
        let (response, length) = self.success(request.transaction, self.is_previous(request.to_ufrag), from);
        let may_send = self.may_send(from, length, now);
        if let Some(address) = self.addresses.iter_mut().find(|address| address.path == from) {
            address.unanswered = (!may_send).then_some(request.transaction);
        }
        if may_send {
            send(&response[..length]);
        }
    }

    /// Writes what waited for `from` to prove itself: the answer to its check, and the handshake if it is selected.
    pub(crate) fn release(&mut self, from: Path, mut send: impl FnMut(&[u8])) {
        let Some(address) = self.addresses.iter_mut().find(|address| address.path == from) else { return };
        let (unanswered, is_previous) = (address.unanswered.take(), address.is_previous);
        if let Some(transaction) = unanswered {
            let (response, length) = self.success(transaction, is_previous, from);
            send(&response[..length]);
        }
        if self.selected == Some(from) {
            self.withheld.drain(..).for_each(|datagram| send(&datagram));
        }
    }

    /// Keeps a handshake datagram until the selected address proves itself; one of too many is left to the next repetition.
    pub(crate) fn withhold(&mut self, datagram: &[u8]) {
        let kept: usize = self.withheld.iter().map(|kept| kept.len()).sum();
        if kept + datagram.len() <= MAX_WITHHELD_BYTES {
            self.withheld.push(datagram.into());
        }
    }

    fn success(&self, transaction: [u8; 12], is_previous: bool, from: Path) -> ([u8; stun::MAX_RESPONSE_BYTES], usize) {
        let mut response = [0; stun::MAX_RESPONSE_BYTES];
        let key = &self.credentials_of(is_previous).key;
        let length = stun::write_binding_success(transaction, from.remote, key, &mut response);
        (response, length)
    }

    /// The user name that answers carry.
    pub(crate) fn ufrag(&self) -> Ufrag {
        self.current.ufrag
    }

    /// Every user name that this peer's checks may be for.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = Ufrag> {
        std::iter::once(&self.current).chain(self.previous.as_deref()).map(|credentials| credentials.ufrag)
    }

    pub(crate) fn credentials(&self) -> (&str, &str) {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        (text(&self.current.ufrag[..]), text(&self.current.password[..]))
    }

    /// Whether an offer's credentials are those that the client uses already.
    pub(crate) fn knows(&self, ufrag: &str, password: &str) -> bool {
        self.current.remote.ufrag == ufrag && self.current.remote.password == password
    }

    pub(crate) fn selected(&self) -> Option<Path> {
        self.selected
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = Path> {
        self.addresses.iter().map(|address| address.path)
    }
}

impl Address {
    /// Asks for a sign that the peer receives here, unless one is awaited.
    fn ask(&mut self, now: Instant, random: &mut Random) {
        if self.challenge.is_none() {
            let mut transaction = [0; 12];
            random.fill(&mut transaction);
            self.challenge = Some(Challenge { transaction, began_at: now, sent: 0, due_at: now });
        }
    }

    fn is_proven_lately(&self, now: Instant) -> bool {
        self.proven_at.is_some_and(|proven_at| now.saturating_duration_since(proven_at) < PROOF_LASTS_FOR)
    }

    fn note_received(&mut self, bytes: usize) {
        self.credit_bytes = self.credit_bytes.saturating_add(bytes as u32).min(MAX_CREDIT_BYTES);
    }

    fn prove(&mut self, now: Instant) {
        self.challenge = None;
        self.proven_at = Some(now);
        self.credit_bytes = self.credit_bytes.max(PROVEN_CREDIT_BYTES);
    }

    fn may_send(&mut self, bytes: usize, now: Instant) -> bool {
        // A connection proves its address by itself, and whoever made it receives what goes there.
        if self.is_proven_lately(now) || matches!(self.path.transport, Transport::Tcp(_)) {
            return true;
        }
        let left = self.credit_bytes.checked_sub(bytes as u32);
        self.credit_bytes = left.unwrap_or(self.credit_bytes);
        left.is_some()
    }
}

#[cfg(test)]
mod tests;
