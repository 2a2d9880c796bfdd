//! What the transport brings, in the page.

use colloque_call::Sending;

use super::Inner;
use crate::dom::spawn;
use crate::keys::ENDS;
use crate::media_element;

impl Inner {
    /// Plays what the transport brings. With `keeps_pictures`, the last pictures of the one before stay until this one is
    /// connected.
    pub(super) fn play(&self, keeps_pictures: bool) {
        let Some(peer) = self.media() else { return };
        // What neither passes through the worker nor comes from the other browser is nothing to play.
        if self.live.get() < ENDS && !self.is_direct() {
            return;
        }
        let mut streams = peer.remote();
        if self.is_swapped.get() && !self.is_direct() {
            streams.swap(2, 3);
        }
        for (line, (element, stream)) in self.elements.all().into_iter().zip(streams).enumerate() {
            let is_voice = line < 2;
            if keeps_pictures && !is_voice && element.src_object().is_some() {
                continue;
            }
            // Whose voice it is must be known before it is heard; pictures are not shown while waiting.
            if is_voice && self.call.borrow().view().sending == Sending::HeldUntilAdmitted {
                continue;
            }
            let (element, stream, this) = (element.clone(), stream.clone(), self.this.clone());
            spawn(async move {
                if media_element::play(&element, &stream).await.is_err()
                    && let Some(inner) = this.upgrade()
                {
                    inner.set_needs_tap(true);
                }
            });
        }
    }
}
