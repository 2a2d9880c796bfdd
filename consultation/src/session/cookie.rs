//! Cookies of the service.

use std::time::Duration;

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};

use crate::http::Refusal;
use crate::random::Token;

/// The cookies that browsers keep for us.
///
/// # Source
///
/// RFC 6265bis section 4.1.3.2: a name that starts with `__Host-` is accepted with `Secure`, `Path=/` and no `Domain` only, so no
/// other host and no plain connection can plant it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The staff's session.
    Staff,
    /// The patient's session.
    Patient,
    /// A browser in which somebody signed in before.
    Device,
    /// A passkey ceremony under way.
    Ceremony,
    /// A browser in which a guest's link was opened. It opens nothing: it tells that browser from others.
    Guest,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Staff => "__Host-colloque-staff",
            Self::Patient => "__Host-colloque-patient",
            Self::Device => "__Host-colloque-device",
            Self::Ceremony => "__Host-colloque-ceremony",
            Self::Guest => "__Host-colloque-guest",
        }
    }

    /// Reads the token that a browser sent. Two cookies of one name are none: one of them may be planted.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<Token> {
        let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let value = values.next()?;
        if values.next().is_some() { None } else { Token::parse(value) }
    }

    /// Gives the browser a token to keep.
    pub(crate) fn set(self, token: &Token, lifetime: Duration) -> SetCookie {
        self.write(&token.text(), lifetime.as_secs())
    }

    /// Makes the browser forget.
    pub(crate) fn clear(self) -> SetCookie {
        self.write("", 0)
    }

    fn write(self, value: &str, max_age_s: u64) -> SetCookie {
        let name = self.name();
        let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={max_age_s}");
        SetCookie(HeaderValue::try_from(text).expect("names and tokens are of visible ASCII"))
    }
}

/// A cookie on its way to a browser.
#[derive(Debug, Clone)]
pub(crate) struct SetCookie(HeaderValue);

impl IntoResponseParts for SetCookie {
    type Error = Refusal;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Refusal> {
        parts.headers_mut().append(SET_COOKIE, self.0);
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, header.parse().unwrap());
        Cookie::Staff.read(&headers).is_some()
    }

    #[test]
    fn a_cookie_is_read_among_others_and_a_doubled_one_is_none() {
        let token = Token::random().text();
        assert!(read(&format!("a=b; __Host-colloque-staff={token}; c=d")));
        assert!(!read(&format!("__Host-colloque-staff={token}; __Host-colloque-staff={token}")));
        assert!(!read(&format!("__Host-colloque-patient={token}")));
        assert!(!read(&format!("colloque-staff={token}")));
        assert!(!read("__Host-colloque-staff="));
        assert!(!read(";;;=;__Host-colloque-staff"));
    }
}
