//! The guest's link, as it stands in the address.

use colloque_ids::GuestId;
use colloque_protocol::http::guest::{GuestFace, ShowGuestLink};
use colloque_web::dom::window;
use colloque_web::http::{self, SendRequestError};

/// What precedes the guest in a path.
const BASE: &str = "/g/";

/// A link. Its secret stays behind the `#` of the address, so that the page finds it when it is loaded again, and leaves the browser in
/// the bodies of requests only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestLink {
    guest: GuestId,
    secret: String,
}

impl GuestLink {
    /// Reads the address of this page; none when a part is missing.
    pub fn here() -> Option<Self> {
        let location = window().location();
        Self::read(&location.pathname().ok()?, &location.hash().ok()?)
    }

    fn read(path: &str, fragment: &str) -> Option<Self> {
        let guest = path.strip_prefix(BASE)?.trim_end_matches('/').parse().ok()?;
        let secret = fragment.strip_prefix('#').filter(|secret| !secret.is_empty())?;
        Some(Self { guest, secret: secret.to_owned() })
    }

    /// Asks what may be shown.
    pub async fn face(&self) -> Result<GuestFace, SendRequestError> {
        let body = ShowGuestLink { secret: self.secret.clone() };
        http::post(&format!("/api/guests/{}/face", self.guest.full()), &body).await
    }

    /// Where tickets are asked for.
    pub fn ticket_path(&self) -> String {
        format!("/api/guests/{}/ticket", self.guest.full())
    }

    /// The secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The guest, for what this tab remembers.
    pub fn name(&self) -> String {
        self.guest.full()
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;

    use super::*;

    #[test]
    fn a_whole_link_is_read() {
        let guest = GuestId::from_parts(Timestamp::from_millis(1), [1; 10]);
        let path = format!("/g/{}", guest.full());
        let link = GuestLink::read(&path, "#c2VjcmV0").unwrap();
        assert_eq!((link.guest, link.secret()), (guest, "c2VjcmV0"));
        assert_eq!(GuestLink::read(&format!("{path}/"), "#c2VjcmV0"), Some(link));
    }

    #[test]
    fn a_link_without_one_of_its_parts_is_none() {
        let path = format!("/g/{}", GuestId::from_parts(Timestamp::from_millis(1), [1; 10]).full());
        for (path, fragment) in
            [(path.as_str(), ""), (path.as_str(), "#"), ("/g/zzz", "#a"), ("/g/", "#a"), ("/", "#a")]
        {
            assert_eq!(GuestLink::read(path, fragment), None, "{path}{fragment}");
        }
    }
}
