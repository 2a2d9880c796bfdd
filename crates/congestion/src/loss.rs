/// Shortest time that one observation covers, in microseconds.
///
/// Higher: a link that drops what it cannot carry is noticed later. Lower: few packets make an observation, and chance rules.
const OBSERVATION_US: i64 = 250_000;
/// Packets that make an observation.
const LEAST_PACKETS: u32 = 10;
/// Observations that are kept: five seconds or more.
const OBSERVATIONS: usize = 20;
/// Weight of an observation against the one after it.
const FADING: f64 = 0.93;
/// Rates that a link's capacity is looked for at, as shares of the highest observed rate.
const CANDIDATES: [f64; 14] = [0.97, 0.93, 0.89, 0.84, 0.79, 0.74, 0.69, 0.63, 0.57, 0.5, 0.44, 0.38, 0.32, 0.25];
/// How much likelier a capacity must make the observations than chance alone, as a logarithm.
///
/// Higher: a full link is noticed later. Lower: chance is taken for a full link.
const EVIDENCE: f64 = 3.0;
/// Rounds in which the share of chance is found; each is a few dozen operations.
const ROUNDS: usize = 6;
/// Loss at which the link counts as broken whatever its cause, over the last two observations and more, until they hold
/// [`BROKEN_PACKETS`].
///
/// # Source
///
/// RFC 8083 section 4.3: a sender must react when most of what it sends is lost.
const BROKEN: f64 = 0.5;
/// Packets that say whether a link is broken.
///
/// Higher: a voice alone notices it later. Lower: of a link that loses three packets in ten, chance makes a broken one every few seconds.
const BROKEN_PACKETS: f64 = 60.0;
/// Loss from which a full link is looked for.
const WORTH_EXPLAINING: f64 = 0.005;
/// Loss from which it is worth finding out whether less would be lost of less.
const WORTH_ASKING: f64 = 0.03;
/// Rates of all observations within this factor tell nothing of the cause.
const ALIKE: f64 = 1.35;
/// Share of the rate that is tried to find out.
const DIP: f64 = 0.75;
/// How long a dip lasts, in microseconds: two observations after the sender has followed.
const DIP_US: i64 = 800_000;
/// First and longest pause between two dips, in microseconds; each that finds chance at work doubles it.
const FIRST_DIP_PAUSE_US: i64 = 4_000_000;
const LAST_DIP_PAUSE_US: i64 = 32_000_000;

/// Tells losses of a full link from losses by chance.
///
/// A radio link loses packets at any rate, a full link only what is above its capacity. So each hypothesis (the link is full
/// at this rate, or nowhere) predicts how loss depends on the rate that was sent, with a share of chance that is the same at
/// all rates. The observations of the last seconds are compared with all of them, and a limit is set only when one explains
/// them clearly better than chance alone. When all rates were alike, nothing can be told: then less is sent for a moment.
#[derive(Debug, Default)]
pub(crate) struct LossModel {
    observations: [Observation; OBSERVATIONS],
    count: usize,
    gathering: Gathering,
    limit_bps: Option<f64>,
    dip_until_us: Option<i64>,
    dip_bps: f64,
    next_dip_us: i64,
    dip_pause_us: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Observation {
    rate_bps: f64,
    packets: f64,
    lost: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Gathering {
    began_us: Option<i64>,
    packets: u32,
    lost: u32,
    bytes: u64,
}

impl LossModel {
    /// What loss allows, in bits per second; none when it allows anything.
    pub(crate) fn limit_bps(&self) -> Option<f64> {
        let dip_bps = self.dip_until_us.map(|_| self.dip_bps);
        match (self.limit_bps, dip_bps) {
            (Some(limit), Some(dip)) => Some(limit.min(dip)),
            (limit, dip) => limit.or(dip),
        }
    }

    /// Whether the limit is a look at what less would lose, and the estimate may go back at once afterwards.
    pub(crate) fn is_dipping(&self) -> bool {
        self.dip_until_us.is_some()
    }

    /// Whether most of what is sent is lost, whatever the cause.
    pub(crate) fn is_broken(&self) -> bool {
        let mut packets = 0.0;
        let latest = self.observations().enumerate().take_while(|(place, observation)| {
            let is_needed = *place < 2 || packets < BROKEN_PACKETS;
            if is_needed {
                packets += observation.packets;
            }
            is_needed
        });
        let lost_share = share(latest.map(|(_, observation)| observation));
        packets >= BROKEN_PACKETS && lost_share >= BROKEN
    }

    /// Share of the packets of the last seconds that were lost, whatever the cause.
    pub(crate) fn lost_share(&self) -> f64 {
        share(self.observations())
    }

    /// Takes a packet of which it is decided whether it arrived.
    pub(crate) fn add(&mut self, sent_us: i64, bytes: usize, is_lost: bool) {
        let gathering = &mut self.gathering;
        let began_us = *gathering.began_us.get_or_insert(sent_us);
        if sent_us - began_us >= OBSERVATION_US && gathering.packets >= LEAST_PACKETS {
            let elapsed_s = (sent_us - began_us) as f64 / 1e6;
            let observation = Observation {
                rate_bps: gathering.bytes as f64 * 8.0 / elapsed_s,
                packets: f64::from(gathering.packets),
                lost: f64::from(gathering.lost),
            };
            *gathering = Gathering { began_us: Some(sent_us), ..Gathering::default() };
            self.observations[self.count % OBSERVATIONS] = observation;
            self.count += 1;
            self.judge(sent_us);
        }
        self.gathering.packets += 1;
        self.gathering.lost += u32::from(is_lost);
        self.gathering.bytes += bytes as u64;
    }

    /// Forgets everything: the link was away, and what was lost then says nothing of it.
    pub(crate) fn forget(&mut self) {
        *self = Self { next_dip_us: self.next_dip_us, dip_pause_us: self.dip_pause_us, ..Self::default() };
    }

    /// The kept observations, the latest first.
    fn observations(&self) -> impl Iterator<Item = &Observation> + Clone {
        let kept = self.count.min(OBSERVATIONS);
        (1..=kept).map(|back| &self.observations[(self.count - back) % OBSERVATIONS])
    }

    fn judge(&mut self, now_us: i64) {
        // Most links lose next to nothing most of the time, and then there is nothing to explain.
        if share(self.observations()) < WORTH_EXPLAINING {
            self.limit_bps = None;
            self.dip_until_us = None;
            return;
        }
        let highest_bps = self.observations().map(|observation| observation.rate_bps).fold(0.0, f64::max);
        let (_, by_chance) = self.explain(f64::INFINITY);
        let likeliest = CANDIDATES
            .iter()
            .map(|share| share * highest_bps)
            .map(|capacity_bps| (capacity_bps, self.explain(capacity_bps).1))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        self.limit_bps = match likeliest {
            Some((capacity_bps, likelihood)) if likelihood > by_chance + EVIDENCE => Some(capacity_bps),
            _ => None,
        };
        self.plan_dip(now_us);
    }

    /// The share of chance that fits best with a link that is full at `capacity_bps`, and how well that fits.
    fn explain(&self, capacity_bps: f64) -> (f64, f64) {
        let mut chance = 0.02;
        for _ in 0..ROUNDS {
            let (mut by_chance, mut tried) = (0.0, 0.0);
            for (observation, weight) in self.observations().zip(weights()) {
                let full = observation.full_share(capacity_bps);
                let lost_share = full + (1.0 - full) * chance;
                let lost_to_full = observation.lost * full / lost_share;
                by_chance += weight * (observation.lost - lost_to_full);
                tried += weight * (observation.packets - lost_to_full);
            }
            chance = if tried > 0.0 { (by_chance / tried).clamp(1e-4, 0.99) } else { 1e-4 };
        }
        let likelihood = self.observations().zip(weights()).map(|(observation, weight)| {
            let full = observation.full_share(capacity_bps);
            let lost_share = (full + (1.0 - full) * chance).clamp(1e-4, 1.0 - 1e-4);
            let arrived = observation.packets - observation.lost;
            weight * (observation.lost * lost_share.ln() + arrived * (1.0 - lost_share).ln())
        });
        (chance, likelihood.sum())
    }

    fn plan_dip(&mut self, now_us: i64) {
        if self.dip_until_us.is_some_and(|until| now_us >= until) {
            self.dip_until_us = None;
            let is_chance = self.limit_bps.is_none();
            self.dip_pause_us = if is_chance { (2 * self.dip_pause_us).min(LAST_DIP_PAUSE_US) } else { 0 };
        }
        self.dip_pause_us = self.dip_pause_us.max(FIRST_DIP_PAUSE_US);
        let recent = self.observations().take(8);
        let rates = recent.clone().map(|observation| observation.rate_bps);
        let (least, most) =
            rates.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), rate| (least.min(rate), most.max(rate)));
        let is_due = self.dip_until_us.is_none() && self.limit_bps.is_none() && now_us >= self.next_dip_us;
        if is_due && self.count >= 8 && share(recent) >= WORTH_ASKING && most < ALIKE * least {
            self.dip_until_us = Some(now_us + DIP_US);
            self.dip_bps = DIP * least;
            self.next_dip_us = now_us + DIP_US + self.dip_pause_us;
        }
    }
}

impl Observation {
    /// Share of the packets that a link of this capacity has no room for.
    fn full_share(&self, capacity_bps: f64) -> f64 {
        (1.0 - capacity_bps / self.rate_bps.max(1.0)).max(0.0)
    }
}

fn weights() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), |weight| Some(weight * FADING))
}

fn share<'a>(observations: impl Iterator<Item = &'a Observation>) -> f64 {
    let (packets, lost) = observations
        .fold((0.0, 0.0), |(packets, lost), observation| (packets + observation.packets, lost + observation.lost));
    if packets > 0.0 { lost / packets } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives numbers between 0 and 1, the same each time.
    fn dice() -> impl FnMut() -> f64 {
        let mut dice = 0x2545_f491_4f6c_dd1du64;
        move || {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            (dice >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// A link that is full at `capacity_bps` and loses a share of `chance` of what is left, while a sender with `wanted_bps`
    /// follows the limit for `seconds`. Gives the limit at the end and the mean rate of the last half.
    fn drive(model: &mut LossModel, capacity_bps: f64, chance: f64, wanted_bps: impl Fn(f64) -> f64) -> f64 {
        let mut roll = dice();
        let (mut now_s, mut sent_bytes) = (0.0, 0.0);
        while now_s < 30.0 {
            let rate = model.limit_bps().map_or(wanted_bps(now_s), |limit| limit.min(wanted_bps(now_s)));
            let full = (1.0 - capacity_bps / rate).max(0.0);
            let is_lost = roll() < full + (1.0 - full) * chance;
            model.add((now_s * 1e6) as i64, 1_200, is_lost);
            now_s += 9_600.0 / rate;
            if now_s > 15.0 {
                sent_bytes += 1_200.0;
            }
        }
        sent_bytes * 8.0 / 15.0
    }

    #[test]
    fn chance_does_not_break_the_link_of_a_voice_and_a_broken_one_is_noticed() {
        let mut roll = dice();
        let mut broken_after = |chance: f64| {
            let mut model = LossModel::default();
            (0..50 * 300).find(|packet| {
                model.add(packet * 20_000, 200, roll() < chance);
                model.is_broken()
            })
        };
        assert_eq!(broken_after(0.3), None, "five minutes");
        assert!(broken_after(0.8).is_some_and(|packets| packets <= 100));
    }

    #[test]
    fn chance_alone_sets_no_lasting_limit() {
        for chance in [0.01, 0.05, 0.2, 0.35] {
            let rate = drive(&mut LossModel::default(), f64::INFINITY, chance, |_| 2_000_000.0);
            assert!(rate > 1_900_000.0, "{chance}: {rate}");
        }
    }

    #[test]
    fn a_link_without_a_queue_is_found_full() {
        for chance in [0.0, 0.05, 0.15] {
            let rate = drive(&mut LossModel::default(), 1_000_000.0, chance, |_| 1_400_000.0);
            assert!((850_000.0..1_150_000.0).contains(&rate), "{chance}: {rate}");
        }
    }

    #[test]
    fn a_link_that_loses_most_is_broken() {
        let mut model = LossModel::default();
        drive(&mut model, f64::INFINITY, 0.7, |_| 2_000_000.0);
        assert!(model.is_broken());
        let mut model = LossModel::default();
        drive(&mut model, f64::INFINITY, 0.3, |_| 2_000_000.0);
        assert!(!model.is_broken());
    }

    #[test]
    fn a_link_without_losses_is_never_dipped() {
        let mut model = LossModel::default();
        drive(&mut model, f64::INFINITY, 0.0, |_| 2_000_000.0);
        assert_eq!(model.limit_bps(), None);
        assert_eq!(model.next_dip_us, 0);
    }
}
