//! What an installation is told: the configuration file, overridden by the command line and the environment.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use colloque_consultation::{MailConfig, Purpose, SmsConfig};
use colloque_signaling::TurnServer;
use serde::Deserialize;
use thiserror::Error;

use crate::arguments::ServeArguments;
use crate::certificate::CertificateSource;
use crate::data_folder::{self, OpenDataFolderError};
use crate::network;
use crate::turn::{ReadTurnError, TurnSection};
use crate::web::LegalNotice;

/// Port of the pages when none is named.
const DEFAULT_PORT: u16 = 8443;

/// UDP port of sound and picture when none is named.
const DEFAULT_MEDIA_PORT: u16 = 8444;

/// Folder of the pages when none is named, after the one beside the program.
const INSTALLED_WEB: &str = "/usr/share/colloque/web";

/// Zone in which hours are written when none is named.
const DEFAULT_ZONE: &str = "Europe/Paris";

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    server: ServerSection,
    tls: Option<TlsSection>,
    media: MediaSection,
    turn: Option<TurnSection>,
    database: DatabaseSection,
    mail: Option<MailSection>,
    sms: Option<SmsSection>,
    legal: LegalNotice,
    log: LogSection,
    metrics: MetricsSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ServerSection {
    origin: Option<String>,
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    web: Option<PathBuf>,
    trusted_proxies: Vec<IpAddr>,
    time_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsSection {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MediaSection {
    listen: Option<SocketAddr>,
    announce: Vec<IpAddr>,
    tcp_ports: Option<Vec<u16>>,
    workers: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DatabaseSection {
    url: Option<String>,
    connections: Option<u32>,
}

/// How messages leave by e-mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSection {
    /// `smtps://user:password@host` or `smtp://user:password@host:587?tls=required`; `smtp://localhost` on this machine.
    pub url: String,
    /// Sender.
    pub from: String,
}

/// How messages leave as texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsSection {
    /// The gateway's address, `https://…`.
    pub url: String,
    /// Shown to the gateway as a bearer token.
    pub token: String,
}

impl MailSection {
    /// The same in the consultation service's words.
    pub fn config(&self) -> MailConfig {
        MailConfig { url: self.url.clone(), from: self.from.clone() }
    }
}

impl SmsSection {
    /// The same in the consultation service's words.
    pub fn config(&self) -> SmsConfig {
        SmsConfig { url: self.url.clone(), token: self.token.clone() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogSection {
    json: bool,
    level: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MetricsSection {
    listen: Option<SocketAddr>,
    anywhere: bool,
}

impl MetricsSection {
    /// Gives the address, unless it may be reached from outside and nobody said that this is wanted.
    fn address(&self) -> Result<Option<SocketAddr>, ReadSettingsError> {
        match self.listen {
            Some(address) if !self.anywhere && !network::is_internal(address.ip()) => {
                Err(ReadSettingsError::MetricsInPublic)
            }
            address => Ok(address),
        }
    }
}

/// Everything that a start needs to know, checked.
#[derive(Debug)]
pub struct Settings {
    /// Demonstration or production.
    pub purpose: Purpose,
    /// Folder of the data.
    pub data: PathBuf,
    /// Folder of the pages.
    pub web: PathBuf,
    /// Where pages are served.
    pub listen: SocketAddr,
    /// Where sound and picture arrive.
    pub media_listen: SocketAddr,
    /// Addresses under which browsers reach the media port.
    pub media_announce: Vec<IpAddr>,
    /// Ports of those addresses whose TCP connections reach the HTTPS listener, for media where UDP is blocked; none for the
    /// origin's port.
    pub media_tcp_ports: Option<Vec<u16>>,
    /// Threads for media.
    pub media_workers: usize,
    /// TURN server for people whose network lets only TLS pass.
    pub turn: Option<TurnServer>,
    /// Whether that server relays to itself, from one browser to another.
    pub direct: bool,
    /// Origin named in the configuration; the machine's own names serve without.
    pub origin: Option<String>,
    /// The certificate.
    pub certificate: CertificateSource,
    /// Reverse proxies whose word about the client's address is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// A database elsewhere, in place of the private one.
    pub database_url: Option<String>,
    /// Most connections to the database.
    pub database_connections: u32,
    /// E-mail.
    pub mail: Option<MailSection>,
    /// Texts.
    pub sms: Option<SmsSection>,
    /// Legal notice.
    pub legal: LegalNotice,
    /// IANA name of the zone in which hours are written.
    pub time_zone: String,
    /// Where metrics are served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether logs are JSON.
    pub log_json: bool,
    /// Log filter.
    pub log_level: String,
}

/// Why the platform cannot start as told. The texts are for the person who starts it.
#[derive(Debug, Error)]
pub enum ReadSettingsError {
    /// The configuration file cannot be read.
    #[error("impossible de lire {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The configuration file is not understood.
    #[error("{path} : {message}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What and where.
        message: String,
    },
    /// A demonstration beside real settings.
    #[error("--demo est refusé : {0} appartient à une installation réelle")]
    DemonstrationBesideProduction(&'static str),
    /// A production setting is missing.
    #[error("il manque {0} dans la configuration ; pour un essai avec des personnes inventées : colloque serve --demo")]
    Incomplete(&'static str),
    /// Links and codes would travel in clear.
    #[error(
        "mail.url : les liens et les codes partiraient en clair ; écrivez smtps://… ou smtp://…?tls=required (smtp://localhost suffit pour un serveur de cette machine)"
    )]
    MailInClear,
    /// Codes would travel in clear.
    #[error("sms.url : les codes partiraient en clair ; écrivez https://…")]
    SmsInClear,
    /// Metrics would be served to everybody.
    #[error(
        "metrics.listen : tout le monde pourrait lire les mesures ; choisissez une adresse de cette machine ou d'un réseau privé, ou écrivez anywhere = true"
    )]
    MetricsInPublic,
    /// The origin is not one.
    #[error("server.origin doit s'écrire https://nom, sans barre à la fin")]
    Origin,
    /// The TURN server cannot be used as told.
    #[error(transparent)]
    Turn(#[from] ReadTurnError),
    /// No data folder.
    #[error(transparent)]
    Data(#[from] OpenDataFolderError),
}

impl Settings {
    /// Reads the configuration file and applies the command line.
    ///
    /// # Errors
    ///
    /// [`ReadSettingsError`] says in one sentence what the operator has to change.
    pub fn read(arguments: &ServeArguments) -> Result<Self, ReadSettingsError> {
        let file = match &arguments.config {
            Some(path) => read_file(path)?,
            None => File::default(),
        };
        let purpose = if arguments.demo { Purpose::Demonstration } else { Purpose::Production };
        match purpose {
            Purpose::Demonstration => refuse_production(&file)?,
            Purpose::Production => require_production(&file)?,
        }
        refuse_clear_text(&file)?;
        if file.server.origin.as_deref().is_some_and(|origin| !is_origin(origin)) {
            return Err(ReadSettingsError::Origin);
        }
        let addresses = network::local_addresses();
        let listen = arguments.listen.or(file.server.listen).unwrap_or_else(|| everywhere(DEFAULT_PORT));
        let media_listen =
            arguments.media_listen.or(file.media.listen).unwrap_or_else(|| everywhere(DEFAULT_MEDIA_PORT));
        let media_announce =
            if file.media.announce.is_empty() { announced(media_listen, &addresses) } else { file.media.announce };
        let certificate = match file.tls {
            Some(tls) => CertificateSource::Files { chain: tls.certificate, key: tls.key },
            None => CertificateSource::SelfSigned { addresses },
        };
        Ok(Self {
            purpose,
            data: match arguments.data.clone().or(file.server.data) {
                Some(data) => data,
                None => data_folder::default_path(purpose)?,
            },
            web: arguments.web.clone().or(file.server.web).unwrap_or_else(default_web),
            listen,
            media_listen,
            media_announce,
            media_tcp_ports: file.media.tcp_ports,
            media_workers: file.media.workers.unwrap_or(1).max(1),
            turn: file.turn.as_ref().map(TurnSection::read).transpose()?,
            direct: file.turn.as_ref().is_some_and(|turn| turn.direct),
            origin: file.server.origin,
            certificate,
            trusted_proxies: file.server.trusted_proxies,
            database_url: arguments.database_url.clone().or(file.database.url),
            database_connections: file.database.connections.unwrap_or(20).max(4),
            mail: file.mail,
            sms: file.sms,
            legal: file.legal,
            time_zone: file.server.time_zone.unwrap_or_else(|| DEFAULT_ZONE.to_owned()),
            metrics_listen: file.metrics.address()?,
            log_json: file.log.json,
            log_level: file.log.level.unwrap_or_else(|| default_log_level(purpose).to_owned()),
        })
    }
}

fn read_file(path: &Path) -> Result<File, ReadSettingsError> {
    let text = fs::read_to_string(path).map_err(|source| ReadSettingsError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|error| ReadSettingsError::Format {
        path: path.to_owned(),
        message: error.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" "),
    })
}

/// A demonstration's invented people and open mailbox must never stand where real people are expected.
fn refuse_production(file: &File) -> Result<(), ReadSettingsError> {
    let setting = if file.server.origin.is_some() {
        Some("server.origin")
    } else if file.tls.is_some() {
        Some("[tls]")
    } else if file.mail.is_some() {
        Some("[mail]")
    } else if file.sms.is_some() {
        Some("[sms]")
    } else {
        None
    };
    setting.map_or(Ok(()), |setting| Err(ReadSettingsError::DemonstrationBesideProduction(setting)))
}

fn require_production(file: &File) -> Result<(), ReadSettingsError> {
    if file.server.origin.is_none() {
        return Err(ReadSettingsError::Incomplete("server.origin"));
    }
    if file.mail.is_none() {
        return Err(ReadSettingsError::Incomplete("[mail]"));
    }
    Ok(())
}

/// The services refuse these as well; here the operator is told which setting it is, before anything starts.
fn refuse_clear_text(file: &File) -> Result<(), ReadSettingsError> {
    if file.mail.as_ref().is_some_and(|mail| !mail.config().is_confidential()) {
        return Err(ReadSettingsError::MailInClear);
    }
    if file.sms.as_ref().is_some_and(|sms| !sms.config().is_confidential()) {
        return Err(ReadSettingsError::SmsInClear);
    }
    Ok(())
}

fn is_origin(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|host| {
        !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter))
    })
}

const fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// A demonstration's terminal is read by a person, who looks for addresses and passwords.
const fn default_log_level(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Demonstration => "warn",
        Purpose::Production => "info,sqlx=warn,typst=warn",
    }
}

/// Gives the addresses that browsers are told for media: those of the networks, then this machine itself.
fn announced(listen: SocketAddr, addresses: &[IpAddr]) -> Vec<IpAddr> {
    if !listen.ip().is_unspecified() {
        return vec![listen.ip()];
    }
    addresses.iter().copied().chain([IpAddr::V4(Ipv4Addr::LOCALHOST)]).collect()
}

/// Looks beside the program, then in the working folder, then where a package installs.
fn default_web() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("web")));
    let here = Some(PathBuf::from("dist"));
    [beside, here]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("manifest.json").exists())
        .unwrap_or_else(|| PathBuf::from(INSTALLED_WEB))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_demonstration_is_refused_beside_every_production_setting() {
        assert!(refuse_production(&file("[log]\njson = true\n")).is_ok());
        for text in [
            "[server]\norigin = \"https://a.fr\"",
            "[tls]\ncertificate = \"a\"\nkey = \"b\"",
            "[mail]\nurl = \"smtp://a\"\nfrom = \"b@c.fr\"",
            "[sms]\nurl = \"https://a\"\ntoken = \"b\"",
        ] {
            assert!(refuse_production(&file(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn production_needs_an_origin_and_mail() {
        assert!(require_production(&File::default()).is_err());
        let enough = "[server]\norigin = \"https://a.fr\"\n[mail]\nurl = \"smtp://a\"\nfrom = \"b@c.fr\"";
        assert!(require_production(&file(enough)).is_ok());
    }

    #[test]
    fn links_and_codes_never_leave_the_machine_in_clear() {
        let mail = |url| file(&format!("[mail]\nurl = \"{url}\"\nfrom = \"b@c.fr\""));
        let sms = |url| file(&format!("[sms]\nurl = \"{url}\"\ntoken = \"b\""));
        for fine in
            [mail("smtps://a.fr"), mail("smtp://a.fr?tls=required"), mail("smtp://127.0.0.1:25"), sms("https://a.fr")]
        {
            assert!(refuse_clear_text(&fine).is_ok());
        }
        assert!(matches!(refuse_clear_text(&mail("smtp://a.fr:25")), Err(ReadSettingsError::MailInClear)));
        assert!(matches!(refuse_clear_text(&sms("http://a.fr")), Err(ReadSettingsError::SmsInClear)));
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        assert!(toml::from_str::<File>("[server]\nlissen = \"0.0.0.0:1\"").is_err());
    }

    #[test]
    fn metrics_are_served_inside_unless_told_otherwise() {
        let served = |text: &str| file(&format!("[metrics]\n{text}")).metrics.address();
        assert!(File::default().metrics.address().unwrap().is_none(), "off unless set");
        for inside in ["127.0.0.1:9464", "[::1]:9464", "10.1.2.3:9464", "192.168.1.5:9464", "[fd12::1]:9464"] {
            assert!(served(&format!("listen = \"{inside}\"")).unwrap().is_some(), "{inside}");
        }
        for outside in ["0.0.0.0:9464", "[::]:9464", "203.0.113.7:9464", "[2001:db8::1]:9464", "[::ffff:203.0.113.7]:1"]
        {
            let listen = format!("listen = \"{outside}\"");
            assert!(matches!(served(&listen), Err(ReadSettingsError::MetricsInPublic)), "{outside}");
            assert!(served(&format!("{listen}\nanywhere = true")).unwrap().is_some(), "{outside}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(is_origin("https://tele.cabinet.fr"));
        assert!(is_origin("https://localhost:8443"));
        assert!(!is_origin("http://a.fr"));
        assert!(!is_origin("https://a.fr/"));
    }
}
