#![no_main]
//! The spoken words against members who show whatever they like, and a server that holds back, repeats and reorders.

use std::sync::LazyLock;
use std::time::Duration;

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_e2ee::conformance::{Numbers, is_settled};
use colloque_e2ee::frame::Epoch;
use colloque_e2ee::{EndToEnd, Output, RENEW_EVERY, Setup, SpokenCode, State, TakeError, ToOthers};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Enough for every way through; more only takes time.
const MOST_STEPS: usize = 24;
const MOST_CHANGES: usize = 4;

/// A message of the group that shows a number.
const SHOWS: u8 = 1;

/// First epoch for which nobody has a number.
const EPOCHS: u64 = 4_096;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    if input.byte() & 1 == 0 {
        one_number(&mut input);
    } else {
        a_call(&mut input);
    }
});

/// What the fuzzer chose; zeros at its end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        array[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        array
    }

    fn bytes(&mut self, length: u8) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(usize::from(length).min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    /// An epoch near another one, at the ends, or anywhere.
    fn epoch_near(&mut self, epoch: u64) -> u64 {
        match self.byte() % 8 {
            0..=3 => epoch,
            4 => epoch + 1,
            5 => epoch.saturating_sub(1),
            6 => [0, EPOCHS - 1, EPOCHS, u64::MAX][usize::from(self.byte() % 4)],
            _ => u64::from_be_bytes(self.array()),
        }
    }
}

/// A member's numbers, each at the place of its epoch, from the last one down: made here, and not by what is tested.
fn numbers(last: [u8; 32]) -> Vec<[u8; 32]> {
    let mut numbers = vec![last];
    for _ in 1..EPOCHS {
        let hash = Sha256::new_with_prefix(b"colloque words chain v1\0").chain_update(numbers[numbers.len() - 1]);
        numbers.push(hash.finalize().into());
    }
    numbers.reverse();
    numbers
}

/// Those of somebody, with what they are settled by.
static SETTLED: LazyLock<([u8; 32], Vec<[u8; 32]>)> = LazyLock::new(|| {
    let somebody = Numbers::new([5; 32]);
    (somebody.commitment(), numbers(somebody.of(Epoch(EPOCHS - 1)).expect("the last epoch has a number")))
});

/// A number fits a commitment in one epoch only, and no other number does. Whatever the epoch, that is found out in bounded time: libFuzzer's
/// limit ends what hashes for an epoch past the end.
fn one_number(input: &mut Input<'_>) {
    let (commitment, numbers) = &*SETTLED;
    let settled = usize::from(u16::from_be_bytes(input.array())) % numbers.len();
    let epoch = input.epoch_near(settled as u64);
    let mut number = numbers[settled];
    let (at, mask) = (usize::from(input.byte() % 32), input.byte());
    number[at] ^= mask;
    let is_right = mask == 0 && epoch == settled as u64;
    assert_eq!(is_settled(*commitment, Epoch(epoch), number), is_right, "epoch {epoch}, of {settled}, mask {mask}");
    let anything = input.array();
    let is_known = usize::try_from(epoch).is_ok_and(|epoch| numbers.get(epoch) == Some(&anything));
    assert_eq!(is_settled(*commitment, Epoch(epoch), anything), is_known);
}

fn a_call(input: &mut Input<'_>) {
    let mut call = Call::begin();
    for _ in 0..MOST_STEPS {
        if input.0.is_empty() || matches!(call.practitioner.view(call.now).state, State::Refused(_)) {
            return;
        }
        call.step(input);
    }
}

/// A member who keeps to no rule: what they say by themselves is lost, and what is chosen for them is said.
struct Other {
    engine: EndToEnd,
    id: ParticipantId,
    is_there: bool,
    /// Those that they settled on when they were let in last.
    numbers: Vec<[u8; 32]>,
    /// Whether the practitioner has taken their number for the newest words.
    has_shown: bool,
}

struct Call {
    practitioner: EndToEnd,
    others: [Other; 2],
    now: Timestamp,
    /// The epoch of the newest words.
    words_of: Epoch,
    code: Option<SpokenCode>,
    /// Sealed messages that the server has kept: whose, what is in them, and themselves.
    kept: Vec<(usize, Vec<u8>, Vec<u8>)>,
    changes: usize,
}

impl Call {
    fn begin() -> Self {
        let mut practitioner = engine(PRACTITIONER);
        practitioner.make_group(START).expect("a practitioner makes a group");
        let other = |person: Person| Other {
            engine: engine(person),
            id: participant(person.number),
            is_there: false,
            numbers: Vec::new(),
            has_shown: false,
        };
        let mut call = Self {
            practitioner,
            others: [PATIENT, SECOND].map(other),
            now: START,
            words_of: Epoch(0),
            code: None,
            kept: Vec::new(),
            changes: 0,
        };
        call.others[0].engine.agree(participant(SECOND.number), true).expect("nothing waits for it");
        call.let_in(0);
        call
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let who = usize::from(input.byte() % 2);
        match input.byte() % 8 {
            0 => {
                let length = input.byte();
                let content = input.bytes(length);
                self.say(who, content);
            }
            1 | 2 => {
                let content = self.number(who, input);
                self.say(who, content);
            }
            3 => {
                let content = self.number(who, input);
                self.seal(who, content);
            }
            4 => self.say(who, self.right_number(who)),
            5 => {
                let at = input.byte().into();
                let _ = self.deliver_kept(at);
            }
            6 if self.changes < MOST_CHANGES => {
                self.changes += 1;
                if self.others[1].is_there { self.put_out(1) } else { self.let_in(1) }
            }
            _ if self.changes < MOST_CHANGES => {
                self.changes += 1;
                self.now = self.now.after(RENEW_EVERY);
                self.practitioner.tick(self.now);
                self.pass_on();
            }
            _ => {}
        }
        self.check();
    }

    /// A number of this member, perhaps of another epoch, perhaps changed.
    fn number(&self, who: usize, input: &mut Input<'_>) -> Vec<u8> {
        let shown_for = input.epoch_near(self.words_of.0);
        let taken_from = input.epoch_near(self.words_of.0);
        let number = usize::try_from(taken_from).ok().and_then(|epoch| self.others[who].numbers.get(epoch));
        let mut number = number.copied().unwrap_or_default();
        let (at, mask) = (usize::from(input.byte() % 32), input.byte());
        number[at] ^= if mask < 128 { 0 } else { mask };
        shows(shown_for, number)
    }

    fn right_number(&self, who: usize) -> Vec<u8> {
        let number = self.others[who].numbers.get(self.words_of.0 as usize);
        shows(self.words_of.0, number.copied().unwrap_or_default())
    }

    /// Has a member say something that the server passes on at once.
    fn say(&mut self, who: usize, content: Vec<u8>) {
        let is_right = content == self.right_number(who);
        if self.seal(who, content) {
            let taken = self.deliver_kept(self.kept.len() - 1);
            let is_welcome = is_right && self.others[who].is_there;
            assert!(!is_welcome || taken.is_ok(), "the right number was refused: {taken:?}");
        }
    }

    /// Has a member say something that the server keeps.
    fn seal(&mut self, who: usize, content: Vec<u8>) -> bool {
        let other = &mut self.others[who];
        while other.engine.next_output().is_some() {}
        if other.engine.say_bytes(&content).is_err() {
            return false;
        }
        let Some(Output::Send(ToOthers::Sealed { message })) = other.engine.next_output() else { return false };
        self.kept.push((who, content, message));
        true
    }

    /// Gives the practitioner one of the messages that the server has kept, for the first time or again.
    fn deliver_kept(&mut self, at: usize) -> Result<(), TakeError> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let (who, content, message) = &self.kept[at % self.kept.len()];
        let is_for_these_words = content.len() == 41 && content.starts_with(&shows(self.words_of.0, [0; 32])[..9]);
        let is_right = *content == self.right_number(*who);
        let taken = self.practitioner.take(message, self.now);
        if is_for_these_words && taken.is_ok() {
            assert!(is_right, "a number that was not settled on was taken");
            self.others[*who].has_shown = true;
        }
        taken
    }

    fn let_in(&mut self, who: usize) {
        let other = &mut self.others[who];
        while other.engine.next_output().is_some() {}
        other.engine.offer().expect("the key is attested");
        let Some(Output::Send(ToOthers::KeyPackage { package })) = other.engine.next_output() else {
            panic!("an offer is a key package");
        };
        other.is_there = true;
        self.practitioner.let_in(other.id);
        self.practitioner.take_key_package(other.id, &package, self.now).expect("the newcomer is believed");
        self.pass_on();
        let other = &mut self.others[who];
        other.numbers = numbers(other.engine.own_number(Epoch(EPOCHS - 1)).expect("the last epoch has a number"));
        self.begin_words();
    }

    fn put_out(&mut self, who: usize) {
        // Nobody tells them: they go on in the group that they know.
        self.others[who].is_there = false;
        self.practitioner.put_out(self.others[who].id);
        self.pass_on();
        self.begin_words();
    }

    fn begin_words(&mut self) {
        self.words_of = self.practitioner.epoch().expect("there is a group");
        self.code = None;
        for other in &mut self.others {
            other.has_shown = false;
        }
    }

    /// Hands on what the practitioner says, and puts their changes in order.
    fn pass_on(&mut self) {
        while let Some(output) = self.practitioner.next_output() {
            let Output::Send(message) = output else { continue };
            match message {
                ToOthers::Commit { epoch, commit, welcome, welcomed, .. } => {
                    self.practitioner.accepted(epoch, self.now).expect("nobody else changes the group");
                    for other in self.others.iter_mut().filter(|other| other.is_there) {
                        let taken = match &welcome {
                            Some(welcome) if welcomed.contains(&other.id) => {
                                other.engine.take_welcome(welcome, self.now)
                            }
                            _ => other.engine.take(&commit, self.now),
                        };
                        taken.expect("a change that the practitioner may make");
                    }
                }
                ToOthers::Sealed { message } => {
                    for other in self.others.iter_mut().filter(|other| other.is_there) {
                        other.engine.take(&message, self.now).expect("a message of the practitioner");
                    }
                }
                ToOthers::KeyPackage { .. } => {}
            }
        }
    }

    /// There are words exactly when everybody has shown what they had settled on, and they stay as they are.
    fn check(&mut self) {
        self.pass_on();
        let view = self.practitioner.view(self.now);
        let have_all_shown = self.others.iter().all(|other| other.has_shown || !other.is_there);
        assert_eq!(view.words.is_some(), have_all_shown);
        assert!(self.code.is_none() || view.words == self.code, "words changed by themselves");
        self.code = view.words;
        if let (Some(code), [patient, Other { is_there: false, .. }]) = (self.code, &self.others) {
            assert_eq!(patient.engine.view(self.now).words, Some(code), "two who speak to each other see the same");
        }
    }
}

fn shows(epoch: u64, number: [u8; 32]) -> Vec<u8> {
    [&[SHOWS], &epoch.to_be_bytes()[..], &number].concat()
}

fn participant(number: u8) -> ParticipantId {
    ParticipantId::from_parts(START, [number; 10])
}

/// Somebody who is attested.
#[derive(Clone, Copy)]
struct Person {
    number: u8,
    standing: Standing,
    name: &'static str,
}

const PRACTITIONER: Person = Person { number: 1, standing: Standing::Practitioner, name: "Dre Claire Martin" };
const PATIENT: Person = Person { number: 2, standing: Standing::Patient, name: "Paul Durand" };
const SECOND: Person = Person { number: 3, standing: Standing::Expert, name: "Dr Hugo Bernard" };

fn engine(Person { number, standing, name }: Person) -> EndToEnd {
    let platform = SigningKey::from_bytes(&[42; 32]);
    let consultation = ConsultationId::from_parts(START, [1; 10]);
    let setup = Setup {
        consultation,
        identity_key: platform.verifying_key().to_bytes(),
        link: None,
        seed: [number; 32].into(),
    };
    let mut engine = EndToEnd::new(setup).expect("the key is one");
    let statement = Statement {
        consultation,
        participant: participant(number),
        standing,
        proof: ProofOfPerson::Passkey,
        name: name.to_owned(),
        profession: None,
        rpps: None,
        leaf_key: engine.leaf_key(),
        issued_at: START,
        expires_at: START.after(Duration::from_secs(12 * 3_600)),
    };
    let attestation = statement.seal(|bytes| platform.sign(bytes).to_bytes());
    engine.attested(attestation.bytes(), START).expect("the statement is good");
    engine
}
