//! Tabs as the ARIA pattern describes them: one stop of the Tab key, arrows to move, panels kept while hidden.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::form::focus_later;

/// One tab.
#[derive(Clone)]
pub struct Tab<K> {
    /// What it is to the program.
    pub key: K,
    /// Part of its identifiers.
    pub name: &'static str,
    /// Its words.
    pub label: Signal<String>,
}

/// The row of tabs. Panels are the caller's: see [`panel_id`] and [`tab_id`].
#[must_use]
pub fn tab_row<K>(label: &'static str, tabs: Vec<Tab<K>>, current: RwSignal<K>) -> AnyView
where
    K: Copy + PartialEq + Send + Sync + 'static,
{
    let keys: Vec<(K, &'static str)> = tabs.iter().map(|tab| (tab.key, tab.name)).collect();
    let on_key = move |event: KeyboardEvent| {
        let here = keys.iter().position(|(key, _)| *key == current.get_untracked()).unwrap_or(0);
        let next = match event.key().as_str() {
            "ArrowRight" => (here + 1) % keys.len(),
            "ArrowLeft" => (here + keys.len() - 1) % keys.len(),
            "Home" => 0,
            "End" => keys.len() - 1,
            _ => return,
        };
        event.prevent_default();
        current.set(keys[next].0);
        focus_later(format!("#{}", tab_id(keys[next].1)));
    };
    let buttons = tabs
        .into_iter()
        .map(|Tab { key, name, label }| {
            view! {
                <button type="button" role="tab" class="tab" id=tab_id(name) aria-controls=panel_id(name)
                    aria-selected=move || (current.get() == key).to_string()
                    tabindex=move || if current.get() == key { "0" } else { "-1" }
                    on:click=move |_| current.set(key)>
                    {move || label.get()}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label=label on:keydown=on_key>{buttons}</div> }.into_any()
}

/// Identifier of a tab.
#[must_use]
pub fn tab_id(name: &str) -> String {
    format!("tab-{name}")
}

/// Identifier of the panel of a tab.
#[must_use]
pub fn panel_id(name: &str) -> String {
    format!("panel-{name}")
}
