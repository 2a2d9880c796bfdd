//! A third person: the link that asks them in, what waits for a decision, and their picture.

use colloque_call::{Action, GuestStep};
use colloque_kit::copy::CopyField;
use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Field, Submit, Values, unique};
use colloque_kit::frame::role_name;
use colloque_kit::notice::{Tone, note, note_with, trouble};
use colloque_kit::{Text, explain};
use colloque_protocol::Role;
use colloque_protocol::http::guest::InviteGuest;
use colloque_web::dom::spawn;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use super::RoomDesk;
use super::text::Msg;

/// What is to be decided about the third person, or that they take part.
pub fn notes(desk: RoomDesk) -> Option<AnyView> {
    let call = desk.call;
    let (step, third) = call.view.with(|view| (view.guest, view.third.clone()));
    let card = third?.card;
    let who = [card.display_name.as_str(), role_name(card.role)];
    let button = |label: Msg, action: Action, is_primary: bool| {
        let kind = is_primary.then_some("primary");
        view! { <button type="button" class="button" data-size="small" data-kind=kind on:click=move |_| call.act(action)>{label.t()}</button> }
    };
    Some(match step {
        GuestStep::Nobody | GuestStep::YouAreAsked => return None,
        GuestStep::Waits => note_with(
            Tone::Plain,
            Msg::GuestWaits.with(&who),
            button(Msg::GuestRefuse, Action::RemoveGuest, false).into_any(),
        ),
        GuestStep::Declined => note_with(
            Tone::Warn,
            Msg::GuestDeclined.with(&who),
            button(Msg::GuestRefuse, Action::RemoveGuest, false).into_any(),
        ),
        GuestStep::MayEnter if call.direct.get() => note_with(
            Tone::Warn,
            Msg::GuestDirect.t().to_owned(),
            button(Msg::GuestRefuse, Action::RemoveGuest, false).into_any(),
        ),
        GuestStep::MayEnter => {
            let acts = view! {
                <div class="row">{button(Msg::Admit, Action::AdmitGuest, true)}{button(Msg::GuestRefuse, Action::RemoveGuest, false)}</div>
            };
            note_with(Tone::Accent, Msg::GuestMayEnter.with(&who), acts.into_any())
        }
        GuestStep::TakesPart => note_with(
            Tone::Plain,
            Msg::GuestIn.with(&who),
            button(Msg::GuestRemove, Action::RemoveGuest, false).into_any(),
        ),
    })
}

/// The third person's picture, under their name; their voice plays whether it is shown or not.
#[component]
pub fn ThirdPicture() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let place = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            let elements = call.elements();
            place.append_child(&elements.third).ok();
            place.append_child(&elements.third_voice).ok();
        }
    });
    let name = Memo::new(move |_| {
        call.view.with(|view| {
            let third = view.third.as_ref().filter(|third| view.guest == GuestStep::TakesPart && third.media.camera)?;
            Some(third.card.display_name.clone())
        })
    });
    view! {
        <div class="stage-third" hidden=move || name.get().is_none()>
            <div class="stage-third-picture" node_ref=place></div>
            <p translate="no">{move || name.get()}</p>
        </div>
    }
    .into_any()
}

/// Asks somebody in: a name, as what, and then a link to hand over.
#[component]
pub fn InviteDialog() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let title = Signal::derive(|| Msg::GuestTitle.t().to_owned());
    view! { <Dialog open=desk.inviting title=title><Inviting/></Dialog> }.into_any()
}

#[component]
fn Inviting() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let (busy, problem, faults) = (RwSignal::new(false), RwSignal::new(None), Faults::default());
    let invited = RwSignal::new(None::<(String, String)>);
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let Some(role) = Role::from_name(&values.text("role")) else { return };
        let form = InviteGuest { name: values.text("name"), role };
        let missing = form.name.is_empty().then(|| ("name".to_owned(), Msg::GuestNameMissing.t().to_owned()));
        if busy.get_untracked() || !faults.show(missing.into_iter().collect()) {
            return;
        }
        busy.set(true);
        problem.set(None);
        let appointment = desk.file.with_untracked(|file| file.appointment);
        spawn(async move {
            let outcome = desk.api.invite_guest(appointment, &form).await;
            busy.try_set(false);
            match outcome {
                Ok(answer) => drop(invited.try_set(Some((form.name, answer.link)))),
                Err(error) => {
                    faults.show_refusal(&error);
                    problem.try_set(Some(explain(&error)));
                }
            }
        });
    };
    view! {
        {move || match invited.get() {
            Some((name, link)) => view! {
                <div class="stack">
                    {note(Tone::Ok, Msg::GuestInvited.with(&[&name]))}
                    <CopyField label=Msg::GuestLink.t() text=link/>
                    <p class="quiet small">{Msg::GuestLinkLead.t()}</p>
                </div>
            }.into_any(),
            None if desk.call.direct.get() => note(Tone::Warn, Msg::GuestDirect.t().to_owned()).into_any(),
            None => view! {
                <form class="stack" data-fill=true on:submit=submit novalidate=true>
                    <p>{Msg::GuestLead.t()}</p>
                    {trouble(problem)}
                    <Field name="name" label=Msg::GuestName.t() hint=Msg::GuestNameHint.t() faults=faults maxlength=80 focus=true/>
                    {role_field()}
                    <footer><Submit label=Msg::GuestSubmit.t() busy=busy/></footer>
                </form>
            }.into_any(),
        }}
    }
    .into_any()
}

fn role_field() -> AnyView {
    let id = unique("role");
    let roles = [Role::Interpreter, Role::AccompanyingPerson, Role::Expert];
    view! {
        <div class="field">
            <label for=id.clone()>{Msg::GuestRole.t()}</label>
            <select class="input" id=id name="role">
                {roles.map(|role| view! { <option value=role.name()>{role_name(role)}</option> }).into_iter().collect_view()}
            </select>
        </div>
    }
    .into_any()
}
