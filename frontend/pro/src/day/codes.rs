use colloque_ids::PatientId;
use colloque_kit::announce::say;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note, trouble};
use colloque_kit::session::Session;
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::appointment::PatientTotp;
use colloque_web::dom::spawn;
use colloque_web::http;
use leptos::prelude::*;
use serde::de::IgnoredAny;

use crate::text::Msg;

/// How far taking the application away is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The patient uses none, or it is not known yet.
    Nothing,
    Offered,
    Asked,
    Done,
}

/// Takes a patient's code application away, once confirmed; shows nothing for a patient who uses none.
#[component]
pub fn PatientCodes(
    /// The patient.
    patient: PatientId,
) -> impl IntoView {
    let session = Session::here();
    let step = RwSignal::new(Step::Nothing);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let path = format!("/api/patients/{}/totp", patient.full());
    let reset_path = format!("{path}/reset");
    spawn(async move {
        // Without an answer nothing is offered; everything else on the page goes on.
        if let Ok(PatientTotp { enrolled: true }) = session.heed(http::get(&path).await) {
            step.try_set(Step::Offered);
        }
    });
    let reset = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let path = reset_path.clone();
        spawn(async move {
            let outcome = session.heed(http::act::<IgnoredAny>(&path).await);
            busy.try_set(false);
            match outcome {
                Ok(_) => {
                    say(Msg::ResetCodesDone.t());
                    step.try_set(Step::Done);
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    };
    let reset = StoredValue::new_local(reset);
    move || match step.get() {
        Step::Nothing => ().into_any(),
        Step::Offered => offer(step),
        Step::Asked => ask(step, busy, problem, move || reset.with_value(|reset| reset())),
        Step::Done => note(Tone::Ok, Msg::ResetCodesDone.t()),
    }
}

fn offer(step: RwSignal<Step>) -> AnyView {
    view! {
        <div>
            <button type="button" class="button" data-size="small" on:click=move |_| step.set(Step::Asked)>
                {Icon::Key.draw()}{Msg::ResetCodes.t()}
            </button>
        </div>
    }
    .into_any()
}

fn ask(
    step: RwSignal<Step>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    reset: impl Fn() + 'static,
) -> AnyView {
    view! {
        <div class="stack" role="group" aria-label=Msg::ResetCodes.t()>
            <p>{Msg::ResetCodesLead.t()}</p>
            {trouble(problem)}
            <div class="row">
                <button type="button" class="button" on:click=move |_| step.set(Step::Offered)>{Kit::Cancel.t()}</button>
                <button type="button" class="button" data-kind="danger" aria-disabled=move || busy.get().to_string() on:click=move |_| reset()>
                    {Msg::ResetCodes.t()}
                </button>
            </div>
        </div>
    }
    .into_any()
}
