/// How long a probe lasts, in microseconds.
///
/// Higher: the result is surer. Lower: a link that is full anyway delays the voice by less, at most by this.
const PROBE_US: i64 = 45_000;
/// Bytes of the shortest probe: with fewer packets its length is chance.
const LEAST_PROBE_BYTES: usize = 1_800;
/// First probe as a multiple of the estimate at the start.
const FIRST_FACTOR: f64 = 3.0;
/// Next probe as a multiple of what was proven.
const FACTOR: f64 = 2.0;
/// Share of the aim that counts as reached.
const REACHED: f64 = 0.7;
/// Factor by which a probe must exceed the estimate to count: less is the noise of a few packets.
const NOTICED: f64 = 1.2;
/// Pause after a probe that found nothing more, in microseconds.
///
/// Higher: a link that recovers is found later. Lower: a full link is disturbed more often.
const PAUSE_US: i64 = 2_000_000;
/// A probe whose packets nobody reported on is given up after this, in microseconds.
const MAX_WAIT_US: i64 = 1_000_000;
/// Packets of a probe that must arrive.
const LEAST_ARRIVED: u32 = 5;
/// A link delivers a burst at its own speed: when that is clearly slower than the burst, it is full.
const SATURATED: f64 = 0.9;
/// Share of a full link's speed that is used.
const USED_OF_FULL: f64 = 0.95;
/// A link that hands packets over in bursts seems faster than any sender.
const MAX_SPEED_UP: f64 = 2.0;

/// Sends a little more than the estimate for a moment, to learn whether the link carries it.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    state: State,
    probes: u8,
    next_us: i64,
    /// What the last success asks for next; none after a failure.
    further_bps: Option<f64>,
    has_begun: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Sending(Probe),
    Waiting(Probe),
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    id: u8,
    aim_bps: f64,
    estimate_bps: f64,
    began_us: i64,
    bytes: usize,
    sent_bytes: usize,
    ended_us: i64,
    last_number: u64,
    arrived: Arrived,
}

/// What arrived of a probe.
#[derive(Debug, Clone, Copy, Default)]
struct Arrived {
    packets: u32,
    bytes: usize,
    sent_us: Option<(i64, i64)>,
    arrival_us: Option<(i64, i64)>,
    first_arrived_bytes: usize,
    last_sent_bytes: usize,
}

impl Prober {
    /// Begins a probe if one is due, of a link that carries `estimate_bps` and is wanted to carry `demand_bps`.
    pub(crate) fn begin(&mut self, estimate_bps: f64, demand_bps: f64, now_us: i64) {
        if let State::Waiting(probe) = &self.state
            && now_us - probe.ended_us >= MAX_WAIT_US
        {
            self.fail(now_us);
        }
        if !matches!(self.state, State::Idle) || estimate_bps >= demand_bps {
            return;
        }
        let aim_bps = match self.further_bps {
            Some(further_bps) => further_bps,
            None if !self.has_begun => FIRST_FACTOR * estimate_bps,
            None if now_us >= self.next_us => FACTOR * estimate_bps,
            None => return,
        };
        // Slightly above what is wanted, so that reaching it can be seen.
        let aim_bps = aim_bps.min(demand_bps * 1.1);
        self.has_begun = true;
        self.further_bps = None;
        self.probes = self.probes.checked_add(1).unwrap_or(1);
        let bytes = (aim_bps * PROBE_US as f64 / 8e6) as usize;
        self.state = State::Sending(Probe {
            id: self.probes,
            aim_bps,
            estimate_bps,
            began_us: now_us,
            bytes: bytes.max(LEAST_PROBE_BYTES),
            sent_bytes: 0,
            ended_us: now_us,
            last_number: 0,
            arrived: Arrived::default(),
        });
    }

    /// Bytes that should leave now for the probe under way; zero without one.
    pub(crate) fn bytes_due(&self, now_us: i64) -> usize {
        let State::Sending(probe) = &self.state else { return 0 };
        // What the next step would send leaves now: the steps are a few milliseconds long.
        let elapsed_us = now_us - probe.began_us + STEP_US;
        let due = (probe.aim_bps * elapsed_us as f64 / 8e6) as usize;
        due.min(probe.bytes).saturating_sub(probe.sent_bytes)
    }

    pub(crate) fn is_sending(&self) -> bool {
        matches!(self.state, State::Sending(_))
    }

    /// The probe that a packet leaving now is part of; zero for none.
    pub(crate) fn id(&self) -> u8 {
        match &self.state {
            State::Sending(probe) => probe.id,
            State::Idle | State::Waiting(_) => 0,
        }
    }

    /// Records a packet that left. Gives the time until which what leaves meets the probe's own queue, when it was the last.
    pub(crate) fn note_sent(&mut self, number: u64, bytes: usize, now_us: i64, estimate_bps: f64) -> Option<i64> {
        let State::Sending(probe) = &mut self.state else { return None };
        probe.sent_bytes += bytes;
        probe.last_number = number;
        probe.ended_us = now_us;
        if probe.sent_bytes < probe.bytes && now_us - probe.began_us < 3 * PROBE_US {
            return None;
        }
        let drained_us = (probe.sent_bytes as f64 * 8e6 / estimate_bps.max(1.0)) as i64;
        let until_us = now_us + drained_us.min(500_000);
        self.state = State::Waiting(*probe);
        Some(until_us)
    }

    /// Records that a packet of the probe `id` arrived.
    pub(crate) fn note_arrival(&mut self, id: u8, sent_us: i64, arrival_us: i64, bytes: usize) {
        let (State::Sending(probe) | State::Waiting(probe)) = &mut self.state else { return };
        if probe.id == id && id != 0 {
            probe.arrived.add(sent_us, arrival_us, bytes);
        }
    }

    /// Judges the probe once a report has spoken of the packet `newest`: gives the rate that it proved.
    pub(crate) fn judge(&mut self, newest: u64, now_us: i64) -> Option<f64> {
        let State::Waiting(probe) = &self.state else { return None };
        if newest < probe.last_number {
            return None;
        }
        let Probe { aim_bps, estimate_bps, .. } = *probe;
        let proven_bps = probe.arrived.rate_bps();
        self.state = State::Idle;
        match proven_bps {
            Some(proven_bps) if proven_bps >= REACHED * aim_bps => {
                self.further_bps = Some(FACTOR * proven_bps);
                self.next_us = now_us + PAUSE_US;
            }
            _ => self.fail(now_us),
        }
        proven_bps.filter(|proven_bps| *proven_bps >= NOTICED * estimate_bps)
    }

    fn fail(&mut self, now_us: i64) {
        self.state = State::Idle;
        self.further_bps = None;
        self.next_us = now_us + PAUSE_US;
    }

    /// The link was away: it is asked at once what it carries.
    pub(crate) fn resume(&mut self, now_us: i64) {
        self.state = State::Idle;
        self.further_bps = None;
        self.next_us = now_us;
    }

    /// The link turned out to be full: nothing more is asked of it for a while.
    pub(crate) fn postpone(&mut self, now_us: i64) {
        self.further_bps = None;
        self.next_us = self.next_us.max(now_us + PAUSE_US);
    }
}

/// Pause between two steps of a probe, in microseconds: the shell's shortest timer.
const STEP_US: i64 = 5_000;

impl Arrived {
    fn add(&mut self, sent_us: i64, arrival_us: i64, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes;
        let (first, last) = self.sent_us.unwrap_or((sent_us, sent_us));
        if sent_us >= last {
            self.last_sent_bytes = bytes;
        }
        self.sent_us = Some((first.min(sent_us), last.max(sent_us)));
        let (first, last) = self.arrival_us.unwrap_or((arrival_us, arrival_us));
        if self.packets == 1 || arrival_us < first {
            self.first_arrived_bytes = bytes;
        }
        self.arrival_us = Some((first.min(arrival_us), last.max(arrival_us)));
    }

    /// The speed of the link as the probe saw it; none when too little arrived, or too fast to be true.
    fn rate_bps(&self) -> Option<f64> {
        let ((first_sent, last_sent), (first_arrival, last_arrival)) = (self.sent_us?, self.arrival_us?);
        let (sent_us, arrival_us) = (last_sent - first_sent, last_arrival - first_arrival);
        if self.packets < LEAST_ARRIVED || sent_us <= 0 || arrival_us <= 0 || arrival_us > MAX_WAIT_US {
            return None;
        }
        let sent_bps = (self.bytes - self.last_sent_bytes) as f64 * 8e6 / sent_us as f64;
        let arrival_bps = (self.bytes - self.first_arrived_bytes) as f64 * 8e6 / arrival_us as f64;
        if arrival_bps > MAX_SPEED_UP * sent_bps {
            return None;
        }
        if arrival_bps < SATURATED * sent_bps {
            Some(USED_OF_FULL * arrival_bps)
        } else {
            Some(sent_bps.min(arrival_bps))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends what is due through a link of the given speed and gives what the probe proves.
    fn send(prober: &mut Prober, link_bps: f64, now_us: &mut i64) -> Option<f64> {
        let (mut number, mut free_us) = (0u64, *now_us as f64);
        while prober.is_sending() {
            while prober.bytes_due(*now_us) > 0 {
                let id = prober.id();
                number += 1;
                prober.note_sent(number, 250, *now_us, link_bps);
                free_us = free_us.max(*now_us as f64) + 250.0 * 8e6 / link_bps;
                prober.note_arrival(id, *now_us, free_us as i64 + 30_000, 250);
            }
            *now_us += STEP_US;
        }
        *now_us = free_us as i64 + 60_000;
        prober.judge(number, *now_us)
    }

    #[test]
    fn a_wide_link_is_found_in_a_few_probes() {
        let mut prober = Prober::default();
        let (mut estimate, mut now_us, mut probes) = (300_000.0, 0, 0);
        while estimate < 2_400_000.0 {
            prober.begin(estimate, 2_500_000.0, now_us);
            estimate = send(&mut prober, 10_000_000.0, &mut now_us).unwrap().max(estimate);
            probes += 1;
        }
        assert!(probes <= 4 && now_us < 700_000, "{probes} probes, {now_us} µs");
    }

    #[test]
    fn a_full_link_tells_its_speed_and_is_left_alone_for_a_while() {
        let mut prober = Prober::default();
        let mut now_us = 0;
        prober.begin(300_000.0, 2_500_000.0, now_us);
        let proven = send(&mut prober, 400_000.0, &mut now_us).unwrap();
        assert!((350_000.0..400_000.0).contains(&proven), "{proven}");
        prober.begin(proven, 2_500_000.0, now_us + 1_000);
        assert!(!prober.is_sending());
        prober.begin(proven, 2_500_000.0, now_us + PAUSE_US);
        assert!(prober.is_sending());
    }

    #[test]
    fn a_link_that_is_wide_enough_is_not_probed() {
        let mut prober = Prober::default();
        prober.begin(2_500_000.0, 2_500_000.0, 0);
        assert!(!prober.is_sending());
    }

    #[test]
    fn a_probe_that_nobody_reports_on_ends() {
        let mut prober = Prober::default();
        prober.begin(300_000.0, 2_500_000.0, 0);
        for number in 0..100 {
            prober.note_sent(number, 1_200, number as i64 * 1_000, 300_000.0);
        }
        prober.begin(300_000.0, 2_500_000.0, 200_000);
        assert!(matches!(prober.state, State::Waiting(_)));
        prober.begin(300_000.0, 2_500_000.0, 2_000_000);
        assert!(matches!(prober.state, State::Idle));
    }
}
