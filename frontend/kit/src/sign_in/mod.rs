//! Signing in: password then code, or a passkey; enrolment of the code; activation of an account.

mod activation;
mod totp;

use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{Me, PasskeyAnswer, PasskeyChallenge, PasswordSignIn, SignInStep};
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::de::IgnoredAny;

pub use activation::Activate;
pub(crate) use totp::CodeForm;
pub use totp::{Enrol, PresentCode, svg_address};

use crate::failure::explain;
use crate::form::{Faults, Field, Submit, Values};
use crate::icon::Icon;
use crate::notice::{Tone, note, trouble};
use crate::passkey::{self, UsePasskeyError};
use crate::text::{Msg, Text};

/// What is asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Password,
    Code,
    Enrol,
}

/// The sign-in page.
#[component]
pub fn SignIn(
    /// Told who signed in.
    done: Callback<Me>,
    /// Said above the form instead of the usual words.
    #[prop(optional)]
    lead: Option<&'static str>,
) -> impl IntoView {
    let stage = RwSignal::new(Stage::Password);
    let finished = Callback::new(move |()| finish(done, stage));
    let back = Callback::new(move |()| stage.set(Stage::Password));
    view! {
        <main class="gate" id="content">
            <div>
                <p class="brand">{Icon::Brand.draw()}"Colloque"</p>
                <div class="card stack" data-fill=true>
                    {lead.map(|lead| note(Tone::Accent, lead))}
                    {move || match stage.get() {
                        Stage::Password => view! { <PresentPassword stage=stage finished=finished/> }.into_any(),
                        Stage::Code => view! { <PresentCode finished=finished back=back/> }.into_any(),
                        Stage::Enrol => view! { <Enrol finished=finished/> }.into_any(),
                    }}
                </div>
            </div>
        </main>
    }
    .into_any()
}

/// Signed in according to one step; the service says who it is.
fn finish(done: Callback<Me>, stage: RwSignal<Stage>) {
    spawn(async move {
        match http::get::<Me>("/api/session").await {
            Ok(me) => {
                done.try_run(me);
            }
            Err(_) => {
                stage.try_set(Stage::Password);
            }
        }
    });
}

#[component]
fn PresentPassword(stage: RwSignal<Stage>, finished: Callback<()>) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        if busy.get_untracked() {
            return;
        }
        let form = PasswordSignIn { email: values.text("email"), password: values.raw("password") };
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = http::post::<_, SignInStep>("/api/session/password", &form).await;
            busy.try_set(false);
            match outcome {
                Ok(SignInStep::Totp) => drop(stage.try_set(Stage::Code)),
                Ok(SignInStep::EnrolTotp) => drop(stage.try_set(Stage::Enrol)),
                Ok(SignInStep::Done) => drop(finished.try_run(())),
                Err(error) => drop(problem.try_set(Some(explain_password(&error)))),
            }
        });
    };
    let passkey = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = sign_in_by_passkey().await;
            busy.try_set(false);
            match outcome {
                Ok(()) => drop(finished.try_run(())),
                Err(text) => drop(problem.try_set(Some(text))),
            }
        });
    };
    view! {
        <form on:submit=submit novalidate=true>
            <div>
                <h1 tabindex="-1">{Msg::SignInTitle.t()}</h1>
                <p class="quiet">{Msg::SignInLead.t()}</p>
            </div>
            {trouble(problem)}
            <Field name="email" label=Msg::Email.t() faults=faults kind="email" autocomplete="username webauthn" inputmode="email" focus=true/>
            <Field name="password" label=Msg::Password.t() faults=faults kind="password" autocomplete="current-password"/>
            <Submit label=Msg::SignIn.t() busy=busy wide=true/>
        </form>
        <details>
            <summary>{Msg::Forgotten.t()}</summary>
            <p class="small">{Msg::ForgottenLead.t()}</p>
        </details>
        <p class="or">{Msg::Or.t()}</p>
        <div class="stack" data-gap="small" data-fill=true>
            <button type="button" class="button" data-wide=true aria-describedby="passkey-hint" on:click=passkey>
                {Icon::Key.draw()}{Msg::SignInPasskey.t()}
            </button>
            <p class="quiet small" id="passkey-hint">{Msg::PasskeyHint.t()}</p>
        </div>
    }
    .into_any()
}

async fn sign_in_by_passkey() -> Result<(), String> {
    let challenge: PasskeyChallenge = http::act("/api/session/passkey/start").await.map_err(|error| explain(&error))?;
    let credential = passkey::prove(&challenge).await.map_err(|error| explain_passkey(error).to_owned())?;
    let answer = PasskeyAnswer { credential, label: None };
    http::post::<_, IgnoredAny>("/api/session/passkey/finish", &answer).await.map(drop).map_err(|error| {
        match error.code() {
            Some(ErrorCode::WrongCredentials) => Msg::PasskeyNotDone.t().to_owned(),
            Some(_) | None => explain(&error),
        }
    })
}

pub(crate) fn explain_passkey(error: UsePasskeyError) -> &'static str {
    match error {
        UsePasskeyError::Unsupported => Msg::PasskeyUnsupported.t(),
        UsePasskeyError::NotUsed => Msg::PasskeyNotDone.t(),
    }
}

fn explain_password(error: &SendRequestError) -> String {
    match error.code() {
        Some(ErrorCode::WrongCredentials | ErrorCode::Invalid) => Msg::WrongPassword.t().to_owned(),
        Some(_) | None => explain(error),
    }
}
