//! Reports of a receiver that lies.

use std::time::{Duration, Instant};

use colloque_congestion::{Estimator, Limits, TransportFeedback};

const LIMITS: Limits = Limits { start_bps: 300_000, least_bps: 40_000, most_bps: 5_000_000 };
/// Reports after which a clock of 64 bits that counts microseconds is at its end, each the farthest from the one before.
const REPORTS: u32 = 17_500_000;

/// A report by a clock that stands at `reference`, on one packet that arrived or on none.
fn report(arrived: Option<u16>, reference: u32) -> Vec<u8> {
    const ONE_ARRIVED: u16 = 0x2001;
    let mut body = arrived.unwrap_or(0).to_be_bytes().to_vec();
    body.extend(u16::from(arrived.is_some()).to_be_bytes());
    body.extend(reference.to_be_bytes());
    // The reference has three bytes, and the report's own number the fourth.
    body.remove(4);
    body.push(0);
    if arrived.is_some() {
        body.extend(ONE_ARRIVED.to_be_bytes());
        body.push(4);
    }
    body
}

#[test]
fn a_clock_that_runs_away_either_way_only_begins_anew() {
    // The farthest that a report can be ahead of the one before it, and the farthest that it can be behind.
    for step in [(1 << 23) - 1, 1 << 23] {
        let mut now = Instant::now();
        let mut estimator = Estimator::new(LIMITS, now);
        estimator.set_demand(LIMITS.most_bps);
        let mut reference = 0u32;
        let mut body = report(None, reference);
        for at in 0..REPORTS {
            reference = reference.wrapping_add(step) & 0x00ff_ffff;
            if at % 10_000 == 0 {
                now += Duration::from_millis(5);
                let number = estimator.note_sent(now, 1_200);
                let body = report(Some(number), reference);
                estimator.take_report(now, &TransportFeedback::parse(&body).expect("the report is well formed"));
                estimator.tick(now);
            }
            body[4..7].copy_from_slice(&reference.to_be_bytes()[1..]);
            estimator.take_report(now, &TransportFeedback::parse(&body).expect("the report is well formed"));
        }
        assert!((LIMITS.least_bps..=LIMITS.most_bps).contains(&estimator.estimate_bps()));
    }
}
