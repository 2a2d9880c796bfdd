//! A text to read and to copy.

use std::time::Duration;

use crate::announce::say;
use crate::form::unique;
use crate::icon::Icon;
use crate::text::Msg;
use crate::text::Text;
use colloque_web::dom::{spawn, window};
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// How long the button says that the text was copied.
const SAID_FOR: Duration = Duration::from_secs(3);

/// A text in a field that cannot be changed, with a button that copies it.
#[component]
pub fn CopyField(
    /// Its label.
    label: &'static str,
    /// The text.
    text: String,
) -> impl IntoView {
    let id = unique("copy");
    let copied = RwSignal::new(false);
    let value = text.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn(async move {
            if JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok() {
                copied.try_set(true);
                say(Msg::Copied.t());
                colloque_web::timer::pause(SAID_FOR).await;
                copied.try_set(false);
            }
        });
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="copy">
                <input class="input code-text" id=id readonly=true value=value/>
                <button type="button" class="button" on:click=copy>
                    {move || if copied.get() { Icon::Check.draw() } else { Icon::Copy.draw() }}
                    {move || if copied.get() { Msg::Copied.t() } else { Msg::Copy.t() }}
                </button>
            </div>
        </div>
    }
    .into_any()
}
