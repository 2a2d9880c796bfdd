//! The frame of the signed-in pages: skip link, masthead with places to go, who is signed in.

use colloque_protocol::Role;
use colloque_protocol::http::session::Me;
use leptos::prelude::*;

use crate::icon::Icon;
use crate::notice::{Tone, chip};
use crate::session::Session;
use crate::text::{Msg, Text};

/// A place of the masthead.
pub struct Place {
    /// Its address.
    pub address: &'static str,
    /// Its words.
    pub label: &'static str,
    /// Its drawing.
    pub icon: Icon,
    /// Whether the page shown is there.
    pub current: Signal<bool>,
}

/// Puts the masthead above a page.
pub fn frame(me: &Me, home: &'static str, places: Vec<Place>, account: Place, inside: AnyView) -> AnyView {
    let session = Session::here();
    let links = places.into_iter().map(|place| link(place, "")).collect_view();
    let name = me.display_name.clone();
    let practice = me.practice_name.clone();
    view! {
        <a class="skip" href="#content">{Msg::SkipToContent.t()}</a>
        <div class="frame">
            <header class="masthead">
                <a class="brand" href=home>{Icon::Brand.draw()}"Colloque"</a>
                <nav>{links}</nav>
                <div class="who">
                    <span>{practice}{(me.role != Role::Practitioner).then(|| format!(" · {}", role_name(me.role)))}</span>
                    {me.demonstration.then(|| view! { <a href="/mailbox" target="_blank" rel="noopener">{chip(Tone::Warn, Msg::Demonstration.t())}</a> })}
                    {link(Place { label: account.label, ..account }, &name)}
                    <button type="button" class="button" data-size="small" title=Msg::SignOut.t() on:click=move |_| session.sign_out()>{Icon::Leave.draw()}<span>{Msg::SignOut.t()}</span></button>
                </div>
            </header>
            {inside}
        </div>
    }
    .into_any()
}

fn link(place: Place, title: &str) -> AnyView {
    let Place { address, label, icon, current } = place;
    let words = if title.is_empty() { label.to_owned() } else { title.to_owned() };
    let class = if title.is_empty() { "" } else { "button" };
    view! {
        <a href=address class=class data-kind="plain" data-size="small" aria-current=move || current.get().then_some("page")
            title=(!title.is_empty()).then_some(label)>
            {icon.draw()}<span>{words}</span>
        </a>
    }
    .into_any()
}

/// A role in words.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Practitioner => Msg::Practitioner,
        Role::Secretary => Msg::Secretary,
        Role::Administrator => Msg::Administrator,
        Role::Patient => Msg::Patient,
        Role::Expert => Msg::Expert,
        Role::AccompanyingPerson => Msg::AccompanyingPerson,
        Role::Interpreter => Msg::Interpreter,
    }
    .t()
}
