//! The key of one track of one member in one epoch.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::header::FrameHeader;

/// Length of a nonce, in bytes.
pub(super) const NONCE_BYTES: usize = 12;

/// Length of a whole tag, in bytes. A shorter one lets forgeries pass that nobody notices.
pub(super) const TAG_BYTES: usize = 16;

/// The SFrame suites with AES-GCM.
///
/// # Source
///
/// RFC 9605 section 4.5, table 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameSuite {
    /// `AES_128_GCM_SHA256_128`, for the published vectors.
    Aes128Gcm,
    /// `AES_256_GCM_SHA512_128`, which calls use.
    Aes256Gcm,
}

impl FrameSuite {
    const fn number(self) -> u16 {
        match self {
            Self::Aes128Gcm => 4,
            Self::Aes256Gcm => 5,
        }
    }

    /// Length of a key, in bytes.
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }
}

/// The secret of an epoch that all frame keys of the epoch come from.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct BaseKey(Vec<u8>);

impl BaseKey {
    /// Takes what MLS exported.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl std::fmt::Debug for BaseKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BaseKey")
    }
}

/// Seals and opens under one number of a key. Erased when dropped.
pub struct FrameKey {
    key_id: u64,
    cipher: Cipher,
    salt: Zeroizing<[u8; NONCE_BYTES]>,
}

/// What AES-GCM gets: its key, and what counters are added to.
pub(super) struct Secrets {
    pub key: Zeroizing<Vec<u8>>,
    pub salt: Zeroizing<[u8; NONCE_BYTES]>,
}

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl std::fmt::Debug for FrameKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FrameKey({})", self.key_id)
    }
}

/// A tag that does not fit its frame, or a frame too long for AES-GCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongTag;

impl FrameKey {
    /// Derives the key that `key_id` names.
    ///
    /// # Panics
    ///
    /// Never: the lengths asked of HKDF are far below its limit, and each cipher gets a key of its own length.
    ///
    /// # Source
    ///
    /// RFC 9605 section 4.4.2.
    #[must_use]
    pub fn derive(suite: FrameSuite, base_key: &BaseKey, key_id: u64) -> Self {
        let Secrets { key, salt } = Secrets::derive(suite, base_key, key_id);
        let cipher = match suite {
            FrameSuite::Aes128Gcm => {
                Cipher::Aes128(Box::new(Aes128Gcm::new_from_slice(&key).expect("the key has the cipher's length")))
            }
            FrameSuite::Aes256Gcm => {
                Cipher::Aes256(Box::new(Aes256Gcm::new_from_slice(&key).expect("the key has the cipher's length")))
            }
        };
        Self { key_id, cipher, salt }
    }

    /// Encrypts `frame` in place and gives its tag. A counter must never be used twice.
    ///
    /// # Errors
    ///
    /// [`WrongTag`] for a frame past AES-GCM's limit, 64 GiB.
    pub fn seal_in_place(&self, counter: u64, metadata: &[u8], frame: &mut [u8]) -> Result<[u8; TAG_BYTES], WrongTag> {
        let (nonce, aad) = (self.nonce(counter), self.aad(counter, metadata));
        let frame = InOutBuf::from(frame);
        let tag = match &self.cipher {
            Cipher::Aes128(cipher) => cipher.encrypt_inout_detached(&nonce.into(), &aad, frame),
            Cipher::Aes256(cipher) => cipher.encrypt_inout_detached(&nonce.into(), &aad, frame),
        };
        tag.map(Into::into).map_err(|_| WrongTag)
    }

    /// Decrypts `frame` in place.
    ///
    /// # Errors
    ///
    /// [`WrongTag`] when any bit of frame, tag, header or metadata is not what was sealed; `frame` is as it was.
    pub fn open_in_place(
        &self,
        counter: u64,
        metadata: &[u8],
        frame: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), WrongTag> {
        let (nonce, aad) = (self.nonce(counter), self.aad(counter, metadata));
        let frame = InOutBuf::from(frame);
        let tag = (*tag).into();
        match &self.cipher {
            Cipher::Aes128(cipher) => cipher.decrypt_inout_detached(&nonce.into(), &aad, frame, &tag),
            Cipher::Aes256(cipher) => cipher.decrypt_inout_detached(&nonce.into(), &aad, frame, &tag),
        }
        .map_err(|_| WrongTag)
    }

    /// RFC 9605 section 4.4.3: the counter, as long as a nonce, added to the salt without carry.
    pub(super) fn nonce(&self, counter: u64) -> [u8; NONCE_BYTES] {
        let mut nonce = *self.salt;
        for (byte, counted) in nonce[NONCE_BYTES - 8..].iter_mut().zip(counter.to_be_bytes()) {
            *byte ^= counted;
        }
        nonce
    }

    pub(super) fn aad(&self, counter: u64, metadata: &[u8]) -> Vec<u8> {
        let mut aad = Vec::with_capacity(super::header::MAX_HEADER_BYTES + metadata.len());
        FrameHeader { key_id: self.key_id, counter }.write(&mut aad);
        aad.extend_from_slice(metadata);
        aad
    }
}

impl Secrets {
    pub(super) fn derive(suite: FrameSuite, base_key: &BaseKey, key_id: u64) -> Self {
        let mut key = Zeroizing::new(vec![0; suite.key_bytes()]);
        let mut salt = Zeroizing::new([0; NONCE_BYTES]);
        let key_label = label("SFrame 1.0 Secret key ", key_id, suite);
        let salt_label = label("SFrame 1.0 Secret salt ", key_id, suite);
        match suite {
            FrameSuite::Aes128Gcm => {
                let secret = Hkdf::<Sha256>::new(None, &base_key.0);
                secret.expand(&key_label, &mut key).expect("a key is shorter than HKDF's limit");
                secret.expand(&salt_label, salt.as_mut()).expect("a salt is shorter than HKDF's limit");
            }
            FrameSuite::Aes256Gcm => {
                let secret = Hkdf::<Sha512>::new(None, &base_key.0);
                secret.expand(&key_label, &mut key).expect("a key is shorter than HKDF's limit");
                secret.expand(&salt_label, salt.as_mut()).expect("a salt is shorter than HKDF's limit");
            }
        }
        Self { key, salt }
    }
}

fn label(text: &str, key_id: u64, suite: FrameSuite) -> Vec<u8> {
    [text.as_bytes(), &key_id.to_be_bytes(), &suite.number().to_be_bytes()].concat()
}
