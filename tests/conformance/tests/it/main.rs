//! The end-to-end encryption against others' work, published vectors and other libraries, and the vectors that it publishes itself.
//!
//! # What is checked
//!
//! | module | against | how much |
//! |---|---|---|
//! | `rfc9605` | vectors published with RFC 9605 | all: 289 headers, 8 frames, 6 of the counter mode |
//! | `frames` | the crate `sframe`, over ring | random frames, both ways, bit for bit |
//! | `passive_client` | vectors of the MLS working group | every case whose suite somebody here has: 22 + 21 + 21 in suites 1, 2, 3 |
//! | `welcome`, `basics` | the same | three of seven suites |
//! | `messages` | the same | 300 messages of each of 16 kinds, 14 lengths |
//! | `other_library` | mls-rs over RustCrypto; OpenMLS over its own cryptography | a call of three, six seatings each |
//! | `post_quantum` | vectors of draft-ietf-hpke-pq, hpke-rs over libcrux, OpenMLS over its own cryptography | the same call, in a call's suite |
//! | `envelope`, `words` | the vectors of this project's own formats, `tests/vectors/envelope` and `words` | every one: computed, opened, refused |
//!
//! Suite 1 runs over this project's cryptography, suites 2 and 3 over OpenMLS's own, so that the library above it is checked too.
//! That one has none of suites 4 to 7 either: X448, P-521, and P-384 with its classical key encapsulation.
//!
//! # What is out of reach
//!
//! OpenMLS keeps to itself what these files speak of. Its own tests run them; enabling its feature `test-utils` to do it here would
//! check another library than calls use. The lives of passive clients go through all of it, and end in secrets that would differ.
//!
//! - `tree-math`: the indices of a tree's nodes.
//! - `tree-operations`, `tree-validation`, `treekem`: trees apart from a group. Parsing one is public, hashing and changing one is not.
//! - `key-schedule`, `psk_secret`, `secret-tree`, `transcript-hashes`: the secrets of an epoch, before the group gives the
//!   authenticator and exported ones.
//! - `message-protection`: a group made of given secrets.
//! - `messages`, field `group_secrets`: a type of its own that is only ever sealed. Field `re_init_proposal`: OpenMLS refuses all 300
//!   for the ratchet tree among the extensions of the group's context, which RFC 9420 does not have there; they are read without it.
//! - `welcome`, the confirmation tag: checked when a group is joined, for which this file gives no keys.
//! - `crypto-basics`, ExpandWithLabel and EncryptWithLabel: the labels are written by the test, the cryptography below is checked.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod ctr_hmac;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod hex;
#[cfg(test)]
mod libcrux;
#[cfg(test)]
mod member;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod mls_rs_member;
#[cfg(test)]
mod openmls_member;
#[cfg(test)]
mod other_library;
#[cfg(test)]
mod own_vectors;
#[cfg(test)]
mod passive_client;
#[cfg(test)]
mod post_quantum;
#[cfg(test)]
mod rfc9605;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod signer;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod welcome;
#[cfg(test)]
mod words;
