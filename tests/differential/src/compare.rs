//! What two servers did with the same script: every difference has a kind, and `docs/differential.md` says why it is there.

use std::collections::BTreeSet;
use std::time::Duration;

use colloque_sfu_core::KEYFRAME_REQUEST_INTERVAL;

use crate::client::{Arrival, LINES, Participant};
use crate::script::{Fate, Name, Script};
use crate::server::{MediaServer, Which};
use crate::stage::play;

/// One difference, or one rule that a server broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its kind, as the register names it.
    pub kind: &'static str,
    /// Where it was seen.
    pub what: String,
}

/// Time within which two servers react alike: they look at what is due in their own time.
const ALIKE: Duration = Duration::from_millis(60);

/// Plays a seed in front of both servers and gives all differences.
///
/// # Errors
///
/// What a server says of an offer that it refuses.
pub fn compare(seed: u64) -> Result<Vec<Difference>, String> {
    compare_servers(seed, Which::Colloque.make(seed), Which::Str0m.make(seed))
}

/// The same for any two servers.
///
/// # Errors
///
/// What a server says of an offer that it refuses.
pub fn compare_servers(
    seed: u64,
    own: Box<dyn MediaServer>,
    other: Box<dyn MediaServer>,
) -> Result<Vec<Difference>, String> {
    let script = Script::new(seed);
    let own = play(&script, own)?;
    let other = play(&script, other)?;
    let mut found = Vec::new();
    for subscriber in 0..2 {
        let publisher = 1 - subscriber;
        let pairs = [(&own[subscriber], &own[publisher]), (&other[subscriber], &other[publisher])];
        for line in 0..LINES {
            let place = format!("seed {seed}, {} of {publisher}", if line == 0 { "voice" } else { "picture" });
            let mut say =
                |kind: &'static str, what: String| found.push(Difference { kind, what: format!("{place}: {what}") });
            for ((receives, sends), kinds) in pairs.into_iter().zip(RULES) {
                check_stream(receives, sends, line, kinds, &mut say);
            }
            compare_arrivals(&script, pairs, line, &mut say);
            compare_told(&script, pairs, line, &mut say);
        }
    }
    for (number, (own, other)) in own.iter().zip(&other).enumerate() {
        for (participant, kind) in [(own, "colloque-numbers"), (other, "str0m-numbers")] {
            // What came before the first that was reported is nothing that a report can name any more.
            let first = participant.reported_numbers.first().copied().unwrap_or(0);
            let arrived: BTreeSet<u16> = participant.arrived_numbers.range(first..).copied().collect();
            if participant.reported_numbers != arrived {
                let missing: Vec<_> = arrived.difference(&participant.reported_numbers).collect();
                let invented: Vec<_> = participant.reported_numbers.difference(&arrived).collect();
                let last = participant.arrived_numbers.last();
                let what = format!(
                    "seed {seed}, transport of {number}: {missing:?} not reported, {invented:?} never sent, last {last:?}"
                );
                found.push(Difference { kind, what });
            }
        }
    }
    Ok(found)
}

/// Kinds of broken rules: colloque's, str0m's.
const RULES: [[&str; 4]; 2] = [
    ["colloque-sequence", "colloque-timestamp", "colloque-marker", "colloque-twice"],
    ["str0m-sequence", "str0m-timestamp", "str0m-marker", "str0m-twice"],
];

/// Rules that hold for each server alone: numbers go on as the publisher's do, and nothing comes twice.
fn check_stream(
    receives: &Participant,
    sends: &Participant,
    line: usize,
    [sequence, timestamp, marker, twice]: [&'static str; 4],
    say: &mut impl FnMut(&'static str, String),
) {
    let mut shifts = BTreeSet::new();
    let mut shifts_of_time = BTreeSet::new();
    let mut originals = BTreeSet::new();
    for arrival in &receives.arrivals[line] {
        let Some(sent) = sends.sent[line].get(&arrival.name.index) else {
            say(sequence, format!("{:?} was never sent", arrival.name));
            continue;
        };
        shifts.insert(arrival.sequence.wrapping_sub(arrival.name.index as u16));
        shifts_of_time.insert(arrival.timestamp.wrapping_sub(sent.timestamp));
        if arrival.is_marked != sent.is_marked {
            say(marker, format!("{arrival:?}"));
        }
        if !arrival.is_repair && !originals.insert(arrival.name.index) {
            say(twice, format!("{arrival:?}"));
        }
    }
    if shifts.len() > 1 {
        say(sequence, format!("{} shifts of numbers", shifts.len()));
    }
    if shifts_of_time.len() > 1 {
        say(timestamp, format!("{} shifts of timestamps", shifts_of_time.len()));
    }
}

fn compare_arrivals(
    script: &Script,
    [own, other]: [(&Participant, &Participant); 2],
    line: usize,
    say: &mut impl FnMut(&'static str, String),
) {
    let indices = |participant: &Participant| -> BTreeSet<u64> {
        participant.arrivals[line].iter().map(|arrival| arrival.name.index).collect()
    };
    let (got, got_other) = (indices(own.0), indices(other.0));
    let begins = [&got, &got_other].map(|got| got.first().copied());
    if begins[0] != begins[1] {
        say("begins", format!("with {begins:?}"));
    }
    let since = begins.into_iter().flatten().max().unwrap_or(0);
    for index in got.symmetric_difference(&got_other).filter(|index| **index >= since) {
        let name = Name { publisher: own.1.number, line, index: *index };
        let is_own = got.contains(index);
        let was_lost_up = script.fate_up(name, 0) == Fate::Lost;
        let was_lost_down = script.is_lost_down(name, 1);
        let kind = match (is_own, was_lost_up || was_lost_down) {
            (true, true) => "repaired-by-colloque-only",
            (false, true) => "repaired-by-str0m-only",
            (true, false) => "delivered-by-colloque-only",
            (false, false) => "delivered-by-str0m-only",
        };
        let fate = script.fate_up(name, 0);
        let asked = [own, other].map(|pair| pair.1.told[line].asked.contains(index));
        say(
            kind,
            format!("{name:?}, on the way in {fate:?}, lost on the way out: {was_lost_down}, asked for: {asked:?}"),
        );
    }
    let order = |participant: &Participant| -> Vec<u64> {
        // When a server asks for what was lost before it is its own affair, and with it when that arrives.
        let was_asked = |index: &u64| [own, other].iter().any(|pair| pair.1.told[line].asked.contains(index));
        let is_whole = |arrival: &&Arrival| {
            let name = arrival.name;
            !arrival.is_repair && script.fate_up(name, 0) != Fate::Lost && !was_asked(&name.index)
        };
        let originals = participant.arrivals[line].iter().filter(is_whole);
        originals.map(|arrival| arrival.name.index).filter(|index| *index >= since).collect()
    };
    let (order, order_other) = (order(own.0), order(other.0));
    let common =
        |order: &[u64], of: &[u64]| -> Vec<u64> { order.iter().copied().filter(|index| of.contains(index)).collect() };
    if common(&order, &order_other) != common(&order_other, &order) {
        let pair = common(&order, &order_other).into_iter().zip(common(&order_other, &order));
        let first = pair.into_iter().find(|(own, other)| own != other);
        say("order", format!("originals arrive in another order, first {first:?}, numbers {}", script.has_numbers));
    }
    let only: Vec<_> = order.iter().filter(|index| !order_other.contains(index)).collect();
    let only_other: Vec<_> = order_other.iter().filter(|index| !order.contains(index)).collect();
    if !only.is_empty() || !only_other.is_empty() {
        say("stream", format!("as originals from colloque only {only:?}, from str0m only {only_other:?}"));
    }
}

fn compare_told(
    script: &Script,
    [own, other]: [(&Participant, &Participant); 2],
    line: usize,
    say: &mut impl FnMut(&'static str, String),
) {
    let (told, told_other) = (&own.1.told[line], &other.1.told[line]);
    for index in told.asked.symmetric_difference(&told_other.asked) {
        let name = Name { publisher: own.1.number, line, index: *index };
        let was_lost = script.fate_up(name, 0) == Fate::Lost;
        let kind = match (told.asked.contains(index), was_lost) {
            (true, true) => "asked-for-a-lost-packet-by-colloque-only",
            (true, false) => "asked-for-a-late-packet-by-colloque-only",
            (false, true) => "asked-for-a-lost-packet-by-str0m-only",
            (false, false) => "asked-for-a-late-packet-by-str0m-only",
        };
        let ends = [own.1.sent[line].keys().next(), own.1.sent[line].keys().last()];
        say(kind, format!("{index} of {ends:?}, on the way in {:?}", script.fate_up(name, 0)));
    }
    let (asked, asked_other) = (&told.keyframes, &told_other.keyframes);
    let near = |at: &Duration, others: &[Duration]| others.iter().any(|other| at.abs_diff(*other) <= ALIKE);
    for at in asked.iter().filter(|at| !near(at, asked_other)) {
        // A request within the pause after another, which leaves when the pause is over.
        let was_put_off = asked
            .iter()
            .any(|before| before < at && at.saturating_sub(*before).abs_diff(KEYFRAME_REQUEST_INTERVAL) <= ALIKE);
        let kind = if was_put_off { "keyframe-request-put-off-by-colloque" } else { "keyframe-asked-by-colloque-only" };
        say(kind, format!("at {at:?} of {asked:?}, str0m {asked_other:?}, scripted {:?}", script.asks_at));
    }
    for at in asked_other.iter().filter(|at| !near(at, asked)) {
        say("keyframe-asked-by-str0m-only", format!("at {at:?} of {asked_other:?}, colloque {asked:?}"));
    }
    if let (Some((lost, highest)), Some((lost_other, highest_other))) = (told.reported, told_other.reported) {
        if highest != highest_other {
            say("report-highest", format!("{highest}, str0m {highest_other}"));
        }
        if lost != lost_other {
            say("report-lost", format!("{lost}, str0m {lost_other}"));
        }
    } else if told.reported.is_some() != told_other.reported.is_some() {
        say("report-missing", format!("{:?}, str0m {:?}", told.reported, told_other.reported));
    }
}

/// Blocks of all reports in a compound: stream, packets lost in all, extended highest number.
///
/// # Source
///
/// RFC 3550 sections 6.4.1 and 6.4.2.
#[must_use]
pub fn report_blocks(mut compound: &[u8]) -> Vec<(u32, i32, u32)> {
    let mut found = Vec::new();
    while let Some(head) = compound.first_chunk::<4>() {
        let bytes = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
        let Some((part, rest)) = compound.split_at_checked(bytes) else { break };
        let blocks_at = match head[1] {
            200 => 28,
            201 => 8,
            _ => part.len(),
        };
        for block in
            part.get(blocks_at..).unwrap_or_default().as_chunks::<24>().0.iter().take(usize::from(head[0] & 31))
        {
            let word = |at: usize| u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
            // 24 bits with a sign.
            found.push((word(0), ((word(4) << 8) as i32) >> 8, word(8)));
        }
        compound = rest;
    }
    found
}
