//! Many worlds, one after the other or side by side.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::world::{self, Fault, Outcome};

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Batch {
    /// Seeds that were run.
    pub seeds: u64,
    /// Seconds that passed in their worlds.
    pub simulated_seconds: f64,
    /// Seconds that passed here, all threads together.
    pub busy_seconds: f64,
    /// Seconds that passed here.
    pub real_seconds: f64,
    /// Packets of media that reached somebody.
    pub heard: u64,
    /// Those among them that came before the card that the server had sent, because the browser's stream hung.
    pub unseen: u64,
    /// Tickets that opened a connection.
    pub entries: u64,
    /// From a disturbance to the moment when both hear each other, in milliseconds, ascending.
    pub healed_ms: Vec<u64>,
    /// From then to the moment when both have agreed on end-to-end keys, in milliseconds, ascending.
    pub sealed_ms: Vec<u64>,
    /// The most that was held at once in any world, by name.
    pub peaks: BTreeMap<&'static str, usize>,
    /// The worlds in which a rule did not hold.
    pub failed: Vec<Failure>,
}

/// A world in which a rule did not hold.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The rules; one that names the panic when the world ended by one.
    pub faults: Vec<Fault>,
    /// The last lines of what happened.
    pub trace: Vec<String>,
}

impl Batch {
    /// Runs the seeds of a range on some threads; `on_failure` learns of each failure as it comes.
    #[must_use]
    pub fn run(seeds: Range<u64>, threads: usize, on_failure: impl Fn(&Failure) + Sync) -> Self {
        let (next, began_at) = (AtomicU64::new(seeds.start), Instant::now());
        let batch = Mutex::new(Self::default());
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            return;
                        }
                        let begun_at = Instant::now();
                        let outcome = run(seed);
                        let busy_seconds = begun_at.elapsed().as_secs_f64();
                        let mut batch = batch.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                        batch.busy_seconds += busy_seconds;
                        batch.add(outcome, &on_failure);
                    }
                });
            }
        });
        let mut batch = batch.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        batch.real_seconds = began_at.elapsed().as_secs_f64();
        batch.healed_ms.sort_unstable();
        batch.sealed_ms.sort_unstable();
        batch.failed.sort_by_key(|failure| failure.seed);
        batch
    }

    fn add(&mut self, outcome: Result<Outcome, Failure>, on_failure: &impl Fn(&Failure)) {
        self.seeds += 1;
        let failure = match outcome {
            Ok(outcome) => {
                self.simulated_seconds += outcome.seconds;
                self.heard += outcome.heard;
                self.unseen += outcome.unseen;
                self.entries += outcome.entries;
                self.healed_ms.extend(outcome.healed_ms);
                self.sealed_ms.extend(outcome.sealed_ms);
                for (name, peak) in outcome.peaks {
                    let most = self.peaks.entry(name).or_default();
                    *most = (*most).max(peak);
                }
                Failure { seed: outcome.seed, faults: outcome.faults, trace: outcome.trace }
            }
            Err(failure) => failure,
        };
        if !failure.faults.is_empty() {
            on_failure(&failure);
            self.failed.push(failure);
        }
    }

    /// The time within which a share of the disturbances healed, in milliseconds.
    #[must_use]
    pub fn healed_within_ms(&self, share: f64) -> u64 {
        below(&self.healed_ms, share)
    }

    /// The time within which a share of those who heard each other had agreed on keys, in milliseconds.
    #[must_use]
    pub fn sealed_within_ms(&self, share: f64) -> u64 {
        below(&self.sealed_ms, share)
    }
}

fn below(values: &[u64], share: f64) -> u64 {
    let at = (values.len() as f64 * share) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// Runs one seed; a panic breaks the rule that there is none.
///
/// # Errors
///
/// The failure, when the world ended by a panic.
pub fn run(seed: u64) -> Result<Outcome, Failure> {
    catch_unwind(AssertUnwindSafe(|| world::run(seed))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let detail = text.unwrap_or_else(|| "a panic without words".to_owned());
        Failure { seed, faults: vec![Fault { rule: "nothing panics", detail, at_ms: 0 }], trace: Vec::new() }
    })
}
