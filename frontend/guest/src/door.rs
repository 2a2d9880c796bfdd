//! What the link shows before the guest goes in: who asks them, as what, and whether the room is open.

use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, loading, note_with};
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::Role;
use colloque_protocol::http::guest::{GuestFace, GuestState};
use colloque_web::dom::{document, spawn, window};
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::call::GuestCall;
use crate::obstacle::Obstacle;
use crate::text::Msg;
use crate::visit::{Door, Visit};

/// The page before the room.
pub fn door(visit: Visit) -> AnyView {
    document().set_title(Msg::PageDoor.t());
    let inside = move || match visit.door.get() {
        Door::Reading => {
            view! { <h1 class="visually-hidden" tabindex="-1">{Msg::PageDoor.t()}</h1>{loading()} }.into_any()
        }
        Door::Unknown => message(Msg::UnknownTitle, Msg::UnknownLead),
        Door::Failed(error) => {
            let again =
                view! { <button type="button" class="button" on:click=move |_| visit.read()>{Kit::Retry.t()}</button> };
            view! { <h1 tabindex="-1">{Msg::AwayTitle.t()}</h1>{note_with(Tone::Warn, explain(&error), again.into_any())} }.into_any()
        }
        Door::Shown(face) => shown(visit, &face),
    };
    view! { <main class="page stack door" id="content" data-narrow=true data-gap="large" data-fill=true>{inside}</main> }
        .into_any()
}

/// The page of a browser in which nobody can take part.
pub fn obstacle(obstacle: Obstacle) -> AnyView {
    document().set_title(Msg::PageDoor.t());
    let (title, lead) = obstacle.words();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        spawn(async move {
            let address = window().location().href().unwrap_or_default();
            if JsFuture::from(window().navigator().clipboard().write_text(&address)).await.is_ok() {
                copied.try_set(true);
            }
        });
    };
    view! {
        <main class="page stack door" id="content" data-narrow=true data-gap="large">
            {message(title, lead)}
            {(obstacle == Obstacle::NoCapture).then(|| view! {
                <button type="button" class="button" data-kind="primary" on:click=copy>
                    {Icon::Copy.draw()}<span aria-live="polite">{move || if copied.get() { Kit::Copied.t() } else { Msg::CopyLink.t() }}</span>
                </button>
            })}
        </main>
    }
    .into_any()
}

fn message(title: Msg, lead: Msg) -> AnyView {
    view! { <div class="stack"><h1 tabindex="-1">{title.t()}</h1><p>{lead.t()}</p></div> }.into_any()
}

fn shown(visit: Visit, face: &GuestFace) -> AnyView {
    match face.state {
        GuestState::Ready => {
            let title = Msg::InvitesYou.with(&[&face.practitioner.display_name]);
            view! { <h1 tabindex="-1">{title}</h1>{invitation(face)}{visit.call.get().map(|call| way_in(visit, call))} }
                .into_any()
        }
        GuestState::TooEarly => {
            let lead =
                Msg::EarlyLead.with(&[&write(face.opens_at, Style::LongDay), &write(face.opens_at, Style::Hour)]);
            view! {
                <div class="stack"><h1 tabindex="-1">{Msg::EarlyTitle.t()}</h1><p>{lead}</p></div>
                {invitation(face)}
                {confidential()}
            }
            .into_any()
        }
        GuestState::Over => view! { {message(Msg::OverTitle, Msg::OverLead)}{invitation(face)} }.into_any(),
        GuestState::OpenedElsewhere => {
            view! { {message(Msg::OpenedElsewhereTitle, Msg::OpenedElsewhereLead)}{invitation(face)} }.into_any()
        }
    }
}

/// Who asks whom, as what.
fn invitation(face: &GuestFace) -> AnyView {
    let GuestFace { practitioner, practice, you, .. } = face.clone();
    view! {
        <section class="card stack invitation" data-fill=true aria-label=Msg::Invitation.t()>
            <p class="invited">{invited_as(you.role).with(&[&you.display_name])}</p>
            <div class="who-asks">
                {Icon::Person.draw_at("1.75rem")}
                <div>
                    <p><strong translate="no">{practitioner.display_name}</strong></p>
                    {practitioner.profession.map(|profession| view! { <p>{profession}</p> })}
                    <p>{practice}</p>
                    {practitioner.rpps.map(|number| view! { <p class="quiet small figures">{Msg::Rpps.with(&[&number])}</p> })}
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn confidential() -> AnyView {
    view! { <p class="note" data-tone="accent">{Icon::Shield.draw()}<span>{Msg::Confidential.t()}</span></p> }
        .into_any()
}

/// The one button, and what stands in its way.
fn way_in(visit: Visit, call: GuestCall) -> AnyView {
    let enter = move |_| call.ask_devices(move |_| visit.enter());
    let trouble = move || {
        call.trouble.get().filter(|_| !call.is_asking.get()).map(|trouble| {
            let without = view! { <button type="button" class="button" on:click=move |_| visit.enter()>{Msg::WithoutDevices.t()}</button> };
            note_with(Tone::Warn, trouble.words().t(), without.into_any())
        })
    };
    view! {
        {confidential()}
        <div role="alert" class="trouble">{trouble}</div>
        <div class="stack" data-gap="small" data-fill=true>
            <button type="button" class="button" data-kind="primary" data-size="large" id="continue" on:click=enter
                aria-disabled=move || call.is_asking.get().to_string()>
                {move || call.is_asking.get().then(|| view! { <span class="wait" aria-hidden="true"></span> })}
                {move || if call.trouble.get().is_some() { Kit::Retry.t() } else { Msg::Continue.t() }}
            </button>
            <p class="quiet small">{move || if call.is_asking.get() { Msg::AllowDevices.t() } else { Msg::WillAsk.t() }}</p>
        </div>
    }
    .into_any()
}

const fn invited_as(role: Role) -> Msg {
    match role {
        Role::Expert => Msg::InvitedExpert,
        Role::AccompanyingPerson => Msg::InvitedBeside,
        Role::Interpreter => Msg::InvitedInterpreter,
        // The service gives guests the roles above only.
        Role::Practitioner | Role::Secretary | Role::Administrator | Role::Patient => Msg::Invited,
    }
}

#[cfg(test)]
mod tests {
    use colloque_kit::Locale;

    use super::*;

    #[test]
    fn a_guest_reads_as_what_they_are_asked() {
        let said = Role::GUESTS.map(|role| invited_as(role).in_locale(Locale::French));
        assert_eq!(
            said,
            [
                "Vous êtes invité comme autre soignant : {0}",
                "Vous êtes invité comme accompagnant : {0}",
                "Vous êtes invité comme interprète : {0}",
            ]
        );
    }
}
