//! Keys of the consultation, their list, and the switch that turns them off.

use colloque_kit::Text;
use colloque_kit::dialog::Dialog;
use colloque_web::dom::window;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::text::Msg;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Switches the microphone.
    Microphone,
    /// Switches the camera.
    Camera,
    /// Opens a muted microphone until the key is let go.
    Talk,
    /// Goes to the controls of the call.
    Toolbar,
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
const ALL: [(Shortcut, Msg, &str); 8] = [
    (Shortcut::Microphone, Msg::ShortcutMicrophone, "Ctrl + D"),
    (Shortcut::Camera, Msg::ShortcutCamera, "Ctrl + E"),
    (Shortcut::Talk, Msg::ShortcutTalk, "V"),
    (Shortcut::Toolbar, Msg::ShortcutToolbar, "F2"),
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

/// Where text is typed: keys without Ctrl or Alt belong to it.
const TYPING: &str =
    "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])";

/// Reads a key press; none when it is no shortcut, or when this person switched them off.
///
/// # Source
///
/// WCAG 2.1, success criterion 2.1.4: a letter alone serves outside of text fields only, and all can be switched off.
pub fn read(event: &KeyboardEvent) -> Option<Shortcut> {
    if event.meta_key() {
        return None;
    }
    let held = Held { ctrl: event.ctrl_key(), alt: event.alt_key(), shift: event.shift_key() };
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_typing = target.is_some_and(|target| target.closest(TYPING).ok().flatten().is_some());
    meaning(held, &event.key(), &event.code(), is_typing).filter(|_| are_on())
}

/// Says whether the key of speech was let go, whatever else is held by then.
pub fn ends_talk(event: &KeyboardEvent) -> bool {
    is_talk_key(&event.key(), &event.code())
}

/// The key of speech, while it is held.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TalkKey {
    opened: bool,
}

impl TalkKey {
    /// The key is pressed, or repeats: says whether the microphone is to open, which it only is when it was muted.
    pub const fn press(&mut self, is_muted: bool) -> bool {
        let opens = is_muted && !self.opened;
        self.opened = self.opened || opens;
        opens
    }

    /// The key is let go, or the page cannot see it any more: says whether the microphone that it opened is to close.
    pub const fn release(&mut self) -> bool {
        std::mem::replace(&mut self.opened, false)
    }
}

fn is_talk_key(key: &str, code: &str) -> bool {
    key.eq_ignore_ascii_case("v") || code == "KeyV"
}

/// Letters go by what is printed on the key, the slash also by its place: on French keyboards it needs another key.
fn meaning(held: Held, key: &str, code: &str, is_typing: bool) -> Option<Shortcut> {
    let Held { ctrl, alt, shift } = held;
    let key = key.to_lowercase();
    match (ctrl, alt, shift) {
        (false, false, false) if is_typing => None,
        (false, false, false) => match key.as_str() {
            "v" => Some(Shortcut::Talk),
            "f2" => Some(Shortcut::Toolbar),
            _ => None,
        },
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

    /// What a key means outside of text fields.
    fn free(held: Held, key: &str, code: &str) -> Option<Shortcut> {
        meaning(held, key, code, false)
    }

    #[test]
    fn no_other_letter_alone_is_a_shortcut() {
        for key in ["d", "e", "n", "o", "s", "/", "?", "b"] {
            assert_eq!(free(NONE, key, ""), None);
        }
    }

    #[test]
    fn letters_go_by_what_is_printed_on_the_key() {
        assert_eq!(free(CTRL, "d", "KeyD"), Some(Shortcut::Microphone));
        assert_eq!(free(CTRL, "E", "KeyE"), Some(Shortcut::Camera));
        assert_eq!(free(ALT, "o", "KeyO"), Some(Shortcut::Prescription));
        assert_eq!(free(NONE, "v", "KeyV"), Some(Shortcut::Talk));
    }

    #[test]
    fn the_list_opens_on_french_and_american_keyboards() {
        let held = Held { ctrl: true, alt: false, shift: true };
        assert_eq!(free(held, "/", "Period"), Some(Shortcut::List));
        assert_eq!(free(held, "?", "Slash"), Some(Shortcut::List));
    }

    #[test]
    fn keys_alone_belong_to_the_text_that_is_typed() {
        assert_eq!(free(NONE, "F2", "F2"), Some(Shortcut::Toolbar));
        for key in ["v", "F2"] {
            assert_eq!(meaning(NONE, key, "", true), None, "{key}");
        }
        assert_eq!(meaning(CTRL, "d", "KeyD", true), Some(Shortcut::Microphone));
        assert_eq!(meaning(ALT, "n", "KeyN", true), Some(Shortcut::Notes));
    }

    #[test]
    fn pasting_opens_no_microphone() {
        assert_eq!(free(CTRL, "v", "KeyV"), None);
        assert_eq!(free(ALT, "v", "KeyV"), None);
        assert_eq!(free(Held { shift: true, ..NONE }, "V", "KeyV"), None);
    }

    #[test]
    fn a_muted_microphone_is_open_exactly_while_the_key_is_held() {
        let mut key = TalkKey::default();
        assert!(key.press(true), "the key opens it");
        assert!(!key.press(false), "the key repeats");
        assert!(!key.press(true), "the engine did not follow yet");
        assert!(key.release(), "letting go closes it");
        assert!(!key.release(), "the window loses the focus afterwards");
    }

    #[test]
    fn the_key_of_speech_mutes_nobody_who_was_not_muted() {
        let mut key = TalkKey::default();
        assert!(!key.press(false));
        assert!(!key.release());
    }

    #[test]
    fn the_key_of_speech_is_let_go_whatever_else_is_held() {
        assert!(is_talk_key("V", "KeyV") && is_talk_key("√", "KeyV") && is_talk_key("v", "Period"));
        assert!(!is_talk_key("b", "KeyB"));
    }
}
