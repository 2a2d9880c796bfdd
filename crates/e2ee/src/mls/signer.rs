//! The key that signs for this member in the group.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{BasicCredential, CredentialWithKey, SignatureScheme};
use openmls_traits::signatures::{Signer, SignerError};
use zeroize::Zeroizing;

use super::Provider;

/// An Ed25519 key of one leaf, for one consultation. Erased when dropped.
#[derive(Debug)]
pub(crate) struct LeafSigner(SigningKey);

impl LeafSigner {
    pub(crate) fn generate(provider: &Provider) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        provider.fill(seed.as_mut());
        Self(SigningKey::from_bytes(&seed))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Puts what the leaf says beside its key.
    pub(crate) fn with_credential(&self, credential: Vec<u8>) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(credential).into(),
            signature_key: self.public().to_vec().into(),
        }
    }
}

impl Signer for LeafSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
