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
        let (ufrag, name) = (self.agent.ufrag(), self.agent.current.remote.ufrag.clone());
        let key = self.agent.current.key.clone();
        assert!(self.check_as(port, &ufrag, &name, &key, is_nominated));
        self.sent()
    }

    /// Checks with any credentials; false when they are not taken.
    fn check_as(&mut self, port: u16, to: &Ufrag, name: &str, key: &hmac::Key, is_nominated: bool) -> bool {
        let check = stun::write_binding_request([9; 12], to, name.as_bytes(), is_nominated, key);
        let request = stun::BindingRequest::parse(&check).unwrap();
        let is_authentic = self.agent.is_authentic(&request);
        if is_authentic {
            self.agent.accept_check(address(port), &request, CHECK_BYTES, self.now, &mut self.random);
        }
        is_authentic
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
fn an_unanswered_challenge_is_repeated_a_few_times_as_far_as_its_address_pays() {
    let mut line = Line::new();
    line.move_to(1);
    let mut sent = line.check(2, true);
    for _ in 0..500 {
        line.now += Duration::from_millis(20);
        sent.extend(line.sent());
    }
    assert_eq!(sent.len(), 1, "one check pays for one");
    assert!(!line.agent.is_challenging());
    assert!(!line.agent.may_send(address(2), CHECK_BYTES, line.now));
    for checks in 2..30 {
        line.now += Duration::from_millis(100);
        sent.extend(line.check(2, true));
        let bytes: usize = sent.iter().map(|(_, _, bytes)| bytes).sum();
        assert!(bytes <= checks * CHECK_BYTES);
    }
    assert_eq!(sent.len(), 1 + usize::from(MAX_CHALLENGES), "all of a second challenge");
}

/// Lengths of the answers to a check from an address, at once or late.
fn answered(line: &mut Line, port: u16, is_late: bool) -> usize {
    let (ufrag, key) = (line.agent.ufrag(), line.agent.current.key.clone());
    let check = stun::write_binding_request([7; 12], &ufrag, b"client", false, &key);
    let request = stun::BindingRequest::parse(&check).unwrap();
    let (mut bytes, now) = (0, line.now);
    let mut take = |response: &[u8]| {
        assert_eq!(stun::BindingSuccess::parse(response).unwrap().transaction, [7; 12]);
        bytes += response.len();
    };
    match is_late {
        true => line.agent.release(address(port), &mut take),
        false => line.agent.respond(&request, address(port), now, &mut take),
    }
    bytes
}

#[test]
fn a_check_that_paid_for_the_challenge_is_answered_with_the_proof() {
    let mut line = Line::new();
    let sent = line.check(1, true);
    assert_eq!(sent.len(), 1);
    assert_eq!(answered(&mut line, 1, false), 0);
    assert!(line.answer(address(1), sent[0].1));
    assert!(answered(&mut line, 1, true) > 0);
    assert_eq!(answered(&mut line, 1, true), 0, "once");
    assert!(answered(&mut line, 1, false) > 0, "and every later check at once");
}

#[test]
fn the_second_check_is_answered_even_if_the_address_never_proves_itself() {
    let mut line = Line::new();
    line.check(1, true);
    assert_eq!(answered(&mut line, 1, false), 0);
    assert!(line.check(1, true).is_empty(), "the challenge has its pause");
    assert!(answered(&mut line, 1, false) > 0);
}

#[test]
fn a_standby_path_that_was_proven_long_ago_can_still_be_asked() {
    let mut line = Line::new();
    line.move_to(1);
    line.move_to(2);
    assert!(line.run(2 * PROOF_LASTS_FOR.as_millis() as u64, Some(2), &[1, 2]).is_empty());
    let changes = line.run(3_000, None, &[1]);
    assert!(matches!(changes[..], [(at, 1)] if at <= 800), "{changes:?}");
}

#[test]
fn what_came_from_an_address_while_it_was_proven_pays_for_little_later() {
    let mut line = Line::new();
    line.move_to(1);
    line.move_to(2);
    line.run(1_000, Some(1), &[1, 2]);
    line.now += PROOF_LASTS_FOR;
    let mut sent = 0;
    while line.agent.may_send(address(1), 1, line.now) {
        sent += 1;
    }
    assert_eq!(sent, MAX_CREDIT_BYTES);
}

#[test]
fn what_was_asked_before_a_restart_is_not_answered_after_it() {
    let mut line = Line::new();
    line.check(1, true);
    assert_eq!(answered(&mut line, 1, false), 0);
    line.restart("again");
    assert_eq!(answered(&mut line, 1, true), 0);
}

#[test]
fn a_handshake_that_waits_leaves_with_the_proof_and_is_bounded() {
    let mut line = Line::new();
    let sent = line.check(1, true);
    (0..100).for_each(|_| line.agent.withhold(&[0x16; 700]));
    assert!(line.answer(address(1), sent[0].1));
    let mut released = 0;
    line.agent.release(address(1), |datagram| released += usize::from(datagram[0] == 0x16));
    assert_eq!(released, MAX_WITHHELD_BYTES / 700);
    line.agent.release(address(1), |_| panic!("once"));
}

#[test]
fn a_challenge_is_as_long_as_its_length_says() {
    for name in ["four", "eight888", "a-name-that-is-long"] {
        let key = stun::integrity_key(PASSWORD.as_bytes());
        let mut challenge = Vec::new();
        stun::write_challenge(&mut challenge, [1; 12], name.as_bytes(), b"12345678", &key);
        assert_eq!(challenge.len(), stun::challenge_bytes(name.len(), 8));
    }
}

#[test]
fn a_connection_is_answered_at_once() {
    let mut line = Line::new();
    let path = Path { transport: Transport::Tcp(1), ..address(1) };
    let (ufrag, key) = (line.agent.ufrag(), line.agent.current.key.clone());
    let check = stun::write_binding_request([7; 12], &ufrag, b"client", false, &key);
    let request = stun::BindingRequest::parse(&check).unwrap();
    line.agent.accept_check(path, &request, CHECK_BYTES, line.now, &mut line.random);
    assert_eq!(line.sent().len(), 1);
    let mut is_answered = false;
    line.agent.respond(&request, path, line.now, |_| is_answered = true);
    assert!(is_answered);
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

impl Line {
    /// Restarts on the side of the server: the client's new name is `name`, with the same password.
    fn restart(&mut self, name: &str) -> Option<Ufrag> {
        self.agent.restart(RemoteCredentials::new(name, PASSWORD), &mut self.random)
    }

    /// Lets time pass with looks at the path; media come every 20 ms from `media`, and questions are answered by `alive`.
    ///
    /// Gives where media went, with the milliseconds since the start of each change.
    fn run(&mut self, milliseconds: u64, media: Option<u16>, alive: &[u16]) -> Vec<(u64, u16)> {
        let mut changes = Vec::new();
        for at in (0..milliseconds).step_by(20) {
            self.now += Duration::from_millis(20);
            if let Some(media) = media {
                self.agent.note_media(address(media), CHECK_BYTES, self.now);
            }
            let before = self.agent.selected();
            if at % 100 == 0 {
                self.agent.watch(self.now, &mut self.random);
            }
            for (to, transaction, _) in self.sent() {
                if alive.contains(&to.remote.port()) {
                    assert!(self.answer(to, transaction));
                }
            }
            if self.agent.selected() != before {
                changes.push((at, self.agent.selected().unwrap().remote.port()));
            }
        }
        changes
    }

    /// Somebody with two proven paths, who chose the second.
    fn with_two_paths() -> Self {
        let mut line = Self::new();
        line.move_to(1);
        line.move_to(2);
        assert!(line.run(1_000, Some(2), &[1, 2]).is_empty());
        line
    }
}

#[test]
fn a_chosen_path_that_dies_is_left_within_a_second_for_one_that_answers() {
    let mut line = Line::with_two_paths();
    let changes = line.run(3_000, None, &[1]);
    assert!(matches!(changes[..], [(at, 1)] if at <= 800), "{changes:?}");
}

#[test]
fn a_path_that_is_silent_and_answers_is_kept_and_so_is_one_without_another() {
    let mut line = Line::with_two_paths();
    assert!(line.run(6_000, None, &[1, 2]).is_empty(), "a muted person's path");
    let mut line = Line::with_two_paths();
    assert!(line.run(6_000, None, &[]).is_empty(), "a network that is gone altogether");
    let mut line = Line::new();
    line.move_to(1);
    assert!(line.run(1_000, Some(1), &[1]).is_empty());
    assert!(line.run(6_000, None, &[1]).is_empty());
}

#[test]
fn who_never_sent_is_not_asked_and_who_stopped_is_not_asked_for_ever() {
    let mut line = Line::new();
    line.move_to(1);
    line.move_to(2);
    for _ in 0..50 {
        line.now += Duration::from_millis(100);
        assert!(!line.agent.watch(line.now, &mut line.random), "a phone that waits sleeps");
    }
    let mut line = Line::with_two_paths();
    line.run(6_000, None, &[1, 2]);
    assert!(!line.agent.watch(line.now, &mut line.random));
}

#[test]
fn the_chosen_path_is_used_again_once_it_answered_for_a_while() {
    let mut line = Line::with_two_paths();
    assert_eq!(line.run(2_000, None, &[1]).len(), 1);
    // The client has noticed too: it sends there, and tries the other way meanwhile.
    line.check(2, true);
    assert_eq!(line.agent.selected(), Some(address(1)), "one check is not a return");
    let changes = line.run(6_000, Some(1), &[1, 2]);
    assert!(matches!(changes[..], [(1_000..=5_000, 2)]), "{changes:?}");
}

#[test]
fn a_path_that_comes_and_goes_does_not_take_the_voice_with_it() {
    let mut line = Line::with_two_paths();
    assert_eq!(line.run(2_000, None, &[1]).len(), 1);
    for _ in 0..10 {
        line.check(2, true);
        assert!(line.run(700, Some(1), &[1, 2]).is_empty());
        assert!(line.run(3_300, Some(1), &[1]).is_empty());
    }
}

#[test]
fn the_client_that_chooses_another_path_is_followed_at_once() {
    let mut line = Line::with_two_paths();
    assert_eq!(line.run(2_000, None, &[1]).len(), 1);
    line.move_to(3);
    assert_eq!(line.agent.selected(), Some(address(3)));
    assert!(line.run(6_000, Some(3), &[1, 2, 3]).is_empty(), "the path given up is forgotten");
}

#[test]
fn a_voice_that_pauses_and_an_answer_that_was_lost_before_do_not_make_a_path_dead() {
    let mut line = Line::with_two_paths();
    for _ in 0..20 {
        // The question is answered by the other path only, but then the voice goes on.
        assert!(line.run(400, None, &[1]).is_empty());
        assert!(line.run(200, Some(2), &[1]).is_empty());
    }
}

#[test]
fn a_restart_leaves_the_old_path_alive_until_the_new_one_is_chosen() {
    let mut line = Line::new();
    line.move_to(1);
    let (ufrag, key) = (line.agent.ufrag(), line.agent.current.key.clone());
    assert_eq!(line.restart("again"), None, "nothing is dropped");
    assert!(line.check_as(1, &ufrag, "client", &key, true), "the old way is still checked");
    assert!(!line.check_as(1, &ufrag, "again", &key, true), "not with a mixture");
    let sent = line.check(2, false);
    assert!(line.answer(address(2), sent[0].1));
    assert_eq!(line.agent.selected(), Some(address(1)));
    line.check(2, true);
    assert_eq!(line.agent.selected(), Some(address(2)));
}

#[test]
fn restarts_that_fail_leave_the_path_and_its_credentials_as_they_were() {
    let mut line = Line::new();
    line.move_to(1);
    let (ufrag, key) = (line.agent.ufrag(), line.agent.current.key.clone());
    line.restart("second");
    let failed = line.agent.ufrag();
    assert_eq!(line.restart("third"), Some(failed), "of two restarts without success the first is forgotten");
    line.now += PROOF_LASTS_FOR;
    assert!(line.check_as(1, &ufrag, "client", &key, true));
    assert_eq!(line.agent.selected(), Some(address(1)));
    // It is asked with the credentials that it knows.
    assert!(line.check_as(3, &ufrag, "client", &key, false));
    let sent = line.sent();
    assert!(line.answer(address(3), sent[0].1));
    line.move_to(2);
    assert_eq!(line.restart("fourth"), Some(ufrag), "after a restart that succeeded the oldest go");
    assert!(!line.check_as(1, &ufrag, "client", &key, true));
}
