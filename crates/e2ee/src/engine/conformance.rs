//! A member who keeps to no rule, and what only they know: for tests of the others.

use super::{ConnectError, EndToEnd, TakeError};
use crate::frame::Epoch;
use crate::link::LinkSecret;

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

    /// Offers this member as one who has the secret of this link, of which it knows no more than the name.
    ///
    /// Only with the feature `conformance`.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], as of [`Self::offer`].
    pub fn offer_claiming(&mut self, link: &LinkSecret) -> Result<(), ConnectError> {
        let own = self.link.replace(link.clone());
        let offered = self.offer();
        self.link = own;
        offered
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
