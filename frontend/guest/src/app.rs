//! The root of the bundle: the masthead, and the door or the room below it.

use colloque_kit::Text;
use colloque_kit::announce::Announcer;
use colloque_kit::form::focus_later;
use colloque_kit::icon::Icon;
use colloque_kit::text::{Locale, Msg as Kit, choose_locale, locale};
use leptos::prelude::*;

use crate::door::{door, obstacle};
use crate::obstacle::Obstacle;
use crate::room::Room;
use crate::text::Msg;
use crate::visit::Visit;

/// The bundle.
#[component]
pub fn App() -> impl IntoView {
    let in_call = RwSignal::new(false);
    let inside = match Obstacle::here() {
        Some(found) => obstacle(found),
        None => {
            let visit = Visit::start();
            move_the_focus(visit);
            (move || match (visit.inside.get(), visit.call.get(), untrack(|| visit.face())) {
                (true, Some(call), Some(face)) => {
                    view! { <Room visit=visit call=call face=face in_call=in_call/> }.into_any()
                }
                (true | false, _, _) => {
                    in_call.set(false);
                    door(visit)
                }
            })
            .into_any()
        }
    };
    view! {
        <Announcer/>
        <a class="skip" href="#content" on:click=to_content>{Kit::SkipToContent.t()}</a>
        <div class="frame" data-call=move || in_call.get()>
            <header class="masthead" hidden=move || in_call.get()>
                <span class="brand">{Icon::Brand.draw()}"Colloque"</span>
                {language()}
            </header>
            {inside}
        </div>
    }
}

/// The fragment of this page's address is the secret, so the link to the content moves the focus only.
fn to_content(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    focus_later("#content h1");
}

/// Goes to the heading of what is shown next.
fn move_the_focus(visit: Visit) {
    Effect::new(move |before: Option<bool>| {
        let inside = visit.inside.get();
        if before.is_some_and(|before| before != inside) {
            focus_later("#content h1");
        }
        inside
    });
}

/// The other language, by its own name.
fn language() -> AnyView {
    let (other, tag, name) = match locale() {
        Locale::French => (Locale::English, "en", Msg::English),
        Locale::English => (Locale::French, "fr", Msg::French),
    };
    view! { <button type="button" class="button language" data-size="small" lang=tag on:click=move |_| choose_locale(other)>{name.t()}</button> }.into_any()
}
