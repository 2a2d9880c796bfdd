//! The root of the bundle: session, address, desk, page.

use colloque_kit::Text;
use colloque_kit::account::Account;
use colloque_kit::announce::Announcer;
use colloque_kit::frame::{Place, frame};
use colloque_kit::icon::Icon;
use colloque_kit::route::Navigator;
use colloque_kit::session::{Session, gate};
use colloque_kit::sign_in::Activate;
use colloque_kit::text::Msg as Kit;
use colloque_protocol::Role;
use colloque_protocol::http::session::Me;
use leptos::prelude::*;

use crate::arrival::Arrivals;
use crate::day::DayPage;
use crate::desk::DeskLink;
use crate::page::ProPage;
use crate::room::RoomPage;
use crate::room::shortcuts::ShortcutSettings;
use crate::text::Msg;

/// The bundle.
#[component]
pub fn App() -> impl IntoView {
    let navigator = Navigator::<ProPage>::start();
    provide_context(navigator);
    let arrivals = Arrivals::start();
    provide_context(arrivals);
    let page = navigator.page();
    let session = Session::start();
    Effect::new(move |_| {
        arrivals.set_title(match page.get() {
            ProPage::Day(_) | ProPage::Activation | ProPage::Unknown => Msg::TitleDay,
            ProPage::Room(_) => Msg::TitleRoom,
            ProPage::Account => Msg::TitleAccount,
        });
    });
    let activating = Memo::new(move |_| page.get() == ProPage::Activation);
    view! {
        <Announcer/>
        {move || if activating.get() {
            view! { <Activate/> }.into_any()
        } else {
            gate(session, |role| matches!(role, Role::Practitioner | Role::Secretary), signed_in)
        }}
    }
}

fn signed_in(me: Me) -> AnyView {
    let navigator = expect_context::<Navigator<ProPage>>();
    let page = navigator.page();
    DeskLink::open();
    let places = vec![Place {
        address: "/pro",
        label: Msg::PlaceDay.t(),
        icon: Icon::Day,
        current: Signal::derive(move || matches!(page.get(), ProPage::Day(_))),
    }];
    let account = Place {
        address: "/pro/compte",
        label: Kit::Account.t(),
        icon: Icon::Person,
        current: Signal::derive(move || page.get() == ProPage::Account),
    };
    // A date in the address is the day page's own business: choosing another must not build the page anew.
    let shown = Memo::new(move |_| match page.get() {
        ProPage::Day(_) => ProPage::Day(None),
        other => other,
    });
    let practitioner = me.role == Role::Practitioner;
    let inside = move || match shown.get() {
        ProPage::Day(_) | ProPage::Activation => view! { <DayPage practitioner=practitioner/> }.into_any(),
        ProPage::Room(consultation) if practitioner => view! { <RoomPage consultation=consultation/> }.into_any(),
        ProPage::Account => view! { <Account more=view! { <ShortcutSettings/> }.into_any()/> }.into_any(),
        ProPage::Room(_) | ProPage::Unknown => unknown(),
    };
    frame(&me, "/pro", places, account, inside.into_any())
}

fn unknown() -> AnyView {
    view! {
        <main class="page stack" id="content">
            <h1 tabindex="-1">{Msg::UnknownPage.t()}</h1>
            <a class="button" data-kind="primary" href="/pro">{Msg::ToDay.t()}</a>
        </main>
    }
    .into_any()
}
