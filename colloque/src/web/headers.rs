//! The headers that keep a page to itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Sources that a page may use beyond the common ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A plain page: style only.
    Plain,
    /// The demonstration's mailbox: a script and the API.
    Scripted,
    /// An application with WebAssembly, camera and microphone.
    Application,
    /// An application that also shows PDF documents in a frame.
    ApplicationWithDocuments,
}

/// The Content-Security-Policy of the scripts that start workers, of the end-to-end keys and of documents: their own code, from here, and
/// nothing else. They may speak with their page only; they ask the network for their program and never again.
pub const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

impl Protection {
    /// Writes the Content-Security-Policy; `styles` are the hashes of inline styles.
    pub fn policy(self, styles: &[String]) -> String {
        let mut styles_allowed: String = styles.iter().map(|hash| format!(" '{hash}'")).collect();
        if self != Self::Plain || styles.is_empty() {
            styles_allowed.insert_str(0, " 'self'");
        }
        let rest = match self {
            Self::Plain => "img-src 'self' data:",
            Self::Scripted => "script-src 'self'; img-src 'self' data:; connect-src 'self'",
            Self::Application => {
                "script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'"
            }
            Self::ApplicationWithDocuments => {
                "script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self' blob:"
            }
        };
        format!(
            "default-src 'none'; style-src{styles_allowed}; {rest}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// Adds to every answer the headers that do not depend on the page.
///
/// `has_real_certificate` adds the promise to stay with HTTPS, which a certificate for trying out must not make.
pub fn protect_always(headers: &mut HeaderMap, is_api: bool, has_real_certificate: bool) {
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()",
        ),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if has_real_certificate {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
    if is_api || !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        // Documents of the API are shown in a frame of our own page; nothing else may frame them, and they load nothing.
        let policy = if is_api {
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
        } else {
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_allows_inline_or_evaluated_scripts() {
        for protection in
            [Protection::Plain, Protection::Scripted, Protection::Application, Protection::ApplicationWithDocuments]
        {
            let policy = protection.policy(&["sha256-x".to_owned()]);
            assert!(policy.starts_with("default-src 'none'"));
            assert!(!policy.contains("unsafe-inline"), "{policy}");
            assert!(!policy.contains("'unsafe-eval'"), "{policy}");
            assert!(!policy.contains("http"), "{policy}");
            assert!(policy.contains("'sha256-x'"), "{policy}");
        }
    }

    #[test]
    fn answers_of_the_api_are_never_stored() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        protect_always(&mut headers, true, false);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_certificate_for_trying_out_makes_no_promise() {
        let mut headers = HeaderMap::new();
        protect_always(&mut headers, false, false);
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
