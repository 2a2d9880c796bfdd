use colloque_ids::JournalEventId;
use colloque_kit::clock::{Style, write};
use colloque_kit::dialog::Dialog;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, loading, note};
use colloque_kit::route::{Navigator, Page};
use colloque_kit::session::Session;
use colloque_kit::{Text, explain};
use colloque_protocol::http::journal::JournalDetail;
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};
use leptos::prelude::*;

use super::lines::outcome_chip;
use crate::page::{AdminPage, JournalFilter, Period};
use crate::text::Msg;

/// The detail of the event that the address names.
#[component]
pub fn DetailDialog(filter: Memo<JournalFilter>) -> impl IntoView {
    let navigator = expect_context::<Navigator<AdminPage>>();
    let event = Memo::new(move |_| filter.with(|filter| filter.event));
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(event.get().is_some()));
    // Closing takes the event out of the address.
    Effect::new(move |was_open: Option<bool>| {
        let open = open.get();
        if was_open == Some(true) && !open && event.get_untracked().is_some() {
            let filter = JournalFilter { event: None, ..filter.get_untracked() };
            navigator.replace(&AdminPage::Journal(filter));
        }
        open
    });
    let number = RwSignal::new(String::new());
    let title = Signal::derive(move || Msg::Detail.with(&[&number.get()]));
    view! {
        <Dialog open=open title=title wide=true>
            {event.get().map(|event| view! { <Detail event=event number=number filter=filter/> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Detail(event: JournalEventId, number: RwSignal<String>, filter: Memo<JournalFilter>) -> impl IntoView {
    let session = Session::here();
    let detail = RwSignal::new(None::<Result<JournalDetail, SendRequestError>>);
    spawn(async move {
        let outcome = session.heed(http::get::<JournalDetail>(&format!("/api/journal/{}", event.full())).await);
        if let Ok(detail) = &outcome {
            number.try_set(detail.line.sequence.to_string());
        }
        detail.try_set(Some(outcome));
    });
    move || match detail.get() {
        None => loading(),
        Some(Err(error)) => note(Tone::Warn, explain(&error)),
        Some(Ok(detail)) => shown(&detail, &filter.get_untracked()),
    }
}

fn shown(detail: &JournalDetail, filter: &JournalFilter) -> AnyView {
    let line = &detail.line;
    let at =
        Msg::PreciseTime.with(&[&write(line.occurred_at, Style::Exact), &write(line.occurred_at, Style::ExactUtc)]);
    let fields = detail
        .fields
        .iter()
        .map(|(name, value)| view! { <dt>{name.clone()}</dt><dd class="code-text">{value.clone()}</dd> })
        .collect_view();
    let related = detail
        .related
        .iter()
        .map(|other| {
            let address = AdminPage::Journal(JournalFilter { event: Some(other.event), ..filter.clone() }).address();
            let here = other.event == line.event;
            let words = format!("{} · {} · {}", other.sequence, write(other.occurred_at, Style::Second), other.label);
            view! { <li class="row" data-spread=true><a href=address aria-current=here.then_some("true")>{words}</a>{outcome_chip(other.outcome)}</li> }
        })
        .collect_view();
    let person = line.person.clone().map(|person| {
        let mine = JournalFilter { period: Period::All, person: Some(person), ..JournalFilter::default() };
        view! { <a class="button" data-size="small" href=AdminPage::Journal(mine).address()>{Icon::Person.draw()}{Msg::FilterPerson.t()}</a> }
    });
    let alone = detail.related.is_empty();
    view! {
        <p class="detail-sentence">{detail.sentence.clone()}</p>
        <div class="row">{outcome_chip(line.outcome)}<span class="quiet small figures">{at}</span></div>
        <h3>{Msg::Fields.t()}</h3>
        <dl class="facts small">{fields}</dl>
        <h3>{Msg::Related.t()}</h3>
        {if alone { view! { <p class="quiet">{Msg::NoRelated.t()}</p> }.into_any() } else { view! { <ul class="lines small">{related}</ul> }.into_any() }}
        <div class="row">{person}</div>
    }
    .into_any()
}
