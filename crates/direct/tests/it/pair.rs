//! The two sides together.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_direct::{
    CONNECT_WITHIN, Direct, MAX_TRIES, MET_WITHIN, Message, OFFER_EVERY, Output, SAY_AGAIN_EVERY, Side,
};
use colloque_ids::Timestamp;
use proptest::prelude::*;

/// One browser: what its page was told, and the descriptions that its transport has.
struct Browser {
    direct: Direct,
    /// The try that its transport is for.
    transport: Option<u32>,
    closed: usize,
    has_given_up: bool,
    describes: bool,
}

impl Browser {
    fn new(side: Side) -> Self {
        Self { direct: Direct::new(side), transport: None, closed: 0, has_given_up: false, describes: true }
    }

    /// Does what is asked; gives what it says.
    fn run(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        let mut says = Vec::new();
        while let Some(output) = self.direct.next_output() {
            match output {
                Output::Say(bytes) => says.push(bytes),
                Output::Offer { attempt } => self.describe(attempt, format!("offer {attempt}"), now),
                Output::Answer { attempt, offer } => {
                    assert_eq!(offer, format!("offer {attempt}"));
                    self.describe(attempt, format!("answer {attempt}"), now);
                }
                Output::Take { answer } => {
                    assert_eq!(Some(answer), self.transport.map(|attempt| format!("answer {attempt}")));
                }
                Output::Close => {
                    self.transport = None;
                    self.closed += 1;
                }
                Output::GiveUp => self.has_given_up = true,
            }
        }
        says
    }

    fn describe(&mut self, attempt: u32, description: String, now: Timestamp) {
        self.transport = self.describes.then_some(attempt);
        self.direct.described(attempt, self.describes.then_some(description), now);
    }
}

struct Pair {
    practitioner: Browser,
    patient: Browser,
    now: Timestamp,
    /// Which of the messages to come are lost, the first one first; none once it is empty.
    losses: VecDeque<bool>,
    said: Vec<Message>,
    /// Whether there is a way between the two.
    is_open: bool,
}

impl Pair {
    fn new(losses: impl IntoIterator<Item = bool>) -> Self {
        let (practitioner, patient) = (Browser::new(Side::Practitioner), Browser::new(Side::Patient));
        let losses = losses.into_iter().collect();
        let mut pair =
            Self { practitioner, patient, now: Timestamp::from_millis(0), losses, said: Vec::new(), is_open: true };
        pair.meet();
        pair
    }

    fn meet(&mut self) {
        self.practitioner.direct.met(true, self.now);
        self.patient.direct.met(true, self.now);
    }

    /// Lets everything arrive that is said, and the transports of one try find each other.
    fn settle(&mut self) {
        loop {
            let from_practitioner = self.practitioner.run(self.now);
            let from_patient = self.patient.run(self.now);
            if from_practitioner.is_empty() && from_patient.is_empty() {
                break;
            }
            for bytes in from_practitioner {
                self.carry(&bytes, Side::Patient);
            }
            for bytes in from_patient {
                self.carry(&bytes, Side::Practitioner);
            }
        }
        if let (true, Some(one), Some(other)) = (self.is_open, self.practitioner.transport, self.patient.transport)
            && one == other
        {
            self.practitioner.direct.connected(one);
            self.patient.direct.connected(other);
        }
    }

    fn carry(&mut self, bytes: &[u8], to: Side) {
        self.said.push(Message::read(bytes).unwrap());
        if !self.losses.pop_front().unwrap_or(false) {
            let to = if to == Side::Patient { &mut self.patient } else { &mut self.practitioner };
            to.direct.hear(bytes, self.now).unwrap();
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.after(time);
        while self.now < end {
            self.now = self.now.after(Duration::from_secs(1));
            self.practitioner.direct.tick(self.now);
            self.patient.direct.tick(self.now);
            self.settle();
        }
    }

    /// Nothing is said any more.
    fn is_quiet(&mut self) -> bool {
        let before = self.said.len();
        self.pass(CONNECT_WITHIN * 3);
        self.said.len() == before
    }

    fn tries(&self) -> Vec<u32> {
        let asked = self.said.iter().filter_map(|message| match message {
            Message::Ask { attempt } => Some(*attempt),
            Message::Offer { .. } | Message::Answer { .. } => None,
        });
        let mut tries: Vec<u32> = asked.collect();
        tries.dedup();
        tries
    }
}

#[test]
fn a_question_an_offer_and_an_answer_make_a_way() {
    let mut pair = Pair::new([]);
    pair.settle();
    let description = |what: &str| format!("{what} 1");
    let expected = [
        Message::Ask { attempt: 1 },
        Message::Offer { attempt: 1, description: description("offer") },
        Message::Answer { attempt: 1, description: description("answer") },
    ];
    assert_eq!(pair.said, expected);
    assert!(pair.is_quiet() && !pair.patient.has_given_up);
}

#[test]
fn a_practitioner_whom_nobody_asks_does_nothing() {
    let mut direct = Direct::new(Side::Practitioner);
    direct.met(true, Timestamp::from_millis(0));
    direct.tick(Timestamp::from_millis(60_000));
    assert!(!direct.is_used() && direct.next_output().is_none());
}

#[test]
fn a_patient_who_is_met_by_nobody_says_nothing_and_is_told_in_the_end() {
    let mut direct = Direct::new(Side::Patient);
    let begin = Timestamp::from_millis(0);
    for seconds in 0..MET_WITHIN.as_secs() {
        direct.tick(begin.after(Duration::from_secs(seconds)));
        assert!(direct.is_used() && direct.next_output().is_none());
    }
    direct.tick(begin.after(MET_WITHIN));
    assert_eq!((direct.next_output(), direct.next_output()), (Some(Output::Close), Some(Output::GiveUp)));
}

#[test]
fn who_asks_without_end_has_few_transports_made_and_nothing_said_back_each_time() {
    let mut direct = Direct::new(Side::Practitioner);
    let begin = Timestamp::from_millis(0);
    direct.met(true, begin);
    let (mut made, mut said) = (0, 0);
    for asked in 0..6_000_u32 {
        let now = begin.after(Duration::from_millis(u64::from(asked) * 10));
        direct.hear(&Message::Ask { attempt: asked / 2 }.write(), now).unwrap();
        direct.tick(now);
        while let Some(output) = direct.next_output() {
            match output {
                Output::Offer { attempt } => {
                    made += 1;
                    direct.described(attempt, Some("v=0".to_owned()), now);
                }
                Output::Say(_) => said += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(made <= 15 && said <= 30, "in a minute {made} transports, {said} offers");
}

#[test]
fn somebody_else_finds_no_transport_of_before() {
    let mut pair = Pair::new([]);
    pair.settle();
    pair.practitioner.direct.met(false, pair.now);
    pair.patient.direct.met(false, pair.now);
    pair.settle();
    assert_eq!((pair.practitioner.transport, pair.patient.transport), (None, None));
    assert!(!pair.practitioner.direct.is_used());
    // An answer of before is none to what comes next.
    let late = Message::Answer { attempt: 1, description: "answer 1".to_owned() }.write();
    pair.practitioner.direct.hear(&late, pair.now).unwrap();
    assert_eq!(pair.practitioner.direct.next_output(), None);
    pair.meet();
    pair.settle();
    assert!(pair.patient.transport.is_some() && pair.patient.transport == pair.practitioner.transport);
    assert!(pair.is_quiet());
}

#[test]
fn a_way_that_breaks_is_made_again() {
    let mut pair = Pair::new([]);
    pair.settle();
    pair.practitioner.direct.failed(1, pair.now);
    pair.settle();
    assert_eq!(pair.tries(), [1], "the patient's side begins");
    // What is heard of another try counts for nothing.
    pair.patient.direct.failed(0, pair.now);
    pair.settle();
    assert_eq!(pair.tries(), [1]);
    pair.patient.direct.failed(1, pair.now);
    pair.pass(OFFER_EVERY + SAY_AGAIN_EVERY);
    assert_eq!(pair.tries(), [1, 2]);
    assert_eq!((pair.practitioner.transport, pair.patient.transport), (Some(2), Some(2)));
    assert!(pair.is_quiet());
}

#[test]
fn without_a_way_the_patient_is_told_after_three_tries() {
    let mut pair = Pair::new([]);
    pair.is_open = false;
    pair.settle();
    pair.pass(CONNECT_WITHIN * MAX_TRIES + SAY_AGAIN_EVERY);
    assert!(pair.patient.has_given_up && pair.patient.transport.is_none());
    assert_eq!(pair.tries(), [1, 2, 3]);
    assert!(pair.is_quiet());
    // Nothing brings it back before the page is loaded again.
    pair.is_open = true;
    pair.meet();
    pair.settle();
    assert_eq!(pair.tries(), [1, 2, 3]);
}

#[test]
fn without_an_answer_the_patient_is_told_too() {
    let mut pair = Pair::new(std::iter::repeat_n(true, 200));
    pair.settle();
    pair.pass(CONNECT_WITHIN * MAX_TRIES + SAY_AGAIN_EVERY);
    assert!(pair.patient.has_given_up);
}

#[test]
fn a_browser_that_cannot_describe_a_transport_is_no_way() {
    let mut pair = Pair::new([]);
    pair.patient.describes = false;
    pair.settle();
    pair.pass(CONNECT_WITHIN * MAX_TRIES);
    assert!(pair.patient.has_given_up);
}

#[test]
fn an_offer_that_nobody_asked_for_is_no_offer() {
    let mut direct = Direct::new(Side::Patient);
    direct.met(true, Timestamp::from_millis(0));
    assert!(matches!(direct.next_output(), Some(Output::Say(_))));
    for attempt in [0, 2, u32::MAX] {
        let offer = Message::Offer { attempt, description: "v=0".to_owned() };
        direct.hear(&offer.write(), Timestamp::from_millis(0)).unwrap();
    }
    let own = Message::Ask { attempt: 9 }.write();
    direct.hear(&own, Timestamp::from_millis(0)).unwrap();
    assert_eq!(direct.next_output(), None);
}

proptest! {
    /// Whatever is lost at first, as long as it is not all of three tries: both arrive at the same transport.
    #[test]
    fn lost_messages_are_said_again(losses in prop::collection::vec(prop::bool::weighted(0.5), 0..12)) {
        let mut pair = Pair::new(losses);
        pair.settle();
        pair.pass(CONNECT_WITHIN * MAX_TRIES);
        prop_assert!(!pair.patient.has_given_up);
        prop_assert!(pair.patient.transport.is_some());
        prop_assert_eq!(pair.patient.transport, pair.practitioner.transport);
        prop_assert!(pair.is_quiet());
    }

    /// Whatever the other member says, in whatever order: nothing but what the module's table allows comes of it.
    #[test]
    fn nothing_hostile_makes_a_second_transport_of_one_try(
        side in prop_oneof![Just(Side::Practitioner), Just(Side::Patient)],
        said in prop::collection::vec((0..4_u8, 0..4_u32), 0..40),
    ) {
        let mut direct = Direct::new(side);
        let now = Timestamp::from_millis(0);
        direct.met(true, now);
        let mut made = Vec::new();
        for (kind, attempt) in said {
            let description = "v=0".to_owned();
            let message = match kind {
                0 => Message::Ask { attempt },
                1 => Message::Offer { attempt, description },
                2 => Message::Answer { attempt, description },
                _ => {
                    direct.described(attempt, Some(description), now);
                    continue;
                }
            };
            direct.hear(&message.write(), now).unwrap();
            while let Some(output) = direct.next_output() {
                match output {
                    Output::Offer { attempt } => {
                        prop_assert_eq!(side, Side::Practitioner);
                        made.push(attempt);
                    }
                    Output::Answer { attempt, .. } => {
                        prop_assert_eq!(side, Side::Patient);
                        made.push(attempt);
                    }
                    Output::Take { .. } => prop_assert_eq!(side, Side::Practitioner),
                    Output::Say(_) | Output::Close | Output::GiveUp => {}
                }
            }
        }
        prop_assert!(made.is_sorted_by(|one, next| one < next));
    }
}
