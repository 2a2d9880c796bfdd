//! A network for one machine: the server in a namespace of its own behind a veth pair, or everything on loopback.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use crate::server::Addresses;

/// Name of the namespace, and of the pair.
const NAMESPACE: &str = "colloque-load";
const NEAR: &str = "clq-near";
const FAR: &str = "clq-far";

/// Where server and clients are.
pub enum Network {
    /// Clients at 127.98.0.1 and following, the server at 127.0.0.1.
    Loopback,
    /// Clients at 10.98.0.1 and following, the server at 10.97.0.1 behind a veth pair. Needs the rights of root.
    Pair(Pair),
}

/// A veth pair and its namespace; removed when this value goes.
pub struct Pair;

impl Network {
    /// Sets a veth pair up.
    ///
    /// # Errors
    ///
    /// What the `ip` command says.
    pub fn pair() -> std::io::Result<Self> {
        remove_pair();
        let pair = Pair;
        for line in [
            format!("netns add {NAMESPACE}"),
            format!("link add {NEAR} type veth peer name {FAR} netns {NAMESPACE}"),
            format!("addr add 10.97.0.2/24 dev {NEAR}"),
            format!("link set {NEAR} up"),
            "route add local 10.98.0.0/16 dev lo".to_owned(),
            format!("-n {NAMESPACE} addr add 10.97.0.1/24 dev {FAR}"),
            format!("-n {NAMESPACE} link set {FAR} up"),
            format!("-n {NAMESPACE} link set lo up"),
            format!("-n {NAMESPACE} route add 10.98.0.0/16 via 10.97.0.2 dev {FAR}"),
        ] {
            ip(&line)?;
        }
        Ok(Self::Pair(pair))
    }

    /// The namespace that the server runs in.
    #[must_use]
    pub fn namespace(&self) -> Option<&'static str> {
        match self {
            Self::Loopback => None,
            Self::Pair(_) => Some(NAMESPACE),
        }
    }

    /// The addresses of both sides.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        match self {
            Self::Loopback => {
                Addresses { server: IpAddr::V4(Ipv4Addr::LOCALHOST), first_client: Ipv4Addr::new(127, 98, 0, 1) }
            }
            Self::Pair(_) => {
                Addresses { server: IpAddr::V4(Ipv4Addr::new(10, 97, 0, 1)), first_client: Ipv4Addr::new(10, 98, 0, 1) }
            }
        }
    }

    /// How the report names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Pair(_) => "veth pair into a network namespace",
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        remove_pair();
    }
}

fn remove_pair() {
    // Nothing to remove is the usual case before a run.
    let _ = ip(&format!("link del {NEAR}"));
    let _ = ip("route del local 10.98.0.0/16 dev lo");
    let _ = ip(&format!("netns del {NAMESPACE}"));
}

fn ip(line: &str) -> std::io::Result<()> {
    let output = Command::new("ip").args(line.split(' ')).output()?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(std::io::Error::other(format!("ip {line}: {}", reason.trim())))
}
