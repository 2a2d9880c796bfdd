//! Which path shows which page.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use colloque_ids::Timestamp;
use jiff::tz::TimeZone;
use tower::ServiceExt;

use super::bundles::{Bundles, Shell};
use super::headers::{Protection, WORKER_POLICY, protect_always};
use super::pages::Pages;
use super::patient::{self, FaceUnavailable, InvitationFaces};

/// How the names of the scripts begin that start workers.
const WORKER_SCRIPTS: [&str; 2] = ["seal-", "clean-"];

/// Brotli's quality for a page filled per request: a millisecond, and still a third of the size.
const PAGE_QUALITY: i32 = 7;

/// Longest time that a file whose name carries its hash may be kept.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const ICON: &str = concat!(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#0c5c5e' stroke-width='2' ",
    "stroke-linejoin='round'><path d='M9 15.5H6.5L3 18.5V7a3 3 0 0 1 3-3h6a3 3 0 0 1 3 3v2M12 9h6a3 3 0 0 1 3 3v8.5",
    "l-3.5-3H12a3 3 0 0 1-3-3V12a3 3 0 0 1 3-3Z'/></svg>",
);

/// What the pages are made of.
pub struct Web {
    /// The bundles.
    pub bundles: Bundles,
    /// The plain pages.
    pub pages: Pages,
    /// Tells what may be shown of an invitation.
    pub faces: Arc<dyn InvitationFaces>,
    /// The zone in which hours are written.
    pub zone: TimeZone,
    /// Whether browsers trust the certificate, so that they may be told to stay with HTTPS.
    pub has_real_certificate: bool,
}

/// Routes of the other services, below `/api` and `/ws`.
#[derive(Clone)]
pub struct Services {
    /// The API.
    pub api: Router,
    /// Signaling.
    pub signaling: Router,
}

/// Puts the pages around the other services.
pub fn router(web: Web, services: Services) -> Router {
    let demonstration = web.pages.mailbox.is_some();
    let web = Arc::new(web);
    let mut pages = Router::new()
        .route("/", get(async || Redirect::temporary("/pro")))
        .route("/c/{invitation}", get(patient_page))
        .route("/c/{invitation}/test", get(patient_page))
        .route("/g/{guest}", get(guest_page))
        .route("/pro", get(pro_page))
        .route("/pro/{*rest}", get(pro_page))
        .route("/activation", get(pro_page))
        .route("/admin", get(admin_page))
        .route("/admin/{*rest}", get(admin_page))
        .route("/aide", get(help_page))
        .route("/accessibilite", get(accessibility_page))
        .route("/confidentialite", get(privacy_page))
        .route("/chiffrement", get(encryption_page))
        .route("/mentions-legales", get(legal_page))
        .route("/assets/{name}", get(asset))
        .route("/favicon.ico", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)))
        .route("/robots.txt", get(async || "User-agent: *\nDisallow: /\n"));
    if demonstration {
        pages = pages.route("/mailbox", get(mailbox_page));
    }
    let others = Arc::clone(&web);
    // A route of its own would leave its parameters in the request, where the services would find them.
    pages
        .fallback(move |request: Request| elsewhere(others, services, request))
        .with_state(Arc::clone(&web))
        .layer(from_fn_with_state(web, protect))
}

async fn elsewhere(web: Arc<Web>, services: Services, request: Request) -> Response {
    let service = if is_below(request.uri(), "/api") {
        services.api
    } else if is_below(request.uri(), "/ws") {
        services.signaling
    } else {
        return not_found(&web, request.headers());
    };
    match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

type Shared = State<Arc<Web>>;

async fn protect(State(web): Shared, request: Request, next: Next) -> Response {
    let is_api = is_below(request.uri(), "/api");
    let mut response = next.run(request).await;
    protect_always(response.headers_mut(), is_api, web.has_real_certificate);
    response
}

async fn patient_page(
    State(web): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(path): Path<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let invitation = path.first().and_then(|(_, text)| text.parse().ok());
    let face = match invitation {
        Some(invitation) => match web.faces.face(invitation, peer.ip()).await {
            Ok(face) => face,
            Err(unavailable) => return busy(&web, unavailable, &headers),
        },
        None => None,
    };
    let Some(face) = face else {
        // The page that says so is a page, and what it says comes from no status.
        return shell(&web.bundles.unknown_link, Protection::Application, &headers);
    };
    let shell = &web.bundles.patient;
    let html = patient::fill(&shell.html, &face, now(), &web.zone);
    let packed = takes_brotli(&headers).then(|| pack(html.as_bytes()));
    page(StatusCode::OK, html, packed, &shell.styles, Protection::Application)
}

/// Says that the link cannot be looked up now. The page loads itself again, with the secret that only the browser has.
fn busy(web: &Web, unavailable: FaceUnavailable, headers: &HeaderMap) -> Response {
    let mut response = shell_as(StatusCode::SERVICE_UNAVAILABLE, &web.pages.busy, Protection::Plain, headers);
    for name in [header::RETRY_AFTER, header::REFRESH] {
        response.headers_mut().insert(name, HeaderValue::from(unavailable.retry_after_s));
    }
    response
}

async fn pro_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.bundles.pro, Protection::ApplicationWithDocuments, &headers)
}

async fn admin_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.bundles.admin, Protection::Application, &headers)
}

/// The same page for every link: what it shows of the guest's comes for the secret alone, which the server is not told here.
async fn guest_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.bundles.guest, Protection::Application, &headers)
}

async fn help_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.pages.help, Protection::Plain, &headers)
}

async fn accessibility_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.pages.accessibility, Protection::Plain, &headers)
}

async fn encryption_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.pages.encryption, Protection::Plain, &headers)
}

async fn privacy_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.pages.privacy, Protection::Plain, &headers)
}

async fn legal_page(State(web): Shared, headers: HeaderMap) -> Response {
    shell(&web.pages.legal, Protection::Plain, &headers)
}

async fn mailbox_page(State(web): Shared, headers: HeaderMap) -> Response {
    match &web.pages.mailbox {
        Some(mailbox) => shell(mailbox, Protection::Scripted, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn not_found(web: &Web, headers: &HeaderMap) -> Response {
    shell_as(StatusCode::NOT_FOUND, &web.pages.not_found, Protection::Plain, headers)
}

async fn asset(State(web): Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = web.bundles.asset(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = if takes_brotli(&headers) {
        let mut response = Response::new(Body::from(asset.brotli.clone()));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        response
    } else {
        Response::new(Body::from(asset.plain.clone()))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    if WORKER_SCRIPTS.iter().any(|script| name.starts_with(script)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_POLICY));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn shell(shell: &Shell, protection: Protection, headers: &HeaderMap) -> Response {
    shell_as(StatusCode::OK, shell, protection, headers)
}

fn shell_as(status: StatusCode, shell: &Shell, protection: Protection, headers: &HeaderMap) -> Response {
    let packed = takes_brotli(headers).then(|| shell.packed(pack));
    page(status, shell.html.clone(), packed, &shell.styles, protection)
}

fn page(
    status: StatusCode,
    html: String,
    packed: Option<Bytes>,
    styles: &[String],
    protection: Protection,
) -> Response {
    let policy = HeaderValue::from_str(&protection.policy(styles)).expect("hashes and keywords are visible ASCII");
    let is_packed = packed.is_some();
    let mut response = Response::new(packed.map_or_else(|| html.into(), Body::from));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn pack(html: &[u8]) -> Bytes {
    let mut packed =
        brotli::CompressorWriter::new(Vec::with_capacity(html.len() / 3), 16 * 1024, PAGE_QUALITY as u32, 20);
    packed.write_all(html).expect("memory takes what is written");
    packed.into_inner().into()
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|coding| coding.split_once(';').unwrap_or((coding, "")))
        .any(|(coding, weight)| coding.trim() == "br" && !["q=0", "q=0.0"].contains(&weight.trim()))
}

fn is_below(uri: &Uri, prefix: &str) -> bool {
    uri.path().strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_only_to_those_who_take_it() {
        let asked =
            |value: &'static str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(takes_brotli(&asked("gzip, deflate, br, zstd")));
        assert!(!takes_brotli(&asked("gzip")));
        assert!(!takes_brotli(&asked("br;q=0")));
        assert!(!takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn a_page_that_never_changes_is_compressed_once() {
        let shell = Shell::new("<p>Bonjour</p>".repeat(20), vec![]);
        let packed = shell.packed(pack);
        assert!(packed.len() < shell.html.len());
        assert_eq!(shell.packed(|_| panic!("it is compressed already")), packed);
    }

    struct Away;

    #[async_trait::async_trait]
    impl InvitationFaces for Away {
        async fn face(
            &self,
            _: colloque_ids::InvitationId,
            _: std::net::IpAddr,
        ) -> Result<Option<colloque_protocol::http::patient::InvitationFace>, FaceUnavailable> {
            Err(FaceUnavailable { retry_after_s: 7 })
        }
    }

    /// Pages as `cargo xtask web` would build them, each of its own name.
    fn web() -> Web {
        let thread = std::thread::current().id();
        let folder = std::env::temp_dir().join(format!("colloque-web-{}-{thread:?}", std::process::id()));
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        let names = [
            "patient",
            "pro",
            "admin",
            "guest",
            "frame",
            "aide",
            "accessibilite",
            "chiffrement",
            "confidentialite",
            "mentions-legales",
            "introuvable",
            "occupe",
        ];
        let entries = names.map(|name| {
            let content = if name == "frame" { "{{content}}".to_owned() } else { format!("<h1>{name}</h1>") };
            std::fs::write(folder.join(name), content).unwrap();
            format!("\"{name}\": {{ \"shell\": \"{name}\", \"styles\": [] }}")
        });
        std::fs::write(folder.join("manifest.json"), format!("{{ {} }}", entries.join(","))).unwrap();
        let bundles = Bundles::load(&folder, &[7; 32], false).unwrap();
        let pages = Pages::load(&folder, &super::super::LegalNotice::default(), false).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        Web { bundles, pages, faces: Arc::new(Away), zone: TimeZone::UTC, has_real_certificate: false }
    }

    #[tokio::test]
    async fn a_link_that_cannot_be_looked_up_now_is_not_called_unknown() {
        let services = Services { api: Router::new(), signaling: Router::new() };
        let mut request = Request::get("/c/0198a2d0-0000-7000-8000-000000000000").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 7], 1))));
        let response = router(web(), services).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        for name in [header::RETRY_AFTER, header::REFRESH] {
            assert_eq!(response.headers()[name], "7");
        }
        let page = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(String::from_utf8_lossy(&page).contains("<h1>occupe</h1>"));
    }

    #[tokio::test]
    async fn a_guests_page_is_an_application_that_nobody_indexes_or_keeps() {
        let services = Services { api: Router::new(), signaling: Router::new() };
        let request = Request::get("/g/0198a2d0-0000-7000-8000-000000000000").body(Body::empty()).unwrap();
        let response = router(web(), services).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], Protection::Application.policy(&[]));
    }

    #[test]
    fn a_longer_word_is_not_below_the_api() {
        assert!(is_below(&Uri::from_static("/api/health"), "/api"));
        assert!(!is_below(&Uri::from_static("/apix"), "/api"));
    }
}
