use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use dimpl::{Config, ConfigBuilder, Dtls, DtlsCertificate, Output, SrtpProfile};
use subtle::ConstantTimeEq;

use crate::core::Core;
use crate::sdp::Fingerprint;
use crate::srtp::{KeyPair, Profile};

/// The server's certificate, made once for each process by the shell.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    private_key_der: Vec<u8>,
    fingerprint: Fingerprint,
}

impl Certificate {
    /// Takes a self-signed ECDSA P-256 certificate and its PKCS #8 key, both in DER.
    #[must_use]
    pub fn from_der(der: Vec<u8>, private_key_der: Vec<u8>) -> Self {
        let fingerprint = fingerprint_of(&der);
        Self { der, private_key_der, fingerprint }
    }

    /// What the answers announce.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

/// SHA-256 of a certificate in DER.
#[must_use]
pub fn fingerprint_of(der: &[u8]) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    Fingerprint(bytes)
}

/// Shared settings of all handshakes.
pub(crate) struct DtlsSettings {
    config: Arc<Config>,
    certificate: Certificate,
}

impl DtlsSettings {
    pub(crate) fn new(certificate: Certificate) -> Self {
        let config = settings().build().expect("the settings are constants");
        Self { config: Arc::new(config), certificate }
    }

    /// Makes handshakes otherwise from now on.
    pub(crate) fn change(&mut self, change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) {
        let config = change(settings()).build().expect("the settings are sound");
        self.config = Arc::new(config);
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.certificate.fingerprint
    }
}

impl Core {
    /// Changes how handshakes are made from now on: for a simulation, which repeats them byte by byte from a seed. Whoever knows such
    /// a seed reads what is said.
    ///
    /// # Panics
    ///
    /// When the changed settings contradict each other.
    pub fn change_handshakes(&mut self, change: impl FnOnce(dimpl::ConfigBuilder) -> dimpl::ConfigBuilder) {
        self.dtls.change(change);
    }
}

fn settings() -> ConfigBuilder {
    Config::builder()
        .mtu(MTU_BYTES)
        // The source address was validated by ICE before the first handshake byte is read, so the round trip that a
        // cookie costs proves nothing more.
        .use_server_cookie(false)
        .require_client_certificate(true)
        .flight_start_rto(FIRST_RETRANSMISSION)
        .handshake_timeout(HANDSHAKE_TIMEOUT)
}

/// Largest handshake datagram, in bytes: fits a path of 1280 bytes with IPv6 and UDP headers.
const MTU_BYTES: usize = 1200;
/// Wait before the first retransmission of a lost flight.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(200);
/// Longest handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// The DTLS server of one peer.
pub(crate) struct DtlsTransport {
    state: State,
    /// The certificate that the client's offer announced.
    expected: Fingerprint,
}

enum State {
    /// Nothing arrived yet: a peer that never connects costs no handshake state.
    Waiting,
    Running {
        dtls: Box<Dtls>,
        is_verified: bool,
        keys: Option<Box<KeyPair>>,
        timeout_at: Option<Instant>,
    },
    /// A wrong certificate, a fatal alert or the end of time: only a new offer helps.
    Failed,
}

/// What a step of the handshake brought.
pub(crate) enum DtlsEvent {
    /// Nothing that the caller must act on.
    Progress,
    /// The certificate is the announced one and the keys are known.
    Connected(KeyPair),
    /// The client closed the transport.
    Closed,
}

impl DtlsTransport {
    pub(crate) fn new(expected: Fingerprint) -> Self {
        Self { state: State::Waiting, expected }
    }

    pub(crate) fn expected(&self) -> Fingerprint {
        self.expected
    }

    /// Whether only a new offer helps.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Takes one datagram and writes answers by `send`.
    pub(crate) fn handle_datagram(
        &mut self,
        settings: &DtlsSettings,
        now: Instant,
        datagram: &[u8],
        send: impl FnMut(&[u8]),
    ) -> DtlsEvent {
        if matches!(self.state, State::Waiting) {
            let certificate = DtlsCertificate {
                certificate: settings.certificate.der.clone(),
                private_key: settings.certificate.private_key_der.clone(),
            };
            let dtls = Box::new(Dtls::new_12(Arc::clone(&settings.config), certificate, now));
            self.state = State::Running { dtls, is_verified: false, keys: None, timeout_at: None };
        }
        let State::Running { dtls, .. } = &mut self.state else { return DtlsEvent::Progress };
        if dtls.handle_timeout(now).is_err() || dtls.handle_packet(datagram).is_err() {
            self.fail(send);
            return DtlsEvent::Progress;
        }
        self.drain(send)
    }

    /// Retransmits what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, send: impl FnMut(&[u8])) -> DtlsEvent {
        let State::Running { dtls, timeout_at, .. } = &mut self.state else { return DtlsEvent::Progress };
        if timeout_at.is_none_or(|timeout_at| now < timeout_at) {
            return DtlsEvent::Progress;
        }
        if dtls.handle_timeout(now).is_err() {
            self.fail(send);
            return DtlsEvent::Progress;
        }
        self.drain(send)
    }

    /// Says good-bye, so that the client need not wait for its own timers.
    pub(crate) fn close(&mut self, send: impl FnMut(&[u8])) {
        if let State::Running { dtls, .. } = &mut self.state
            && dtls.close().is_ok()
        {
            let _ = self.drain(send);
        }
        self.state = State::Failed;
    }

    /// Sends the alert that explains a failure, then forgets the handshake.
    fn fail(&mut self, send: impl FnMut(&[u8])) {
        let _ = self.drain(send);
        self.state = State::Failed;
    }

    fn drain(&mut self, mut send: impl FnMut(&[u8])) -> DtlsEvent {
        let State::Running { dtls, is_verified, keys, timeout_at } = &mut self.state else {
            return DtlsEvent::Progress;
        };
        let mut event = DtlsEvent::Progress;
        let mut is_wrong = false;
        let mut buffer = [0; 2048];
        for _ in 0..MAX_OUTPUTS {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => send(datagram),
                Output::PeerCert(der) => {
                    *is_verified = bool::from(fingerprint_of(der).0.ct_eq(&self.expected.0));
                    is_wrong |= !*is_verified;
                }
                Output::KeyingMaterial(material, profile) => {
                    *keys = profile_of(profile)
                        .and_then(|profile| KeyPair::from_keying_material(profile, &material))
                        .map(Box::new);
                }
                Output::CloseNotify => event = DtlsEvent::Closed,
                Output::Timeout(at) => {
                    *timeout_at = Some(at);
                    break;
                }
                Output::BufferTooSmall { .. } => {
                    is_wrong = true;
                    break;
                }
                // Application data has no use here: data channels are refused in the answer.
                _ => {}
            }
        }
        if *is_verified && let Some(keys) = keys.take() {
            event = DtlsEvent::Connected(*keys);
        }
        if is_wrong {
            self.state = State::Failed;
            return DtlsEvent::Progress;
        }
        event
    }
}

/// Outputs of one step; a flight has less than ten.
const MAX_OUTPUTS: usize = 64;

fn profile_of(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmHmacSha1_80),
        _ => None,
    }
}
