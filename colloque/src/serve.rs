//! `colloque serve`: everything started in order, and stopped in the opposite one.

use std::io;
use std::net::{SocketAddr, TcpListener as BlockingListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use colloque_consultation::{LoadMasterKeyError, MasterKey, Purpose};
use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::arguments::ServeArguments;
use crate::certificate::{CertificateSource, LoadCertificateError, tls_settings};
use crate::configuration::{ReadSettingsError, Settings};
use crate::data_folder::{DataFolder, OpenDataFolderError, check_free_space};
use crate::database::{Cluster, StartClusterError};
use crate::demonstration;
use crate::listener::{self, Limits};
use crate::log;
use crate::metrics::{self, Requests};
use crate::services::{RunningServices, StartServicesError};
use crate::web::{self, Bundles, LoadBundlesError, Pages, Web};
use crate::welcome::{self, Addresses};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Pause between two looks at the private database.
const DATABASE_LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Why the platform does not run. The texts are for the person who starts it.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The configuration does not allow it.
    #[error(transparent)]
    Settings(#[from] ReadSettingsError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Data(#[from] OpenDataFolderError),
    /// The master key cannot be used.
    #[error("la clé principale ne peut pas être lue")]
    MasterKey(#[from] LoadMasterKeyError),
    /// The pages cannot be served.
    #[error(transparent)]
    Pages(#[from] LoadBundlesError),
    /// No usable certificate.
    #[error(transparent)]
    Certificate(#[from] LoadCertificateError),
    /// The port is taken.
    #[error("le port {} est déjà pris : arrêtez l'autre programme, ou choisissez --listen {}:{}", .0.port(), .0.ip(), .0.port().wrapping_add(1))]
    PortTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error("impossible d'écouter sur {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Metrics cannot be listened for.
    #[error("impossible de servir les mesures sur {address} : changez [metrics] listen")]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: Box<ServeError>,
    },
    /// The private database does not run.
    #[error(transparent)]
    Database(#[from] StartClusterError),
    /// The time zone is unknown.
    #[error("le fuseau horaire {0} est inconnu")]
    TimeZone(String),
    /// The operating system gives no threads or signals.
    #[error("le système ne donne pas les moyens de démarrer")]
    System(#[source] io::Error),
    /// A service does not start.
    #[error(transparent)]
    Services(#[from] StartServicesError),
    /// The private database ended while the platform ran.
    #[error("la base de données s'est arrêtée toute seule : voir log/postgresql.log dans le dossier des données")]
    DatabaseLost,
}

/// Runs the platform until it is told to stop.
///
/// # Errors
///
/// [`ServeError`] says in one sentence why it does not run.
pub fn serve(arguments: &ServeArguments) -> Result<(), ServeError> {
    let settings = Settings::read(arguments)?;
    log::start(&settings.log_level, settings.log_json);
    let zone = TimeZone::get(&settings.time_zone).map_err(|_| ServeError::TimeZone(settings.time_zone.clone()))?;

    let data = DataFolder::open(&settings.data, settings.purpose)?;
    demonstration::forget(data.path());
    let master_key = MasterKey::load_or_create(&data.path().join("master.key"))?;
    let listener = listen(settings.listen)?;
    let metrics_listener = match settings.metrics_listen {
        Some(address) => {
            let failed = |source| ServeError::Metrics { address, source: Box::new(source) };
            Some(listen(address).map_err(failed)?)
        }
        None => None,
    };
    let bundles = Bundles::load(&settings.web, &master_key.identity_public_key(), settings.direct)?;
    let pages = Pages::load(&settings.web, &settings.legal, settings.purpose == Purpose::Demonstration)?;
    let tls = tls_settings(&settings.certificate, &data)?;

    // Started here and not in the runtime: the database ends with the thread that started it, and this one lasts.
    let mut cluster = match &settings.database_url {
        Some(_) => None,
        None => Some(Cluster::start(data.path(), &data.database_password()?, welcome::progress)?),
    };
    let url = cluster.as_ref().map(|cluster| cluster.url().to_owned()).or_else(|| settings.database_url.clone());
    let url = url.expect("a database is named or was started");

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::System)?;
    let outcome = runtime.block_on(async {
        welcome::progress("Démarrage des services…");
        let listener = TcpListener::from_std(listener).map_err(ServeError::System)?;
        let address = listener.local_addr().map_err(ServeError::System)?;
        let addresses = Addresses::of(&settings, address);
        let services = RunningServices::start(&settings, &addresses, url, master_key).await?;
        let has_real_certificate = matches!(settings.certificate, CertificateSource::Files { .. });
        let web = Web { bundles, pages, faces: services.faces(), zone, has_real_certificate };
        let requests = Requests::default();
        let app = requests.count(web::router(web, services.routes()));
        if let Some(listener) = metrics_listener {
            let listener = TcpListener::from_std(listener).map_err(ServeError::System)?;
            // It ends with the runtime: whoever reads has nothing to lose.
            tokio::spawn(metrics::serve(listener, services.metrics(requests)));
        }

        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(listener::serve(
            listener,
            Arc::clone(&tls),
            app,
            services.media(),
            settings.trusted_proxies.clone(),
            Limits::default(),
            async move {
                let _ = stopped.await;
            },
        ));
        if settings.purpose == Purpose::Demonstration {
            demonstration::write(data.path(), &addresses, services.people()).map_err(ServeError::System)?;
        }
        welcome::show(&addresses, services.people(), services.visit(), data.path());
        info!("the platform runs on port {}", address.port());

        let outcome = wait(cluster.as_mut(), data.path()).await;
        welcome::progress("Arrêt en cours…");
        services.tell_everyone().await;
        let _ = stop.send(());
        let _ = serving.await;
        services.stop().await;
        outcome
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(cluster);
    welcome::progress("Colloque est arrêté.");
    outcome
}

fn listen(address: SocketAddr) -> Result<BlockingListener, ServeError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortTaken(address),
        _ => ServeError::Listen { address, source },
    };
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).map_err(failed)?;
    // Without it a restart waits for the last connections of the run before.
    socket.set_reuse_address(true).map_err(failed)?;
    socket.bind(&address.into()).map_err(failed)?;
    socket.listen(BACKLOG).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(socket.into())
}

/// Waits for the order to stop, or for the private database's unexpected end.
async fn wait(mut cluster: Option<&mut Cluster>, data: &Path) -> Result<(), ServeError> {
    let mut interrupted = signal(SignalKind::interrupt()).map_err(ServeError::System)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(ServeError::System)?;
    let mut look = tokio::time::interval(DATABASE_LOOK_INTERVAL);
    loop {
        tokio::select! {
            _ = interrupted.recv() => return Ok(()),
            _ = terminated.recv() => return Ok(()),
            _ = look.tick() => {
                let Some(cluster) = cluster.as_mut() else { continue };
                if let Err(error) = cluster.bound_log() {
                    warn!(%error, "the log of the private database cannot be kept within bounds: {error}");
                }
                if cluster.has_ended() {
                    error!("the private database ended by itself");
                    // What ends it most often.
                    check_free_space(data)?;
                    return Err(ServeError::DatabaseLost);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_told_with_another_one_to_take() {
        let first = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = first.local_addr().unwrap();
        let refused = listen(address).unwrap_err().to_string();
        let port = address.port();
        assert!(refused.starts_with(&format!("le port {port} est déjà pris")), "{refused}");
        assert!(refused.contains("--listen 127.0.0.1:"), "{refused}");
    }
}
