//! Keys of the consultation, their list, and the switch that turns them off.

use colloque_kit::Text;
use colloque_kit::dialog::Dialog;
use colloque_web::dom::window;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::text::Msg;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Switches the microphone.
    Microphone,
    /// Switches the camera.
    Camera,
    /// Goes to the notes.
    Notes,
    /// Goes to the prescription.
    Prescription,
    /// Goes to the next patient.
    Next,
    /// Shows the list.
    List,
}

/// All of them, with their keys as written on keyboards.
const ALL: [(Shortcut, Msg, &str); 6] = [
    (Shortcut::Microphone, Msg::ShortcutMicrophone, "Ctrl + D"),
    (Shortcut::Camera, Msg::ShortcutCamera, "Ctrl + E"),
    (Shortcut::Notes, Msg::ShortcutNotes, "Alt + N"),
    (Shortcut::Prescription, Msg::ShortcutPrescription, "Alt + O"),
    (Shortcut::Next, Msg::ShortcutNext, "Alt + S"),
    (Shortcut::List, Msg::ShortcutList, "Ctrl + Maj + /"),
];

const CHOICE: &str = "colloque-shortcuts";

/// Keys held with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    ctrl: bool,
    alt: bool,
    shift: bool,
}

/// Reads a key press; none when it is no shortcut, or when this person switched them off.
///
/// # Source
///
/// WCAG 2.1, success criterion 2.1.4: all of them need Ctrl or Alt, and can be switched off.
pub fn read(event: &KeyboardEvent) -> Option<Shortcut> {
    let held = Held { ctrl: event.ctrl_key() && !event.meta_key(), alt: event.alt_key(), shift: event.shift_key() };
    meaning(held, &event.key(), &event.code()).filter(|_| are_on())
}

/// Letters go by what is printed on the key, the slash also by its place: on French keyboards it needs another key.
fn meaning(held: Held, key: &str, code: &str) -> Option<Shortcut> {
    let Held { ctrl, alt, shift } = held;
    let key = key.to_lowercase();
    match (ctrl, alt, shift) {
        (true, false, false) => match key.as_str() {
            "d" => Some(Shortcut::Microphone),
            "e" => Some(Shortcut::Camera),
            _ => None,
        },
        (false, true, false) => match key.as_str() {
            "n" => Some(Shortcut::Notes),
            "o" => Some(Shortcut::Prescription),
            "s" => Some(Shortcut::Next),
            // On a Mac, Alt and a letter write another sign: the key's place decides.
            _ => match code {
                "KeyN" => Some(Shortcut::Notes),
                "KeyO" => Some(Shortcut::Prescription),
                "KeyS" => Some(Shortcut::Next),
                _ => None,
            },
        },
        (true, false, true) => (matches!(key.as_str(), "/" | "?" | ":") || code == "Slash").then_some(Shortcut::List),
        _ => None,
    }
}

fn are_on() -> bool {
    let kept = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(CHOICE).ok().flatten());
    kept.as_deref() != Some("off")
}

fn switch(on: bool) {
    if let Ok(Some(storage)) = window().local_storage() {
        storage.set_item(CHOICE, if on { "on" } else { "off" }).ok();
    }
}

/// The list in a dialog.
#[component]
pub fn ShortcutDialog(open: RwSignal<bool>) -> impl IntoView {
    let title = Signal::derive(|| Msg::Shortcuts.t().to_owned());
    view! { <Dialog open=open title=title>{list()}</Dialog> }.into_any()
}

/// The list as a section of the account page.
#[component]
pub fn ShortcutSettings() -> impl IntoView {
    view! {
        <section class="card stack" data-fill=true>
            <div>
                <h2>{Msg::Shortcuts.t()}</h2>
                <p class="quiet">{Msg::ShortcutsLead.t()}</p>
            </div>
            {list()}
        </section>
    }
    .into_any()
}

fn list() -> AnyView {
    let rows = ALL.map(|(_, name, keys)| view! { <dt><kbd>{keys}</kbd></dt><dd>{name.t()}</dd> }).collect_view();
    view! {
        <dl class="facts">{rows}</dl>
        <label class="choice">
            <input type="checkbox" checked=are_on() on:change=move |event| switch(event_target_checked(&event))/>
            {Msg::ShortcutsOn.t()}
        </label>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CTRL: Held = Held { ctrl: true, alt: false, shift: false };
    const ALT: Held = Held { ctrl: false, alt: true, shift: false };
    const NONE: Held = Held { ctrl: false, alt: false, shift: false };

    #[test]
    fn letters_alone_are_never_shortcuts() {
        for key in ["d", "e", "n", "o", "s", "/", "?"] {
            assert_eq!(meaning(NONE, key, ""), None);
        }
    }

    #[test]
    fn letters_go_by_what_is_printed_on_the_key() {
        assert_eq!(meaning(CTRL, "d", "KeyD"), Some(Shortcut::Microphone));
        assert_eq!(meaning(CTRL, "E", "KeyE"), Some(Shortcut::Camera));
        assert_eq!(meaning(ALT, "o", "KeyO"), Some(Shortcut::Prescription));
    }

    #[test]
    fn the_list_opens_on_french_and_american_keyboards() {
        let held = Held { ctrl: true, alt: false, shift: true };
        assert_eq!(meaning(held, "/", "Period"), Some(Shortcut::List));
        assert_eq!(meaning(held, "?", "Slash"), Some(Shortcut::List));
    }
}
