//! What surrounds every route: context, same-origin rule, limits, refusals written out.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::{MAX_BODY_BYTES, REQUEST_HEADER};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

use super::{Context, Refusal};
use crate::Consultation;

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Surrounds the routes.
pub(crate) fn frame(service: &Consultation, routes: Router) -> Router {
    routes
        .fallback(|| async { Refusal::not_found() })
        .method_not_allowed_fallback(|| async { Refusal::not_found() })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(finish))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(|_| Refusal::new(ErrorCode::ServerFailed).into_response()))
        .layer(middleware::from_fn_with_state(service.clone(), surround))
}

/// Has what a request changes end whole, with all that follows from it, also when its client goes away or it takes too long: what is
/// committed, such as a consent that is withdrawn, must reach the calls under way.
async fn finish(request: Request, next: Next) -> Response {
    if only_reads(request.method()) {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Refusal::new(ErrorCode::ServerFailed).into_response(),
        },
    }
}

async fn surround(State(service): State<Consultation>, mut request: Request, next: Next) -> Response {
    let context = Context::of(&service, &request);
    let method = request.method().clone();
    request.extensions_mut().insert(context);
    let span = tracing::info_span!("request", request.id = %context.request, %method);
    let answer = async {
        let mut response = match refuse_early(&service, &request) {
            Some(refusal) => refusal.into_response(),
            None => next.run(request).await,
        };
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            response = write(context, refusal);
        }
        response
    };
    let mut response = answer.instrument(span).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what another site sent and what is too large, before anybody reads it.
fn refuse_early(service: &Consultation, request: &Request) -> Option<Refusal> {
    if !is_ours(request.method(), request.headers(), &service.config().origins) {
        return Some(Refusal::new(ErrorCode::ForeignRequest));
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.filter(|length| *length > MAX_BODY_BYTES as u64).map(|_| Refusal::new(ErrorCode::TooLarge))
}

fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a request comes from a page of ours.
///
/// A changing request carries our header, which no form can send; a browser that says where a request comes from must say
/// that it is from here.
fn is_ours(method: &Method, headers: &HeaderMap, origins: &[String]) -> bool {
    if only_reads(method) {
        return true;
    }
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    said(REQUEST_HEADER) == Some("1")
        && said("sec-fetch-site").is_none_or(|site| site == "same-origin")
        && said(ORIGIN.as_str()).is_none_or(|origin| origins.iter().any(|ours| ours == origin))
}

fn write(context: Context, refusal: Refusal) -> Response {
    let status = refusal.status();
    if let Some(cause) = refusal.cause() {
        let chain = std::iter::successors(cause.source(), |cause| cause.source());
        let causes = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        tracing::error!(request.id = %context.request, code = ?refusal.code(), %causes, "request failed: {cause}");
    }
    let body = refusal.body(context.request);
    let retry_after = body.retry_after_s;
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::routing::post;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn what_changes_something_ends_whole_although_its_client_went_away() {
        let (begun, go_on, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let within = (Arc::clone(&begun), Arc::clone(&go_on), Arc::clone(&done));
        let change = move || async move {
            let (begun, go_on, done) = within;
            begun.notify_one();
            go_on.notified().await;
            done.notify_one();
        };
        let routes = Router::new().route("/", post(change)).layer(middleware::from_fn(finish));
        let request = Request::post("/").body(Body::empty()).unwrap();
        let client = tokio::spawn(routes.oneshot(request));
        begun.notified().await;
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        go_on.notify_one();
        tokio::time::timeout(Duration::from_secs(5), done.notified()).await.expect("the change ends");
    }

    fn judged(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&Method::POST, &headers.collect(), &["https://localhost:8443".to_owned()])
    }

    #[test]
    fn only_our_own_pages_change_something() {
        assert!(judged(&[("x-colloque", "1")]));
        assert!(judged(&[
            ("x-colloque", "1"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://localhost:8443")
        ]));
        assert!(!judged(&[]));
        assert!(!judged(&[("x-colloque", "2")]));
        assert!(!judged(&[("x-colloque", "1"), ("sec-fetch-site", "same-site")]));
        assert!(!judged(&[("x-colloque", "1"), ("sec-fetch-site", "cross-site")]));
        assert!(!judged(&[("x-colloque", "1"), ("origin", "https://localhost:9443")]));
        assert!(!judged(&[("x-colloque", "1"), ("origin", "null")]));
    }
}
