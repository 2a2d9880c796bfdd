//! The table.

use std::fmt;

use serde_json::{Value, json};

use crate::run::{MAX_LOSS, MAX_P99_US};

/// One window of one server.
#[derive(Debug, Clone)]
pub struct Point {
    /// Name of the server.
    pub server: &'static str,
    /// Which round.
    pub round: usize,
    /// Offered load, in forwarded packets a second.
    pub offered: u64,
    /// What the driver managed to send, in packets a second.
    pub sent: u64,
    /// Share of packets that never arrived.
    pub loss: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile of latency in microseconds.
    pub p99_us: f64,
    /// Share of its core that the server used.
    pub cpu: f64,
    /// Processor time for each forwarded packet, in microseconds.
    pub us_per_packet: f64,
    /// Resident memory of the server.
    pub resident_kb: u64,
    /// Share of the machine's time that its host took away meanwhile.
    pub stolen: f64,
    /// Windows at this load that were set aside because the host took away more.
    pub set_aside: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>7}/s offered, {:>7}/s sent: loss {:.3} %, p50 {:.2} ms, p99 {:.2} ms, cpu {:.0} %, {:.2} us, {} MB, stolen {:.2} %, {} set aside",
            self.offered,
            self.sent,
            self.loss * 100.0,
            self.p50_us / 1_000.0,
            self.p99_us / 1_000.0,
            self.cpu * 100.0,
            self.us_per_packet,
            self.resident_kb / 1024,
            self.stolen * 100.0,
            self.set_aside
        )
    }
}

impl Point {
    /// Whether the driver itself kept up, so that the point says something of the server.
    fn is_sound(&self) -> bool {
        self.sent as f64 >= self.offered as f64 * 0.99
    }

    pub(crate) fn is_carried_by_loss(&self) -> bool {
        self.is_sound() && self.loss <= MAX_LOSS
    }

    pub(crate) fn is_carried(&self) -> bool {
        self.is_carried_by_loss() && self.p99_us <= MAX_P99_US
    }

    fn json(&self) -> Value {
        json!({ "server": self.server, "round": self.round, "offered": self.offered, "sent": self.sent, "loss": self.loss,
                "p50_us": self.p50_us, "p99_us": self.p99_us, "cpu": self.cpu, "us_per_packet": self.us_per_packet,
                "resident_kb": self.resident_kb, "stolen": self.stolen, "set_aside": self.set_aside })
    }
}

/// What one server carried: the highest load of each round.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// Name of the server.
    pub server: &'static str,
    /// By loss and latency, one a round, ascending.
    pub by_rule: Vec<u64>,
    /// By loss alone, one a round, ascending.
    pub by_loss: Vec<u64>,
}

/// The middle of ascending values, the lower of two.
#[must_use]
pub fn median(values: &[u64]) -> u64 {
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// Sums up the points of each server.
#[must_use]
pub fn capacities(points: &[Point]) -> Vec<Capacity> {
    let mut capacities: Vec<Capacity> = Vec::new();
    for point in points {
        if !capacities.iter().any(|capacity| capacity.server == point.server) {
            capacities.push(Capacity { server: point.server, by_rule: Vec::new(), by_loss: Vec::new() });
        }
    }
    let rounds = points.iter().map(|point| point.round + 1).max().unwrap_or(0);
    for capacity in &mut capacities {
        for round in 0..rounds {
            let of_round = || points.iter().filter(|point| point.server == capacity.server && point.round == round);
            if of_round().next().is_none() {
                continue;
            }
            let highest = |carries: fn(&Point) -> bool| {
                of_round().filter(|point| carries(point)).map(|point| point.offered).max().unwrap_or(0)
            };
            capacity.by_rule.push(highest(Point::is_carried));
            capacity.by_loss.push(highest(Point::is_carried_by_loss));
        }
        capacity.by_rule.sort_unstable();
        capacity.by_loss.sort_unstable();
    }
    capacities
}

/// Writes the tables in Markdown.
#[must_use]
pub fn markdown(points: &[Point]) -> String {
    let capacities = capacities(points);
    let best_of = |name: &str| {
        let named = capacities.iter().filter(|capacity| capacity.server.contains(name));
        named.map(|capacity| median(&capacity.by_rule)).max().unwrap_or(0)
    };
    let others = ["floor", "str0m", "janus"].map(best_of);
    let ratio =
        |value: u64, of: u64| if of == 0 { "–".to_owned() } else { format!("{:.2}", value as f64 / of as f64) };
    let mut out = String::from(
        "| server | packets/s, loss ≤ 0.1 % and p99 ≤ 5 ms: median (min–max) | the same by loss alone | of the floor | of str0m's better mode | of Janus's better mode |\n|---|---|---|---|---|---|\n",
    );
    for capacity in &capacities {
        let cell = |values: &[u64]| {
            let (least, most) = (values.first().copied().unwrap_or(0), values.last().copied().unwrap_or(0));
            format!("{} ({least}–{most})", median(values))
        };
        let by_rule = median(&capacity.by_rule);
        out.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            capacity.server,
            cell(&capacity.by_rule),
            cell(&capacity.by_loss),
            others.map(|other| ratio(by_rule, other)).join(" | ")
        ));
    }
    out.push_str("\n| server | offered packets/s | loss % | p50 ms | p99 ms | CPU % | µs for each packet | resident MB | stolen % | set aside |\n|---|---|---|---|---|---|---|---|---|---|\n");
    let mut loads: Vec<(&str, u64)> = points.iter().map(|point| (point.server, point.offered)).collect();
    loads.dedup();
    loads
        .sort_by_key(|(server, offered)| (capacities.iter().position(|capacity| capacity.server == *server), *offered));
    loads.dedup();
    for (server, offered) in loads {
        let cell = |value: fn(&Point) -> f64, digits: usize| {
            let mut values: Vec<f64> =
                points.iter().filter(|point| point.server == server && point.offered == offered).map(value).collect();
            values.sort_by(f64::total_cmp);
            let middle = values[(values.len() - 1) / 2];
            format!("{middle:.digits$} ({:.digits$}–{:.digits$})", values[0], values[values.len() - 1])
        };
        let of_load = points.iter().filter(|point| point.server == server && point.offered == offered);
        let set_aside: usize = of_load.map(|point| point.set_aside).sum();
        out.push_str(&format!(
            "| {server} | {offered} | {} | {} | {} | {} | {} | {} | {} | {set_aside} |\n",
            cell(|point| point.loss * 100.0, 2),
            cell(|point| point.p50_us / 1_000.0, 2),
            cell(|point| point.p99_us / 1_000.0, 2),
            cell(|point| point.cpu * 100.0, 0),
            cell(|point| point.us_per_packet, 2),
            cell(|point| point.resident_kb as f64 / 1024.0, 0),
            cell(|point| point.stolen * 100.0, 2),
        ));
    }
    out
}

/// Writes all points in JSON.
#[must_use]
pub fn json(points: &[Point]) -> String {
    Value::Array(points.iter().map(Point::json).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(round: usize, offered: u64, loss: f64, p99_us: f64) -> Point {
        Point {
            server: "colloque",
            round,
            offered,
            sent: offered,
            loss,
            p50_us: 1.0,
            p99_us,
            cpu: 0.5,
            us_per_packet: 3.0,
            resident_kb: 1,
            stolen: 0.0,
            set_aside: 0,
        }
    }

    #[test]
    fn a_load_is_carried_only_within_loss_and_latency() {
        let points = [
            point(0, 100, 0.0, 100.0),
            point(0, 200, 0.0, 6_000.0),
            point(0, 300, 0.01, 100.0),
            point(1, 100, 0.0005, 4_999.0),
            point(1, 200, 0.0, 100.0),
        ];
        let [capacity] = &capacities(&points)[..] else { panic!("one server") };
        assert_eq!(capacity.by_rule, [100, 200]);
        assert_eq!(capacity.by_loss, [200, 200]);
    }

    #[test]
    fn a_load_that_the_driver_could_not_send_says_nothing() {
        let mut unsound = point(0, 300, 0.0, 1.0);
        unsound.sent = 200;
        assert_eq!(capacities(&[point(0, 100, 0.0, 1.0), unsound])[0].by_rule, [100]);
    }
}
