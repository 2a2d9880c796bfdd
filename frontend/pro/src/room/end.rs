use colloque_call::{Action, Decision};
use colloque_kit::Text;
use colloque_kit::dialog::Dialog;
use colloque_kit::route::Navigator;
use colloque_web::dom::spawn;
use leptos::prelude::*;

use super::RoomDesk;
use super::text::Msg;
use crate::page::ProPage;

/// Ends for everybody, or leaves the room open and goes where the person wanted to go.
#[component]
pub fn EndDialog() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let title = Signal::derive(|| Msg::EndTitle.t().to_owned());
    let navigator = expect_context::<Navigator<ProPage>>();
    Effect::new(move |_| {
        if !desk.ending.get() {
            desk.bound_for.set_value(None);
        }
    });
    let go = move |action: Action| {
        let bound_for = desk.bound_for.get_value().filter(|_| action == Action::Leave);
        desk.ending.set(false);
        spawn(async move {
            // Notes first: they are what the consultation leaves behind.
            desk.notes.save_now(desk).await;
            call.act(action);
            if let Some(page) = bound_for {
                navigator.go(&page);
            }
        });
    };
    let deciding = Memo::new(move |_| call.view.with(|view| view.deciding == Some(Decision::End)));
    view! {
        <Dialog open=desk.ending title=title>
            <p>{Msg::EndLead.t()}</p>
            <footer>
                <button type="button" class="button" on:click=move |_| desk.ending.set(false)>{Msg::Stay.t()}</button>
                <button type="button" class="button" on:click=move |_| go(Action::Leave)>{Msg::LeaveOpen.t()}</button>
                <button type="button" class="button" data-kind="danger" aria-disabled=move || deciding.get().to_string()
                    on:click=move |_| go(Action::End)>{Msg::EndForAll.t()}</button>
            </footer>
        </Dialog>
    }
    .into_any()
}
