//! `colloque-load`: measures the media plane beside Janus and beside the raw floor of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use colloque_load::network::Network;
use colloque_load::run::{Plan, run};
use colloque_load::server::{Kind, Priority, serve_colloque};
use colloque_load::{floor, report};

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
        #[arg(long, value_delimiter = ',', default_value = "floor,colloque,janus,janus-loop")]
        servers: Vec<Kind>,
        /// Offered loads in forwarded packets a second, ascending.
        #[arg(
            long,
            value_delimiter = ',',
            default_value = "40000,80000,100000,120000,140000,160000,180000,200000,220000"
        )]
        loads: Vec<u64>,
        /// Offered loads for Janus, ascending.
        #[arg(long, value_delimiter = ',', default_value = "4000,8000,12000,16000,20000,24000,28000,32000,40000")]
        janus_loads: Vec<u64>,
        /// Seconds before each window.
        #[arg(long, default_value_t = 1.0)]
        warm: f64,
        /// Seconds of each window.
        #[arg(long, default_value_t = 2.0)]
        measure: f64,
        /// Windows at one load before it counts as not carried: more than one for a machine that is not at rest.
        #[arg(long, default_value_t = 1)]
        tries: usize,
        /// How server and driver stand against the machine's other work.
        #[arg(long, value_enum, default_value = "high")]
        priority: Priority,
        /// Loopback instead of a veth pair: needs no right of root, and Janus is left out.
        #[arg(long)]
        loopback: bool,
        /// Folder that receives `benchmark.md` and `benchmark.json`.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Fails when Colloque carries less than this share of the floor, by loss alone: latency says little on a machine
        /// that others use.
        #[arg(long)]
        at_least_of_floor: Option<f64>,
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
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().command {
        Command::Serve { media, control } => serve_colloque(media, control),
        Command::Floor { media, participants } => Ok(floor::serve(media, participants)?),
        Command::Run {
            rounds,
            mut servers,
            loads,
            janus_loads,
            warm,
            measure,
            tries,
            priority,
            loopback,
            out,
            at_least_of_floor,
        } => {
            let network = if loopback { Network::Loopback } else { Network::pair()? };
            if loopback {
                servers.retain(|server| !server.is_janus());
            }
            let plan = Plan {
                rounds,
                servers,
                loads,
                janus_loads,
                warm: Duration::from_secs_f64(warm),
                measure: Duration::from_secs_f64(measure),
                tries,
                priority,
            };
            let points = run(&plan, &network)?;
            let table = format!("Network: {}.\n\n{}", network.name(), report::markdown(&points));
            println!("{table}");
            if let Some(out) = out {
                std::fs::create_dir_all(&out)?;
                std::fs::write(out.join("benchmark.md"), &table)?;
                std::fs::write(out.join("benchmark.json"), report::json(&points))?;
            }
            at_least_of_floor.map_or(Ok(()), |share| check(&points, share))
        }
    }
}

fn check(points: &[report::Point], share: f64) -> Result<(), Box<dyn std::error::Error>> {
    let capacities = report::capacities(points);
    let carried = |kind: Kind| {
        capacities
            .iter()
            .find(|capacity| capacity.server == kind.name())
            .map_or(0, |capacity| report::median(&capacity.by_loss))
    };
    let (own, floor) = (carried(Kind::Colloque), carried(Kind::Floor));
    if floor == 0 || (own as f64) < floor as f64 * share {
        return Err(format!("colloque carries {own} packets/s, the floor {floor}: less than {share} of it").into());
    }
    Ok(())
}
