//! `colloque-load`: measures the media plane beside Janus, beside str0m and beside the raw floor of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use colloque_load::flood::FloodKind;
use colloque_load::flood_run::{self, FloodPlan};
use colloque_load::keys::FrameCounts;
use colloque_load::network::Network;
use colloque_load::run::{Plan, run};
use colloque_load::server::{Kind, Priority, serve_colloque};
use colloque_load::{floor, forwarder_server, plot, report};
use tikv_jemallocator::Jemalloc;

/// The product's, for every server that is part of this program.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[derive(Parser)]
#[command(name = "colloque-load", version, about = "Load on the media plane")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures and prints the table.
    Run {
        /// Rounds; the servers take turns within each.
        #[arg(long, default_value_t = 6)]
        rounds: usize,
        /// Servers, in their order within a round.
        #[arg(long, value_delimiter = ',', default_value = "floor,colloque,str0m,str0m-estimating,janus,janus-loop")]
        servers: Vec<Kind>,
        /// Offered loads in forwarded packets a second, ascending.
        #[arg(
            long,
            value_delimiter = ',',
            default_value = "60000,80000,100000,120000,140000,160000,180000,200000,220000,240000,260000"
        )]
        loads: Vec<u64>,
        /// Offered loads for Janus, ascending.
        #[arg(long, value_delimiter = ',', default_value = "8000,12000,16000,20000,24000,32000,40000")]
        janus_loads: Vec<u64>,
        /// Offered loads for str0m, ascending.
        #[arg(long, value_delimiter = ',', default_value = "40000,60000,80000,100000")]
        str0m_loads: Vec<u64>,
        /// Participants of each room, who all receive everybody else: up to eight, two except for the servers that serve
        /// groups.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=8))]
        room_size: u8,
        /// Seconds before each window.
        #[arg(long, default_value_t = 0.3)]
        warm: f64,
        /// Seconds of each window.
        #[arg(long, default_value_t = 0.6)]
        measure: f64,
        /// Windows at one load before it counts as not carried: more than one for a machine that is not at rest.
        #[arg(long, default_value_t = 1)]
        tries: usize,
        /// Percent of the machine's time that its host may take away in a window; a window with more is measured again,
        /// whatever it showed, for every server alike.
        #[arg(long, default_value_t = 0.1)]
        max_stolen: f64,
        /// Windows that are measured again at most for one figure.
        #[arg(long, default_value_t = 40)]
        patience: usize,
        /// How server and driver stand against the machine's other work.
        #[arg(long, value_enum, default_value = "high")]
        priority: Priority,
        /// Loopback instead of a veth pair: needs no right of root, and Janus is left out, which does not serve loopback.
        #[arg(long)]
        loopback: bool,
        /// Loopback only where a veth pair cannot be made; says so.
        #[arg(long, conflicts_with = "loopback")]
        loopback_if_needed: bool,
        /// Sends what nobody has sealed end to end: less work for the driver, for comparison.
        #[arg(long)]
        clear: bool,
        /// Folder that receives `benchmark.md`, `benchmark.json` and `benchmark.svg`.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Fails when Colloque carries less than this share of the floor, by loss alone: latency says little on a machine
        /// that others use.
        #[arg(long)]
        at_least_of_floor: Option<f64>,
        /// Fails when Colloque carries less than this many times what Janus carries in its better mode, by loss alone. Not
        /// asked where Janus cannot run; says so.
        #[arg(long)]
        at_least_of_janus: Option<f64>,
        /// Fails when Colloque carries less than this many times what str0m carries in its better mode, by loss alone.
        #[arg(long)]
        at_least_of_str0m: Option<f64>,
    },
    /// Measures calls under floods of datagrams from strangers, and what the server sends to addresses that never answer.
    Flood {
        /// Load of the calls, in forwarded packets a second: by default what takes about half a core.
        #[arg(long, default_value_t = 60_000)]
        load: u64,
        /// What is sent at them.
        #[arg(long, value_delimiter = ',', default_value = "unknown-checks,forged-checks,hellos,noise")]
        kinds: Vec<FloodKind>,
        /// How many datagrams for each packet of the calls.
        #[arg(long, value_delimiter = ',', default_value = "1,2,5")]
        factors: Vec<f64>,
        /// Rounds; windows without and with a flood take turns within each.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Seconds before each window.
        #[arg(long, default_value_t = 0.5)]
        warm: f64,
        /// Seconds of each window.
        #[arg(long, default_value_t = 2.0)]
        measure: f64,
        /// Seconds for which addresses that never answer are listened to.
        #[arg(long, default_value_t = 35.0)]
        listen: f64,
        /// How server and driver stand against the machine's other work.
        #[arg(long, value_enum, default_value = "high")]
        priority: Priority,
        /// Loopback only where a veth pair cannot be made; says so.
        #[arg(long)]
        loopback_if_needed: bool,
        /// Folder that receives `floods.md`.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Fails when a flood costs the calls more than this share of their packets, beyond what sending it costs.
        #[arg(long)]
        at_most_lost: Option<f64>,
        /// Fails when an address that never answers is sent more than this many bytes for each of its own by an insider's
        /// datagrams, or more than one by a stranger's.
        #[arg(long)]
        at_most_amplified: Option<f64>,
    },
    /// Runs Colloque's media plane behind a control port, to be measured.
    Serve {
        /// Address and port for media.
        media: SocketAddr,
        /// Address and port for control.
        control: SocketAddr,
    },
    /// Runs the raw floor, to be measured.
    Floor {
        /// Address and port for media.
        media: SocketAddr,
        /// Participants at most.
        participants: usize,
        /// Participants of each room.
        room_size: usize,
    },
    /// Runs an SFU made of str0m behind a control port, to be measured.
    Str0m {
        /// Estimates and paces every subscriber's link.
        #[arg(long)]
        estimate: bool,
        /// Address and port for media.
        media: SocketAddr,
        /// Address and port for control.
        control: SocketAddr,
    },
    /// Holds a port that nobody reads.
    Sink {
        /// Address and port.
        address: SocketAddr,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().command {
        Command::Serve { media, control } => serve_colloque(media, control),
        Command::Floor { media, participants, room_size } => Ok(floor::serve(media, participants, room_size)?),
        Command::Str0m { estimate, media, control } => forwarder_server::serve(media, control, estimate),
        Command::Sink { address } => {
            let _port = std::net::UdpSocket::bind(address)?;
            loop {
                std::thread::park();
            }
        }
        Command::Flood {
            load,
            kinds,
            factors,
            rounds,
            warm,
            measure,
            listen,
            priority,
            loopback_if_needed,
            out,
            at_most_lost,
            at_most_amplified,
        } => {
            let network = pair_or_loopback(loopback_if_needed)?;
            let [warm, measure, listen] = [warm, measure, listen].map(Duration::from_secs_f64);
            let plan = FloodPlan { load, kinds, factors, rounds, warm, measure, listen, priority };
            let report = flood_run::run(&plan, &network)?;
            let table = format!("Network: {}.\n\n{}", network.name(), flood_run::markdown(&report));
            println!("{table}");
            if let Some(out) = out {
                std::fs::create_dir_all(&out)?;
                std::fs::write(out.join("floods.md"), &table)?;
            }
            conclude(flood_run::check(&report, at_most_lost, at_most_amplified), "a flood costs more than is allowed")
        }
        Command::Run {
            rounds,
            mut servers,
            loads,
            janus_loads,
            str0m_loads,
            room_size,
            warm,
            measure,
            tries,
            max_stolen,
            patience,
            priority,
            loopback,
            loopback_if_needed,
            clear,
            out,
            at_least_of_floor,
            at_least_of_janus,
            at_least_of_str0m,
        } => {
            let network = match loopback {
                true => Network::Loopback,
                false => pair_or_loopback(loopback_if_needed)?,
            };
            let has_janus = servers.iter().any(|server| server.is_janus()) && can_run_janus(&network);
            servers.retain(|server| has_janus || !server.is_janus());
            if room_size > 2 {
                servers.retain(|server| server.serves_groups());
            }
            let relations: Vec<Relation> = [
                at_least_of_floor.map(|share| Relation { of: "the floor", kinds: &[Kind::Floor], share }),
                at_least_of_janus.filter(|_| has_janus).map(|share| Relation {
                    of: "Janus",
                    kinds: &[Kind::Janus, Kind::JanusLoop],
                    share,
                }),
                at_least_of_str0m.map(|share| Relation {
                    of: "str0m",
                    kinds: &[Kind::Str0m, Kind::Str0mEstimating],
                    share,
                }),
            ]
            .into_iter()
            .flatten()
            .collect();
            let plan = Plan {
                rounds,
                servers,
                loads,
                janus_loads,
                str0m_loads,
                room_size: room_size.into(),
                warm: Duration::from_secs_f64(warm),
                measure: Duration::from_secs_f64(measure),
                tries,
                by_loss_alone: !relations.is_empty(),
                max_stolen: max_stolen / 100.0,
                patience,
                priority,
                is_sealed: !clear,
            };
            let (points, frames) = run(&plan, &network)?;
            let table = format!("Network: {}.\n\n{}", network.name(), report::markdown(&points));
            println!("{table}");
            if let Some(out) = out {
                std::fs::create_dir_all(&out)?;
                std::fs::write(out.join("benchmark.md"), &table)?;
                std::fs::write(out.join("benchmark.json"), report::json(&points))?;
                std::fs::write(out.join("benchmark.svg"), plot::svg(&points))?;
            }
            let mut verdicts = check(&points, &relations);
            verdicts.extend((!clear).then(|| check_frames(&frames)));
            conclude(verdicts, "colloque carries less than is asked, or frames do not open")
        }
    }
}

fn pair_or_loopback(loopback_if_needed: bool) -> std::io::Result<Network> {
    match Network::pair() {
        Err(error) if loopback_if_needed => {
            println!("loopback is used, because a veth pair cannot be made: {error}");
            Ok(Network::Loopback)
        }
        other => other,
    }
}

fn can_run_janus(network: &Network) -> bool {
    if matches!(network, Network::Loopback) {
        println!("Janus is left out: it does not serve loopback");
        return false;
    }
    let answer = std::process::Command::new("janus").arg("--version").stdout(std::process::Stdio::null()).status();
    if let Err(error) = answer {
        println!("Janus is left out: it cannot be started ({error})");
        return false;
    }
    true
}

/// What Colloque must carry beside others in the same run, by loss alone.
struct Relation {
    of: &'static str,
    kinds: &'static [Kind],
    share: f64,
}

/// Sums up as cargo does; nothing where nothing was asked.
fn conclude(verdicts: Vec<bool>, failure: &str) -> Result<(), Box<dyn std::error::Error>> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let failed = verdicts.iter().filter(|holds| !**holds).count();
    println!("test result: {} passed; {failed} failed", verdicts.len() - failed);
    if failed == 0 { Ok(()) } else { Err(failure.into()) }
}

/// Says of each relation whether it holds.
fn check(points: &[report::Point], relations: &[Relation]) -> Vec<bool> {
    let capacities = report::capacities(points);
    let carried = |kind: &Kind| {
        let capacity = capacities.iter().find(|capacity| capacity.server == kind.name());
        capacity.map_or(0, |capacity| report::median(&capacity.by_loss))
    };
    let own = carried(&Kind::Colloque);
    let verdict = |Relation { of, kinds, share }: &Relation| {
        let other = kinds.iter().map(carried).max().unwrap_or(0);
        // One that carries nothing at all was not measured, and a relation to nothing always holds.
        let holds = other > 0 && own as f64 >= other as f64 * share;
        let verdict = if holds { "ok" } else { "FAILED" };
        println!("colloque carries {own} packets/s, {of} {other}, {share} times that is asked: {verdict}");
        holds
    };
    relations.iter().map(verdict).collect()
}

/// Says whether every frame that came whole was opened.
fn check_frames(frames: &FrameCounts) -> bool {
    let FrameCounts { opened, incomplete, unopened } = frames;
    let holds = *unopened == 0 && *opened > 0;
    let verdict = if holds { "ok" } else { "FAILED" };
    println!("{opened} frames opened, {incomplete} not whole, {unopened} whole and not opened: {verdict}");
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(kind: Kind, offered: u64, loss: f64) -> report::Point {
        report::Point {
            stolen: 0.0,
            set_aside: 0,
            server: kind.name(),
            round: 0,
            offered,
            sent: offered,
            loss,
            p50_us: 1.0,
            p99_us: 1.0,
            cpu: 0.5,
            us_per_packet: 3.0,
            resident_kb: 1,
        }
    }

    #[test]
    fn a_run_in_which_a_whole_frame_does_not_open_fails() {
        let counts = |opened, unopened| FrameCounts { opened, incomplete: 3, unopened };
        assert!(check_frames(&counts(10, 0)));
        assert!(!check_frames(&counts(10, 1)));
        assert!(!check_frames(&counts(0, 0)), "nothing was sealed");
    }

    #[test]
    fn a_relation_is_asked_of_the_better_mode_and_of_something_measured() {
        let relation = |share| [Relation { of: "Janus", kinds: &[Kind::Janus, Kind::JanusLoop], share }];
        let points = [
            point(Kind::Colloque, 80_000, 0.0),
            point(Kind::Colloque, 160_000, 0.3),
            point(Kind::Janus, 20_000, 0.0),
            point(Kind::JanusLoop, 40_000, 0.0005),
        ];
        assert_eq!(check(&points, &relation(2.0)), [true]);
        assert_eq!(check(&points, &relation(2.1)), [false]);
        assert_eq!(check(&points[..2], &relation(0.1)), [false], "Janus was not measured");
        assert!(conclude(vec![true], "").is_ok() && conclude(vec![true, false], "").is_err());
    }
}
