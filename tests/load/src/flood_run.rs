//! Calls under a flood: what strangers take from those who talk, and what a server sends to addresses that never agreed.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::amplification::{self, Amplification};
use crate::flood::{Flood, FloodCount, FloodKind};
use crate::keys;
use crate::network::Network;
use crate::run::{CONTROL_PORT, DRIVER_CORE, MEDIA_PORT, SERVER_CORE, join_by_control};
use crate::server::{Priority, Running};
use crate::traffic::{Fleet, PACKETS_PER_SECOND};

/// What is measured.
#[derive(Debug, Clone)]
pub struct FloodPlan {
    /// Load of the calls, in forwarded packets a second.
    pub load: u64,
    /// What is sent at them.
    pub kinds: Vec<FloodKind>,
    /// How many datagrams for each packet of the calls.
    pub factors: Vec<f64>,
    /// Rounds; in each, every window is measured once.
    pub rounds: usize,
    /// Time before each window.
    pub warm: Duration,
    /// Length of each window.
    pub measure: Duration,
    /// How long addresses that never answer are listened to.
    pub listen: Duration,
    /// How server and driver stand against the machine's other work.
    pub priority: Priority,
}

/// Port of the sink: a socket at the server's address that nobody reads.
const SINK_PORT: u16 = 42_000;
/// Time for the links' estimates to see that the load fits.
const SETTLING: Duration = Duration::from_secs(5);

/// One window.
#[derive(Debug, Clone, Copy)]
pub struct FloodWindow {
    /// Share of the calls' packets that never arrived.
    pub loss: f64,
    /// Median latency of the calls, in microseconds.
    pub p50_us: f64,
    /// 99th percentile of the calls' latency, in microseconds.
    pub p99_us: f64,
    /// Share of its core that the server used.
    pub cpu: f64,
    /// What the flood sent, and what came back.
    pub count: FloodCount,
    /// Length of the window with what preceded it.
    pub lasted: Duration,
}

/// The windows of one kind and rate, those that belong together at the same place.
#[derive(Debug, Clone)]
pub struct FloodRow {
    /// What was sent.
    pub kind: FloodKind,
    /// How many datagrams for each packet of the calls.
    pub factor: f64,
    /// Without a flood.
    pub quiet: Vec<FloodWindow>,
    /// The same flood, sent to a port that nobody reads: what the driver and the kernel lose by it, without the server.
    pub beside: Vec<FloodWindow>,
    /// With the flood at the server.
    pub under: Vec<FloodWindow>,
}

/// What a run gave.
#[derive(Debug, Clone)]
pub struct FloodReport {
    /// One row for each kind and rate.
    pub rows: Vec<FloodRow>,
    /// What addresses that never answered were sent.
    pub amplifications: Vec<Amplification>,
}

/// Measures everything in the plan.
///
/// # Errors
///
/// Whatever keeps the server from starting or its clients from connecting.
pub fn run(plan: &FloodPlan, network: &Network) -> Result<FloodReport, Box<dyn std::error::Error>> {
    if let Err(error) = colloque_sfu::io::pin_to_core(DRIVER_CORE) {
        eprintln!("the driver cannot stay on core {DRIVER_CORE}: {error}");
    }
    plan.priority.apply();
    let addresses = network.addresses();
    let at = |port| SocketAddr::new(addresses.server, port);
    let own = std::env::current_exe()?.display().to_string();
    let command = |words: &[&str]| -> Vec<String> {
        [own.as_str()].into_iter().chain(words.iter().copied()).map(str::to_owned).collect()
    };
    let (media, control, sink) = (at(MEDIA_PORT), at(CONTROL_PORT), at(SINK_PORT));
    let seats = 2 * usize::try_from(plan.load / (2 * PACKETS_PER_SECOND)).unwrap_or(1).max(1);
    let keys = keys::agree(seats, 2);
    let serve = command(&["serve", &media.to_string(), &control.to_string()]);
    let server = Running::start(&serve, SERVER_CORE, network.namespace(), plan.priority)?;
    let _sink =
        Running::start(&command(&["sink", &sink.to_string()]), DRIVER_CORE, network.namespace(), Priority::Normal)?;
    let mut fleet = Fleet::bind(addresses.first_client)?;
    join_by_control(&mut fleet, control, seats, 2)?;
    fleet.use_keys(keys);
    let connected = fleet.connect(Duration::from_secs(20));
    if connected < seats {
        return Err(format!("{connected} of {seats} transports connected").into());
    }
    let ufrag = fleet.transports[0].client.remote().map(|remote| remote.ufrag.clone()).unwrap_or_default();
    fleet.run(seats, SETTLING, Duration::ZERO);
    let mut rows = Vec::new();
    for kind in &plan.kinds {
        let mut flood = Flood::new(*kind, media, addresses.first_client, &ufrag)?;
        for factor in &plan.factors {
            let mut row =
                FloodRow { kind: *kind, factor: *factor, quiet: Vec::new(), beside: Vec::new(), under: Vec::new() };
            let rate = factor * seats as f64 * PACKETS_PER_SECOND as f64;
            for _ in 0..plan.rounds {
                row.quiet.push(window(plan, &mut fleet, &server, &mut flood, media, 0.0));
                row.beside.push(window(plan, &mut fleet, &server, &mut flood, sink, rate));
                row.under.push(window(plan, &mut fleet, &server, &mut flood, media, rate));
            }
            eprintln!("  {}", line(&row));
            rows.push(row);
        }
    }
    let amplifications = amplification::measure(addresses.first_client, control, plan.listen)?;
    Ok(FloodReport { rows, amplifications })
}

fn window(
    plan: &FloodPlan,
    fleet: &mut Fleet,
    server: &Running,
    flood: &mut Flood,
    to: SocketAddr,
    rate: f64,
) -> FloodWindow {
    flood.begin(to);
    let publishers = fleet.transports.len();
    let processor_before = server.processor_time();
    let began_at = Instant::now();
    let window = fleet.run_beside(publishers, plan.warm, plan.measure, &mut |now| {
        if rate > 0.0 {
            flood.send(now, rate);
        }
    });
    let lasted = began_at.elapsed();
    flood.drain();
    let used = server.processor_time().saturating_sub(processor_before);
    FloodWindow {
        loss: 1.0 - window.arrived as f64 / (window.sent as f64).max(1.0),
        p50_us: window.latency.quantile_us(0.5),
        p99_us: window.latency.quantile_us(0.99),
        cpu: used.as_secs_f64() / lasted.as_secs_f64(),
        count: flood.count,
        lasted,
    }
}

impl FloodRow {
    /// Share of the calls' packets that the flood cost at the server, beyond what sending it cost: of the round where it
    /// cost least, because whatever else the machine does can only add.
    #[must_use]
    pub fn added_loss(&self) -> f64 {
        let pairs = self.under.iter().zip(&self.beside);
        pairs.map(|(under, beside)| under.loss - beside.loss).fold(1.0, f64::min)
    }

    /// Bytes that came back for each byte sent.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        let sum = |bytes: fn(&FloodCount) -> u64| self.under.iter().map(|window| bytes(&window.count)).sum::<u64>();
        sum(|count| count.bytes_out) as f64 / (sum(|count| count.bytes_in) as f64).max(1.0)
    }
}

/// Says of each row whether the calls and the address that never answered were left alone; nothing where nothing is asked.
#[must_use]
pub fn check(report: &FloodReport, at_most_lost: Option<f64>, at_most_amplified: Option<f64>) -> Vec<bool> {
    let mut verdicts = Vec::new();
    let mut say = |holds: bool, what: String| {
        println!("{what}: {}", if holds { "ok" } else { "FAILED" });
        verdicts.push(holds);
    };
    for row in &report.rows {
        let name = format!("{}, {} for each packet of the calls", row.kind.name(), row.factor);
        if let Some(most) = at_most_lost {
            let (lost, sent) = (row.added_loss(), row.under.iter().all(|window| window.count.datagrams > 0));
            say(sent && lost <= most, format!("{name}: {:.2} % lost by it, {:.2} allowed", lost * 100.0, most * 100.0));
        }
        if at_most_amplified.is_some() {
            let ratio = row.amplification();
            say(ratio <= 1.0, format!("{name}: {ratio:.3} bytes back for each byte, 1 allowed"));
        }
    }
    for amplification in &report.amplifications {
        if let Some(most) = at_most_amplified {
            let (ratio, name) = (amplification.ratio(), amplification.name);
            // A server that answers nothing at all was not measured.
            let holds = amplification.bytes_out > 0 && ratio <= most;
            say(holds, format!("an insider's {name}: {ratio:.2} bytes back for each byte, {most} allowed"));
        }
    }
    verdicts
}

/// Writes the tables in Markdown.
#[must_use]
pub fn markdown(report: &FloodReport) -> String {
    let mut out = String::from(
        "| flood | for each packet of the calls | datagrams/s | loss of calls % | p50 ms | p99 ms | CPU % | bytes back for each byte |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in &report.rows {
        let _ = writeln!(out, "{}", line(row));
    }
    out.push_str("\n| an insider's datagrams from an address that never answers | bytes to the server | bytes from it | for each byte |\n|---|---|---|---|\n");
    for amplification in &report.amplifications {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {:.2} |",
            amplification.name,
            amplification.bytes_in,
            amplification.bytes_out,
            amplification.ratio()
        );
    }
    out
}

/// One row: medians without a flood, with the flood sent elsewhere, and with the flood at the server.
fn line(row: &FloodRow) -> String {
    let cell = |figure: &dyn Fn(&FloodWindow) -> f64, digits: usize| {
        let middle = |windows: &[FloodWindow]| {
            let mut values: Vec<f64> = windows.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
        };
        let [quiet, beside, under] = [&row.quiet, &row.beside, &row.under].map(|windows| middle(windows));
        format!("{quiet:.digits$} · {beside:.digits$} · {under:.digits$}")
    };
    let sent: f64 = row.under.iter().map(|window| window.count.datagrams as f64 / window.lasted.as_secs_f64()).sum();
    format!(
        "| {} | {} | {:.0} | {} | {} | {} | {} | {:.3} |",
        row.kind.name(),
        row.factor,
        sent / row.under.len().max(1) as f64,
        cell(&|window| window.loss.max(0.0) * 100.0, 2),
        cell(&|window| window.p50_us / 1_000.0, 2),
        cell(&|window| window.p99_us / 1_000.0, 2),
        cell(&|window| window.cpu * 100.0, 0),
        row.amplification()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(loss: f64, bytes_in: u64, bytes_out: u64) -> FloodWindow {
        let count = FloodCount { datagrams: 10, bytes_in, bytes_out };
        FloodWindow { loss, p50_us: 100.0, p99_us: 900.0, cpu: 0.5, count, lasted: Duration::from_secs(1) }
    }

    fn row() -> FloodRow {
        FloodRow {
            kind: FloodKind::Noise,
            factor: 5.0,
            quiet: vec![window(0.0, 0, 0); 2],
            beside: vec![window(0.01, 100, 0), window(0.0, 100, 0)],
            under: vec![window(0.03, 100, 30), window(0.04, 100, 20)],
        }
    }

    #[test]
    fn a_flood_is_charged_with_what_it_cost_at_the_server_only() {
        assert!((row().added_loss() - 0.02).abs() < 1e-9);
        assert!((row().amplification() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn the_table_shows_all_three_windows() {
        let amplifications = vec![Amplification { name: "one check", bytes_in: 100, bytes_out: 150 }];
        let report = FloodReport { rows: vec![row()], amplifications: amplifications.clone() };
        assert_eq!(check(&report, Some(0.03), Some(2.0)), [true, true, true]);
        assert_eq!(check(&report, Some(0.01), Some(1.0)), [false, true, false]);
        let table = markdown(&FloodReport { rows: vec![row()], amplifications });
        assert!(table.contains("| noise | 5 | 10 | 0.00 · 0.00 · 3.00 |"), "{table}");
        assert!(table.contains("| one check | 100 | 150 | 1.50 |"), "{table}");
    }
}
