//! The three services of the process and what they tell each other.

mod adapters;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use colloque_consultation::demo::{self, SeedDemonstrationError};
use colloque_consultation::{
    Config, Consultation, DemoVisit, MasterKey, MessageConfig, OpenStorageError, Purpose, SeedVisitError,
    StartConsultationError, seed_visit,
};
use colloque_protocol::Role;
use colloque_sfu::{Sfu, SfuConfig, StartSfuError};
use colloque_signaling::{Limits, Signaling};
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::debug;

use crate::configuration::{MailSection, Settings, SmsSection};
use crate::demonstration::Person;
use crate::metrics::{Metrics, Requests};
use crate::web::{InvitationFaces, Services};
use crate::welcome::Addresses;
pub use adapters::Herald;
use adapters::{Faces, JournaledRecords, MediaWorkers};

/// Why a service does not start. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum StartServicesError {
    /// The consultation service.
    #[error("le service des consultations ne démarre pas")]
    Consultation(#[source] StartConsultationError),
    /// A demonstration beside the database of real people.
    #[error(
        "--demo est refusé : la base de données contient une installation réelle ; nommez une base vide, ou aucune"
    )]
    ProductionDatabase,
    /// Real people beside a demonstration's database.
    #[error("la base de données contient une démonstration : nommez une autre base dans [database] url")]
    DemonstrationDatabase,
    /// The people of the demonstration.
    #[error("les personnes de la démonstration ne peuvent pas être créées")]
    Demonstration(#[from] SeedDemonstrationError),
    /// The visit of the demonstration.
    #[error("le rendez-vous de la démonstration ne peut pas être créé")]
    Visit(#[from] SeedVisitError),
    /// The media plane.
    #[error("le service du son et de l'image ne démarre pas (autre port : --media-listen)")]
    Media(#[from] StartSfuError),
}

/// The services, running.
pub struct RunningServices {
    consultation: Consultation,
    signaling: Signaling,
    sfu: Sfu,
    media_events: JoinHandle<()>,
    looks: JoinHandle<()>,
    people: Vec<Person>,
    visit: Option<DemoVisit>,
}

impl RunningServices {
    /// Starts the services one after the other, the database first.
    ///
    /// # Errors
    ///
    /// [`StartServicesError`] names the service that does not start; none keeps running then.
    pub async fn start(
        settings: &Settings,
        addresses: &Addresses,
        database_url: String,
        master_key: MasterKey,
    ) -> Result<Self, StartServicesError> {
        let herald = Arc::new(Herald::default());
        let config = consultation_config(settings, addresses, database_url, master_key);
        let allowed_origins = config.origins.clone();
        let consultation = Consultation::start(config, Arc::clone(&herald) as _).await.map_err(refusal)?;
        let (people, visit) = match settings.purpose {
            Purpose::Demonstration => (invented_people(&consultation).await?, Some(seed_visit(&consultation).await?)),
            Purpose::Production => (Vec::new(), None),
        };
        let (sfu, mut events) = colloque_sfu::start(SfuConfig {
            bind: settings.media_listen,
            announce: settings.media_announce.clone(),
            announce_tcp_ports: addresses.media_tcp_ports(settings),
            workers: settings.media_workers,
            ..SfuConfig::default()
        })?;
        let config = colloque_signaling::Config {
            ticket_public_key: consultation.ticket_public_key(),
            allowed_origins,
            trusted_proxies: settings.trusted_proxies.clone(),
            limits: Limits::default(),
            turn: settings.turn.clone(),
        };
        let records = Arc::new(JournaledRecords(consultation.records()));
        let signaling = Signaling::new(config, Arc::clone(&records) as _, Arc::new(MediaWorkers(sfu.clone())), records);
        herald.announce_to(signaling.clone());
        let listener = signaling.clone();
        let media_events = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if let Some(event) = adapters::media_event(event) {
                    listener.media_event(event);
                }
            }
        });
        let looks = tokio::spawn(look_at_links(sfu.clone(), signaling.clone()));
        Ok(Self { consultation, signaling, sfu, media_events, looks, people, visit })
    }

    /// Gives the routes.
    pub fn routes(&self) -> Services {
        Services { api: self.consultation.router(), signaling: self.signaling.router() }
    }

    /// Tells what may be shown of an invitation.
    pub fn faces(&self) -> Arc<dyn InvitationFaces> {
        Arc::new(Faces(self.consultation.clone()))
    }

    /// Gives the media plane, for connections that the HTTPS listener accepts.
    pub fn media(&self) -> Sfu {
        self.sfu.clone()
    }

    /// Gives what is counted of the services, and of the requests that `requests` counts.
    pub fn metrics(&self, requests: Requests) -> Metrics {
        Metrics::new(self.sfu.clone(), &self.signaling, requests)
    }

    /// Gives the invented people of a demonstration.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Gives the demonstration's visit that can be held now.
    pub const fn visit(&self) -> Option<&DemoVisit> {
        self.visit.as_ref()
    }

    /// Tells everybody in a room or at a desk that the platform stops, and journals it.
    pub async fn tell_everyone(&self) {
        self.signaling.stop().await;
    }

    /// Stops the services.
    pub async fn stop(self) {
        self.looks.abort();
        let sfu = self.sfu;
        // Its threads are joined, which blocks.
        let _ = tokio::task::spawn_blocking(move || sfu.shutdown()).await;
        self.media_events.abort();
        self.consultation.stop().await;
    }
}

/// Pause between two looks at how the links of calls go.
///
/// Longer: shorter troubles are not noted. Shorter: every participant is looked at more often.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

async fn look_at_links(sfu: Sfu, signaling: Signaling) {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        match sfu.links().await {
            Ok(links) => signaling.links(links.into_iter().map(adapters::peer_link).collect()),
            Err(cause) => debug!("links of calls cannot be looked at: {cause}"),
        }
    }
}

/// Says how the consultation service runs here.
pub fn consultation_config(
    settings: &Settings,
    addresses: &Addresses,
    database_url: String,
    master_key: MasterKey,
) -> Config {
    let mut origins = vec![addresses.origin.clone()];
    origins.extend(addresses.others.iter().cloned());
    Config {
        database_url,
        database_connections: settings.database_connections,
        origins,
        trusted_proxies: settings.trusted_proxies.clone(),
        master_key,
        messages: MessageConfig {
            mail: settings.mail.as_ref().map(MailSection::config),
            sms: settings.sms.as_ref().map(SmsSection::config),
        },
        demonstration: settings.purpose == Purpose::Demonstration,
    }
}

fn refusal(error: StartConsultationError) -> StartServicesError {
    match error {
        StartConsultationError::Storage(OpenStorageError::OtherPurpose { kept: Purpose::Production }) => {
            StartServicesError::ProductionDatabase
        }
        StartConsultationError::Storage(OpenStorageError::OtherPurpose { kept: Purpose::Demonstration }) => {
            StartServicesError::DemonstrationDatabase
        }
        other => StartServicesError::Consultation(other),
    }
}

async fn invented_people(consultation: &Consultation) -> Result<Vec<Person>, StartServicesError> {
    let people = demo::seed(consultation).await?.people;
    let person = |person: demo::DemoPerson| Person {
        role_text: match person.role {
            Role::Practitioner => "médecin",
            Role::Secretary => "secrétariat",
            Role::Administrator => "administration",
            Role::Patient => "patient",
            Role::Expert | Role::AccompanyingPerson | Role::Interpreter => "invité",
        },
        display_name: person.display_name,
        email: person.email,
        password: person.password,
        totp_secret: person.totp_secret,
        chose_own: person.chose_own,
    };
    Ok(people.into_iter().map(person).collect())
}
