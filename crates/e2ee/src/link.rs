//! The secret that an invitation's link carries from one browser to the other, past the server.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha384;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const CONTEXT: &[u8] = b"colloque link v1\0";

const NAME_CONTEXT: &[u8] = b"colloque link name v1\0";

/// Length of what names a secret, in bytes.
pub(crate) const LINK_NAME_BYTES: usize = 8;

/// Length of the secret, in bytes.
pub const LINK_SECRET_BYTES: usize = 16;

/// Made in the browser of who invites, carried in the fragment of the link, sent to no server.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret([u8; LINK_SECRET_BYTES]);

impl std::fmt::Debug for LinkSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LinkSecret")
    }
}

impl LinkSecret {
    /// Takes the secret.
    #[must_use]
    pub const fn new(secret: [u8; LINK_SECRET_BYTES]) -> Self {
        Self(secret)
    }

    /// Names the secret, and tells nothing of it: two browsers see whether they have the same one.
    ///
    /// # Panics
    ///
    /// Never: HMAC takes keys of any length.
    pub(crate) fn name(&self) -> [u8; LINK_NAME_BYTES] {
        let mut mac = Hmac::<Sha384>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(NAME_CONTEXT);
        let whole = mac.finalize().into_bytes();
        std::array::from_fn(|at| whole[at])
    }

    /// Gives the pre-shared key with which the holder of `leaf_key` is let into the group: another one for each key, so that it may be
    /// shown to a third member without showing the secret.
    ///
    /// # Panics
    ///
    /// Never: HMAC takes keys of any length.
    pub(crate) fn pre_shared_key(&self, leaf_key: &[u8; 32]) -> Zeroizing<Vec<u8>> {
        let mut mac = Hmac::<Sha384>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(CONTEXT);
        mac.update(leaf_key);
        Zeroizing::new(mac.finalize().into_bytes().to_vec())
    }
}
