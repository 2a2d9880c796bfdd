use colloque_kit::Text;
use colloque_kit::form::{Faults, Field, Values, unique};
use colloque_kit::icon::Icon;
use colloque_kit::route::{Navigator, Page};
use colloque_kit::session::Session;
use colloque_protocol::http::admin::StaffEntry;
use colloque_protocol::http::journal::Outcome;
use colloque_web::dom::spawn;
use colloque_web::http;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::page::{AdminPage, JournalFilter, Period, outcome_name, outcome_of};
use crate::text::Msg;

const OUTCOMES: [(Outcome, Msg); 3] =
    [(Outcome::Success, Msg::Success), (Outcome::Refused, Msg::Refused), (Outcome::Failed, Msg::Failed)];

const PERIODS: [(&str, Msg); 5] = [
    ("24h", Msg::PeriodDay),
    ("7j", Msg::PeriodWeek),
    ("30j", Msg::PeriodMonth),
    ("tout", Msg::PeriodAll),
    ("jours", Msg::PeriodDays),
];

/// The filters. What they say goes into the address, and the address fills them.
#[component]
pub fn Filters(filter: Memo<JournalFilter>) -> impl IntoView {
    let navigator = expect_context::<Navigator<AdminPage>>();
    let session = Session::here();
    let kinds = RwSignal::new(Vec::<(String, String)>::new());
    spawn(async move {
        if let Ok(list) = session.heed(http::get("/api/journal/kinds").await) {
            kinds.try_set(list);
        }
    });
    let people = RwSignal::new(Vec::<(String, String)>::new());
    spawn(async move {
        if let Ok(list) = session.heed(http::get::<Vec<StaffEntry>>("/api/admin/staff").await) {
            people.try_set(list.into_iter().map(|entry| (entry.staff.full(), entry.display_name)).collect());
        }
    });
    let submit = move |event: SubmitEvent| {
        if let Some(values) = Values::of(&event) {
            navigator.go(&AdminPage::Journal(read_filter(&values)));
        }
    };
    // A filter from a link or from Back fills the form again.
    let asked = Memo::new(move |_| filter.get().first_page());
    move || {
        let asked = asked.get();
        let (period_id, kind_id) = (unique("period"), unique("kind"));
        let (outcome_id, person_id) = (unique("outcome"), unique("person"));
        let days = RwSignal::new(matches!(asked.period, Period::Between(..)));
        let (from, until) = match &asked.period {
            Period::Between(from, until) => (from.clone().unwrap_or_default(), until.clone().unwrap_or_default()),
            Period::Day | Period::Week | Period::Month | Period::All => Default::default(),
        };
        let faults = Faults::default();
        let periods = PERIODS
            .map(|(name, words)| view! { <option value=name selected=name == asked.period.name()>{words.t()}</option> })
            .collect_view();
        let outcomes = OUTCOMES
            .map(|(outcome, words)| {
                view! { <option value=outcome_name(outcome) selected=asked.outcome == Some(outcome)>{words.t()}</option> }
            })
            .collect_view();
        let chosen = asked.kind.clone();
        let kind_options = move || {
            let chosen = chosen.clone();
            kinds
                .get()
                .into_iter()
                .map(|(name, words)| {
                    let selected = chosen.as_ref() == Some(&name);
                    view! { <option value=name selected=selected>{words}</option> }
                })
                .collect_view()
        };
        let wanted = asked.person.clone();
        let person_options = move || {
            let mut list = people.get();
            // A patient has no name here: the pseudonym of a line stands for them.
            let other = wanted.clone().filter(|wanted| list.iter().all(|(person, _)| person != wanted));
            list.extend(other.map(|person| (person.clone(), person)));
            let option = |(person, name): (String, String)| {
                let selected = wanted.as_ref() == Some(&person);
                view! { <option value=person selected=selected>{name}</option> }
            };
            list.into_iter().map(option).collect_view()
        };
        let narrowed = asked.is_narrowed();
        view! {
            <form class="card filters" on:submit=submit aria-label=Msg::Filters.t() novalidate=true>
                <div class="field">
                    <label for=period_id.clone()>{Msg::Period.t()}</label>
                    <select class="input" id=period_id name="period" on:change=move |event| days.set(event_target_value(&event) == "jours")>{periods}</select>
                </div>
                {move || days.get().then(|| view! {
                    <Field name="from" label=Msg::From.t() faults=faults kind="date" value=from.clone() optional=true/>
                    <Field name="until" label=Msg::Until.t() faults=faults kind="date" value=until.clone() optional=true/>
                })}
                <div class="field">
                    <label for=kind_id.clone()>{Msg::Kind.t()}</label>
                    <select class="input" id=kind_id name="kind"><option value="">{Msg::AnyKind.t()}</option>{kind_options}</select>
                </div>
                <div class="field">
                    <label for=outcome_id.clone()>{Msg::OutcomeLabel.t()}</label>
                    <select class="input" id=outcome_id name="outcome"><option value="">{Msg::AnyOutcome.t()}</option>{outcomes}</select>
                </div>
                <div class="field">
                    <label for=person_id.clone()>{Msg::Person.t()}</label>
                    <select class="input" id=person_id name="person"><option value="">{Msg::AnyPerson.t()}</option>{person_options}</select>
                </div>
                <div class="row filter-acts">
                    <button type="submit" class="button" data-kind="primary">{Icon::Search.draw()}{Msg::Apply.t()}</button>
                    {narrowed.then(|| view! { <a class="button" data-kind="plain" href=AdminPage::Journal(JournalFilter::default()).address()>{Msg::Reset.t()}</a> })}
                </div>
            </form>
        }
        .into_any()
    }
}

fn read_filter(values: &Values) -> JournalFilter {
    JournalFilter {
        period: match values.text("period").as_str() {
            "7j" => Period::Week,
            "30j" => Period::Month,
            "tout" => Period::All,
            "jours" => Period::Between(values.optional("from"), values.optional("until")),
            _ => Period::Day,
        },
        person: values.optional("person"),
        kind: values.optional("kind"),
        outcome: outcome_of(&values.text("outcome")),
        cursor: None,
        event: None,
    }
}
