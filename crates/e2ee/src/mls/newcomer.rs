//! Somebody who wants to be let into the group.

use colloque_ids::Timestamp;
use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, KeyPackage, KeyPackageIn, Lifetime, ProtocolVersion,
};
use openmls_traits::OpenMlsProvider;

use super::group::{CommitError, SUITE};
use super::{LeafSigner, Provider};
use crate::credential::{Member, Verifier, VerifyMemberError};
use crate::link::LinkSecret;

/// Somebody whose key package was checked.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    pub(super) package: KeyPackage,
    pub member: Member,
    /// The key that their link and this browser share.
    pub link: Option<LinkSecret>,
}

impl Newcomer {
    /// Makes a key package of this member's own; its secrets stay in `provider`.
    pub(crate) fn offer(provider: &Provider, signer: &LeafSigner, credential: Vec<u8>) -> Result<Vec<u8>, CommitError> {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .key_package_lifetime(always())
            .build(SUITE, provider, signer, signer.with_credential(credential))
            .map_err(|error| CommitError::Mls(text(error)))?;
        bundle.key_package().tls_serialize_detached().map_err(|error| CommitError::Mls(text(error)))
    }

    /// Reads and checks a key package that somebody sent.
    pub(crate) fn verify(
        bytes: &[u8],
        provider: &Provider,
        verifier: &Verifier,
        now: Timestamp,
    ) -> Result<Self, VerifyMemberError> {
        let mut rest = bytes;
        let package = KeyPackageIn::tls_deserialize(&mut rest).map_err(|_| VerifyMemberError::NoCredential)?;
        let package =
            package.validate(provider.crypto(), ProtocolVersion::Mls10).map_err(|_| VerifyMemberError::NoCredential)?;
        if !rest.is_empty() || package.ciphersuite() != SUITE {
            return Err(VerifyMemberError::NoCredential);
        }
        let leaf = package.leaf_node();
        // The place in the tree is known once they are added.
        let credential = identity(leaf.credential()).ok_or(VerifyMemberError::NoCredential)?;
        let member = verifier.member(0, &credential, leaf.signature_key().as_slice(), now)?;
        Ok(Self { package, member, link: None })
    }
}

pub(super) fn identity(credential: &Credential) -> Option<Vec<u8>> {
    BasicCredential::try_from(credential.clone()).ok().map(|credential| credential.identity().to_vec())
}

pub(super) fn capabilities() -> Capabilities {
    Capabilities::new(None, Some(&[SUITE]), Some(&[]), Some(&[]), Some(&[CredentialType::Basic]))
}

/// Key packages serve one connection, minutes; their time is in the attestation, against the platform's clock. A telephone whose clock
/// is wrong is not turned away by MLS.
pub(super) fn always() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// Gives a library's own words, for developers. The worker does without them: they are a tenth of its size.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(target_arch = "wasm32")]
pub(super) fn text<T>(_: T) -> String {
    String::new()
}
