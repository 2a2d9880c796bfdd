use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{Activation, Me, SignInStep};
use colloque_web::dom::{spawn, window};
use colloque_web::http::{self, SendRequestError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::totp::Enrol;
use crate::failure::{explain, field_message};
use crate::form::{Faults, Field, Submit, Values};
use crate::icon::Icon;
use crate::notice::{Tone, note, trouble};
use crate::session::home_of;
use crate::text::{Msg, Text};

/// Shortest password, in characters. The service judges its strength too.
const MIN_PASSWORD_CHARS: usize = 12;

/// First visit of an invited person: `/activation#secret`.
#[component]
pub fn Activate() -> impl IntoView {
    let secret = take_secret();
    let enrolling = RwSignal::new(false);
    let finished = Callback::new(move |()| leave());
    view! {
        <main class="gate" id="content">
            <div>
                <p class="brand">{Icon::Brand.draw()}"Colloque"</p>
                <div class="card stack" data-fill=true>
                    {move || match (&secret, enrolling.get()) {
                        (_, true) => view! { <Enrol finished=finished/> }.into_any(),
                        (Some(secret), false) => view! { <ChoosePassword secret=secret.clone() enrolling=enrolling/> }.into_any(),
                        (None, false) => view! {
                            <h1 tabindex="-1">{Msg::ActivationTitle.t()}</h1>
                            {note(Tone::Warn, Msg::ActivationIncomplete.t())}
                        }.into_any(),
                    }}
                </div>
            </div>
        </main>
    }
    .into_any()
}

/// Takes the secret out of the address, so that it stays neither in the history nor on the screen.
fn take_secret() -> Option<String> {
    let fragment = window().location().hash().ok()?;
    let secret = fragment.strip_prefix('#').filter(|secret| !secret.is_empty())?.to_owned();
    if let Ok(history) = window().history() {
        history.replace_state_with_url(&JsValue::NULL, "", Some("/activation")).ok();
    }
    Some(secret)
}

/// Goes to the page of the person's role.
fn leave() {
    spawn(async move {
        let home = http::get::<Me>("/api/session").await.map_or("/pro", |me| home_of(me.role));
        window().location().assign(home).ok();
    });
}

#[component]
fn ChoosePassword(secret: String, enrolling: RwSignal<bool>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        if busy.get_untracked() || !faults.show(judge(&values.raw("password"), &values.raw("again"))) {
            return;
        }
        let form = Activation { secret: secret.clone(), password: values.raw("password") };
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = http::post::<_, SignInStep>("/api/activation/redeem", &form).await;
            busy.try_set(false);
            match outcome {
                Ok(SignInStep::EnrolTotp) => drop(enrolling.try_set(true)),
                Ok(SignInStep::Totp | SignInStep::Done) => leave(),
                // What the field says need not be said twice.
                Err(error) if field_message(&error, "password").is_some() => faults.show_refusal(&error),
                Err(error) => drop(problem.try_set(Some(explain_activation(&error)))),
            }
        });
    };
    view! {
        <form on:submit=submit novalidate=true>
            <div>
                <h1 tabindex="-1">{Msg::ActivationTitle.t()}</h1>
                <p class="quiet">{Msg::ActivationLead.t()}</p>
            </div>
            {trouble(problem)}
            <Field name="password" label=Msg::NewPassword.t() hint=Msg::NewPasswordHint.t() faults=faults kind="password" autocomplete="new-password" focus=true/>
            <Field name="again" label=Msg::NewPasswordAgain.t() faults=faults kind="password" autocomplete="new-password"/>
            <Submit label=Msg::Activate.t() busy=busy wide=true/>
        </form>
    }
    .into_any()
}

fn judge(password: &str, again: &str) -> Vec<(String, String)> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        vec![("password".to_owned(), Msg::PasswordTooShort.t().to_owned())]
    } else if password != again {
        vec![("again".to_owned(), Msg::PasswordsDiffer.t().to_owned())]
    } else {
        Vec::new()
    }
}

fn explain_activation(error: &SendRequestError) -> String {
    match error.code() {
        Some(ErrorCode::InvitationUnknown | ErrorCode::NotFound | ErrorCode::InvitationExpired) => {
            Msg::ActivationUnknown.t().to_owned()
        }
        Some(_) | None => explain(error),
    }
}
