//! The cryptography of one MLS suite, ML-KEM-768 with X25519, AES-256-GCM, SHA-384 and Ed25519, for OpenMLS.
//!
//! Nothing is written here but which library does what.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use hpke::kdf::HkdfSha384;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::AesGcm256};
#[cfg(feature = "classical")]
use hpke::{aead::AesGcm128, kdf::HkdfSha256, kem::X25519HkdfSha256};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig,
    HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};
use sha2::{Digest, Sha256, Sha384};
use tls_codec::SecretVLBytes;
use zeroize::Zeroizing;

use super::randomness::Randomness;

/// Suites that groups may have, best first.
const SUITES: &[Ciphersuite] = &[
    Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519,
    #[cfg(feature = "classical")]
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
];

/// See the module.
#[derive(Debug)]
pub(crate) struct Crypto {
    randomness: Randomness,
}

impl Crypto {
    pub(crate) const fn new(randomness: Randomness) -> Self {
        Self { randomness }
    }

    pub(crate) const fn randomness(&self) -> &Randomness {
        &self.randomness
    }
}

/// Runs `$body` with `$Kem`, `$Kdf` and `$Aead` standing for what the configuration names.
macro_rules! with_hpke {
    ($config:expr, |$Kem:ident, $Kdf:ident, $Aead:ident| $body:expr) => {
        match $config {
            HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256) => {
                type $Kem = XWing;
                type $Kdf = HkdfSha384;
                type $Aead = AesGcm256;
                $body
            }
            #[cfg(feature = "classical")]
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
                type $Kem = X25519HkdfSha256;
                type $Kdf = HkdfSha256;
                type $Aead = AesGcm128;
                $body
            }
            _ => Err(CryptoError::UnsupportedCiphersuite),
        }
    };
}

/// Runs `$body` with `$Hash` standing for the hash that is named.
macro_rules! with_hash {
    ($hash:expr, |$Hash:ident| $body:expr) => {
        match $hash {
            HashType::Sha2_256 => {
                type $Hash = Sha256;
                $body
            }
            HashType::Sha2_384 => {
                type $Hash = Sha384;
                $body
            }
            HashType::Sha2_512 => Err(CryptoError::UnsupportedHashAlgorithm),
        }
    };
}

/// Runs `$body` with `$Cipher` standing for the cipher that is named.
macro_rules! with_cipher {
    ($cipher:expr, |$Cipher:ident| $body:expr) => {
        match $cipher {
            AeadType::Aes256Gcm => {
                type $Cipher = Aes256Gcm;
                $body
            }
            AeadType::Aes128Gcm if cfg!(feature = "classical") => {
                type $Cipher = Aes128Gcm;
                $body
            }
            AeadType::Aes128Gcm | AeadType::ChaCha20Poly1305 => Err(CryptoError::UnsupportedAeadAlgorithm),
        }
    };
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if SUITES.contains(&ciphersuite) { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        SUITES.to_vec()
    }

    fn hkdf_extract(&self, hash_type: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        with_hash!(hash_type, |Hash| Ok(Hkdf::<Hash>::extract(Some(salt), ikm).0.as_slice().into()))
    }

    fn hmac(&self, hash_type: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        with_hash!(hash_type, |Hash| {
            let mut mac = <Hmac<Hash> as hmac::KeyInit>::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
            mac.update(message);
            Ok(mac.finalize().into_bytes().as_slice().into())
        })
    }

    fn hkdf_expand(
        &self,
        hash_type: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        with_hash!(hash_type, |Hash| {
            let hkdf = Hkdf::<Hash>::from_prk(prk).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
            let mut okm = vec![0; okm_len];
            hkdf.expand(info, &mut okm).map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
            Ok(okm.into())
        })
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        with_hash!(hash_type, |Hash| Ok(Hash::digest(data).to_vec()))
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        with_cipher!(alg, |Cipher| {
            let cipher = Cipher::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
            let nonce = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
            cipher.encrypt(nonce, Payload { msg: data, aad }).map_err(|_| CryptoError::TooMuchData)
        })
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        with_cipher!(alg, |Cipher| {
            let cipher = Cipher::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
            let nonce = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
            cipher.decrypt(nonce, Payload { msg: ct_tag, aad }).map_err(|_| CryptoError::AeadDecryptionError)
        })
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        ed25519_only(alg)?;
        let mut seed = Zeroizing::new([0; 32]);
        self.randomness.fill(seed.as_mut());
        let key = SigningKey::from_bytes(&seed);
        Ok((seed.to_vec(), key.verifying_key().to_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        ed25519_only(alg)?;
        let key = VerifyingKey::try_from(pk).map_err(|_| CryptoError::InvalidPublicKey)?;
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        ed25519_only(alg)?;
        let key = SigningKey::try_from(key).map_err(|_| CryptoError::InvalidLength)?;
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        with_hpke!(config, |K, D, A| {
            let key = <K as Kem>::PublicKey::from_bytes(pk_r).map_err(|_| CryptoError::InvalidPublicKey)?;
            let mut generator = self.randomness.generator();
            let (kem_output, ciphertext) =
                hpke::single_shot_seal_with_rng::<A, D, K>(&OpModeS::Base, &key, info, ptxt, aad, &mut *generator)
                    .map_err(|_| CryptoError::HpkeEncryptionError)?;
            Ok(HpkeCiphertext { kem_output: kem_output.to_bytes().to_vec().into(), ciphertext: ciphertext.into() })
        })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        with_hpke!(config, |K, D, A| {
            let key = <K as Kem>::PrivateKey::from_bytes(sk_r).map_err(|_| CryptoError::InvalidLength)?;
            let kem_output = <K as Kem>::EncappedKey::from_bytes(input.kem_output.as_slice())
                .map_err(|_| CryptoError::HpkeDecryptionError)?;
            hpke::single_shot_open::<A, D, K>(&OpModeR::Base, &key, &kem_output, info, input.ciphertext.as_slice(), aad)
                .map_err(|_| CryptoError::HpkeDecryptionError)
        })
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        with_hpke!(config, |K, D, A| {
            let key = <K as Kem>::PublicKey::from_bytes(pk_r).map_err(|_| CryptoError::InvalidPublicKey)?;
            let mut generator = self.randomness.generator();
            let (kem_output, context) =
                hpke::setup_sender_with_rng::<A, D, K>(&OpModeS::Base, &key, info, &mut *generator)
                    .map_err(|_| CryptoError::SenderSetupError)?;
            let mut secret = vec![0; exporter_length];
            context.export(exporter_context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
            Ok((kem_output.to_bytes().to_vec(), secret.into()))
        })
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        with_hpke!(config, |K, D, A| {
            let key = <K as Kem>::PrivateKey::from_bytes(sk_r).map_err(|_| CryptoError::InvalidLength)?;
            let kem_output = <K as Kem>::EncappedKey::from_bytes(enc).map_err(|_| CryptoError::ReceiverSetupError)?;
            let context = hpke::setup_receiver::<A, D, K>(&OpModeR::Base, &key, &kem_output, info)
                .map_err(|_| CryptoError::ReceiverSetupError)?;
            let mut secret = vec![0; exporter_length];
            context.export(exporter_context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
            Ok(secret.into())
        })
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        with_hpke!(config, |K, D, A| {
            // Only the algorithm of the key matters here.
            let _: (std::marker::PhantomData<D>, std::marker::PhantomData<A>);
            let (private, public) = K::derive_keypair(ikm);
            Ok(HpkeKeyPair { private: private.to_bytes().to_vec().into(), public: public.to_bytes().to_vec() })
        })
    }
}

fn ed25519_only(scheme: SignatureScheme) -> Result<(), CryptoError> {
    if scheme == SignatureScheme::ED25519 { Ok(()) } else { Err(CryptoError::UnsupportedSignatureScheme) }
}
