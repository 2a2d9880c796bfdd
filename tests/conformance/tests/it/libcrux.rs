//! Cryptography for OpenMLS whose HPKE is hpke-rs 0.8 over libcrux: another X-Wing, another ML-KEM, another X25519 and another SHAKE
//! than this project's. The rest is OpenMLS's own.

use hpke_rs::hpke_types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use hpke_rs::libcrux::HpkeLibcrux;
use hpke_rs::{Hpke, Mode};
use openmls_rust_crypto::{MemoryStorage, OpenMlsRustCrypto, RustCrypto};
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use tls_codec::SecretVLBytes;

#[derive(Debug, Default)]
pub struct Libcrux {
    crypto: LibcruxHpke,
    other: OpenMlsRustCrypto,
}

#[derive(Debug, Default)]
pub struct LibcruxHpke(RustCrypto);

impl OpenMlsProvider for Libcrux {
    type CryptoProvider = LibcruxHpke;
    type RandProvider = RustCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        self.other.storage()
    }

    fn crypto(&self) -> &LibcruxHpke {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.other.rand()
    }
}

fn hpke(config: &HpkeConfig) -> Hpke<HpkeLibcrux> {
    match config {
        HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256) => {
            Hpke::new(Mode::Base, KemAlgorithm::XWingDraft06, KdfAlgorithm::HkdfSha384, AeadAlgorithm::Aes256Gcm)
        }
        other => panic!("no call has {other:?}"),
    }
}

impl OpenMlsCrypto for LibcruxHpke {
    fn hpke_seal(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        aad: &[u8],
        content: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let (kem_output, ciphertext) = hpke(&config)
            .seal(&public.into(), info, aad, content, None, None, None)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        sealed: &HpkeCiphertext,
        private: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (kem_output, ciphertext) = (sealed.kem_output.as_slice(), sealed.ciphertext.as_slice());
        hpke(&config)
            .open(kem_output, &private.into(), info, aad, ciphertext, None, None, None)
            .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let (kem_output, sender) = hpke(&config)
            .setup_sender(&public.into(), info, None, None, None)
            .map_err(|_| CryptoError::SenderSetupError)?;
        let secret = sender.export(context, length).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output, secret.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        kem_output: &[u8],
        private: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        let receiver = hpke(&config)
            .setup_receiver(kem_output, &private.into(), info, None, None, None)
            .map_err(|_| CryptoError::ReceiverSetupError)?;
        receiver.export(context, length).map(Into::into).map_err(|_| CryptoError::ExporterError)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let (private, public) =
            hpke(&config).derive_key_pair(ikm).map_err(|_| CryptoError::CryptoLibraryError)?.into_keys();
        Ok(HpkeKeyPair { private: private.as_slice().into(), public: public.as_slice().to_vec() })
    }

    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        self.0.supports(suite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.0.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.0.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.0.hmac(hash, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        secret: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        self.0.hkdf_expand(hash, secret, info, length)
    }

    fn hash(&self, hash: HashType, content: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.hash(hash, content)
    }

    fn aead_encrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        content: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.0.aead_encrypt(aead, key, content, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        sealed: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.0.aead_decrypt(aead, key, sealed, nonce, aad)
    }

    fn signature_key_gen(&self, scheme: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.0.signature_key_gen(scheme)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        content: &[u8],
        public: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.0.verify_signature(scheme, content, public, signature)
    }

    fn sign(&self, scheme: SignatureScheme, content: &[u8], private: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.sign(scheme, content, private)
    }
}
