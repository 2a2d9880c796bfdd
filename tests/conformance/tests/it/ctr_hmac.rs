//! The SFrame suites without GCM (RFC 9605 section 4.5.1). No call uses them: their tags are short, and AES-GCM is everywhere. Here
//! so that every published vector says something of the header and of the derivation.

use aes::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

/// One suite: its number, its cipher's key, its tag.
#[derive(Clone, Copy)]
pub struct Suite {
    number: u16,
    key_bytes: usize,
    tag_bytes: usize,
}

impl Suite {
    pub fn from_number(number: u16) -> Self {
        let key_bytes = if number > 5 { 32 } else { 16 };
        let tag_bytes = match number {
            1 | 6 => 10,
            2 | 7 => 8,
            3 | 8 => 4,
            other => panic!("suite {other} has no counter mode"),
        };
        Self { number, key_bytes, tag_bytes }
    }

    const fn is_aes_256(self) -> bool {
        self.key_bytes == 32
    }

    const fn hash_bytes(self) -> usize {
        if self.is_aes_256() { 64 } else { 32 }
    }
}

pub struct CtrHmac {
    suite: Suite,
    encryption: Vec<u8>,
    authentication: Vec<u8>,
    salt: Vec<u8>,
}

impl CtrHmac {
    pub fn from_parts(suite: Suite, key: &[u8], salt: &[u8]) -> Self {
        let (encryption, authentication) = key.split_at(suite.key_bytes);
        Self { suite, encryption: encryption.to_vec(), authentication: authentication.to_vec(), salt: salt.to_vec() }
    }

    pub fn derive(suite: Suite, base_key: &[u8], key_id: u64) -> Self {
        let label = |text: &str| [text.as_bytes(), &key_id.to_be_bytes(), &suite.number.to_be_bytes()].concat();
        let (mut key, mut salt) = (vec![0; suite.key_bytes + suite.hash_bytes()], vec![0; 12]);
        let outputs = [("SFrame 1.0 Secret key ", &mut key), ("SFrame 1.0 Secret salt ", &mut salt)];
        for (text, output) in outputs {
            if suite.is_aes_256() {
                Hkdf::<Sha512>::new(None, base_key).expand(&label(text), output).unwrap();
            } else {
                Hkdf::<Sha256>::new(None, base_key).expand(&label(text), output).unwrap();
            }
        }
        Self::from_parts(suite, &key, &salt)
    }

    pub fn seal(&self, counter: u64, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = self.salt.clone();
        for (byte, counted) in nonce[4..].iter_mut().zip(counter.to_be_bytes()) {
            *byte ^= counted;
        }
        let block = [nonce.as_slice(), &[0; 4]].concat();
        let mut sealed = plain.to_vec();
        if self.suite.is_aes_256() {
            ctr::Ctr32BE::<aes::Aes256>::new_from_slices(&self.encryption, &block)
                .unwrap()
                .apply_keystream(&mut sealed);
        } else {
            ctr::Ctr32BE::<aes::Aes128>::new_from_slices(&self.encryption, &block)
                .unwrap()
                .apply_keystream(&mut sealed);
        }
        let lengths = [aad.len() as u64, sealed.len() as u64, self.suite.tag_bytes as u64];
        let input: Vec<u8> = lengths.iter().flat_map(|length| length.to_be_bytes()).collect();
        let parts = [input.as_slice(), &nonce, aad, &sealed].concat();
        let tag = if self.suite.is_aes_256() {
            Hmac::<Sha512>::new_from_slice(&self.authentication)
                .unwrap()
                .chain_update(&parts)
                .finalize()
                .into_bytes()
                .to_vec()
        } else {
            Hmac::<Sha256>::new_from_slice(&self.authentication)
                .unwrap()
                .chain_update(&parts)
                .finalize()
                .into_bytes()
                .to_vec()
        };
        sealed.extend_from_slice(&tag[..self.suite.tag_bytes]);
        sealed
    }
}
