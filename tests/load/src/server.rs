//! The servers under test, each a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use colloque_sfu::{SfuConfig, start};
use serde_json::{Value, json};

use crate::memory::{peer, room};

/// A server that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// The raw floor.
    Floor,
    /// Colloque's media plane.
    Colloque,
    /// Janus as Debian installs it: one thread for each peer connection.
    Janus,
    /// Janus with one event loop for all.
    JanusLoop,
    /// An SFU made of str0m that sends as fast as it receives.
    Str0m,
    /// The same, with every subscriber's link estimated and paced by str0m.
    Str0mEstimating,
}

impl Kind {
    /// How the table names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "raw GSO floor",
            Self::Colloque => "colloque",
            Self::Janus => "janus (default)",
            Self::JanusLoop => "janus (event_loops = 1)",
            Self::Str0m => "str0m",
            Self::Str0mEstimating => "str0m (estimating)",
        }
    }

    /// Whether more than one other participant's media reach each participant of a room.
    #[must_use]
    pub const fn serves_groups(self) -> bool {
        matches!(self, Self::Floor | Self::Colloque)
    }

    /// Whether it is Janus, in either mode.
    #[must_use]
    pub const fn is_janus(self) -> bool {
        matches!(self, Self::Janus | Self::JanusLoop)
    }
}

/// One offer that came to the control port.
pub struct Offered {
    /// Number of the room.
    pub room: usize,
    /// Number of the peer, of which no other has the same.
    pub peer: usize,
    /// The client's description.
    pub offer: String,
}

/// Runs Colloque's media plane behind a control port.
///
/// # Errors
///
/// Whatever keeps the media plane or the control port from starting.
pub fn serve_colloque(bind: SocketAddr, control: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let announce = vec![bind.ip()];
    let (sfu, _events) = start(SfuConfig { bind, announce, ..SfuConfig::default() })?;
    serve_control(control, |Offered { room: room_number, peer: peer_number, offer }| {
        let room = room(room_number as u128);
        let answer = runtime.block_on(sfu.connect_peer(room, peer(peer_number as u128), offer))?;
        sfu.gate_room(room, true);
        Ok(answer)
    })
}

/// Serves a control port line by line, one JSON object in and one out; `answer` takes each offer.
///
/// # Errors
///
/// Whatever keeps the control port from being bound or read, or what `answer` gives.
pub fn serve_control(
    control: SocketAddr,
    answer: impl Fn(Offered) -> Result<String, Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(control)?;
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        let mut replies = stream.try_clone()?;
        for line in BufReader::new(stream).lines() {
            let request: Value = serde_json::from_str(&line?)?;
            let number = |name: &str| request[name].as_u64().and_then(|number| number.try_into().ok()).unwrap_or(0);
            let offer = request["offer"].as_str().unwrap_or_default().to_owned();
            let answer = answer(Offered { room: number("room"), peer: number("peer"), offer })?;
            replies.write_all(format!("{}\n", json!({ "answer": answer })).as_bytes())?;
        }
    }
    Ok(())
}

/// The port of [`serve_control`], from the driver's side.
pub struct Control {
    requests: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Control {
    /// Connects, trying again while the server starts.
    ///
    /// # Errors
    ///
    /// The last error when the server does not answer in time.
    pub fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let requests = connect_patiently(address)?;
        requests.set_nodelay(true)?;
        Ok(Self { replies: BufReader::new(requests.try_clone()?), requests })
    }

    /// Gives an offer and takes the answer.
    ///
    /// # Errors
    ///
    /// The system's error, or an answer that is none.
    pub fn offer(&mut self, room: usize, peer: usize, offer: &str) -> std::io::Result<String> {
        let request = format!("{}\n", json!({ "room": room, "peer": peer, "offer": offer }));
        self.requests.write_all(request.as_bytes())?;
        let mut line = String::new();
        self.replies.read_line(&mut line)?;
        let reply: Value = serde_json::from_str(&line)?;
        reply["answer"].as_str().map(str::to_owned).ok_or_else(|| std::io::Error::other("the server gave no answer"))
    }
}

/// Connects to a port whose server may still be starting.
///
/// # Errors
///
/// The last error after five seconds.
pub fn connect_patiently(address: SocketAddr) -> std::io::Result<TcpStream> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match TcpStream::connect(address) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(50)),
            other => return other,
        }
    }
}

/// How server and driver stand against the machine's other work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Priority {
    /// Like everything else.
    Normal,
    /// Nice value -20; without the right to it, like everything else. Not real-time: the kernel takes a twentieth of each second
    /// from real-time work that never rests, in one piece.
    High,
}

impl Priority {
    /// The command that starts another command so.
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Normal => &[],
            Self::High => &["nice", "-n", "-20"],
        }
    }

    /// Gives the calling process this standing; what the system refuses is left as it is.
    pub fn apply(self) {
        let own = std::process::id().to_string();
        let words: &[&str] = match self {
            Self::Normal => return,
            Self::High => &["renice", "-n", "-20", "-p", &own],
        };
        let _ = Command::new(words[0]).args(&words[1..]).output();
    }
}

/// A running server; ended when this value goes.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts a command on one core, in a network namespace if one is named.
    ///
    /// # Errors
    ///
    /// The system's error if the command cannot be started.
    pub fn start(
        command: &[String],
        core: usize,
        namespace: Option<&str>,
        priority: Priority,
    ) -> std::io::Result<Self> {
        let mut words: Vec<String> = Vec::new();
        if let Some(namespace) = namespace {
            words.extend(["ip", "netns", "exec", namespace].map(str::to_owned));
        }
        words.extend(priority.words().iter().map(|word| (*word).to_owned()));
        words.extend(["taskset", "-c"].map(str::to_owned));
        words.push(core.to_string());
        words.extend(command.iter().cloned());
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Each wrapper replaces itself by what it starts, so the child's number is the server's.
        Ok(Self { child })
    }

    /// Processor time that the server has used.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        // The kernel counts in hundredths of a second on every architecture that Debian supports.
        Duration::from_millis(ticks * 10)
    }

    /// Memory of the server that is resident, in kilobytes.
    #[must_use]
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|value| value.split_whitespace().next()?.parse().ok())
            .unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the parts of one run find each other.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The server's address.
    pub server: IpAddr,
    /// First of the clients' addresses.
    pub first_client: std::net::Ipv4Addr,
}
