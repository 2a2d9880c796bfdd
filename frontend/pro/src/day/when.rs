use colloque_ids::Timestamp;
use colloque_kit::form::{Faults, Field, Values, error_line, unique};
use colloque_kit::{Text, clock};
use colloque_web::http::SendRequestError;
use leptos::prelude::*;

use crate::text::Msg;

/// Lengths offered, in minutes.
const LENGTHS: [u16; 6] = [10, 15, 20, 30, 45, 60];

/// Date, hour and length of an appointment; `when` holds the first two until somebody types.
pub fn when_fields(faults: Faults, when: Signal<(String, String)>, duration_min: u16) -> AnyView {
    let id = unique("duration");
    let error_id = format!("{id}-error");
    let wrong_duration = Signal::derive(move || faults.of("duration"));
    let (date, hour) = (Signal::derive(move || when.get().0), Signal::derive(move || when.get().1));
    let mut lengths = LENGTHS.to_vec();
    if !lengths.contains(&duration_min) {
        lengths.push(duration_min);
        lengths.sort_unstable();
    }
    let options = lengths
        .into_iter()
        .map(|minutes| {
            view! { <option value=minutes.to_string() selected=minutes == duration_min>{Msg::Minutes.with(&[&minutes.to_string()])}</option> }
        })
        .collect_view();
    view! {
        <div class="when">
            <Field name="date" label=Msg::Date.t() faults=faults kind="date" value=date/>
            <Field name="hour" label=Msg::Hour.t() faults=faults kind="time" value=hour/>
            <div class="field">
                <label for=id.clone()>{Msg::Duration.t()}</label>
                <select class="input" id=id name="duration" aria-describedby=error_id.clone()
                    aria-invalid=move || wrong_duration.get().is_some().to_string()>{options}</select>
                {error_line(error_id, wrong_duration)}
            </div>
        </div>
    }
    .into_any()
}

/// Shows beside [`when_fields`] what the service says of the start and the length.
pub fn show_refusal(faults: Faults, error: &SendRequestError) {
    faults.show_refusal_as(error, &[("starts_at", "hour"), ("duration_min", "duration")]);
}

/// Reads what [`when_fields`] holds.
pub fn read_when(values: &Values, faults: &mut Vec<(String, String)>) -> Option<(Timestamp, u16)> {
    let (date, hour) = (values.text("date"), values.text("hour"));
    let mut wrong = |field: &str, text: Msg| faults.push((field.to_owned(), text.t().to_owned()));
    let starts_at = clock::instant(&date, &hour);
    if clock::instant(&date, "12:00").is_none() {
        wrong("date", Msg::WrongDate);
    } else if starts_at.is_none() {
        wrong("hour", Msg::WrongHour);
    }
    Some((starts_at?, values.text("duration").parse().ok()?))
}
