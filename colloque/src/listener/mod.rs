//! The HTTPS listener: bounded connections, bounded silence, an end that lets requests finish. Media come here too, from
//! networks that let nothing else pass.

mod activity;
mod connection;
mod crowd;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use colloque_sfu::Sfu;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

pub use connection::Limits;
use connection::Service;
use crowd::Crowd;

/// How long open requests may take to finish when the platform stops.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// Pause after the kernel refused to hand a connection out, most often for want of file descriptors.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves `app` until `stop` resolves, then lets open requests finish for a few seconds.
///
/// `proxies` are the addresses whose `X-Forwarded-For` is believed; all clients of a proxy come from its address, so its
/// connections are not counted by address. A connection that begins as media go to `media`.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    app: Router,
    media: Sfu,
    proxies: Vec<IpAddr>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let acceptor = TlsAcceptor::from(tls);
    let service = Service { acceptor, app, proxies: proxies.into(), limits, slots: Arc::clone(&slots), media };
    let (stopping, _) = watch::channel(());
    let crowd = Arc::new(Crowd::default());
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let is_proxy = service.proxies.contains(&peer.ip().to_canonical());
        let place = if is_proxy { None } else { Crowd::enter(&crowd, peer.ip()) };
        if place.is_none() && !is_proxy {
            debug!(from = %peer.ip(), "too many connections from {}", peer.ip());
            continue;
        }
        let (service, stop) = (service.clone(), stopping.subscribe());
        tokio::spawn(async move {
            service.serve(stream, peer, stop).await;
            drop((slot, place));
        });
    }
    drop(listener);
    let _ = stopping.send(());
    if timeout(FINISH_LIMIT, stopping.closed()).await.is_err() {
        debug!("some connections did not finish in time");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            warn!("cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            None
        }
    }
}
