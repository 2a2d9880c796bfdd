//! A member who keeps to no rule, and what only they know: for tests of the others.

use super::{EndToEnd, TakeError};
use crate::frame::Epoch;

impl EndToEnd {
    /// Seals any bytes for the group, as if they were one of the messages that members send.
    ///
    /// Only with the feature `conformance`.
    ///
    /// # Errors
    ///
    /// [`TakeError::NotForUs`] without a group.
    pub fn say_bytes(&mut self, bytes: &[u8]) -> Result<(), TakeError> {
        self.tell_bytes(bytes)
    }

    /// Gives this member's number for the words of an epoch, begun or not.
    ///
    /// Only with the feature `conformance`.
    #[must_use]
    pub fn own_number(&self, epoch: Epoch) -> Option<[u8; 32]> {
        self.chain.share(epoch).map(|share| share.0)
    }

    /// Gives the epoch of the group.
    ///
    /// Only with the feature `conformance`.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.group.as_ref().map(crate::mls::Group::epoch)
    }
}
