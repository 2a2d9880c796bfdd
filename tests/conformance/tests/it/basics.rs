//! The published results of single operations.

use openmls::prelude::hash_ref::HashReference;
use openmls::prelude::{
    Ciphersuite, OpenMlsCrypto, OpenMlsSignaturePublicKey, Signable, Signature, SignatureError, Verifiable,
    VerifiedStruct, tls_codec,
};
use openmls::storage::OpenMlsProvider;
use openmls_traits::types::HpkeCiphertext;
use serde::Deserialize;
use tls_codec::{Serialize as _, VLByteSlice};

use crate::hex::Hex;
use crate::signer::ProviderSigner;
use crate::vectors::{Check, read, run};

#[derive(Deserialize)]
struct Case {
    cipher_suite: u16,
    ref_hash: RefHash,
    expand_with_label: ExpandWithLabel,
    derive_secret: DeriveSecret,
    derive_tree_secret: DeriveTreeSecret,
    sign_with_label: SignWithLabel,
    encrypt_with_label: EncryptWithLabel,
}

#[derive(Deserialize)]
struct RefHash {
    label: String,
    value: Hex,
    out: Hex,
}

#[derive(Deserialize)]
struct ExpandWithLabel {
    secret: Hex,
    label: String,
    context: Hex,
    length: u16,
    out: Hex,
}

#[derive(Deserialize)]
struct DeriveSecret {
    secret: Hex,
    label: String,
    out: Hex,
}

#[derive(Deserialize)]
struct DeriveTreeSecret {
    secret: Hex,
    label: String,
    generation: u32,
    length: u16,
    out: Hex,
}

#[derive(Deserialize)]
struct SignWithLabel {
    r#priv: Hex,
    r#pub: Hex,
    content: Hex,
    label: String,
    signature: Hex,
}

#[derive(Deserialize)]
struct EncryptWithLabel {
    r#priv: Hex,
    r#pub: Hex,
    label: String,
    context: Hex,
    plaintext: Hex,
    kem_output: Hex,
    ciphertext: Hex,
}

impl Check for &Case {
    type Outcome = ();

    fn check(self, suite: Ciphersuite, provider: &impl OpenMlsProvider) {
        let crypto = provider.crypto();
        self.ref_hash.check(suite, crypto);
        self.expand_with_label.check(suite, crypto);
        self.derive_secret.check(suite, crypto);
        self.derive_tree_secret.check(suite, crypto);
        self.sign_with_label.check(suite, crypto);
        self.encrypt_with_label.check(suite, crypto);
    }
}

impl RefHash {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let hash = HashReference::new(&self.value, suite, crypto, self.label.as_bytes()).unwrap();
        assert_eq!(hash.as_slice(), &*self.out);
    }
}

impl ExpandWithLabel {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let expanded = expand(suite, crypto, &self.secret, &self.label, &self.context, self.length);
        assert_eq!(expanded, &*self.out);
    }
}

impl DeriveSecret {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let length = u16::try_from(suite.hash_length()).unwrap();
        assert_eq!(expand(suite, crypto, &self.secret, &self.label, &[], length), &*self.out);
    }
}

impl DeriveTreeSecret {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let generation = self.generation.to_be_bytes();
        let derived = expand(suite, crypto, &self.secret, &self.label, &generation, self.length);
        assert_eq!(derived, &*self.out);
    }
}

impl SignWithLabel {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let scheme = suite.signature_algorithm();
        let public = OpenMlsSignaturePublicKey::new((&*self.r#pub).into(), scheme).unwrap();
        let labeled = || Labeled { label: self.label.clone(), content: self.content.to_vec() };
        let published = Signature::from(self.signature.to_vec());
        Signed { labeled: labeled(), signature: published.clone() }.verify(crypto, &public).unwrap();

        let signer = ProviderSigner { crypto, scheme, private: self.r#priv.to_vec() };
        let signature = labeled().sign(&signer).unwrap();
        Signed { labeled: labeled(), signature }.verify(crypto, &public).unwrap();

        let other = Labeled { label: format!("{} ", self.label), content: self.content.to_vec() };
        assert!(Signed { labeled: other, signature: published }.verify(crypto, &public).is_err());
    }
}

impl EncryptWithLabel {
    fn check(&self, suite: Ciphersuite, crypto: &impl OpenMlsCrypto) {
        let info = [labeled(&self.label), opaque(&self.context)].concat();
        let config = || suite.hpke_config();
        let published =
            HpkeCiphertext { kem_output: self.kem_output.to_vec().into(), ciphertext: self.ciphertext.to_vec().into() };
        let sealed = crypto.hpke_seal(config(), &self.r#pub, &info, &[], &self.plaintext).unwrap();
        for sealed in [published, sealed] {
            assert_eq!(crypto.hpke_open(config(), &sealed, &self.r#priv, &info, &[]).unwrap(), &*self.plaintext);
            assert!(crypto.hpke_open(config(), &sealed, &self.r#priv, &info[1..], &[]).is_err());
        }
    }
}

/// RFC 9420 section 8: ExpandWithLabel. OpenMLS keeps its own to itself; what is checked here is the HKDF below it.
fn expand(
    suite: Ciphersuite,
    crypto: &impl OpenMlsCrypto,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: u16,
) -> Vec<u8> {
    let label = [length.to_be_bytes().to_vec(), labeled(label), opaque(context)].concat();
    crypto.hkdf_expand(suite.hash_algorithm(), secret, &label, length.into()).unwrap().as_slice().to_vec()
}

fn labeled(label: &str) -> Vec<u8> {
    opaque(format!("MLS 1.0 {label}").as_bytes())
}

fn opaque(bytes: &[u8]) -> Vec<u8> {
    VLByteSlice(bytes).tls_serialize_detached().unwrap()
}

struct Labeled {
    label: String,
    content: Vec<u8>,
}

impl Signable for Labeled {
    type SignedOutput = Signature;

    fn unsigned_payload(&self) -> Result<Vec<u8>, tls_codec::Error> {
        Ok(self.content.clone())
    }

    fn label(&self) -> &str {
        &self.label
    }
}

struct Signed {
    labeled: Labeled,
    signature: Signature,
}

#[derive(Debug)]
struct Verified;

impl VerifiedStruct for Verified {}

impl Verifiable for Signed {
    type VerifiedStruct = Verified;

    fn unsigned_payload(&self) -> Result<Vec<u8>, tls_codec::Error> {
        Ok(self.labeled.content.clone())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn label(&self) -> &str {
        &self.labeled.label
    }

    fn verify(
        self,
        crypto: &impl OpenMlsCrypto,
        public: &OpenMlsSignaturePublicKey,
    ) -> Result<Verified, SignatureError> {
        self.verify_no_out(crypto, public).map(|()| Verified)
    }
}

#[test]
fn every_published_operation_gives_its_published_result() {
    let cases: Vec<Case> = read("crypto-basics");
    let checked = cases.iter().filter_map(|case| run(case.cipher_suite, case)).count();
    assert_eq!((cases.len(), checked), (7, 3));
}
