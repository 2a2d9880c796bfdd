//! Somebody whose private keys a file gives, who joins by the welcome that it gives.

use openmls::group::{MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroupJoinConfig, ProcessedWelcome};
use openmls::key_packages::errors::KeyPackageVerifyError;
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _, VLBytes};
use openmls::prelude::{
    Ciphersuite, HpkePrivateKey, KeyPackage, KeyPackageBundle, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn,
    OpenMlsCrypto as _, OpenMlsSignaturePublicKey, ProtocolVersion, Verifiable, Welcome,
};
use openmls::storage::OpenMlsProvider;
use openmls_traits::storage::StorageProvider as _;
use serde::Deserialize;
use serde_json::json;

use crate::hex::Hex;
use crate::vectors::{Check, read, run};

/// Takes public and private messages, and remembers as many past epochs as the files ask for.
pub fn config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .use_ratchet_tree_extension(true)
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .number_of_resumption_psks(16)
        .build()
}

pub fn parse_welcome(bytes: &[u8]) -> Welcome {
    match MlsMessageIn::tls_deserialize_exact(bytes).unwrap().extract() {
        MlsMessageBodyIn::Welcome(welcome) => welcome,
        other => panic!("no welcome: {other:?}"),
    }
}

/// Checks the signatures of a key package, and that it is what a client of that suite may take but for its age: those of
/// the welcome vectors were made in 2023, for a year.
pub fn parse_key_package(bytes: &[u8], provider: &impl OpenMlsProvider) -> KeyPackage {
    let MlsMessageBodyIn::KeyPackage(unverified) = MlsMessageIn::tls_deserialize_exact(bytes).unwrap().extract() else {
        panic!("no key package")
    };
    // The age is looked at last, after both signatures.
    match unverified.clone().validate(provider.crypto(), ProtocolVersion::Mls10) {
        Ok(package) => package,
        Err(KeyPackageVerifyError::LifetimeError(_)) => unchecked(&unverified),
        Err(error) => panic!("{error}"),
    }
}

/// OpenMLS makes no key package of an aged one; both kinds have the same stored form.
fn unchecked(package: &KeyPackageIn) -> KeyPackage {
    serde_json::from_value(serde_json::to_value(package).unwrap()).unwrap()
}

/// Puts private keys where OpenMLS looks for those of its own key packages.
pub fn keep_private_keys(package: &KeyPackage, init: &[u8], encryption: &[u8], provider: &impl OpenMlsProvider) {
    // The members of a bundle are private to OpenMLS, its stored form is not.
    let bundle: KeyPackageBundle = serde_json::from_value(json!({
        "key_package": package,
        "private_init_key": HpkePrivateKey::from(init.to_vec()),
        "private_encryption_key": { "key": HpkePrivateKey::from(encryption.to_vec()) },
    }))
    .unwrap();
    provider.storage().write_key_package(&package.hash_ref(provider.crypto()).unwrap(), &bundle).unwrap();
}

/// The public keys of a key package belong to the private keys.
pub fn assert_keys_belong(
    package: &KeyPackage,
    signature: &[u8],
    init: &[u8],
    encryption: &[u8],
    provider: &impl OpenMlsProvider,
) {
    let (crypto, suite) = (provider.crypto(), package.ciphersuite());
    let scheme = suite.signature_algorithm();
    let signed = crypto.sign(scheme, b"content", signature).unwrap();
    crypto.verify_signature(scheme, b"content", package.leaf_node().signature_key().as_slice(), &signed).unwrap();

    let encryption_key = package.leaf_node().encryption_key().tls_serialize_detached().unwrap();
    let encryption_key = VLBytes::tls_deserialize_exact(encryption_key).unwrap();
    for (public, private) in [(package.hpke_init_key().as_slice(), init), (encryption_key.as_slice(), encryption)] {
        let sealed = crypto.hpke_seal(suite.hpke_config(), public, b"info", b"aad", b"content").unwrap();
        assert_eq!(crypto.hpke_open(suite.hpke_config(), &sealed, private, b"info", b"aad").unwrap(), b"content");
    }
}

#[derive(Deserialize)]
struct Case {
    cipher_suite: u16,
    init_priv: Hex,
    signer_pub: Hex,
    key_package: Hex,
    welcome: Hex,
}

impl Check for &Case {
    type Outcome = ();

    fn check(self, suite: Ciphersuite, provider: &impl OpenMlsProvider) {
        let package = parse_key_package(&self.key_package, provider);
        // The file has no private key of the leaf, and none is asked for before the tree is looked at.
        keep_private_keys(&package, &self.init_priv, &[], provider);
        let welcome = ProcessedWelcome::new_from_welcome(provider, &config(), parse_welcome(&self.welcome)).unwrap();
        assert_eq!(welcome.psks(), []);
        let info = welcome.unverified_group_info();
        assert_eq!(info.ciphersuite(), suite);
        let key = |bytes: &[u8]| OpenMlsSignaturePublicKey::new(bytes.into(), suite.signature_algorithm()).unwrap();
        info.verify_no_out(provider.crypto(), &key(&self.signer_pub)).unwrap();
        let another_key = key(package.leaf_node().signature_key().as_slice());
        assert!(info.verify_no_out(provider.crypto(), &another_key).is_err());
    }
}

#[test]
fn every_published_welcome_is_opened_and_its_signature_holds() {
    let cases: Vec<Case> = read("welcome");
    let opened = cases.iter().filter_map(|case| run(case.cipher_suite, case)).count();
    assert_eq!((cases.len(), opened), (7, 3));
}
