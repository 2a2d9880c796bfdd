//! What every part of the world shares: the clock, the dice, the agenda, and the record of what went over the wires.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::digest::{Context, SHA256};
use colloque_ids::{Id, Timestamp};
use colloque_network::Dice;

use super::event::Event;

/// When every world begins, in milliseconds since 1970.
const BEGIN_MS: i64 = 2_000_000_000_500;
/// Lines of the trace that are kept.
const TRACE_LINES: usize = 400;

/// The instant that stands for [`BEGIN_MS`]. Handshakes write the second of the day into their first message, and compute it from
/// an `Instant` and the machine's clock: an instant that names the same second on every day makes them the same on every day.
/// The half millisecond keeps whole milliseconds of a world away from the edges of seconds.
static BEGIN: LazyLock<Instant> = LazyLock::new(|| {
    let (now, unix) = (Instant::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let begin = Duration::from_millis(BEGIN_MS as u64) + Duration::from_micros(500);
    now + begin.saturating_sub(unix)
});

/// What breaks a world: a rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The rule.
    pub rule: &'static str,
    /// What was seen.
    pub detail: String,
    /// When, in milliseconds since the world began.
    pub at_ms: u64,
}

/// Clock, chance, agenda and record of one world.
pub(super) struct Scene {
    /// Milliseconds since the world began.
    pub(super) now_ms: u64,
    pub(super) dice: Dice,
    agenda: BinaryHeap<Reverse<Entry>>,
    order: u64,
    digest: Context,
    /// Bytes that went over wires.
    pub(super) wire_bytes: u64,
    trace: VecDeque<String>,
    pub(super) faults: Vec<Fault>,
    /// Whether every line of the trace is printed as it comes.
    pub(super) is_loud: bool,
}

struct Entry {
    at_ms: u64,
    order: u64,
    event: Event,
}

impl Scene {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now_ms: 0,
            dice: Dice::new(seed),
            agenda: BinaryHeap::new(),
            order: 0,
            digest: Context::new(&SHA256),
            wire_bytes: 0,
            trace: VecDeque::new(),
            faults: Vec::new(),
            is_loud: false,
        }
    }

    /// The present instant, for the media plane and its clients.
    pub(super) fn instant(&self) -> Instant {
        began_at() + Duration::from_millis(self.now_ms)
    }

    /// The present instant by the server's clock.
    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(BEGIN_MS + self.now_ms as i64)
    }

    /// Names something new.
    pub(super) fn id<K>(&mut self) -> Id<K> {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.dice.bits().to_be_bytes());
        random[8..].copy_from_slice(&self.dice.bits().to_be_bytes()[..2]);
        Id::from_parts(self.timestamp(), random)
    }

    /// Puts something on the agenda, `in_ms` from now.
    pub(super) fn after(&mut self, in_ms: u64, event: Event) {
        self.order += 1;
        self.agenda.push(Reverse(Entry { at_ms: self.now_ms + in_ms, order: self.order, event }));
    }

    /// Puts something on the agenda at a time drawn from a span.
    pub(super) fn within(&mut self, span: std::ops::Range<u64>, event: Event) {
        let in_ms = span.start + self.dice.below(span.end - span.start);
        self.after(in_ms, event);
    }

    /// When the next thing of the agenda is due.
    pub(super) fn next_at_ms(&self) -> Option<u64> {
        self.agenda.peek().map(|Reverse(entry)| entry.at_ms)
    }

    /// Takes what is due.
    pub(super) fn due(&mut self) -> Option<Event> {
        if self.next_at_ms()? > self.now_ms {
            return None;
        }
        self.agenda.pop().map(|Reverse(entry)| entry.event)
    }

    /// Records what went over a wire: its bytes and its instant.
    pub(super) fn wire(&mut self, kind: u8, bytes: &[u8]) {
        self.wire_bytes += bytes.len() as u64;
        let mut head = [0; 17];
        head[0] = kind;
        head[1..9].copy_from_slice(&self.now_ms.to_be_bytes());
        head[9..].copy_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.digest.update(&head);
        self.digest.update(bytes);
    }

    /// Writes a line of the trace.
    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:>9.3} {}", self.now_ms as f64 / 1_000.0, line());
        if self.is_loud {
            println!("{line}");
        }
        if self.trace.len() == TRACE_LINES {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    /// Notes that a rule does not hold; only the first few are kept.
    pub(super) fn fault(&mut self, rule: &'static str, detail: String) {
        if self.faults.len() < 8 {
            self.say(|| format!("BROKEN {rule}: {detail}"));
            self.faults.push(Fault { rule, detail, at_ms: self.now_ms });
        }
    }

    /// The last lines of the trace, and the digest of all wires.
    pub(super) fn finish(self) -> (Vec<String>, String, Vec<Fault>) {
        let digest = self.digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        (self.trace.into(), digest, self.faults)
    }
}

/// The instant at which every world begins.
pub(super) fn began_at() -> Instant {
    *BEGIN
}

/// The first whole millisecond of a world at or after an instant.
pub(super) fn millis_of(at: Instant) -> u64 {
    let since = at.saturating_duration_since(began_at());
    since.as_nanos().div_ceil(1_000_000) as u64
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ms, self.order).cmp(&(other.at_ms, other.order))
    }
}
