//! What the service is told at start.

use std::net::IpAddr;

use crate::care::MessageConfig;
use crate::secrets::MasterKey;
use crate::storage::Purpose;

/// What the service is told at start.
#[derive(Clone)]
pub struct Config {
    /// PostgreSQL address. Its login may be the owner of the database: queries run under a role that owns nothing.
    pub database_url: String,
    /// Most connections held to PostgreSQL.
    pub database_connections: u32,
    /// Origins under which browsers reach the service, such as `https://localhost:8443`. The first one is written in links
    /// and its host name is the passkeys' relying party.
    pub origins: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Master key.
    pub master_key: MasterKey,
    /// By which ways messages leave.
    pub messages: MessageConfig,
    /// Whether the product runs with demonstration people and its own mailbox.
    pub demonstration: bool,
}

impl Config {
    /// The origin written in links.
    pub(crate) fn public_origin(&self) -> &str {
        self.origins.first().map_or("", String::as_str)
    }

    /// What the database has to be for.
    pub(crate) const fn purpose(&self) -> Purpose {
        if self.demonstration { Purpose::Demonstration } else { Purpose::Production }
    }
}
