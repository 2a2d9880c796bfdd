//! Which counters a receiver still opens, and in what order.

use colloque_e2ee::frame::{Opening, ReplayWindow};
use serde::{Deserialize, Serialize};

use super::cases::{Because, CALLS, EVERYBODY, Sender, base_key, leaf, opener, track};
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct Replay {
    name: String,
    arrivals: Vec<Arrival>,
}

#[derive(Serialize, Deserialize)]
struct Arrival {
    counter: u64,
    opens: bool,
}

const CASES: [(&str, &[u64]); 9] = [
    ("each once, in order", &[0, 1, 2, 3]),
    ("the same again", &[0, 0, 1, 1, 0, 1]),
    ("out of order", &[3, 1, 2, 0, 1, 3]),
    ("the first one is not 0", &[700, 0, 700, 699]),
    ("1,023 late is not too late", &[1_023, 0, 0]),
    ("1,024 late is too late", &[1_024, 0, 1, 1]),
    ("a jump within what is remembered", &[5, 1_000, 5, 6, 1_029, 5, 6, 7, 1_000]),
    ("a jump past what is remembered", &[5, 6, 2_000, 5, 976, 977, 977, 1_999, 2_000]),
    ("the last counter", &[(1 << 48) - 1, (1 << 48) - 2, (1 << 48) - 1, (1 << 48) - 1_024, (1 << 48) - 1_025]),
];

fn compute() -> Vec<Replay> {
    CASES
        .iter()
        .map(|(name, counters)| {
            let mut window = ReplayWindow::default();
            let arrive = |&counter: &u64| {
                let opens = window.is_fresh(counter);
                if opens {
                    window.note(counter);
                }
                Arrival { counter, opens }
            };
            Replay { name: (*name).to_owned(), arrivals: counters.iter().map(arrive).collect() }
        })
        .collect()
}

#[test]
fn what_is_opened_twice_is_as_published() {
    assert_published("envelope/replay", &compute());
}

#[test]
fn a_receiver_opens_the_published_counters_and_no_others() {
    let published: Vec<Replay> = read("envelope/replay");
    let (camera, from) = (track(1), leaf(0));
    let sender = Sender::new(CALLS, &base_key(1), camera, from, 0);
    for case in &published {
        let mut opener = opener(&base_key(1), 0, &EVERYBODY);
        for Arrival { counter, opens } in &case.arrivals {
            let mut forged = sender.seal(*counter, 0, b"picture");
            forged[6] ^= 1;
            assert!(opener.open(Opening { from, track: camera }, &forged).is_err());
            // What was refused has used up nothing.
            let opened = opener.open(Opening { from, track: camera }, &sender.seal(*counter, 0, b"picture"));
            let expected = if *opens { Ok(b"picture".to_vec()) } else { Err(Because::Replayed) };
            assert_eq!(opened.map_err(Because::from), expected, "{}: {counter}", case.name);
        }
    }
    assert_eq!(published.len(), 9);
}
