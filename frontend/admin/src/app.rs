//! The root of the bundle: session, address, page.

use colloque_kit::Text;
use colloque_kit::account::Account;
use colloque_kit::announce::Announcer;
use colloque_kit::frame::{Place, frame};
use colloque_kit::icon::Icon;
use colloque_kit::route::Navigator;
use colloque_kit::session::{Session, gate};
use colloque_kit::text::Msg as Kit;
use colloque_protocol::Role;
use colloque_protocol::http::session::Me;
use colloque_web::dom::document;
use leptos::prelude::*;

use crate::journal::JournalPage;
use crate::page::{AdminPage, JournalFilter};
use crate::staff::StaffPage;
use crate::text::Msg;

/// The bundle.
#[component]
pub fn App() -> impl IntoView {
    let navigator = Navigator::<AdminPage>::start();
    provide_context(navigator);
    let page = navigator.page();
    let session = Session::start();
    Effect::new(move |_| {
        let title = match page.get() {
            AdminPage::Journal(_) | AdminPage::Unknown => Msg::TitleJournal,
            AdminPage::Staff => Msg::TitleStaff,
            AdminPage::Account => Msg::TitleAccount,
        };
        document().set_title(title.t());
    });
    view! {
        <Announcer/>
        {gate(session, |role| role == Role::Administrator, signed_in)}
    }
}

fn signed_in(me: Me) -> AnyView {
    let page = expect_context::<Navigator<AdminPage>>().page();
    let places = vec![
        Place {
            address: "/admin",
            label: Msg::PlaceJournal.t(),
            icon: Icon::Journal,
            current: Signal::derive(move || matches!(page.get(), AdminPage::Journal(_))),
        },
        Place {
            address: "/admin/utilisateurs",
            label: Msg::Staff.t(),
            icon: Icon::People,
            current: Signal::derive(move || page.get() == AdminPage::Staff),
        },
    ];
    let account = Place {
        address: "/admin/compte",
        label: Kit::Account.t(),
        icon: Icon::Person,
        current: Signal::derive(move || page.get() == AdminPage::Account),
    };
    // The filter in the address is the journal's own business: changing it must not build the page anew.
    let shown = Memo::new(move |_| match page.get() {
        AdminPage::Journal(_) => AdminPage::Journal(JournalFilter::default()),
        other => other,
    });
    let inside = move || match shown.get() {
        AdminPage::Journal(_) => view! { <JournalPage/> }.into_any(),
        AdminPage::Staff => view! { <StaffPage/> }.into_any(),
        AdminPage::Account => view! { <Account/> }.into_any(),
        AdminPage::Unknown => view! {
            <main class="page stack" id="content">
                <h1 tabindex="-1">{Msg::UnknownPage.t()}</h1>
                <a class="button" data-kind="primary" href="/admin">{Msg::ToJournal.t()}</a>
            </main>
        }
        .into_any(),
    };
    frame(&me, "/admin", places, account, inside.into_any())
}
