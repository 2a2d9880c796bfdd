use std::net::SocketAddr;

use super::*;

const CHECK_BYTES: usize = 108;

fn address(port: u16) -> Path {
    Path::from(SocketAddr::from(([192, 0, 2, 1], port)))
}

fn agent() -> IceAgent {
    IceAgent::new(5, RemoteCredentials::new("client", PASSWORD), &mut Random::from_seed([1; 32]))
}

const PASSWORD: &str = "password-of-the-client";

struct Line {
    agent: IceAgent,
    random: Random,
    now: Instant,
}

impl Line {
    fn new() -> Self {
        Self { agent: agent(), random: Random::from_seed([3; 32]), now: Instant::now() }
    }

    fn check(&mut self, port: u16, is_nominated: bool) -> Vec<(Path, [u8; 12], usize)> {
        self.agent.accept_check(address(port), CHECK_BYTES, is_nominated, self.now, &mut self.random);
        self.sent()
    }

    fn sent(&mut self) -> Vec<(Path, [u8; 12], usize)> {
        let mut sent = Vec::new();
        self.agent.send_challenges(self.now, |to, bytes| {
            sent.push((to, stun::BindingRequest::parse(bytes).unwrap().transaction, bytes.len()));
        });
        sent
    }

    fn answer(&mut self, from: Path, transaction: [u8; 12]) -> bool {
        let mut out = [0; stun::MAX_RESPONSE_BYTES];
        let key = stun::integrity_key(PASSWORD.as_bytes());
        let length = stun::write_binding_success(transaction, from.remote, &key, &mut out);
        self.agent.take_answer(from, &stun::BindingSuccess::parse(&out[..length]).unwrap(), self.now)
    }

    /// Checks an address that answers its challenge.
    fn move_to(&mut self, port: u16) {
        let sent = self.check(port, true);
        assert!(self.answer(sent[0].0, sent[0].1));
    }
}

#[test]
fn the_latest_nominated_address_is_followed_once_it_answered() {
    let mut line = Line::new();
    line.move_to(1);
    assert_eq!(line.agent.selected(), Some(address(1)));
    let sent = line.check(2, false);
    assert!(line.answer(address(2), sent[0].1));
    assert_eq!(line.agent.selected(), Some(address(1)), "nobody chose it yet");
    assert!(line.check(2, true).is_empty());
    assert_eq!(line.agent.selected(), Some(address(2)), "it was proven before it was chosen");
    let sent = line.check(3, true);
    assert_eq!(line.agent.selected(), Some(address(2)));
    assert!(line.answer(address(3), sent[0].1));
    assert_eq!(line.agent.selected(), Some(address(3)));
}

#[test]
fn an_answer_counts_from_the_challenged_address_and_with_its_own_number_only() {
    let mut line = Line::new();
    line.move_to(1);
    let (_, transaction, _) = line.check(2, true)[0];
    assert!(!line.answer(address(1), transaction));
    assert!(!line.answer(address(2), [0; 12]));
    assert!(!line.answer(address(3), transaction));
    assert_eq!(line.agent.selected(), Some(address(1)));
    line.now += CHALLENGE_LASTS_FOR;
    line.sent();
    assert!(!line.answer(address(2), transaction), "too late");
}

#[test]
fn an_unanswered_challenge_is_repeated_a_few_times_within_the_bound() {
    let mut line = Line::new();
    line.move_to(1);
    let mut sent = line.check(2, true);
    for _ in 0..500 {
        line.now += Duration::from_millis(20);
        sent.extend(line.sent());
    }
    let bytes: usize = sent.iter().map(|(_, _, bytes)| bytes).sum();
    assert!((2..=usize::from(MAX_CHALLENGES)).contains(&sent.len()), "{}", sent.len());
    assert!(bytes <= UNPROVEN_FACTOR as usize * CHECK_BYTES);
    assert!(!line.agent.is_challenging());
    assert!(!line.agent.may_send(address(2), 2 * CHECK_BYTES, line.now));
}

#[test]
fn a_proof_that_grew_old_is_asked_for_again() {
    let mut line = Line::new();
    line.move_to(1);
    line.move_to(2);
    line.now += PROOF_LASTS_FOR;
    assert!(line.check(2, true).is_empty(), "the path in use is not asked");
    let sent = line.check(1, true);
    assert_eq!(line.agent.selected(), Some(address(2)));
    assert!(line.answer(address(1), sent[0].1));
    assert_eq!(line.agent.selected(), Some(address(1)));
}

#[test]
fn the_first_address_is_used_for_the_handshake_until_another_is_proven() {
    let mut line = Line::new();
    line.check(1, false);
    let sent = line.check(2, true);
    assert_eq!(line.agent.handshake_path(address(2)), Some(address(1)));
    assert!(!line.agent.holds(address(1), line.now));
    assert!(line.answer(address(2), sent[0].1));
    assert_eq!(line.agent.handshake_path(address(1)), Some(address(2)));
    assert!(line.agent.holds(address(2), line.now));
}

#[test]
fn addresses_stay_bounded_and_the_path_in_use_is_kept() {
    let mut line = Line::new();
    for port in 1..=100 {
        line.check(port, port == 1);
        assert!(line.agent.addresses().count() <= MAX_ADDRESSES);
    }
    assert_eq!(line.agent.selected(), Some(address(1)));
    assert!(line.agent.addresses().any(|path| path == address(1)));
}

#[test]
fn a_restart_keeps_the_path_and_changes_the_credentials() {
    let mut line = Line::new();
    line.move_to(1);
    let before = line.agent.ufrag();
    line.agent.restart(RemoteCredentials::new("again", PASSWORD), &mut Random::from_seed([2; 32]));
    assert_ne!(line.agent.ufrag(), before);
    assert_eq!(line.agent.selected(), Some(address(1)));
    assert!(line.agent.knows("again", PASSWORD));
}
