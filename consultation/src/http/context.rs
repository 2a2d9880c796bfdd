//! What is known of a request before anybody looks inside.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use colloque_ids::{RequestId, Timestamp};
use colloque_journal::{Draft, Event, NetworkPrefix};
use colloque_protocol::forwarded::{self, FORWARDED_HEADER};
use colloque_protocol::http::BACKGROUND_HEADER;

use super::{Refusal, Source};
use crate::Consultation;
use crate::random::new_id;
use crate::session::Cookie;

/// What is known of a request: its identifier, when it came and from which network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// The request.
    pub(crate) request: RequestId,
    /// When it came.
    pub(crate) now: Timestamp,
    /// From which network; none when the listener does not say.
    pub(crate) origin: Option<NetworkPrefix>,
    /// From which address, to count attempts by; it is never kept.
    pub(crate) address: Option<IpAddr>,
    /// What it counts under while storage was not asked who sends it.
    pub(crate) source: Source,
    /// Whether a page sent it by itself, so that it says nothing of somebody being there.
    pub(crate) is_background: bool,
}

impl Context {
    /// Reads the context of a request.
    pub(super) fn of(service: &Consultation, request: &Request) -> Self {
        let now = service.now();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = peer.map(|peer| client_address(peer, request.headers(), &service.config().trusted_proxies));
        Self {
            request: new_id(now),
            now,
            origin: address.map(NetworkPrefix::of),
            address,
            source: match Cookie::Device.read(request.headers()) {
                Some(token) if service.secrets().gave_to_browser(&token) => Source::Browser(token.short_hash()),
                Some(_) | None => Source::host(address),
            },
            is_background: request.headers().get(BACKGROUND_HEADER).is_some_and(|value| value == "1"),
        }
    }

    /// Starts a journal entry for somebody who is not signed in.
    pub(crate) const fn draft(&self, event: Event) -> Draft {
        Draft::new(self.now, event).from(self.origin)
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().copied().ok_or(Refusal::not_found())
    }
}

/// The client's address: the peer's, or what the last proxy that we trust heard of.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    // A value that is no text is no address, and hides what stands before it.
    let told = headers.get_all(FORWARDED_HEADER).iter().map(|value| value.to_str().unwrap_or("?"));
    forwarded::client_address(peer, told, trusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let trusted: Vec<IpAddr> = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_the_address_it_is_known_by() {
        assert_eq!(address("198.51.100.1", "192.0.2.1", &["10.0.0.1"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", "192.0.2.1, 198.51.100.1", &["10.0.0.1"]), "198.51.100.1");
        assert_eq!(address("10.0.0.1", "192.0.2.1, nonsense", &["10.0.0.1"]), "10.0.0.1");
    }
}
