//! Who holds an end-to-end key: the statement that a platform signs with its identity key and that each client checks by itself.
//!
//! Apart from `e2ee` so that the server, which signs, has no code that could open a frame.

mod statement;

pub use statement::{
    Attestation, MAX_ATTESTATION_BYTES, MAX_TEXT_BYTES, ParseAttestationError, ProofOfPerson, Standing, Statement,
    WrongSignature,
};
