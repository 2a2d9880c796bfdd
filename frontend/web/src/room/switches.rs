//! What is switched on in this page, and what of it stays so when the page is loaded again.

use colloque_call::Input;
use colloque_protocol::signaling::MediaState;

use super::Inner;
use crate::capture::{Capture, Facing, ScreenCapture};
use crate::dom::{spawn, tab_storage};

impl Inner {
    pub(super) fn switch(&self, wanted: MediaState) {
        let capture = self.capture.borrow().clone();
        // A camera that is not there was not switched off, nor on.
        let has_camera = capture.as_ref().is_some_and(|capture| capture.camera().is_some());
        let is_camera_off = if has_camera { !wanted.camera } else { kept_off(&self.ticket_path) & 2 != 0 };
        let off = match (wanted.microphone, is_camera_off) {
            (true, false) => "0",
            (false, false) => "1",
            (true, true) => "2",
            (false, true) => "3",
        };
        tab_storage().map(|storage| storage.set_item(&self.ticket_path, off));
        let this = self.this.clone();
        let shares = self.screen.borrow().is_some();
        spawn(async move {
            if let Some(capture) = &capture {
                capture.set_microphone(wanted.microphone);
                capture.set_camera(wanted.camera);
                if wanted.rear_camera != (capture.facing() == Facing::Rear) {
                    // Without any camera left, the state reported says so.
                    capture.flip().await.ok();
                }
            }
            let ended = this.clone();
            let shared = match (shares, wanted.screen) {
                (false, true) => ScreenCapture::open(move || {
                    if let Some(inner) = ended.upgrade() {
                        inner.stop_sharing();
                    }
                })
                .await
                .ok(),
                (true, _) | (false, false) => None,
            };
            let Some(inner) = this.upgrade() else { return };
            if shared.is_some() || !wanted.screen {
                drop(inner.screen.replace(shared));
            }
            inner.capture_changed();
        });
    }

    pub(super) fn stop_sharing(&self) {
        drop(self.screen.take());
        self.capture_changed();
    }

    pub(super) fn capture_changed(&self) {
        let local = state_of(self.capture.borrow().as_deref(), self.screen.borrow().is_some());
        self.send();
        self.feed(Input::LocalMediaChanged(local));
    }
}

/// What was off before the page was loaded again: the bits of a digit that the tab keeps until the end.
fn kept_off(ticket_path: &str) -> u8 {
    let kept = tab_storage().and_then(|storage| storage.get_item(ticket_path).ok()?);
    kept.and_then(|off| off.bytes().next()).unwrap_or_default()
}

pub(super) fn switch_as_before(capture: &Capture, ticket_path: &str) {
    let off = kept_off(ticket_path);
    capture.set_microphone(off & 1 == 0);
    capture.set_camera(off & 2 == 0);
}

fn state_of(capture: Option<&Capture>, screen: bool) -> MediaState {
    MediaState {
        microphone: capture.is_some_and(Capture::is_microphone_on),
        camera: capture.is_some_and(Capture::is_camera_on),
        rear_camera: capture.is_some_and(|capture| capture.facing() == Facing::Rear),
        screen,
        ..MediaState::default()
    }
}
