//! What an operator may watch: counts of the media plane, of signaling and of requests, and nobody by name.
//!
//! Every label is a closed set of words that this program writes; none comes from a request, a ticket or an address.

mod media;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use colloque_sfu::{ReadMediaError, Sfu};
use colloque_signaling::Signaling;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tracing::{error, warn};

pub use requests::Requests;

/// Format of the answers.
///
/// # Source
///
/// OpenMetrics 1.0, section "Content type".
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Readings at a time.
const MAX_READINGS: usize = 4;

/// Longest time for one reading.
const READING_LIMIT: Duration = Duration::from_secs(5);

/// Everything that is counted.
#[derive(Clone)]
pub struct Metrics {
    sfu: Sfu,
    /// What is counted where it happens.
    registry: Arc<Registry>,
}

impl Metrics {
    /// Gathers what the services count.
    pub fn new(sfu: Sfu, signaling: &Signaling, requests: Requests) -> Self {
        let mut registry = Registry::default();
        signaling.register_metrics(&mut registry);
        requests.register(&mut registry);
        Self { sfu, registry: Arc::new(registry) }
    }

    /// Writes all metrics as they are now.
    ///
    /// # Errors
    ///
    /// [`ReadMediaError`] when the media plane does not answer: nothing is better than half of it.
    pub async fn write(&self) -> Result<String, ReadMediaError> {
        let mut media = Registry::default();
        media.register_collector(Box::new(media::MediaReading(self.sfu.read().await?)));
        let mut written = String::new();
        // Memory takes what is written.
        let _ = text::encode_registry(&mut written, &media);
        let _ = text::encode(&mut written, &self.registry);
        Ok(written)
    }
}

/// Serves `GET /metrics` until the runtime ends.
pub async fn serve(listener: TcpListener, metrics: Metrics) {
    if let Err(cause) = axum::serve(listener, router(metrics)).await {
        error!("metrics are served no more: {cause}");
    }
}

fn router(metrics: Metrics) -> Router {
    let limits = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async |_| StatusCode::SERVICE_UNAVAILABLE))
        .layer(TimeoutLayer::new(READING_LIMIT))
        .layer(GlobalConcurrencyLimitLayer::new(MAX_READINGS));
    Router::new().route("/metrics", get(read)).layer(limits).with_state(metrics)
}

async fn read(State(metrics): State<Metrics>) -> Response {
    match metrics.write().await {
        Ok(written) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], written).into_response(),
        Err(cause) => {
            warn!("metrics cannot be read: {cause}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
