use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use colloque_ids::{PeerId, RoomId, StaffId, Timestamp};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::ticket::RoomScope;
use colloque_sfu::SfuConfig;
use colloque_signaling::{
    Config, ConnectMediaError, Entered, Entry, Limits, MediaAnswer, MediaPlane, NotRecorded, Records,
};
use serde_json::Value;
use tower::ServiceExt;

use super::requests::RouteClass;
use super::*;

/// Storage and media plane that nobody asks.
struct Nobody;

impl colloque_signaling::Attestor for Nobody {
    fn attest(&self, statement: &colloque_attestation::Statement) -> colloque_attestation::Attestation {
        statement.seal(|_| [0; 64])
    }
}

#[async_trait]
impl Records for Nobody {
    async fn record(&self, _: ConnectionEvent) -> Result<(), NotRecorded> {
        Ok(())
    }

    async fn enter(&self, _: Entry) -> Result<Entered, NotRecorded> {
        Ok(Entered::Written)
    }

    async fn admit(&self, _: &RoomScope, _: StaffId, at: Timestamp) -> Result<Timestamp, NotRecorded> {
        Ok(at)
    }

    async fn refuse_patient(&self, _: &RoomScope, _: StaffId, _: Timestamp) -> Result<(), NotRecorded> {
        Ok(())
    }

    async fn end(&self, _: &RoomScope, _: StaffId, _: Timestamp) -> Result<(), NotRecorded> {
        Ok(())
    }
}

impl MediaPlane for Nobody {
    fn connect(&self, _: RoomId, _: PeerId, _: String, _: bool) -> MediaAnswer {
        Box::pin(ready(Err(ConnectMediaError::Unavailable)))
    }

    fn gate(&self, _: RoomId, _: bool) {}

    fn disconnect(&self, _: RoomId, _: PeerId) {}
}

fn services() -> (Metrics, Sfu, Requests) {
    let config = SfuConfig { bind: (Ipv4Addr::LOCALHOST, 0).into(), workers: 2, ..SfuConfig::default() };
    let (sfu, _events) = colloque_sfu::start(config).unwrap();
    let config = Config {
        ticket_public_key: [0; 32],
        allowed_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        limits: Limits::default(),
        turn: None,
    };
    let signaling = Signaling::new(config, Arc::new(Nobody), Arc::new(Nobody), Arc::new(Nobody));
    let requests = Requests::default();
    (Metrics::new(sfu.clone(), &signaling, requests.clone()), sfu, requests)
}

/// What an exposition says: the type of each family, and its samples' labels.
struct Exposition {
    types: BTreeMap<String, String>,
    labels: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl Exposition {
    fn of(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"));
        let mut types = BTreeMap::new();
        let mut labels: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                let (name, rest) = series.split_once('{').unwrap_or((series, "}"));
                labels.entry(name.to_owned()).or_default().extend(matchers(rest.trim_end_matches('}')));
            }
        }
        Self { types, labels }
    }

    /// Asserts that every metric and every label value that an expression names is exported.
    fn assert_knows(&self, expression: &str, origin: &str) {
        let mut names = 0;
        for (at, _) in expression.match_indices("colloque_") {
            let rest = &expression[at..];
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            let labels =
                self.labels.get(name).unwrap_or_else(|| panic!("{origin} names {name}, which is not exported"));
            names += 1;
            let Some(selector) = rest[end..].strip_prefix('{').and_then(|rest| rest.split_once('}')) else { continue };
            for (key, value) in matchers(selector.0) {
                for value in value.split('|') {
                    let is_known = labels.contains(&(key.clone(), value.to_owned()));
                    assert!(is_known, "{origin} asks {name} for {key}={value}, which it never has");
                }
            }
        }
        assert!(names > 0 || expression.contains("up{"), "{origin} names no metric: {expression}");
    }
}

/// The keys and values of a list of labels or matchers.
fn matchers(text: &str) -> Vec<(String, String)> {
    let parts = text.split("\",").filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (key, value) = part.split_once('"')?;
        Some((key.trim_end_matches(['=', '~', '!']).trim().to_owned(), value.trim_end_matches('"').to_owned()))
    };
    parts.filter_map(pair).collect()
}

fn infra(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra").join(file)
}

async fn exposition() -> Exposition {
    let (metrics, sfu, _) = services();
    let exposition = Exposition::of(&metrics.write().await.unwrap());
    sfu.shutdown();
    exposition
}

#[tokio::test]
async fn dashboard_and_alerts_name_only_what_is_exported() {
    let exposition = exposition().await;
    let dashboard: Value = serde_json::from_slice(&std::fs::read(infra("grafana/colloque.json")).unwrap()).unwrap();
    let mut shown = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            exposition.assert_knows(expression, title);
            shown.insert(expression.to_owned());
        }
    }
    let everything = shown.into_iter().collect::<Vec<_>>().join("\n");
    for name in exposition.types.keys() {
        assert!(everything.contains(name), "no panel shows {name}");
    }
    let rules = std::fs::read_to_string(infra("prometheus/colloque.rules.yml")).unwrap();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 8);
    for alert in alerts {
        let (name, rest) = alert.split_once('\n').unwrap();
        let (expression, _) = rest.split_once("labels:").unwrap();
        exposition.assert_knows(expression, name);
    }
}

#[tokio::test]
async fn names_follow_the_rules_of_the_exposition() {
    let exposition = exposition().await;
    for (name, kind) in &exposition.types {
        let suffixes: &[&str] = match kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            other => panic!("{name} is a {other}"),
        };
        for suffix in suffixes {
            assert!(exposition.labels.contains_key(&format!("{name}{suffix}")), "{name} has no sample {suffix}");
        }
        let is_short = exposition.labels.get(name).is_none_or(|labels| labels.len() < 80);
        assert!(is_short && name.starts_with("colloque_"), "{name}");
    }
    let closed = ["kind", "reason", "transport", "refused_by", "when", "outcome", "what", "gate", "state", "le"];
    let closed = [&closed[..], &["code", "stage", "place", "route", "status"]].concat();
    for (name, labels) in &exposition.labels {
        for (key, value) in labels {
            assert!(closed.contains(&key.as_str()), "{name} has the label {key}");
            let is_word = value.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
            assert!(is_word || key == "le" || key == "status", "{name} has {key}={value}");
        }
    }
}

#[test]
fn every_route_of_the_api_belongs_to_a_class_and_no_path_makes_one() {
    for face in colloque_consultation::route_faces() {
        assert_ne!(RouteClass::of(face.path), RouteClass::Unknown, "{}", face.path);
    }
    for (path, class) in [
        ("/", RouteClass::Page),
        ("/c/0198a2d0-0000-7000-8000-000000000000", RouteClass::Page),
        ("/g/0198a2d0-0000-7000-8000-000000000000", RouteClass::Page),
        ("/pro/agenda", RouteClass::Page),
        ("/assets/patient-0123.wasm", RouteClass::Asset),
        ("/ws", RouteClass::Signaling),
        ("/ws/more", RouteClass::Unknown),
        ("/api/health", RouteClass::Health),
        ("/api", RouteClass::Unknown),
        ("/api/0198a2d0-0000-7000-8000-000000000000", RouteClass::Unknown),
        ("/wp-login.php", RouteClass::Unknown),
    ] {
        assert_eq!(RouteClass::of(path), class, "{path}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_class_and_served_on_their_own_listener() {
    let (metrics, sfu, requests) = services();
    let app = requests.count(Router::new().route("/api/health", get(async || StatusCode::NO_CONTENT)));
    for path in ["/api/health", "/api/health", "/secret/0198a2d0"] {
        app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve(listener, metrics));
    let (status, head, body) = fetch(address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(head.contains(CONTENT_TYPE), "{head}");
    assert!(body.contains("colloque_http_requests_total{route=\"health\",status=\"2xx\"} 2\n"), "{body}");
    assert!(body.contains("colloque_http_requests_total{route=\"unknown\",status=\"4xx\"} 1\n"));
    assert!(body.contains("colloque_http_answer_seconds_count{route=\"health\"} 2\n"));
    assert!(body.contains("colloque_media_workers 2\n"));
    assert!(!body.contains("secret") && !body.contains("0198a2d0"));
    assert_eq!(fetch(address, "/").await.0, 404);

    // Half a sum would look as if counters had gone back.
    tokio::task::spawn_blocking(|| sfu.shutdown()).await.unwrap();
    assert_eq!(fetch(address, "/metrics").await.0, 503);
    serving.abort();
}

/// Status, head and body of a plain request.
async fn fetch(address: SocketAddr, path: &str) -> (u16, String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}
