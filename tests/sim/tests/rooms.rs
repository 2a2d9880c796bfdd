//! Whole consultations: every rule in many seeds, the same bytes from the same seed, and rules that notice what is broken.

#![allow(clippy::unwrap_used)]

use std::ops::Range;
use std::path::Path;

use colloque_sim::batch::{self, Batch};
use colloque_sim::meter::Counting;
use colloque_sim::world::{self, Sabotage, World};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Seeds run here; the nightly run takes many more.
const SEEDS: u64 = 200;

#[test]
fn two_hundred_seeds_keep_every_rule() {
    let batch = Batch::run(0..SEEDS, 2, |failure| println!("seed {}: {:?}", failure.seed, failure.faults));
    let factor = batch.simulated_seconds / batch.busy_seconds;
    println!("{SEEDS} seeds in {:.1} s, {factor:.0} times real time", batch.real_seconds);
    assert!(batch.failed.is_empty(), "{:#?}", batch.failed[0]);
    // Worlds in which nothing happens keep every rule.
    assert!(batch.entries > 3 * SEEDS, "{} entries", batch.entries);
    assert!(batch.heard > 1_000 * SEEDS, "{} packets heard", batch.heard);
    assert!(batch.peaks["bytes of the server"] > 100_000, "{:?}", batch.peaks);
    assert!(batch.healed_ms.len() as u64 > SEEDS, "{} times", batch.healed_ms.len());
    assert!(batch.sealed_ms.len() as u64 > SEEDS / 8, "{} times", batch.sealed_ms.len());
}

#[test]
fn seeds_that_failed_once_keep_every_rule_now() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let seed = text.lines().next().unwrap().trim().parse().unwrap();
        let outcome = batch::run(seed).unwrap();
        assert!(outcome.faults.is_empty(), "seed {seed}: {:?}\n{text}", outcome.faults);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let mut before = String::new();
    for seed in [1, 7, 42, 99, 1_234, 98_765] {
        let [first, second] = [world::run(seed), world::run(seed)];
        assert_eq!(first.digest, second.digest, "seed {seed}");
        assert_eq!((first.wire_bytes, first.heard), (second.wire_bytes, second.heard));
        assert_ne!(first.digest, before);
        before = first.digest;
    }
}

/// The rules that break, over some seeds, when something is broken on purpose.
fn broken_by(sabotage: Sabotage, seeds: Range<u64>) -> Vec<&'static str> {
    let mut broken: Vec<&str> = Vec::new();
    for seed in seeds {
        let outcome = World::new(seed).with(sabotage).run();
        broken.extend(outcome.faults.iter().map(|fault| fault.rule));
    }
    broken.sort_unstable();
    broken.dedup();
    broken
}

#[test]
fn what_is_broken_on_purpose_is_noticed() {
    for (sabotage, seeds, rule) in [
        (Sabotage::OpensAll, 0..5, "media pass in an open room only"),
        (Sabotage::OpensNothing, 0..5, "who is admitted on a good network is heard in time"),
        (Sabotage::KeepsPeers, 0..5, "signaling and media plane know the same peers"),
        (Sabotage::BelievesTickets, 0..40, "nobody enters without a good ticket of their own"),
        (Sabotage::LosesEntries, 0..5, "who is journaled as entered is journaled as left"),
        (Sabotage::ForgetsTickets, 2_220..2_221, "nobody enters without a good ticket of their own"),
        (Sabotage::LosesWelcomes, 5..6, "who is connected is sealed in time"),
        (Sabotage::TakesOrdersAnyhow, 36..37, "signaling and media plane know the same peers"),
    ] {
        let broken = broken_by(sabotage, seeds);
        assert!(broken.contains(&rule), "{sabotage:?} breaks {broken:?}");
    }
}
