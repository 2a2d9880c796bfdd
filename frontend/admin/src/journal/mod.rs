//! The connection journal: filters in the address, pages by cursor, detail.

mod detail;
mod filters;
mod lines;

use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_kit::announce::say;
use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, empty, loading, note, note_with};
use colloque_kit::route::{Navigator, Page};
use colloque_kit::session::Session;
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::journal::JournalPage as Lines;
use colloque_web::dom::{now, spawn};
use colloque_web::http::{self, SendRequestError};
use colloque_web::timer::Timeout;
use leptos::prelude::*;

use crate::page::{AdminPage, JournalFilter, Period};
use crate::text::Msg;

use detail::DetailDialog;
use filters::Filters;
use lines::table;

/// Lines of a page.
const PAGE_LINES: u32 = 50;

/// Pause before the number of results is said: filters are often changed several times in a row.
const SAY_AFTER: Duration = Duration::from_millis(800);

/// The page of the journal.
#[component]
pub fn JournalPage() -> impl IntoView {
    let navigator = expect_context::<Navigator<AdminPage>>();
    let page = navigator.page();
    let session = Session::here();
    let filter = Memo::new(move |_| match page.get() {
        AdminPage::Journal(filter) => filter,
        AdminPage::Staff | AdminPage::Account | AdminPage::Unknown => JournalFilter::default(),
    });
    // Opening a detail changes the address and not the list: reading it again would be one more reading in the journal.
    let listed = Memo::new(move |_| JournalFilter { event: None, ..filter.get() });
    let shown = RwSignal::new(None::<(Timestamp, Lines)>);
    let problem = RwSignal::new(None::<SendRequestError>);
    let busy = RwSignal::new(false);
    let saying = StoredValue::new_local(None::<Timeout>);
    let read = move || {
        let asked = listed.get_untracked();
        busy.set(true);
        spawn(async move {
            let path = format!("/api/journal{}", asked.service_query(now(), PAGE_LINES));
            let outcome = session.heed(http::get::<Lines>(&path).await);
            if listed.try_get_untracked() != Some(asked) {
                return;
            }
            busy.try_set(false);
            match outcome {
                Ok(lines) => {
                    let count = lines.lines.len();
                    saying.try_set_value(Some(Timeout::after(SAY_AFTER, move || {
                        say(Msg::LineCount.with(&[&count.to_string()]));
                    })));
                    problem.try_set(None);
                    shown.try_set(Some((now(), lines)));
                }
                // What was read before stays on the screen, with its hour.
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    Effect::new(move |_| {
        listed.track();
        read();
    });
    let export = move || format!("/api/journal/export{}", listed.get().first_page().service_query(now(), PAGE_LINES));
    let retry = move || {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| read()>{Kit::Retry.t()}</button> }.into_any()
    };
    view! {
        <main class="page stack" data-fill=true id="content">
            <div class="row" data-spread=true>
                <h1 tabindex="-1">{Msg::Journal.t()}</h1>
                <a class="button" href=export download=true>{Icon::Download.draw()}{Msg::Export.t()}</a>
            </div>
            {note(Tone::Plain, Msg::Recorded.t())}
            <Filters filter=filter/>
            <section class="card journal" aria-busy=move || busy.get().to_string()>
                {move || problem.get().map(|error| {
                    let text = match shown.with_untracked(|shown| shown.as_ref().map(|(at, _)| *at)) {
                        Some(at) => Msg::Stale.with(&[&write(at, Style::Second), &explain(&error)]),
                        None => explain(&error),
                    };
                    note_with(Tone::Warn, text, retry())
                })}
                {move || match shown.get() {
                    None if problem.with(Option::is_some) => ().into_any(),
                    None => loading(),
                    Some((_, lines)) if lines.lines.is_empty() => nothing(&listed.get_untracked()),
                    Some((_, lines)) => {
                        let filter = listed.get_untracked();
                        view! { {table(&lines.lines, &filter)}{paging(&lines, &filter)} }.into_any()
                    }
                }}
            </section>
            <DetailDialog filter=filter/>
        </main>
    }
    .into_any()
}

fn nothing(filter: &JournalFilter) -> AnyView {
    let wider = JournalFilter { period: Period::All, ..filter.first_page() };
    let widen = (filter.period != Period::All)
        .then(|| view! { <a class="button" href=AdminPage::Journal(wider).address()>{Msg::Widen.t()}</a> }.into_any());
    empty(Icon::Journal, Msg::Empty.t(), widen)
}

fn paging(lines: &Lines, filter: &JournalFilter) -> AnyView {
    let count = lines.lines.len().to_string();
    let text = if lines.next.is_some() { Msg::LineCount } else { Msg::LineCountEnd };
    let next = lines.next.clone().map(|cursor| {
        let address = AdminPage::Journal(JournalFilter { cursor: Some(cursor), ..filter.clone() }).address();
        view! { <a class="button" href=address>{Msg::NextPage.t()}{Icon::Right.draw()}</a> }
    });
    let first = filter.cursor.is_some().then(|| {
        view! { <a class="button" href=AdminPage::Journal(filter.first_page()).address()>{Icon::Left.draw()}{Msg::FirstPage.t()}</a> }
    });
    view! {
        <div class="row paging" data-spread=true>
            <p class="quiet">{text.with(&[&count])}</p>
            <div class="row">{first}{next}</div>
        </div>
    }
    .into_any()
}
