use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{TotpCode, TotpEnrolment};
use colloque_web::dom::spawn;
use colloque_web::http::{self, SendRequestError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::de::IgnoredAny;

use crate::failure::explain;
use crate::form::{Faults, Field, Submit, Values};
use crate::notice::{loading, trouble};
use crate::route::encode;
use crate::text::{Msg, Text};

/// Asks for the code of an enrolled application.
#[component]
pub fn PresentCode(
    /// Told when the code was right.
    finished: Callback<()>,
    /// Told when the person wants another account.
    back: Callback<()>,
) -> impl IntoView {
    view! {
        <div>
            <h1 tabindex="-1">{Msg::TotpTitle.t()}</h1>
            <p class="quiet">{Msg::TotpLead.t()}</p>
        </div>
        <CodeForm path="/api/session/totp" finished=finished/>
        <button type="button" class="button" data-kind="plain" on:click=move |_| back.run(())>{Msg::OtherAccount.t()}</button>
    }
    .into_any()
}

/// Links an authenticator application to the account.
#[component]
pub fn Enrol(
    /// Told when the application is linked.
    finished: Callback<()>,
    /// Told when the service wants a fresh proof first.
    #[prop(optional)]
    stale: Option<Callback<()>>,
) -> impl IntoView {
    let enrolment = RwSignal::new(None::<TotpEnrolment>);
    let problem = RwSignal::new(None);
    let start = move || {
        problem.set(None);
        spawn(async move {
            match http::act::<TotpEnrolment>("/api/account/totp/start").await {
                Ok(begun) => drop(enrolment.try_set(Some(begun))),
                Err(error) => match stale.filter(|_| error.code() == Some(ErrorCode::SecondFactorNeeded)) {
                    Some(stale) => drop(stale.try_run(())),
                    None => drop(problem.try_set(Some(explain(&error)))),
                },
            }
        });
    };
    start();
    let retry = move || {
        problem.with(Option::is_some).then(|| {
            view! { <button type="button" class="button" on:click=move |_| start()>{Msg::Retry.t()}</button> }
        })
    };
    view! {
        <div>
            <h1 tabindex="-1">{Msg::EnrolTitle.t()}</h1>
            <p class="quiet">{Msg::EnrolLead.t()}</p>
        </div>
        {trouble(problem)}
        {retry}
        {move || match enrolment.get() {
            None => (problem.with(Option::is_none)).then(loading).into_any(),
            Some(begun) => view! {
                <img class="qr" alt=Msg::EnrolQr.t() src=svg_address(&begun.qr_svg)/>
                <details>
                    <summary>{Msg::EnrolByHand.t()}</summary>
                    <p class="small">{Msg::EnrolSecret.t()}</p>
                    <p class="code-text">{in_fours(&begun.secret)}</p>
                </details>
                <CodeForm path="/api/account/totp/finish" finished=finished/>
            }.into_any(),
        }}
    }
    .into_any()
}

/// Asks for six digits and sends them.
#[component]
pub(crate) fn CodeForm(
    /// Where they are sent.
    path: &'static str,
    /// Told when they were right.
    finished: Callback<()>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        if busy.get_untracked() {
            return;
        }
        let code: String = values.text("code").chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.show(vec![("code".to_owned(), Msg::TotpSixDigits.t().to_owned())]);
            return;
        }
        faults.show(Vec::new());
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = http::post::<_, IgnoredAny>(path, &TotpCode { code }).await;
            busy.try_set(false);
            match outcome {
                Ok(_) => drop(finished.try_run(())),
                Err(error) => drop(problem.try_set(Some(explain_code(&error)))),
            }
        });
    };
    view! {
        <form on:submit=submit novalidate=true>
            {trouble(problem)}
            <Field name="code" label=Msg::TotpCode.t() faults=faults autocomplete="one-time-code" inputmode="numeric" code=true maxlength=7 focus=true/>
            <Submit label=Msg::TotpContinue.t() busy=busy wide=true/>
        </form>
    }
    .into_any()
}

fn explain_code(error: &SendRequestError) -> String {
    match error.code() {
        Some(ErrorCode::WrongCredentials | ErrorCode::Invalid) => Msg::TotpWrong.t().to_owned(),
        Some(_) | None => explain(error),
    }
}

/// The address of an SVG document for an `img`: there it runs no script and loads nothing.
#[must_use]
pub fn svg_address(svg: &str) -> String {
    format!("data:image/svg+xml,{}", encode(svg))
}

fn in_fours(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_groups_of_four() {
        assert_eq!(in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }

    #[test]
    fn a_drawing_cannot_leave_its_address() {
        assert_eq!(svg_address("<svg a=\"#\"/>"), "data:image/svg+xml,%3Csvg%20a%3D%22%23%22%2F%3E");
    }
}
