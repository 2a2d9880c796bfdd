//! Notifications of the operating system. Their texts hold no name, specialty or reason.

use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::dom::{is_visible, settle};

/// Whether the person lets this site notify them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationChoice {
    /// They do.
    Allowed,
    /// They do not.
    Refused,
    /// They were not asked yet.
    NotAsked,
    /// The browser has none.
    Unsupported,
}

/// What the person chose so far.
#[must_use]
pub fn choice() -> NotificationChoice {
    if !is_supported() {
        return NotificationChoice::Unsupported;
    }
    match Notification::permission() {
        NotificationPermission::Granted => NotificationChoice::Allowed,
        NotificationPermission::Denied => NotificationChoice::Refused,
        _ => NotificationChoice::NotAsked,
    }
}

/// Asks the person. Must be called in a gesture.
pub async fn ask() -> NotificationChoice {
    if is_supported()
        && let Ok(promise) = Notification::request_permission()
    {
        settle(promise).await.ok();
    }
    choice()
}

/// Notifies, if the page is hidden and the person allowed it. A later notification replaces the one with the same `tag`.
pub fn show_if_hidden(title: &str, tag: &str) {
    if is_visible() || choice() != NotificationChoice::Allowed {
        return;
    }
    let options = NotificationOptions::new();
    options.set_tag(tag);
    // Browsers of phones only notify through a worker; the page's sound and title say the same.
    Notification::new_with_options(title, &options).ok();
}

fn is_supported() -> bool {
    js_sys::Reflect::has(&crate::dom::window(), &"Notification".into()).unwrap_or(false)
}
