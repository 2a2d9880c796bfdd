use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use colloque_protocol::forwarded::{FORWARDED_HEADER, client_address};

/// Finds where a request comes from: the listener's peer, or what a trusted proxy says of it.
pub(crate) fn address(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    // A value that is no text is no address, and hides what stands before it.
    let told = headers.get_all(FORWARDED_HEADER).iter().map(|value| value.to_str().unwrap_or("?"));
    Some(client_address(peer, told, trusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        address(&headers, &extensions, &trusted).unwrap().to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(address_of("192.0.2.7", &["203.0.113.1"]), "192.0.2.7");
        assert_eq!(address_of("::ffff:192.0.2.7", &[]), "192.0.2.7");
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_heard_and_not_what_the_client_claimed() {
        assert_eq!(address_of("10.0.0.1", &["203.0.113.1, 198.51.100.2"]), "198.51.100.2");
        assert_eq!(address_of("10.0.0.1", &["203.0.113.1", "198.51.100.2, 10.0.0.2"]), "198.51.100.2");
        assert_eq!(address_of("10.0.0.1", &["203.0.113.1, nonsense"]), "10.0.0.1");
        assert_eq!(address_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn without_a_peer_there_is_no_address() {
        assert_eq!(address(&HeaderMap::new(), &Extensions::new(), &[]), None);
    }
}
