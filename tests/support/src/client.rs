//! A browser's share of HTTP: cookies kept, our header sent, answers read.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

/// Longest answer read, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// A browser that talks to a router without a network.
#[derive(Debug, Clone)]
pub struct Client {
    router: Router,
    peer: SocketAddr,
    /// The cookies kept, by name.
    pub cookies: BTreeMap<String, String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Client {
    /// Opens a browser at 203.0.113.7.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router, peer: SocketAddr::from(([203, 0, 113, 7], 50_000)), cookies: BTreeMap::new() }
    }

    /// Moves the browser to another address.
    ///
    /// # Panics
    ///
    /// When `address` is not an IP address.
    #[must_use]
    pub fn from(mut self, address: &str) -> Self {
        self.peer = SocketAddr::new(address.parse().expect("the test names an address"), 50_000);
        self
    }

    /// Reads.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Changes something without saying more.
    pub async fn act(&mut self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    /// Changes something.
    pub async fn post(&mut self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::POST, path, Some(serde_json::to_value(body).expect("bodies have a JSON form"))).await
    }

    /// Replaces something.
    pub async fn put(&mut self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::PUT, path, Some(serde_json::to_value(body).expect("bodies have a JSON form"))).await
    }

    /// Removes something.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends any request as a page of ours would.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(path);
        if method != Method::GET {
            request = request.header("x-colloque", "1").header("sec-fetch-site", "same-origin");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.header(CONTENT_TYPE, "application/json").body(body).expect("the test names a path");
        self.raw(request).await
    }

    /// Sends a request as it is, with the cookies kept, and keeps those of the answer.
    ///
    /// # Panics
    ///
    /// When the answer's body breaks off.
    pub async fn raw(&mut self, mut request: Request<Body>) -> Answer {
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(COOKIE, pairs.join("; ").parse().expect("cookies are ASCII"));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.router.clone().oneshot(request).await.expect("a router answers everything");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().expect("cookies are ASCII"));
        }
        let body = to_bytes(body, MAX_ANSWER).await.expect("the body is whole").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        if value.is_empty() || cookie.ends_with("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Answer {
    /// Reads the body.
    ///
    /// # Panics
    ///
    /// When the answer is a refusal or another body.
    #[track_caller]
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        serde_json::from_slice(&self.body).expect("the body is what the test expects")
    }

    /// Reads the code of a refusal; `None` for anything else.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        if self.status.is_success() { None } else { Some(body.get("code")?.as_str()?.to_owned()) }
    }

    /// Checks that the request succeeded.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// Checks that the request was refused with a code.
    ///
    /// # Panics
    ///
    /// When it was not.
    #[track_caller]
    pub fn refused(self, code: &str) -> Self {
        assert_eq!(self.refusal().as_deref(), Some(code), "{} {}", self.status, self.text());
        self
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
