//! The button that opens the panel of messages, and what is said when some came.

use colloque_web::talk::{TalkPage, TalkState};
use leptos::prelude::*;

use crate::icon::Icon;
use crate::text::{Msg, Text};

/// The button, for the bar of a call.
#[must_use]
pub fn talk_button(state: ReadSignal<TalkState>, open: impl Fn(Option<TalkPage>) + Copy + 'static) -> AnyView {
    let unread = Memo::new(move |_| state.with(|state| state.unread));
    view! {
        <button type="button" class="bar-button" aria-expanded=move || if state.with(|state| state.is_open) { "true" } else { "false" }
            on:click=move |_| open((!state.with_untracked(|state| state.is_open)).then_some(TalkPage::Messages))>
            {Icon::Message.draw()}
            <span>{Msg::Messages.t()}</span>
            {move || (unread.get() > 0).then(|| view! {
                <span class="bar-count"><span class="visually-hidden">{Msg::NewMessages.t()}" "</span>{unread.get()}</span>
            })}
        </button>
    }
    .into_any()
}
