use colloque_kit::announce::say;
use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Submit, Values};
use colloque_kit::notice::trouble;
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::admin::{ActivationSent, ChangeStaff, StaffEntry};
use colloque_web::dom::spawn;
use colloque_web::http;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::de::IgnoredAny;

use super::People;
use super::invite::{activation_sent, details_fields, judge_details, read_details, role_field};
use crate::text::Msg;

/// The dialogs about one person.
#[component]
pub fn ChangeDialogs() -> impl IntoView {
    let people = expect_context::<People>();
    let name =
        move || people.subject.with(|entry| entry.as_ref().map(|entry| entry.display_name.clone()).unwrap_or_default());
    let change_title = Signal::derive(move || Msg::ChangeRoleTitle.with(&[&name()]));
    let reset_title = Signal::derive(move || Msg::ResetTitle.with(&[&name()]));
    let switch_title = Signal::derive(move || {
        let active = people.subject.with(|entry| entry.as_ref().is_none_or(|entry| entry.active));
        if active { Msg::DeactivateTitle.with(&[&name()]) } else { Msg::For.with(&[Msg::Reactivate.t(), &name()]) }
    });
    view! {
        <Dialog open=people.changing title=change_title>
            {people.subject.get().map(|entry| view! { <Changing entry=entry/> })}
        </Dialog>
        <Dialog open=people.deactivating title=switch_title>
            {people.subject.get().map(|entry| view! { <Switching entry=entry/> })}
        </Dialog>
        <Dialog open=people.resetting title=reset_title>
            {match people.activation.get() {
                Some(activation) => activation_sent(&activation),
                None => people.subject.get().map(|entry| view! { <Resetting entry=entry/> }).into_any(),
            }}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Changing(entry: StaffEntry) -> impl IntoView {
    let people = expect_context::<People>();
    let role = RwSignal::new(entry.role);
    let faults = Faults::default();
    let known = entry.practitioner.clone();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let asks_details = known.is_none();
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let chosen = role.get_untracked();
        let details = if asks_details { read_details(&values, chosen) } else { None };
        let mut wrong = Vec::new();
        judge_details(details.as_ref(), &mut wrong);
        if busy.get_untracked() || !faults.show(wrong) {
            return;
        }
        let practitioner =
            details.or_else(|| known.clone().filter(|_| chosen == colloque_protocol::Role::Practitioner));
        let change = ChangeStaff { role: Some(chosen), active: None, practitioner };
        send(people, &entry, change, people.changing, busy, problem);
    };
    let needs_details = move || asks_details && role.get() == colloque_protocol::Role::Practitioner;
    view! {
        <form class="stack" data-fill=true on:submit=submit novalidate=true>
            <p>{Msg::ChangeRoleLead.t()}</p>
            {trouble(problem)}
            {role_field(role)}
            {move || needs_details().then(|| details_fields(faults))}
            <footer>
                <button type="button" class="button" on:click=move |_| people.changing.set(false)>{Kit::Cancel.t()}</button>
                <Submit label=Msg::Save.t() busy=busy/>
            </footer>
        </form>
    }
    .into_any()
}

#[component]
fn Switching(entry: StaffEntry) -> impl IntoView {
    let people = expect_context::<People>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let active = entry.active;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            let change = ChangeStaff { role: None, active: Some(!active), practitioner: None };
            send(people, &entry, change, people.deactivating, busy, problem);
        }
    };
    let label = if active { Msg::Deactivate } else { Msg::Reactivate };
    view! {
        <form class="stack" data-fill=true on:submit=submit>
            {active.then(|| view! { <p>{Msg::DeactivateLead.t()}</p> })}
            {trouble(problem)}
            <footer>
                <button type="button" class="button" on:click=move |_| people.deactivating.set(false)>{Kit::Cancel.t()}</button>
                <Submit label=label.t() busy=busy danger=active/>
            </footer>
        </form>
    }
    .into_any()
}

#[component]
fn Resetting(entry: StaffEntry) -> impl IntoView {
    let people = expect_context::<People>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let path = format!("/api/admin/staff/{}/reset", entry.staff.full());
        spawn(async move {
            let outcome = people.session.heed(http::act::<ActivationSent>(&path).await);
            busy.try_set(false);
            match outcome {
                Ok(activation) => {
                    say(Msg::Done.t());
                    people.activation.try_set(Some(activation));
                    people.read();
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    };
    view! {
        <form class="stack" data-fill=true on:submit=submit>
            <p>{Msg::ResetLead.t()}</p>
            {trouble(problem)}
            <footer>
                <button type="button" class="button" on:click=move |_| people.resetting.set(false)>{Kit::Cancel.t()}</button>
                <Submit label=Msg::ResetAccess.t() busy=busy danger=true/>
            </footer>
        </form>
    }
    .into_any()
}

fn send(
    people: People,
    entry: &StaffEntry,
    change: ChangeStaff,
    dialog: RwSignal<bool>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
) {
    busy.set(true);
    problem.set(None);
    let path = format!("/api/admin/staff/{}", entry.staff.full());
    spawn(async move {
        let outcome = people.session.heed(http::post::<_, IgnoredAny>(&path, &change).await);
        busy.try_set(false);
        match outcome {
            Ok(_) => {
                say(Msg::Done.t());
                dialog.try_set(false);
                people.read();
            }
            Err(error) => drop(problem.try_set(Some(explain(&error)))),
        }
    });
}
