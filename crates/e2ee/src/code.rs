//! The two spoken words: the same on every screen of a call that nobody stands in the middle of.
//!
//! Words cut from the group's authenticator alone could be ground out: who stands in the middle commits on one side until both sides
//! show the same. So each member contributes a number for each epoch that changes who is in the group. It is settled before the epoch
//! begins, and nobody can know it before: it is a link of a hash chain whose end is in the member's leaf. One attempt in 1,048,576
//! succeeds, and the next one needs a person who tries again.
//!
//! # Source
//!
//! Commitments for short authentication strings: Vaudenay, *Secure communications over insecure channels based on short authenticated
//! strings*, 2005. Hash chains: Lamport, *Password authentication with insecure communication*, 1981.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::frame::{Epoch, LeafIndex};
use crate::words::WORDS;

const CHAIN_CONTEXT: &[u8] = b"colloque words chain v1\0";
const WORDS_CONTEXT: &[u8] = b"colloque words v1\0";

/// Length of a member's number, in bytes.
pub(crate) const SHARE_BYTES: usize = 32;

/// First epoch for which no member has a number any more. A call with a change every ten seconds reaches it after eleven hours.
pub(crate) const LAST_EPOCH: Epoch = Epoch(4_096);

/// The end of a member's chain, in their leaf for everybody to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Commitment(pub [u8; SHARE_BYTES]);

/// A member's number for one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share(pub [u8; SHARE_BYTES]);

/// This member's numbers.
pub(crate) struct Chain(Zeroizing<[u8; SHARE_BYTES]>);

/// What people compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpokenCode {
    /// Twenty bits.
    bits: u32,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Chain")
    }
}

impl Chain {
    pub(crate) const fn new(seed: Zeroizing<[u8; SHARE_BYTES]>) -> Self {
        Self(seed)
    }

    /// Gives the end of the chain: the number of epoch 0, in which nobody is let in.
    pub(crate) fn commitment(&self) -> Commitment {
        Commitment(hashed(*self.0, LAST_EPOCH.0))
    }

    /// Gives the number of an epoch, to be shown once it has begun. `None` from [`LAST_EPOCH`] on.
    pub(crate) fn share(&self, epoch: Epoch) -> Option<Share> {
        (epoch < LAST_EPOCH).then(|| Share(hashed(*self.0, LAST_EPOCH.0 - epoch.0)))
    }
}

impl Share {
    /// Whether this is the number that a member settled on for an epoch.
    pub(crate) fn is_of(self, commitment: Commitment, epoch: Epoch) -> bool {
        epoch < LAST_EPOCH && hashed(self.0, epoch.0).ct_eq(&commitment.0).into()
    }
}

/// Hashes a number `times` times.
fn hashed(number: [u8; SHARE_BYTES], times: u64) -> [u8; SHARE_BYTES] {
    (0..times)
        .fold(number, |number, _| Sha256::new().chain_update(CHAIN_CONTEXT).chain_update(number).finalize().into())
}

impl SpokenCode {
    /// Derives the words of an epoch from its authenticator and the number of each member, by place in the tree.
    pub(crate) fn derive(authenticator: &[u8], shares: impl IntoIterator<Item = (LeafIndex, Share)>) -> Self {
        let mut hash = Sha256::new();
        hash.update(WORDS_CONTEXT);
        hash.update((authenticator.len() as u64).to_be_bytes());
        hash.update(authenticator);
        for (leaf, share) in shares {
            hash.update(leaf.get().to_be_bytes());
            hash.update(share.0);
        }
        let digest: [u8; 32] = hash.finalize().into();
        Self { bits: u32::from_be_bytes([0, digest[0], digest[1], digest[2]]) >> 4 }
    }

    /// Gives the two words.
    #[must_use]
    pub fn words(self) -> [&'static str; 2] {
        [self.bits >> 10, self.bits & 0x3ff].map(|index| WORDS[index as usize])
    }

    /// Gives the same twenty bits as four pictograms of thirty-two, for those who do not read.
    #[must_use]
    pub fn pictograms(self) -> [u8; 4] {
        [15, 10, 5, 0].map(|shift| (self.bits >> shift & 0x1f) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(number: u8) -> Chain {
        Chain::new(Zeroizing::new([number; SHARE_BYTES]))
    }

    #[test]
    fn a_number_is_of_its_member_and_its_epoch_only() {
        let commitment = chain(1).commitment();
        for epoch in [0, 1, 2, 700, 4_095] {
            let share = chain(1).share(Epoch(epoch)).unwrap();
            assert!(share.is_of(commitment, Epoch(epoch)));
            assert!(!share.is_of(commitment, Epoch(epoch + 1)));
            assert!(!share.is_of(chain(2).commitment(), Epoch(epoch)));
        }
        assert_eq!(chain(1).share(LAST_EPOCH), None);
        assert!(!Share([0; SHARE_BYTES]).is_of(commitment, LAST_EPOCH));
    }

    #[test]
    fn the_numbers_shown_do_not_tell_the_next_one() {
        // Each is the hash of the next, never the other way round.
        let (third, fourth) = (chain(1).share(Epoch(3)).unwrap(), chain(1).share(Epoch(4)).unwrap());
        assert_eq!(hashed(fourth.0, 1), third.0);
        assert_ne!(hashed(third.0, 1), fourth.0);
    }

    #[test]
    fn words_depend_on_everything() {
        let places = [LeafIndex::FIRST, LeafIndex::new(1).unwrap()];
        let shares = |a, b| [(places[0], Share([a; 32])), (places[1], Share([b; 32]))];
        let code = SpokenCode::derive(b"authenticator", shares(1, 2));
        assert_eq!(code, SpokenCode::derive(b"authenticator", shares(1, 2)));
        for other in [
            SpokenCode::derive(b"authenticatos", shares(1, 2)),
            SpokenCode::derive(b"authenticator", shares(1, 3)),
            SpokenCode::derive(b"authenticator", shares(2, 1)),
        ] {
            assert_ne!(code, other);
        }
    }

    #[test]
    fn words_and_pictograms_tell_the_same_twenty_bits() {
        let code = SpokenCode { bits: 0b11111_11111_00000_00001 };
        assert_eq!(code.words(), [WORDS[1023], WORDS[1]]);
        assert_eq!(code.pictograms(), [31, 31, 0, 1]);
    }
}
