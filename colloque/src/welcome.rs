//! What the person who starts the platform sees in the terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use colloque_consultation::{DemoVisit, Purpose};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::certificate::CertificateSource;
use crate::configuration::Settings;
use crate::demonstration::Person;

/// Where the platform is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The origin written in links.
    pub origin: String,
    /// Further origins that browsers may use: this machine's addresses in its networks.
    pub others: Vec<String>,
    /// Whether people are invented.
    pub is_demonstration: bool,
}

impl Addresses {
    /// Names the origins of a platform that listens on `address`.
    pub fn of(settings: &Settings, address: SocketAddr) -> Self {
        let is_demonstration = settings.purpose == Purpose::Demonstration;
        if let Some(origin) = &settings.origin {
            return Self { origin: origin.clone(), others: Vec::new(), is_demonstration };
        }
        let port = address.port();
        let others = match &settings.certificate {
            CertificateSource::SelfSigned { addresses } if address.ip().is_unspecified() => {
                addresses.iter().map(|address| origin_of(*address, port)).collect()
            }
            CertificateSource::SelfSigned { .. } | CertificateSource::Files { .. } => Vec::new(),
        };
        Self { origin: format!("https://localhost:{port}"), others, is_demonstration }
    }

    /// Names the ports where browsers reach the HTTPS listener itself: that of the origin, unless a proxy stands there.
    pub fn media_tcp_ports(&self, settings: &Settings) -> Vec<u16> {
        let of_origin = || {
            let port = self.origin.rsplit(':').next().and_then(|port| port.parse().ok());
            port.unwrap_or(HTTPS_PORT)
        };
        match &settings.media_tcp_ports {
            Some(ports) => ports.clone(),
            None if settings.trusted_proxies.is_empty() => vec![of_origin()],
            None => Vec::new(),
        }
    }
}

const HTTPS_PORT: u16 = 443;

fn origin_of(address: IpAddr, port: u16) -> String {
    format!("https://{}", SocketAddr::new(address, port))
}

/// Says what is being done.
pub fn progress(step: &str) {
    say(&format!("  {step}"));
}

/// Prints where to go and, in a demonstration, who can sign in.
pub fn show(addresses: &Addresses, people: &[Person], visit: Option<&DemoVisit>, data: &Path) {
    let origin = &addresses.origin;
    say("");
    say("  Colloque est prêt.");
    say("");
    say(&format!("  Praticien, secrétariat   {origin}/pro"));
    say(&format!("  Administration           {origin}/admin"));
    if addresses.is_demonstration {
        say(&format!("  Boîte aux lettres        {origin}/mailbox"));
    }
    if let Some(other) = addresses.others.first() {
        say(&format!("  Depuis un autre appareil {other}"));
    }
    say(&format!("  Données                  {}", data.display()));
    if !people.is_empty() {
        say("");
        say("  Qui peut se connecter (personnes inventées) :");
        show_people(people);
        say("  Appuyez sur Entrée pour voir de nouveaux codes.");
        show_again_on_enter(people.to_vec());
    }
    if let Some(visit) = visit {
        show_visit(addresses, visit);
    }
    if addresses.is_demonstration {
        say("");
        say("  Le certificat d'essai est propre à cette machine : le navigateur demande de confirmer une fois.");
    }
    say("");
    say("  Ctrl-C arrête tout.");
    say("");
}

/// Prints the link by which the first administrator gets in.
pub fn show_activation(link: &str) {
    say("");
    say("  Le cabinet est créé. Son administrateur ouvre ce lien, une seule fois, pour choisir son mot de passe :");
    say("");
    say(&format!("  {link}"));
    say("");
}

/// Shows the patient's link: the full address here, the phone's one as a code.
fn show_visit(addresses: &Addresses, visit: &DemoVisit) {
    say(&format!("  Rendez-vous prêt pour {}. Lien du patient, à usage unique (son code arrive", visit.patient_name));
    say("  dans la boîte aux lettres) :");
    say("");
    say(&format!("  {}", visit.link));
    let Some(other) = addresses.others.first() else { return };
    let Some(path) = visit.link.strip_prefix(&addresses.origin) else { return };
    let target = format!("{other}{path}");
    say("");
    say("  Le même lien pour un téléphone du même réseau :");
    say("");
    // A link always fits a code; if not, the typed address remains.
    if let Ok(code) = QrCode::new(&target) {
        let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        for line in drawn.lines() {
            say(&format!("  {line}"));
        }
        say("");
    }
    say(&format!("  {target}"));
}

fn show_people(people: &[Person]) {
    for person in people {
        say("");
        say(&format!("    {} ({})", person.display_name, person.role_text));
        say(&format!("      adresse        {}", person.email));
        if person.chose_own {
            say("      mot de passe et codes : ceux que la personne a choisis depuis");
        } else {
            say(&format!("      mot de passe   {}", person.password));
            say(&format!("      code           {}  (secret {})", person.code(), person.totp_secret));
        }
    }
    say("");
}

/// Prints the present codes each time the person presses Enter; the thread ends with the process.
fn show_again_on_enter(people: Vec<Person>) {
    if !io::stdin().is_terminal() {
        return;
    }
    std::thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            show_people(&people);
        }
    });
}

/// Writes a line; a terminal that is gone does not stop the platform.
fn say(line: &str) {
    let mut terminal = io::stdout().lock();
    let _ = writeln!(terminal, "{line}").and_then(|()| terminal.flush());
}
