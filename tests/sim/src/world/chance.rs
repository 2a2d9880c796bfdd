//! Keys, signatures and handshakes whose chances all follow from a seed: the real protocol, repeated byte by byte.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use ::aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use ::aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_network::Dice;
use colloque_protocol::key::{BrowserKey, join_proof_input};
use dimpl::crypto::{
    ActiveKeyExchange, Buf, CryptoProvider, HashAlgorithm, KeyProvider, NamedGroup, SignatureAlgorithm,
    SupportedKxGroup, aws_lc_rs,
};
use dimpl::{Config, ConfigBuilder, CryptoError, CryptoOperation, DtlsCertificate};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};

thread_local! {
    /// Where the key exchanges of this thread's world take their chances from; a world lives on one thread.
    static DICE: RefCell<Dice> = const { RefCell::new(Dice::new(0)) };
}

/// Has the key exchanges of this thread follow from `seed` from now on.
pub(super) fn seed(seed: u64) {
    // What is made once a process draws too: the first world shall not pay for it.
    let _ = browser_handshake();
    DICE.with(|dice| *dice.borrow_mut() = Dice::new(seed ^ 0x6b65_7973));
}

/// Draws 32 bytes.
pub(super) fn bytes(dice: &mut Dice) -> [u8; 32] {
    let mut bytes = [0; 32];
    for word in bytes.chunks_exact_mut(8) {
        word.copy_from_slice(&dice.bits().to_be_bytes());
    }
    bytes
}

/// Has handshakes exchange keys, sign and repeat themselves as the seed says.
pub(super) fn repeatable(settings: ConfigBuilder) -> ConfigBuilder {
    let provider =
        CryptoProvider { kx_groups: &[&SeededExchange], key_provider: &SeededKeys, ..aws_lc_rs::default_provider() };
    settings.with_crypto_provider(provider).dangerously_set_rng_seed(1)
}

/// Settings and certificate of the browsers' handshakes.
pub(super) fn browser_handshake() -> (Arc<Config>, DtlsCertificate) {
    static HANDSHAKE: LazyLock<(Arc<Config>, DtlsCertificate)> = LazyLock::new(|| {
        let settings = repeatable(Config::builder().use_server_cookie(false));
        (Arc::new(settings.build().expect("the settings are constants")), certificate("browser"))
    });
    (Arc::clone(&HANDSHAKE.0), HANDSHAKE.1.clone())
}

/// A self-signed certificate; its private key is a bare number, which only [`SeededKeys`] reads.
pub(super) fn certificate(name: &str) -> DtlsCertificate {
    let signer = Certifier::new(named_scalar(name));
    let certificate = rcgen::CertificateParams::default().self_signed(&signer).expect("default parameters make one");
    DtlsCertificate { certificate: certificate.der().to_vec(), private_key: named_scalar(name).to_vec() }
}

fn named_scalar(name: &str) -> [u8; 32] {
    let mut scalar = [0; 32];
    scalar.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    scalar
}

fn signing_key(scalar: &[u8]) -> Result<SigningKey, CryptoError> {
    SigningKey::from_slice(scalar).map_err(|_| CryptoError::InvalidPrivateKey)
}

/// The key that a browser makes for itself.
pub(super) struct BrowserSecret {
    key: SigningKey,
    public: BrowserKey,
}

impl BrowserSecret {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let key = signing_key(&bytes(dice)).expect("256 bits of chance are below the group's order");
        let point = key.verifying_key().to_sec1_point(false);
        let public = BrowserKey::from_raw(point.as_bytes()).expect("the point is uncompressed");
        Self { key, public }
    }

    pub(super) fn public(&self) -> &BrowserKey {
        &self.public
    }

    pub(super) fn sign_join(&self, nonce: &str, ticket: &str) -> String {
        let signature: Signature = self.key.sign(&join_proof_input(nonce, ticket));
        URL_SAFE_NO_PAD.encode(signature.to_bytes())
    }
}

struct Certifier {
    key: SigningKey,
    point: Vec<u8>,
}

impl Certifier {
    fn new(scalar: [u8; 32]) -> Self {
        let key = signing_key(&scalar).expect("digests are below the group's order");
        let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Self { key, point }
    }
}

impl rcgen::PublicKeyData for Certifier {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Certifier {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

/// X25519 with private keys from [`DICE`].
#[derive(Debug)]
struct SeededExchange;

#[derive(Debug)]
struct Exchange {
    private: [u8; 32],
    public: Buf,
}

impl SupportedKxGroup for SeededExchange {
    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn start_exchange(&self, mut public: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let private = DICE.with(|dice| bytes(&mut dice.borrow_mut()));
        let failed = CryptoError::OperationFailed(CryptoOperation::ComputePublicKey);
        let key = PrivateKey::from_private_key(&X25519, &private).map_err(|_| failed)?;
        let failed = CryptoError::OperationFailed(CryptoOperation::ComputePublicKey);
        let point = key.compute_public_key().map_err(|_| failed)?;
        public.clear();
        public.extend_from_slice(point.as_ref());
        Ok(Box::new(Exchange { private, public }))
    }
}

impl ActiveKeyExchange for Exchange {
    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, other: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let wrong = || CryptoError::InvalidPublicKey(NamedGroup::X25519);
        let key = PrivateKey::from_private_key(&X25519, &self.private).map_err(|_| wrong())?;
        agree(&key, UnparsedPublicKey::new(&X25519, other), wrong(), |secret| {
            out.clear();
            out.extend_from_slice(secret);
            Ok(())
        })
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// ECDSA whose nonces follow from key and message.
///
/// # Source
///
/// RFC 6979.
#[derive(Debug)]
struct SeededKeys;

struct SeededKey(SigningKey);

impl std::fmt::Debug for SeededKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeededKey")
    }
}

impl KeyProvider for SeededKeys {
    fn load_private_key(&self, scalar: &[u8]) -> Result<Box<dyn dimpl::crypto::SigningKey>, CryptoError> {
        Ok(Box::new(SeededKey(signing_key(scalar)?)))
    }
}

impl dimpl::crypto::SigningKey for SeededKey {
    fn sign(&mut self, message: &[u8], hash: HashAlgorithm, out: &mut Buf) -> Result<(), CryptoError> {
        if hash != HashAlgorithm::SHA256 {
            return Err(CryptoError::SigningKeyHashMismatch { key_hash: HashAlgorithm::SHA256, requested: hash });
        }
        let signature: Signature = self.0.sign(message);
        out.clear();
        out.extend_from_slice(signature.to_der().as_bytes());
        Ok(())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        &[HashAlgorithm::SHA256]
    }
}
