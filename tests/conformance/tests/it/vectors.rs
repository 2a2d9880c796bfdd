//! The published vectors, and who they are run over.

use openmls::prelude::Ciphersuite;
use openmls::storage::OpenMlsProvider;
use openmls_rust_crypto::OpenMlsRustCrypto;
use serde::de::DeserializeOwned;

pub fn read<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/../vectors/mls/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is done with a case, whatever cryptography it is done over.
pub trait Check {
    type Outcome;

    fn check(self, suite: Ciphersuite, provider: &impl OpenMlsProvider) -> Self::Outcome;
}

/// Runs a case over this project's cryptography where it has the suite, else over OpenMLS's own where that has it; `None` where
/// neither has it. A provider knows nothing from the case before.
pub fn run<C: Check>(suite: u16, case: C) -> Option<C::Outcome> {
    match Ciphersuite::try_from(suite).unwrap() {
        suite @ Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 => {
            Some(case.check(suite, &colloque_e2ee::conformance::provider([7; 32])))
        }
        suite @ (Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256
        | Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519) => {
            Some(case.check(suite, &OpenMlsRustCrypto::default()))
        }
        _ => None,
    }
}
