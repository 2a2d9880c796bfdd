//! A key that signs with a provider's own cryptography.

use std::ops::Deref;

use openmls::prelude::OpenMlsCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;

pub struct ProviderSigner<C> {
    pub crypto: C,
    pub scheme: SignatureScheme,
    pub private: Vec<u8>,
}

impl<C: Deref<Target: OpenMlsCrypto>> Signer for ProviderSigner<C> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.crypto.sign(self.scheme, payload, &self.private).map_err(SignerError::CryptoError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
