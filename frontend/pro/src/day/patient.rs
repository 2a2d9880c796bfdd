use std::time::Duration;

use colloque_kit::announce::say;
use colloque_kit::form::{Faults, Field, Submit, Values, error_line, focus_later, unique};
use colloque_kit::icon::Icon;
use colloque_kit::notice::trouble;
use colloque_kit::{Text, clock, explain};
use colloque_protocol::http::appointment::{PatientEntry, PatientForm, Sex};
use colloque_web::dom::spawn;
use colloque_web::timer::Timeout;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::codes::PatientCodes;
use crate::api::Api;
use crate::text::Msg;

/// Pause after the last letter before patients are looked for.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

/// Chooses a known patient or adds a new one.
#[component]
pub fn ChoosePatient(
    /// The choice.
    chosen: RwSignal<Option<PatientEntry>>,
) -> impl IntoView {
    let adding = RwSignal::new(None);
    move || {
        if let Some(patient) = chosen.get() {
            return chosen_patient(&patient, chosen);
        }
        match adding.get() {
            Some(birth_name) => view! { <AddPatient chosen=chosen adding=adding birth_name=birth_name/> }.into_any(),
            None => view! { <FindPatient chosen=chosen adding=adding/> }.into_any(),
        }
    }
}

fn chosen_patient(patient: &PatientEntry, chosen: RwSignal<Option<PatientEntry>>) -> AnyView {
    view! {
        <div class="note" data-tone="accent">
            {Icon::Person.draw()}
            <div><p><strong>{full_name(&patient.form)}</strong></p><p class="small">{born(&patient.form)}" · "{patient.form.email.clone()}</p></div>
            <button type="button" class="button" data-size="small" data-end=true on:click=move |_| chosen.set(None)>{Msg::ChangePatient.t()}</button>
        </div>
        <PatientCodes patient=patient.patient/>
    }
    .into_any()
}

#[component]
fn FindPatient(chosen: RwSignal<Option<PatientEntry>>, adding: RwSignal<Option<String>>) -> impl IntoView {
    let api = Api::here();
    let found = RwSignal::new(None::<Vec<PatientEntry>>);
    let problem = RwSignal::new(None);
    let asked = RwSignal::new(String::new());
    let typing = StoredValue::new_local(None::<Timeout>);
    let look = move || {
        let query = asked.get_untracked();
        spawn(async move {
            let outcome = api.patients(&query).await;
            // Answers may come in another order than the questions.
            if asked.try_get_untracked() != Some(query) {
                return;
            }
            match outcome {
                Ok(patients) => {
                    say(Msg::PatientsFound.with(&[&patients.len().to_string()]));
                    problem.try_set(None);
                    found.try_set(Some(patients));
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    };
    let typed = move |event: leptos::ev::Event| {
        let query = event_target_value(&event).trim().to_owned();
        let enough = query.chars().count() >= 2;
        asked.set(query);
        typing.set_value(enough.then(|| Timeout::after(TYPING_PAUSE, look)));
        if !enough {
            found.set(None);
        }
    };
    // The words of a search in vain are most often the birth name of a new patient.
    let add = move |_| {
        let in_vain = found.with_untracked(|found| found.as_ref().is_some_and(Vec::is_empty));
        adding.set(Some(if in_vain { asked.get_untracked() } else { String::new() }));
    };
    let id = unique("find");
    focus_later(format!("#{id}"));
    view! {
        <div class="field">
            <label for=id.clone()>{Msg::FindPatient.t()}</label>
            <p class="hint">{Msg::FindPatientHint.t()}</p>
            <input class="input" type="search" id=id name="find" autocomplete="off" spellcheck="false" maxlength="100" on:input=typed/>
        </div>
        {trouble(problem)}
        {move || found.get().map(|patients| if patients.is_empty() {
            view! { <p class="quiet">{Msg::NoPatientFound.t()}</p> }.into_any()
        } else {
            let lines = patients.into_iter().map(|patient| found_line(patient, chosen)).collect_view();
            view! { <ul class="found" aria-label=Msg::FoundPatients.t()>{lines}</ul> }.into_any()
        })}
        <div><button type="button" class="button" on:click=add>{Icon::Plus.draw()}{Msg::NewPatient.t()}</button></div>
    }
    .into_any()
}

fn found_line(patient: PatientEntry, chosen: RwSignal<Option<PatientEntry>>) -> AnyView {
    let (name, born) = (full_name(&patient.form), born(&patient.form));
    view! {
        <li><button type="button" class="found-patient" on:click=move |_| chosen.set(Some(patient.clone()))>
            <strong>{name}</strong><span class="quiet small">{born}</span>
        </button></li>
    }
    .into_any()
}

#[component]
fn AddPatient(
    chosen: RwSignal<Option<PatientEntry>>,
    adding: RwSignal<Option<String>>,
    birth_name: String,
) -> impl IntoView {
    let api = Api::here();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let (form, wrong) = read_patient(&values);
        if busy.get_untracked() || !faults.show(wrong) {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = api.add_patient(&form).await;
            busy.try_set(false);
            match outcome {
                Ok(patient) => drop(chosen.try_set(Some(patient))),
                Err(error) => {
                    faults.show_refusal(&error);
                    problem.try_set(Some(explain(&error)));
                }
            }
        });
    };
    let no_sex = Signal::derive(move || faults.of("sex"));
    // None is chosen at first: the answer stands on prescriptions.
    let sexes = [("female", Msg::Female), ("male", Msg::Male), ("undetermined", Msg::Undetermined)]
        .map(|(value, label)| {
            view! { <label class="choice"><input type="radio" name="sex" value=value/>{label.t()}</label> }
        })
        .collect_view();
    view! {
        <form class="stack" data-fill=true on:submit=submit novalidate=true>
            {trouble(problem)}
            <div class="two">
                <Field name="birth_name" label=Msg::BirthName.t() faults=faults value=birth_name focus=true/>
                <Field name="first_names" label=Msg::FirstNames.t() faults=faults/>
                <Field name="used_name" label=Msg::UsedName.t() hint=Msg::UsedNameHint.t() faults=faults optional=true/>
                <Field name="birth_date" label=Msg::BirthDate.t() faults=faults kind="date"/>
            </div>
            <div class="field">
                <fieldset class="choices" role="radiogroup" aria-required="true" aria-describedby="sex-error"
                    aria-invalid=move || no_sex.get().is_some().to_string()><legend>{Msg::Sex.t()}</legend>{sexes}</fieldset>
                {error_line("sex-error".to_owned(), no_sex)}
            </div>
            <div class="two">
                <Field name="email" label=Msg::PatientEmail.t() hint=Msg::PatientEmailHint.t() faults=faults kind="email" inputmode="email"/>
                <Field name="phone" label=Msg::Phone.t() hint=Msg::PhoneHint.t() faults=faults kind="tel" inputmode="tel" optional=true/>
            </div>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| adding.set(None)>{Msg::ExistingPatient.t()}</button>
                <Submit label=Msg::AddPatient.t() busy=busy/>
            </div>
        </form>
    }
    .into_any()
}

fn read_patient(values: &Values) -> (PatientForm, Vec<(String, String)>) {
    let sex = match values.text("sex").as_str() {
        "male" => Some(Sex::Male),
        "female" => Some(Sex::Female),
        "undetermined" => Some(Sex::Undetermined),
        _ => None,
    };
    let form = PatientForm {
        birth_name: values.text("birth_name"),
        used_name: values.optional("used_name"),
        first_names: values.text("first_names"),
        birth_date: values.text("birth_date"),
        sex: sex.unwrap_or(Sex::Undetermined),
        email: values.text("email"),
        phone: values.optional("phone"),
    };
    let mut wrong = Vec::new();
    let mut fault = |field: &str, text: Msg| wrong.push((field.to_owned(), text.t().to_owned()));
    if form.birth_name.is_empty() {
        fault("birth_name", Msg::MissingField);
    }
    if form.first_names.is_empty() {
        fault("first_names", Msg::MissingField);
    }
    if clock::instant(&form.birth_date, "12:00").is_none() {
        fault("birth_date", Msg::WrongDate);
    }
    if sex.is_none() {
        fault("sex", Msg::MissingSex);
    }
    if !form.email.contains('@') {
        fault("email", Msg::WrongEmail);
    }
    (form, wrong)
}

/// A patient's name as staff read it: `DURAND (MARTIN) Jeanne`.
pub fn full_name(form: &PatientForm) -> String {
    let used = form.used_name.as_ref().filter(|used| **used != form.birth_name);
    match used {
        Some(used) => format!("{} ({}) {}", used.to_uppercase(), form.birth_name.to_uppercase(), form.first_names),
        None => format!("{} {}", form.birth_name.to_uppercase(), form.first_names),
    }
}

/// When a patient was born, in words.
pub fn born(form: &PatientForm) -> String {
    let day = clock::instant(&form.birth_date, "12:00").map(|noon| clock::write(noon, clock::Style::ShortDay));
    let words = match form.sex {
        Sex::Female => Msg::BornOnShe,
        Sex::Male => Msg::BornOnHe,
        Sex::Undetermined => Msg::BornOn,
    };
    words.with(&[&day.unwrap_or_else(|| form.birth_date.clone())])
}
