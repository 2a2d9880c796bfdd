//! Documents as people send them, and as nobody should.

mod file;
mod forms;
mod hostile;
mod look;
mod planted;
mod truth;
