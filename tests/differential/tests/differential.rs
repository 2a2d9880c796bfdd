//! Two hundred calls in front of both servers: what differs is in `docs/differential.md`, and what is there differs.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use colloque_differential::compare::{Difference, compare, compare_servers};
use colloque_differential::register::explained;
use colloque_differential::script::Script;
use colloque_differential::server::{MediaServer, Which};
use colloque_sfu_core::{Path, SendArena};

const CALLS: u64 = 200;
const DOCUMENT: &str = include_str!("../../../docs/differential.md");

/// Differences by kind, with the calls in which they were seen.
fn survey(seeds: impl Iterator<Item = u64>) -> BTreeMap<&'static str, (BTreeSet<u64>, Vec<String>)> {
    let mut kinds: BTreeMap<&str, (BTreeSet<u64>, Vec<String>)> = BTreeMap::new();
    for seed in seeds {
        for Difference { kind, what } in compare(seed).unwrap() {
            let (calls, examples) = kinds.entry(kind).or_default();
            calls.insert(seed);
            examples.push(what);
        }
    }
    kinds
}

fn examples(what: &[String]) -> String {
    what.iter().step_by(what.len().div_ceil(8).max(1)).map(|one| format!("\n    {one}")).collect()
}

#[test]
fn every_difference_has_a_reason_and_every_reason_is_needed() {
    let kinds = survey(0..CALLS);
    let register = explained(DOCUMENT);
    let mut faults = Vec::new();
    for (kind, (calls, what)) in &kinds {
        println!("{kind}: {} in {} calls{}", what.len(), calls.len(), examples(what));
        match register.iter().find(|row| row.kind == *kind) {
            None => faults.push(format!("{kind} has no reason")),
            Some(row) if calls.len() > row.at_most => faults.push(format!("{kind}: {} calls", calls.len())),
            Some(_) => {}
        }
    }
    faults.extend(
        register.iter().filter(|row| !kinds.contains_key(row.kind)).map(|row| format!("{} is not seen", row.kind)),
    );
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_rule_that_colloque_breaks_cannot_be_explained_away() {
    assert!(explained(DOCUMENT).iter().all(|row| !row.kind.starts_with("colloque-")));
}

#[test]
fn the_same_seed_gives_the_same_differences() {
    let seeds = [4, 45, 125];
    let first = seeds.map(|seed| compare(seed).unwrap());
    assert_eq!(first, seeds.map(|seed| compare(seed).unwrap()));
}

/// A server that does not see every thirtieth datagram of media.
struct Deaf {
    server: Box<dyn MediaServer>,
    taken: usize,
}

impl MediaServer for Deaf {
    fn connect(&mut self, now: Instant, number: usize, offer: &str) -> Result<String, String> {
        self.server.connect(now, number, offer)
    }

    fn take(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        self.taken += 1;
        if !self.taken.is_multiple_of(30) || datagram[0] < 128 {
            self.server.take(now, from, datagram, out);
        }
    }

    fn due_at(&mut self) -> Option<Instant> {
        self.server.due_at()
    }

    fn tick(&mut self, now: Instant, out: &mut SendArena) {
        self.server.tick(now, out);
    }
}

#[test]
fn a_server_that_misses_packets_is_noticed() {
    let is_calm = |seed: &u64| {
        let script = Script::new(*seed);
        script.lost_up + script.lost_down + script.overtaken + script.doubled == 0.0
    };
    let calm: Vec<u64> = (0..CALLS).filter(is_calm).collect();
    assert!(calm.len() > 5);
    for seed in calm {
        let kinds = |differences: Vec<Difference>| differences.into_iter().map(|one| one.kind).collect::<BTreeSet<_>>();
        let deaf = Deaf { server: Which::Colloque.make(seed), taken: 0 };
        let found = kinds(compare_servers(seed, Box::new(deaf), Which::Str0m.make(seed)).unwrap());
        let sound = kinds(compare(seed).unwrap());
        assert!(found.contains("asked-for-a-late-packet-by-colloque-only"), "{seed}: {found:?}");
        assert!(found.contains("colloque-numbers") == Script::new(seed).has_numbers, "{seed}: {found:?}");
        assert!(found.contains("delivered-by-str0m-only"), "{seed}: {found:?}");
        assert!(sound.iter().all(|kind| *kind == "keyframe-request-put-off-by-colloque"), "{seed}: {sound:?}");
    }
}

#[test]
fn both_servers_choose_aes_gcm() {
    for which in [Which::Colloque, Which::Str0m] {
        let participants = colloque_differential::stage::play(&Script::new(1), which.make(1)).unwrap();
        for participant in participants {
            assert_eq!(
                participant.client.profile(),
                Some(colloque_sfu_core::srtp::Profile::AeadAes256Gcm),
                "{which:?}"
            );
        }
    }
}
