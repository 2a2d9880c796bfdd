//! The TURN server that carries the media of people whose network lets only TLS pass.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use colloque_signaling::TurnServer;
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// How long somebody may begin to use the TURN server when nothing is said: an appointment with its wait. It is renewed half-way.
const DEFAULT_LIFETIME_MIN: u64 = 60;
/// Shorter: a phone that slept comes back with a pass that has ended. Longer: a pass that was stolen serves for longer.
const LIFETIME_MIN: std::ops::RangeInclusive<u64> = 5..=240;
/// Whoever heard one pass can try secrets without asking anybody: it must be too long to guess.
const SECRET_CHARACTERS: usize = 32;

/// Section `[turn]` of the configuration file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnSection {
    /// Addresses that browsers are told, such as `turns:turn.exemple.fr:443?transport=tcp`.
    urls: Vec<String>,
    /// File of the secret that the TURN server holds too.
    secret_file: PathBuf,
    /// Minutes for which a pass lets somebody begin.
    lifetime_min: Option<u64>,
    /// Whether it relays to itself: then a patient's browser that cannot seal frames reaches the practitioner's.
    #[serde(default)]
    pub direct: bool,
}

/// Why the TURN server cannot be used. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum ReadTurnError {
    /// No address.
    #[error("turn.urls : il faut au moins une adresse")]
    NoAddress,
    /// An address is not one of a TURN server.
    #[error("turn.urls : « {0} » doit s'écrire turns:nom:port?transport=tcp ou turn:nom:port?transport=udp")]
    Address(String),
    /// A pass would live too short or too long.
    #[error("turn.lifetime_min : de 5 à 240 minutes")]
    Lifetime,
    /// The secret cannot be read.
    #[error("impossible de lire {path}, le secret du serveur TURN")]
    Secret {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The secret can be guessed, or does not fit on a line of the TURN server's configuration.
    #[error(
        "{path} : le secret du serveur TURN est une ligne d'au moins 32 lettres et chiffres ; openssl rand -hex 32"
    )]
    WeakSecret {
        /// Its file.
        path: PathBuf,
    },
}

impl TurnSection {
    /// Reads the secret and checks the rest.
    ///
    /// # Errors
    ///
    /// [`ReadTurnError`] names the setting that has to change.
    pub fn read(&self) -> Result<TurnServer, ReadTurnError> {
        if self.urls.is_empty() {
            return Err(ReadTurnError::NoAddress);
        }
        if let Some(wrong) = self.urls.iter().find(|url| !is_address(url)) {
            return Err(ReadTurnError::Address(wrong.clone()));
        }
        let minutes = self.lifetime_min.unwrap_or(DEFAULT_LIFETIME_MIN);
        if !LIFETIME_MIN.contains(&minutes) {
            return Err(ReadTurnError::Lifetime);
        }
        let path = &self.secret_file;
        let text = fs::read_to_string(path).map_err(|source| ReadTurnError::Secret { path: path.clone(), source })?;
        let text = Zeroizing::new(text);
        let secret = text.trim_end();
        if secret.len() < SECRET_CHARACTERS || !secret.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(ReadTurnError::WeakSecret { path: path.clone() });
        }
        Ok(TurnServer::new(self.urls.clone(), secret.as_bytes(), Duration::from_secs(minutes * 60)))
    }
}

/// What browsers take: one address that they do not take makes them refuse the whole list.
///
/// # Source
///
/// RFC 7065 section 3.1.
fn is_address(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("turns:").or_else(|| url.strip_prefix("turn:")) else { return false };
    let (place, transport) = rest.split_once('?').unwrap_or((rest, "transport=tcp"));
    // The colon of a port is none of an IPv6 address, which stands in brackets.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (place, "443"),
    };
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
    let is_name = !host.is_empty() && host.chars().all(is_host) && host.contains(':') == host.starts_with('[');
    is_name && port.parse::<u16>().is_ok_and(|port| port > 0) && ["transport=tcp", "transport=udp"].contains(&transport)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn read(urls: &[&str], secret: Option<&str>, lifetime_min: Option<u64>) -> Result<TurnServer, ReadTurnError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("colloque-turn-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let secret_file = std::env::temp_dir().join(name);
        if let Some(secret) = secret {
            fs::write(&secret_file, secret).unwrap();
        }
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let section = TurnSection { urls, secret_file, lifetime_min, direct: false };
        let read = section.read();
        let _ = fs::remove_file(&section.secret_file);
        read
    }

    #[test]
    fn only_addresses_that_browsers_take_are_told() {
        for fine in [
            "turns:turn.exemple.fr:443?transport=tcp",
            "turns:turn.exemple.fr",
            "turn:203.0.113.7:3478?transport=udp",
            "turns:[2001:db8::1]:443",
        ] {
            assert!(read(&[fine], Some(SECRET), None).is_ok(), "{fine}");
        }
        for wrong in [
            "",
            "stun:turn.exemple.fr",
            "https://turn.exemple.fr",
            "turns:",
            "turns://turn.exemple.fr",
            "turns:turn.exemple.fr:0",
            "turns:turn.exemple.fr:443?transport=tls",
            "turns:2001:db8::1:443",
            "turns:a b",
            "turns:a\"b",
        ] {
            assert!(matches!(read(&[wrong], Some(SECRET), None), Err(ReadTurnError::Address(_))), "{wrong}");
        }
        assert!(matches!(read(&[], Some(SECRET), None), Err(ReadTurnError::NoAddress)));
    }

    #[test]
    fn a_secret_that_is_missing_or_weak_stops_the_start() {
        let urls = ["turns:turn.exemple.fr"];
        assert!(read(&urls, Some(&format!("{SECRET}\n")), None).is_ok());
        assert!(matches!(read(&urls, None, None), Err(ReadTurnError::Secret { .. })));
        for weak in ["", "north", &SECRET[1..], "0123456789abcdef\n0123456789abcdef"] {
            assert!(matches!(read(&urls, Some(weak), None), Err(ReadTurnError::WeakSecret { .. })), "{weak}");
        }
    }

    #[test]
    fn a_pass_lives_minutes_and_not_days() {
        let urls = ["turns:turn.exemple.fr"];
        for (minutes, is_fine) in [(4, false), (5, true), (240, true), (241, false)] {
            assert_eq!(read(&urls, Some(SECRET), Some(minutes)).is_ok(), is_fine, "{minutes}");
        }
    }
}
