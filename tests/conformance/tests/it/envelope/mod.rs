//! The envelope of frames: published vectors of it, computed by the product and opened by it again.
//!
//! Committed in `tests/vectors/envelope`, described in the README beside; `tests/second-implementation` computes them from the protocol's
//! description.

mod cases;
mod frames;
mod keys;
mod redundant;
mod refused;
mod replay;
mod voice;
