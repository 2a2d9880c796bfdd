//! Forms on native elements: labels, hints and errors tied to their fields, values read on submission.

use std::cell::Cell;

use colloque_web::http::SendRequestError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlElement, HtmlFormElement};

use crate::icon::Icon;
use crate::text::{Msg, Text};

/// What a form held when it was submitted.
pub struct Values(FormData);

impl Values {
    /// Stops the browser from loading another page and reads the form.
    #[must_use]
    pub fn of(event: &SubmitEvent) -> Option<Self> {
        event.prevent_default();
        let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
        FormData::new_with_form(&form).ok().map(Self)
    }

    /// A field's text, white space around it removed.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// A field's text as typed, for passwords.
    #[must_use]
    pub fn raw(&self, name: &str) -> String {
        self.0.get(name).as_string().unwrap_or_default()
    }

    /// A field's text, nothing when it is empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }
}

/// Faults of a form's fields, by name.
#[derive(Clone, Copy)]
pub struct Faults(RwSignal<Vec<(String, String)>>);

impl Default for Faults {
    fn default() -> Self {
        Self(RwSignal::new(Vec::new()))
    }
}

impl Faults {
    /// What is wrong with a field.
    #[must_use]
    pub fn of(self, field: &str) -> Option<String> {
        self.0.with(|faults| faults.iter().find(|(name, _)| name == field).map(|(_, message)| message.clone()))
    }

    /// Replaces all faults and puts the focus on the first field at fault. Returns whether there are none.
    pub fn show(self, faults: Vec<(String, String)>) -> bool {
        let first = faults.first().map(|(name, _)| name.clone());
        let none = first.is_none();
        self.0.try_set(faults);
        if let Some(name) = first {
            focus_field(&name);
        }
        none
    }

    /// Shows the faults that the service named.
    pub fn show_refusal(self, error: &SendRequestError) {
        self.show_refusal_as(error, &[]);
    }

    /// As [`Self::show_refusal`]; `names` pairs fields of the wire with those of the form where they differ.
    pub fn show_refusal_as(self, error: &SendRequestError, names: &[(&str, &str)]) {
        let SendRequestError::Refused { body } = error else { return };
        let shown =
            |field: &str| names.iter().find(|(wire, _)| *wire == field).map_or(field, |(_, own)| *own).to_owned();
        self.show(body.fields.iter().map(|fault| (shown(&fault.field), fault.message.clone())).collect());
    }
}

/// Puts the focus on a field by its name, once the page shows the last changes.
pub fn focus_field(name: &str) {
    let selector = format!("[name=\"{}\"]", name.replace(['"', '\\'], ""));
    focus_later(selector);
}

/// Puts the focus on what a selector finds, once the page shows the last changes.
pub fn focus_later(selector: impl Into<String>) {
    let selector = selector.into();
    request_animation_frame(move || {
        let found = colloque_web::dom::document().query_selector(&selector).ok().flatten();
        if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            element.focus().ok();
        }
    });
}

thread_local! {
    static COUNTER: Cell<u32> = const { Cell::new(0) };
}

/// An identifier that no other element of the page has.
#[must_use]
pub fn unique(prefix: &str) -> String {
    COUNTER.set(COUNTER.get() + 1);
    format!("{prefix}-{}", COUNTER.get())
}

/// A field of one line.
#[component]
pub fn Field(
    /// Its name in the form and on the wire.
    name: &'static str,
    /// Its label.
    label: &'static str,
    /// Where its fault comes from.
    faults: Faults,
    /// Type of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// Help shown under the label.
    #[prop(optional)]
    hint: Option<&'static str>,
    /// What it holds until somebody types.
    #[prop(optional, into)]
    value: Signal<String>,
    /// What browsers may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Keyboard of phones.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
    /// Whether it is a code: large figures.
    #[prop(optional)]
    code: bool,
    /// Longest text.
    #[prop(default = 200)]
    maxlength: u32,
    /// Whether it takes the focus at once.
    #[prop(optional)]
    focus: bool,
) -> impl IntoView {
    let id = unique("field");
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let describes =
        [hint.map(|_| hint_id.clone()), Some(error_id.clone())].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if focus {
        focus_later(format!("#{id}"));
    }
    view! {
        <div class="field">
            <label for=id.clone()>{label}{optional.then(|| view! { <span class="optional">" ("{Msg::Optional.t()}")"</span> })}</label>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <input class="input" id=id name=name type=kind value=move || value.get() autocomplete=autocomplete inputmode=inputmode maxlength=maxlength
                data-code=code aria-required=(!optional).to_string() aria-describedby=describes autocapitalize="off" spellcheck="false"
                aria-invalid=move || faults.of(name).is_some().to_string()/>
            {error_line(error_id, Signal::derive(move || faults.of(name)))}
        </div>
    }
    .into_any()
}

/// The line under a field that says what is wrong.
#[must_use]
pub fn error_line(id: String, error: Signal<Option<String>>) -> AnyView {
    view! {
        <div id=id aria-live="polite">
            {move || error.get().map(|error| view! { <p class="error">{Icon::Warning.draw()}<span>{error}</span></p> })}
        </div>
    }
    .into_any()
}

/// A button that sends its form; while it works it says so and does not send twice.
#[component]
pub fn Submit(
    /// Its words.
    label: &'static str,
    /// Whether the request is under way.
    busy: RwSignal<bool>,
    /// Whether it takes the whole width.
    #[prop(optional)]
    wide: bool,
    /// Whether the act cannot be taken back.
    #[prop(optional)]
    danger: bool,
) -> impl IntoView {
    view! {
        <button type="submit" class="button" data-kind=if danger { "danger" } else { "primary" } data-wide=wide
            aria-disabled=move || busy.get().to_string()
            on:click=move |event| if busy.get_untracked() { event.prevent_default() }>
            {move || busy.get().then(|| view! { <span class="wait" aria-hidden="true"></span> })}
            {label}
        </button>
    }
    .into_any()
}
