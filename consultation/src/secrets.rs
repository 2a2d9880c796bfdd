//! Keys of the service, all derived from one master key.
//!
//! The vault replaces where the master key comes from; what is derived here keeps its form.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use colloque_attestation::{Attestation, Statement};
use colloque_ids::{GuestId, PatientId, PracticeId};
use colloque_journal::PatientPseudonym;
use thiserror::Error;
use uuid::Uuid;
use zeroize::ZeroizeOnDrop;

use crate::random::{Token, random_bytes};
use crate::storage::Login;

/// Length of the master key, in bytes.
const KEY_BYTES: usize = 32;

/// The key that all others are derived from.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_BYTES]);

/// Why the master key cannot be had from its file.
#[derive(Debug, Error)]
pub enum LoadMasterKeyError {
    /// The file cannot be read or written.
    #[error("key file {path} cannot be read or written")]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file does not hold 32 bytes.
    #[error("key file {path} does not hold 32 bytes")]
    Length {
        /// Its path.
        path: PathBuf,
    },
}

/// A sealed value that cannot be opened: another key, another owner, or changed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("sealed value cannot be opened")]
pub struct OpenSealedError;

/// A store whose patients have their own opaque identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// National health identity.
    Identity,
    /// Health data.
    Health,
    /// Documents.
    Documents,
}

/// The keys in use.
pub(crate) struct Secrets {
    sealing: LessSafeKey,
    pseudonyms: hmac::Key,
    tickets: Ed25519KeyPair,
    identity: Ed25519KeyPair,
}

impl MasterKey {
    /// Takes a key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads the key from its file, which it draws and writes, readable by its owner only, when there is none.
    ///
    /// # Errors
    ///
    /// - [`LoadMasterKeyError::File`] when the file cannot be read or written.
    /// - [`LoadMasterKeyError::Length`] when it holds something else: a half-written key is never replaced in silence.
    pub fn load_or_create(path: &Path) -> Result<Self, LoadMasterKeyError> {
        let failed = |source| LoadMasterKeyError::File { path: path.to_owned(), source };
        match OpenOptions::new().read(true).open(path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(failed)?;
                let bytes = bytes.try_into().map_err(|_| LoadMasterKeyError::Length { path: path.to_owned() })?;
                Ok(Self(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self(random_bytes());
                let mut file =
                    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
                file.write_all(&key.0).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The key with which clients check whose an end-to-end key is: Ed25519.
    ///
    /// # Panics
    ///
    /// Never: every 32 bytes are the seed of a key.
    #[must_use]
    pub fn identity_public_key(&self) -> [u8; 32] {
        self.identity().public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes")
    }

    fn identity(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.derive(b"identity")).expect("the seed has 32 bytes")
    }

    fn derive(&self, purpose: &[u8]) -> [u8; KEY_BYTES] {
        struct Bytes;
        impl KeyType for Bytes {
            fn len(&self) -> usize {
                KEY_BYTES
            }
        }
        let mut derived = [0; KEY_BYTES];
        Salt::new(HKDF_SHA256, b"colloque master key v1")
            .extract(&self.0)
            .expand(&[purpose], Bytes)
            .and_then(|okm| okm.fill(&mut derived))
            .expect("32 bytes are within what HKDF gives");
        derived
    }
}

/// The service's login at PostgreSQL.
pub(crate) fn database_login(master: &MasterKey) -> Login {
    Login::of(&master.derive(b"database password"), &master.derive(b"database login"))
}

impl Secrets {
    pub(crate) fn new(master: &MasterKey) -> Self {
        let sealing = UnboundKey::new(&AES_256_GCM, &master.derive(b"sealing")).expect("the key has 32 bytes");
        Self {
            sealing: LessSafeKey::new(sealing),
            pseudonyms: hmac::Key::new(hmac::HMAC_SHA256, &master.derive(b"pseudonyms")),
            tickets: Ed25519KeyPair::from_seed_unchecked(&master.derive(b"tickets")).expect("the seed has 32 bytes"),
            identity: master.identity(),
        }
    }

    /// Seals a value for storage: nonce, then AES-256-GCM. It opens for the same `purpose` and `owner` only.
    pub(crate) fn seal(&self, purpose: &str, owner: Uuid, plain: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut sealed = plain.to_vec();
        self.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(purpose, owner), &mut sealed)
            .expect("what is sealed here is far below the limit of AES-GCM");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    ///
    /// [`OpenSealedError`] whatever the reason.
    pub(crate) fn open(&self, purpose: &str, owner: Uuid, sealed: &[u8]) -> Result<Vec<u8>, OpenSealedError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenSealedError)?;
        let mut plain = sealed.to_vec();
        let opened = self
            .sealing
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad(purpose, owner), &mut plain)
            .map_err(|_| OpenSealedError)?
            .len();
        plain.truncate(opened);
        Ok(plain)
    }

    /// Gives the name under which a practice's journal knows a patient.
    pub(crate) fn pseudonym(&self, practice: PracticeId, patient: PatientId) -> PatientPseudonym {
        let digest = self.keyed(&[b"journal", practice.uuid().as_bytes(), patient.uuid().as_bytes()]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        PatientPseudonym::from_bytes(bytes)
    }

    /// Gives the opaque identifier that one store knows a patient by: without the key no two stores join.
    pub(crate) fn patient_in(&self, store: Store, patient: PatientId) -> Uuid {
        let store: &[u8] = match store {
            Store::Identity => b"identity",
            Store::Health => b"health",
            Store::Documents => b"documents",
        };
        let digest = self.keyed(&[store, patient.uuid().as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Gives the opaque identifier that the store of identities knows a guest by.
    pub(crate) fn guest_identity(&self, guest: GuestId) -> Uuid {
        let digest = self.keyed(&[b"identity of guest", guest.uuid().as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// Draws what a demonstration account knows: the same at each start of one installation, another on any other.
    pub(crate) fn demonstration(&self, what: &str, account: &str) -> [u8; 32] {
        self.keyed(&[b"demonstration", what.as_bytes(), account.as_bytes()])
    }

    /// Draws what a browser in which somebody signed in is recognised by: 128 random bits and what vouches for them, so that nobody
    /// else makes one and it is recognised before storage is asked.
    pub(crate) fn new_browser_token(&self) -> Token {
        let random = random_bytes::<16>();
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&random);
        bytes[16..].copy_from_slice(&self.keyed(&[b"browser", &random])[..16]);
        Token::from_bytes(bytes)
    }

    /// Whether a token was given to a browser in which somebody signed in. It may be known no more.
    pub(crate) fn gave_to_browser(&self, token: &Token) -> bool {
        let (random, voucher) = token.bytes().split_at(16);
        verify_slices_are_equal(&self.keyed(&[b"browser", random])[..16], voucher).is_ok()
    }

    /// Signs a join ticket.
    pub(crate) fn sign_ticket(&self, bytes: &[u8]) -> [u8; 64] {
        self.tickets.sign(bytes).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    /// Signs whose an end-to-end key is.
    pub(crate) fn attest(&self, statement: &Statement) -> Attestation {
        statement
            .seal(|bytes| self.identity.sign(bytes).as_ref().try_into().expect("an Ed25519 signature has 64 bytes"))
    }

    /// The key that checks join tickets.
    pub(crate) fn ticket_public_key(&self) -> [u8; 32] {
        self.tickets.public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes")
    }

    fn keyed(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.pseudonyms);
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes")
    }
}

fn aad(purpose: &str, owner: Uuid) -> Aad<Vec<u8>> {
    Aad::from([b"colloque sealed v1\0", purpose.as_bytes(), b"\0", owner.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(&MasterKey::from_bytes([7; 32]))
    }

    #[test]
    fn a_sealed_value_opens_for_its_owner_and_purpose_only() {
        let (owner, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = secrets().seal("totp", owner, b"secret");
        assert_eq!(secrets().open("totp", owner, &sealed), Ok(b"secret".to_vec()));
        assert_eq!(secrets().open("totp", other, &sealed), Err(OpenSealedError));
        assert_eq!(secrets().open("notes", owner, &sealed), Err(OpenSealedError));
        assert_eq!(secrets().open("totp", owner, &sealed[..11]), Err(OpenSealedError));
        let stranger = Secrets::new(&MasterKey::from_bytes([8; 32]));
        assert_eq!(stranger.open("totp", owner, &sealed), Err(OpenSealedError));
    }

    #[test]
    fn a_patient_has_another_name_in_each_store_and_each_practice() {
        let patient = PatientId::from_uuid(Uuid::from_u128(5));
        let [identity, health, documents] =
            [Store::Identity, Store::Health, Store::Documents].map(|store| secrets().patient_in(store, patient));
        assert!(identity != health && health != documents && documents != identity && health != patient.uuid());
        let [here, there] =
            [1, 2].map(|practice| secrets().pseudonym(PracticeId::from_uuid(Uuid::from_u128(practice)), patient));
        assert_ne!(here, there);
    }

    #[test]
    fn a_browsers_token_is_recognised_and_nobody_elses_is() {
        let token = secrets().new_browser_token();
        assert!(secrets().gave_to_browser(&token));
        assert!(!Secrets::new(&MasterKey::from_bytes([8; 32])).gave_to_browser(&token));
        assert!(!secrets().gave_to_browser(&Token::random()));
        let mut bytes = *token.bytes();
        bytes[3] ^= 1;
        assert!(!secrets().gave_to_browser(&Token::from_bytes(bytes)));
    }

    #[test]
    fn the_key_file_is_written_once_and_a_damaged_one_is_refused() {
        let folder = std::env::temp_dir().join(format!("colloque-key-{}", Uuid::from_bytes(random_bytes()).simple()));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("master.key");
        let first = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(MasterKey::load_or_create(&path).unwrap().0, first.0);
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(MasterKey::load_or_create(&path), Err(LoadMasterKeyError::Length { .. })));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
