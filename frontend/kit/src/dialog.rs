//! A modal dialog on the native element: focus stays inside, Escape closes, focus returns to the opener.

use leptos::html;
use leptos::prelude::*;

use crate::form::unique;
use crate::icon::Icon;
use crate::text::{Msg, Text};

/// A dialog; its inside exists only while it is open.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its title.
    #[prop(into)]
    title: Signal<String>,
    /// Whether it may be wide.
    #[prop(optional)]
    wide: bool,
    /// Its inside.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    let title_id = unique("dialog");
    let labelled_by = title_id.clone();
    Effect::new(move |_| {
        let open = open.get();
        if let Some(dialog) = element.get()
            && open != dialog.open()
        {
            if open {
                dialog.show_modal().ok();
            } else {
                dialog.close();
            }
        }
    });
    view! {
        <dialog class="dialog" node_ref=element data-wide=wide aria-labelledby=labelled_by on:close=move |_| { open.try_set(false); }>
            {move || open.get().then(|| {
                view! {
                    <div class="inside">
                        <header>
                            <h2 id=title_id.clone()>{move || title.get()}</h2>
                            <button type="button" class="button" data-kind="plain" data-icon-only=true data-size="small" aria-label=Msg::Close.t()
                                on:click=move |_| open.set(false)>{Icon::Cross.draw()}</button>
                        </header>
                        {children()}
                    </div>
                }
            })}
        </dialog>
    }
    .into_any()
}
