//! One run: every server in turn, round by round, from light load to what it cannot carry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::client::MediaClient;
use crate::floor::fixed_keys;
use crate::keys::{self, FrameCounts};
use crate::machine::MachineTime;
use crate::network::Network;
use crate::report::Point;
use crate::server::{Control, Kind, Priority, Running};
use crate::traffic::{Fleet, PACKETS_PER_SECOND};

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds; the servers take turns within each.
    pub rounds: usize,
    /// The servers.
    pub servers: Vec<Kind>,
    /// Offered loads, in forwarded packets a second, ascending.
    pub loads: Vec<u64>,
    /// Offered loads for Janus, ascending.
    pub janus_loads: Vec<u64>,
    /// Offered loads for str0m, ascending.
    pub str0m_loads: Vec<u64>,
    /// Participants of each room, who all send and all receive everybody else: at least two.
    pub room_size: usize,
    /// Time before each window.
    pub warm: Duration,
    /// Length of each window.
    pub measure: Duration,
    /// Windows at one load before it counts as not carried: the same for every server, for a machine not at rest.
    pub tries: usize,
    /// Whether latency is no reason for another try.
    pub by_loss_alone: bool,
    /// Share of the machine's time above which a window says more of the machine's host than of a server: it is set aside
    /// and measured again, whatever it showed.
    pub max_stolen: f64,
    /// Windows that are set aside at most before one counts as it is.
    pub patience: usize,
    /// How server and driver stand against the machine's other work.
    pub priority: Priority,
    /// Whether what participants send is sealed end to end, as in calls.
    pub is_sealed: bool,
}

/// Loss above which a load counts as not carried.
pub const MAX_LOSS: f64 = 0.001;
/// 99th percentile of latency above which a load counts as not carried, in microseconds.
pub const MAX_P99_US: f64 = 5_000.0;
/// Loss after which higher loads are not tried.
const HOPELESS_LOSS: f64 = 0.2;
/// Time for servers that measure their links to see that a new load fits: the same for every server.
const SETTLING: Duration = Duration::from_secs(4);
/// Core of the server, and core of the driver.
pub(crate) const SERVER_CORE: usize = 0;
pub(crate) const DRIVER_CORE: usize = 1;
pub(crate) const MEDIA_PORT: u16 = 40_000;
pub(crate) const CONTROL_PORT: u16 = 41_000;

/// Measures everything in the plan.
///
/// # Errors
///
/// Whatever keeps a server from starting or its clients from connecting.
pub fn run(plan: &Plan, network: &Network) -> Result<(Vec<Point>, FrameCounts), Box<dyn std::error::Error>> {
    if let Err(error) = colloque_sfu::io::pin_to_core(DRIVER_CORE) {
        eprintln!("the driver cannot stay on core {DRIVER_CORE}: {error}");
    }
    plan.priority.apply();
    let (mut points, mut frames) = (Vec::new(), FrameCounts::default());
    for round in 0..plan.rounds {
        for server in &plan.servers {
            match run_server(plan, network, *server, round, &mut frames) {
                Ok(measured) => points.extend(measured),
                // One server that fails to start must not throw away the measurements of the others.
                Err(error) => eprintln!("round {round}, {}: {error}", server.name()),
            }
        }
    }
    Ok((points, frames))
}

fn run_server(
    plan: &Plan,
    network: &Network,
    server: Kind,
    round: usize,
    frames: &mut FrameCounts,
) -> Result<Vec<Point>, Box<dyn std::error::Error>> {
    let loads = match server {
        Kind::Floor | Kind::Colloque => &plan.loads,
        Kind::Janus | Kind::JanusLoop => &plan.janus_loads,
        Kind::Str0m | Kind::Str0mEstimating => &plan.str0m_loads,
    };
    let most = loads.last().copied().unwrap_or(0);
    let seats = plan.publishers_for(most);
    let addresses = network.addresses();
    // Before the server runs, which gives up who is silent for long.
    let keys = if plan.is_sealed { keys::agree(seats, plan.room_size) } else { Vec::new() };
    let folder = std::env::temp_dir().join(format!("colloque-load-{}", std::process::id()));
    let command = command_for(server, network, &folder, seats, plan.room_size)?;
    let running = Running::start(&command, SERVER_CORE, network.namespace(), plan.priority)?;
    let mut fleet = Fleet::bind(addresses.first_client)?;
    let began_at = Instant::now();
    match server {
        Kind::Floor => join_floor(&mut fleet, SocketAddr::new(addresses.server, MEDIA_PORT), seats)?,
        Kind::Colloque | Kind::Str0m | Kind::Str0mEstimating => {
            let control = SocketAddr::new(addresses.server, CONTROL_PORT);
            join_by_control(&mut fleet, control, seats, plan.room_size)?;
        }
        Kind::Janus | Kind::JanusLoop => crate::janus::join(&mut fleet, addresses.server, seats / 2)?,
    }
    fleet.use_keys(keys);
    let connected = fleet.connect(Duration::from_secs(20));
    if connected < fleet.transports.len() {
        return Err(format!("{connected} of {} transports connected", fleet.transports.len()).into());
    }
    let mut profiles: Vec<_> = fleet.transports.iter().filter_map(|transport| transport.client.profile()).collect();
    profiles.sort_unstable();
    profiles.dedup();
    eprintln!("round {round}, {}: {connected} transports in {:?}, {profiles:?}", server.name(), began_at.elapsed());
    let mut points = Vec::new();
    for load in loads {
        fleet.run(plan.publishers_for(*load), SETTLING, Duration::ZERO);
        let mut best = measure(plan, &mut fleet, &running, server, round, *load);
        let is_enough =
            |point: &Point| if plan.by_loss_alone { point.is_carried_by_loss() } else { point.is_carried() };
        for _ in 1..plan.tries {
            if is_enough(&best) {
                break;
            }
            let other = measure(plan, &mut fleet, &running, server, round, *load);
            if is_enough(&other) || (other.loss, other.p99_us) < (best.loss, best.p99_us) {
                best = other;
            }
        }
        eprintln!("  {best}");
        let is_hopeless = best.loss > HOPELESS_LOSS;
        points.push(best);
        if is_hopeless {
            break;
        }
    }
    frames.add(&fleet.frames);
    let _ = std::fs::remove_dir_all(&folder);
    Ok(points)
}

/// One window at one load that the machine's host left alone; where it leaves none alone, the one that it disturbed least.
fn measure(plan: &Plan, fleet: &mut Fleet, running: &Running, server: Kind, round: usize, load: u64) -> Point {
    let mut best = window(plan, fleet, running, server, round, load);
    let mut set_aside = 0;
    while best.stolen > plan.max_stolen && set_aside < plan.patience {
        let other = window(plan, fleet, running, server, round, load);
        set_aside += 1;
        if other.stolen < best.stolen {
            best = other;
        }
    }
    Point { set_aside, ..best }
}

fn window(plan: &Plan, fleet: &mut Fleet, running: &Running, server: Kind, round: usize, load: u64) -> Point {
    let publishers = plan.publishers_for(load);
    let copies = plan.room_size as u64 - 1;
    let processor_before = running.processor_time();
    let machine_before = MachineTime::now();
    let began_at = Instant::now();
    let window = fleet.run(publishers, plan.warm, plan.measure);
    let used = running.processor_time().saturating_sub(processor_before).as_secs_f64();
    let offered = publishers as u64 * PACKETS_PER_SECOND * copies;
    let sent = window.sent * copies;
    let loss = 1.0 - window.arrived as f64 / (sent as f64).max(1.0);
    let packets = offered as f64 * began_at.elapsed().as_secs_f64();
    Point {
        server: server.name(),
        round,
        offered,
        sent: (sent as f64 / window.lasted.as_secs_f64()) as u64,
        loss,
        p50_us: window.latency.quantile_us(0.5),
        p99_us: window.latency.quantile_us(0.99),
        cpu: used / began_at.elapsed().as_secs_f64(),
        us_per_packet: used * 1e6 / packets,
        resident_kb: running.resident_kb(),
        stolen: MachineTime::now().stolen_since(machine_before),
        set_aside: 0,
    }
}

impl Plan {
    /// Participants of whole rooms that together bring at least one room's, and at most `load` forwarded packets a second.
    fn publishers_for(&self, load: u64) -> usize {
        let of_room = (self.room_size * (self.room_size - 1)) as u64 * PACKETS_PER_SECOND;
        usize::try_from(load / of_room).unwrap_or(1).max(1) * self.room_size
    }
}

fn command_for(
    server: Kind,
    network: &Network,
    folder: &std::path::Path,
    participants: usize,
    room_size: usize,
) -> std::io::Result<Vec<String>> {
    let address = network.addresses().server;
    let own: PathBuf = std::env::current_exe()?;
    let own = own.display().to_string();
    let media = SocketAddr::new(address, MEDIA_PORT).to_string();
    let control = SocketAddr::new(address, CONTROL_PORT).to_string();
    let behind_control = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned());
        [own.clone()].into_iter().chain(words).chain([media.clone(), control.clone()]).collect()
    };
    Ok(match server {
        Kind::Floor => vec![own, "floor".to_owned(), media, participants.to_string(), room_size.to_string()],
        Kind::Colloque => behind_control(&["serve"]),
        Kind::Str0m => behind_control(&["str0m"]),
        Kind::Str0mEstimating => behind_control(&["str0m", "--estimate"]),
        Kind::Janus => crate::janus::configure(folder, address, false)?,
        Kind::JanusLoop => crate::janus::configure(folder, address, true)?,
    })
}

fn join_floor(fleet: &mut Fleet, server: SocketAddr, seats: usize) -> std::io::Result<()> {
    for number in 0..seats {
        let mut client = MediaClient::new(number as u32, true, Instant::now());
        client.use_fixed_keys(fixed_keys(false), fixed_keys(true));
        fleet.add(client, server)?;
    }
    // The floor has no handshake to wait for, but its process must have bound its port.
    std::thread::sleep(Duration::from_millis(300));
    Ok(())
}

/// Brings `seats` participants into rooms, through the control port of the server.
pub(crate) fn join_by_control(
    fleet: &mut Fleet,
    control: SocketAddr,
    seats: usize,
    room_size: usize,
) -> std::io::Result<()> {
    let mut control = Control::connect(control)?;
    for number in 0..seats {
        let mut client = MediaClient::new(number as u32, true, Instant::now()).with_numbers();
        let answer = control.offer(number / room_size + 1, number + 1, &client.offer(2))?;
        client.accept(&answer);
        let server = client.remote().and_then(|remote| remote.candidates.first().copied());
        fleet.add(client, server.ok_or_else(|| std::io::Error::other("the answer has no candidate"))?)?;
    }
    Ok(())
}
