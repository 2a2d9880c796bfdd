use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Field, Submit, Values, unique};
use colloque_kit::notice::{Tone, note, trouble};
use colloque_kit::{Text, explain};
use colloque_protocol::Role;
use colloque_protocol::http::admin::{ActivationSent, StaffForm};
use colloque_protocol::http::session::PractitionerDetails;
use colloque_web::dom::spawn;
use colloque_web::http;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::People;
use crate::text::Msg;

/// Roles that a person of the practice may have.
const ROLES: [(Role, Msg); 3] = [
    (Role::Practitioner, Msg::RolePractitioner),
    (Role::Secretary, Msg::RoleSecretary),
    (Role::Administrator, Msg::RoleAdministrator),
];

/// Invites a person.
#[component]
pub fn InviteDialog() -> impl IntoView {
    let people = expect_context::<People>();
    let title = Signal::derive(|| Msg::Invite.t().to_owned());
    view! {
        <Dialog open=people.inviting title=title wide=true>
            {match people.activation.get() {
                Some(activation) => activation_sent(&activation),
                None => view! { <Inviting/> }.into_any(),
            }}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Inviting() -> impl IntoView {
    let people = expect_context::<People>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let role = RwSignal::new(Role::Practitioner);
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let form = StaffForm {
            family_name: values.text("family_name"),
            given_name: values.text("given_name"),
            email: values.text("email"),
            role: role.get_untracked(),
            practitioner: read_details(&values, role.get_untracked()),
        };
        let mut wrong = Vec::new();
        for (name, text) in [("family_name", &form.family_name), ("given_name", &form.given_name)] {
            if text.is_empty() {
                wrong.push((name.to_owned(), Msg::Missing.t().to_owned()));
            }
        }
        if !form.email.contains('@') {
            wrong.push(("email".to_owned(), Msg::WrongEmail.t().to_owned()));
        }
        judge_details(form.practitioner.as_ref(), &mut wrong);
        if busy.get_untracked() || !faults.show(wrong) {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = people.session.heed(http::post::<_, ActivationSent>("/api/admin/staff", &form).await);
            busy.try_set(false);
            match outcome {
                Ok(activation) => {
                    people.activation.try_set(Some(activation));
                    people.read();
                }
                Err(error) => {
                    faults.show_refusal(&error);
                    problem.try_set(Some(explain(&error)));
                }
            }
        });
    };
    view! {
        <form class="stack" data-fill=true on:submit=submit novalidate=true>
            {trouble(problem)}
            <div class="two">
                <Field name="given_name" label=Msg::GivenName.t() faults=faults focus=true/>
                <Field name="family_name" label=Msg::FamilyName.t() faults=faults/>
            </div>
            <Field name="email" label=Msg::Email.t() faults=faults kind="email" inputmode="email"/>
            {role_field(role)}
            {move || (role.get() == Role::Practitioner).then(|| details_fields(faults))}
            <footer><Submit label=Msg::SendInvitation.t() busy=busy/></footer>
        </form>
    }
    .into_any()
}

/// Where the activation link was sent. The link itself is for the person alone.
pub fn activation_sent(activation: &ActivationSent) -> AnyView {
    view! {
        {note(Tone::Ok, Msg::ActivationSent.with(&[&activation.email]))}
        <p class="quiet small">{Msg::ActivationOnce.t()}</p>
    }
    .into_any()
}

/// A choice of role.
pub fn role_field(role: RwSignal<Role>) -> AnyView {
    let id = unique("role");
    let options = ROLES
        .map(|(choice, words)| view! { <option value=choice.name() selected=role.get_untracked() == choice>{words.t()}</option> })
        .collect_view();
    let change = move |event: leptos::ev::Event| {
        if let Some(choice) = Role::from_name(&event_target_value(&event)) {
            role.set(choice);
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{Msg::Role.t()}</label>
            <select class="input" id=id name="role" on:change=change>{options}</select>
        </div>
    }
    .into_any()
}

/// What a prescription says of its prescriber.
pub fn details_fields(faults: Faults) -> AnyView {
    view! {
        <div class="two">
            <Field name="practitioner.title" label=Msg::Title.t() faults=faults value="Dr"/>
            <Field name="practitioner.profession" label=Msg::Profession.t() faults=faults value="Médecin"/>
            <Field name="practitioner.specialty" label=Msg::Specialty.t() faults=faults/>
            <Field name="practitioner.rpps" label=Msg::Rpps.t() hint=Msg::RppsHint.t() faults=faults inputmode="numeric" maxlength=11/>
        </div>
    }
    .into_any()
}

/// Reads [`details_fields`] for a practitioner.
pub fn read_details(values: &Values, role: Role) -> Option<PractitionerDetails> {
    (role == Role::Practitioner).then(|| PractitionerDetails {
        title: values.text("practitioner.title"),
        profession: values.text("practitioner.profession"),
        specialty: values.text("practitioner.specialty"),
        rpps: values.text("practitioner.rpps"),
    })
}

/// Says what the details lack.
pub fn judge_details(details: Option<&PractitionerDetails>, wrong: &mut Vec<(String, String)>) {
    let Some(details) = details else { return };
    for (name, text) in
        [("title", &details.title), ("profession", &details.profession), ("specialty", &details.specialty)]
    {
        if text.is_empty() {
            wrong.push((format!("practitioner.{name}"), Msg::Missing.t().to_owned()));
        }
    }
    if details.rpps.len() != 11 || !details.rpps.bytes().all(|byte| byte.is_ascii_digit()) {
        wrong.push(("practitioner.rpps".to_owned(), Msg::WrongRpps.t().to_owned()));
    }
}
