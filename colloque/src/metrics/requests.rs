//! Requests by what they are about, and by how they ended.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Bounds of the time until an answer begins, in seconds.
const LATENCY_BOUNDS_S: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type RouteLabel = [(&'static str, &'static str); 1];
type Labels = [(&'static str, &'static str); 2];

/// What a request is about. A path has identifiers in it, so it is never a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteClass {
    Page,
    Asset,
    Signaling,
    Health,
    /// Signing in, accounts and their activation.
    Session,
    Administration,
    Journal,
    /// What the staff does for patients.
    Care,
    /// What patients do.
    Patient,
    Mailbox,
    Unknown,
}

impl RouteClass {
    pub(super) const ALL: [Self; 11] = [
        Self::Page,
        Self::Asset,
        Self::Signaling,
        Self::Health,
        Self::Session,
        Self::Administration,
        Self::Journal,
        Self::Care,
        Self::Patient,
        Self::Mailbox,
        Self::Unknown,
    ];

    /// Reads a path.
    pub(super) fn of(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').split('/');
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("api", Some(area)) => match area {
                "health" => Self::Health,
                "session" | "account" | "activation" => Self::Session,
                "admin" => Self::Administration,
                "journal" => Self::Journal,
                "appointments" | "consultations" | "day" | "desk" | "documents" | "patients" | "prescriptions" => {
                    Self::Care
                }
                "invitations" | "patient" | "guests" => Self::Patient,
                "mailbox" => Self::Mailbox,
                _ => Self::Unknown,
            },
            ("ws", None) => Self::Signaling,
            ("assets" | "favicon.ico" | "robots.txt", _) => Self::Asset,
            (
                "" | "c" | "g" | "pro" | "activation" | "admin" | "aide" | "accessibilite" | "chiffrement"
                | "confidentialite" | "mentions-legales" | "mailbox",
                _,
            ) => Self::Page,
            _ => Self::Unknown,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Asset => "asset",
            Self::Signaling => "signaling",
            Self::Health => "health",
            Self::Session => "session",
            Self::Administration => "administration",
            Self::Journal => "journal",
            Self::Care => "care",
            Self::Patient => "patient",
            Self::Mailbox => "mailbox",
            Self::Unknown => "unknown",
        }
    }
}

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

fn status_class(status: StatusCode) -> &'static str {
    let hundreds = usize::from(status.as_u16() / 100);
    STATUS_CLASSES.get(hundreds.wrapping_sub(1)).copied().unwrap_or("5xx")
}

/// Counts of requests, shared by whoever counts and whoever reads.
#[derive(Debug, Clone)]
pub struct Requests(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    answered: Family<Labels, Counter>,
    latency: Family<RouteLabel, Histogram>,
}

impl Default for Requests {
    fn default() -> Self {
        let latency = Family::new_with_constructor((|| Histogram::new(LATENCY_BOUNDS_S)) as fn() -> Histogram);
        let counts = Counts { answered: Family::default(), latency };
        // A series that begins with its first event hides that event from whoever looks at its growth.
        for class in RouteClass::ALL {
            drop(counts.latency.get_or_create(&[("route", class.text())]));
            for status in STATUS_CLASSES {
                drop(counts.answered.get_or_create(&[("route", class.text()), ("status", status)]));
            }
        }
        Self(Arc::new(counts))
    }
}

impl Requests {
    /// Has every request to `app` counted.
    pub fn count(&self, app: Router) -> Router {
        app.layer(from_fn_with_state(self.clone(), observe))
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("colloque_http");
        registry.register("requests", "Requests by what they are about and how they ended", self.0.answered.clone());
        registry.register("answer_seconds", "From a request's head to its answer's head", self.0.latency.clone());
    }
}

async fn observe(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let (class, began_at) = (RouteClass::of(request.uri().path()), Instant::now());
    let response = next.run(request).await;
    let counts = &requests.0;
    counts.answered.get_or_create(&[("route", class.text()), ("status", status_class(response.status()))]).inc();
    counts.latency.get_or_create(&[("route", class.text())]).observe(began_at.elapsed().as_secs_f64());
    response
}
