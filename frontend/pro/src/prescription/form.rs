use colloque_kit::Text;
use colloque_kit::announce::say;
use colloque_kit::form::{error_line, focus_later, unique};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::Prescribing;
use super::draft::{LineField, field_name};
use super::text::Msg;

/// Most renewals.
const MAX_REFILLS: u8 = 11;

/// Legal reasons against substitution.
///
/// # Source
///
/// Code de la sécurité sociale, art. L. 162-16; order of 12 November 2019.
const SUBSTITUTION: [(&str, Msg); 3] =
    [("MTE", Msg::SubstitutionMte), ("EFG", Msg::SubstitutionEfg), ("CIF", Msg::SubstitutionCif)];

/// The form: lines, then what concerns all of them.
#[component]
pub fn PrescriptionForm(busy: RwSignal<bool>, problem: RwSignal<Option<String>>) -> impl IntoView {
    let prescribing = expect_context::<Prescribing>();
    let keys =
        Memo::new(move |_| prescribing.draft.with(|draft| draft.lines.iter().map(|line| line.key).collect::<Vec<_>>()));
    let replacing = Memo::new(move |_| prescribing.draft.with(|draft| draft.rest.replaces.is_some()));
    let add = move |_| {
        let added = prescribing.draft.try_update(super::draft::DraftPrescription::add).flatten();
        if let Some(key) = added {
            focus_later(format!("#line-{key} input"));
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !busy.get_untracked() {
            prescribing.preview(busy, problem);
        }
    };
    let count = move || {
        if !prescribing.tried.get() {
            return None;
        }
        let count = prescribing.all_faults().len() + prescribing.refused.with(Vec::len);
        (count > 0).then(|| note(Tone::Warn, Msg::MissingCount.with(&[&count.to_string()])))
    };
    view! {
        <form class="stack" data-fill=true on:submit=submit novalidate=true>
            <p class="quiet small">{Msg::Lead.t()}</p>
            {move || replacing.get().then(|| view! {
                <div class="row">{note(Tone::Accent, Msg::Replacing.t())}
                    <button type="button" class="button" data-size="small" on:click=move |_| {
                        prescribing.draft.update(|draft| draft.rest.replaces = None);
                        prescribing.changed();
                    }>{Msg::StopReplacing.t()}</button>
                </div>
            })}
            <ol class="rx-lines">
                <For each=move || keys.get() key=|key| *key children=move |key| view! { <Line line=key/> }/>
            </ol>
            <div><button type="button" class="button" on:click=add>{Icon::Plus.draw()}{Msg::AddLine.t()}</button></div>
            <Rest/>
            {count}
            <div class="actions" data-start=true>
                <button type="submit" class="button" data-kind="primary" aria-disabled=move || busy.get().to_string()>
                    {move || busy.get().then(|| view! { <span class="wait" aria-hidden="true"></span> })}{Msg::Preview.t()}
                </button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Line(line: u32) -> impl IntoView {
    let prescribing = expect_context::<Prescribing>();
    let key = line;
    let place = Memo::new(move |_| prescribing.draft.with(|draft| draft.place(key)));
    let number = move || place.get().map_or(0, |at| at + 1).to_string();
    let last = Memo::new(move |_| prescribing.draft.with(|draft| place.get() == Some(draft.lines.len() - 1)));
    let alone = Memo::new(move |_| prescribing.draft.with(|draft| draft.lines.len() == 1));
    let refused = move || {
        let at = place.get()?;
        prescribing.refused.with(|refused| {
            let line = refused.iter().find(|line| usize::try_from(line.line) == Ok(at))?;
            Some(Msg::RefusedLine.with(&[&line.substance, &line.reason]))
        })
    };
    let shift = move |down: bool| {
        if let Some(Some(to)) = prescribing.draft.try_update(|draft| draft.shift(key, down)) {
            say(Msg::LineMoved.with(&[&to.to_string()]));
            focus_later(format!("#line-{key} [data-move=\"{}\"]", if down { "down" } else { "up" }));
            prescribing.changed();
        }
    };
    let remove = move |_| {
        say(Msg::LineRemoved.with(&[&untrack(number)]));
        prescribing.draft.update(|draft| draft.remove(key));
        prescribing.changed();
        focus_later("#panel-prescription .rx-lines input");
    };
    let named = move |act: Msg| format!("{} – {}", act.t(), Msg::LineTitle.with(&[&number()]));
    let value = move |field: LineField| {
        prescribing.draft.with_untracked(|draft| {
            draft
                .lines
                .iter()
                .find(|line| line.key == key)
                .map(|line| field.of(&line.line).to_owned())
                .unwrap_or_default()
        })
    };
    let text = move |field: LineField, label: Msg, hint: Option<Msg>, wide: bool| {
        let id = unique("rx");
        let (error_id, hint_id) = (format!("{id}-error"), format!("{id}-hint"));
        let name = move || place.get().map(|at| field_name(at, field)).unwrap_or_default();
        let fault = Signal::derive(move || prescribing.fault(&name()));
        let described = format!("{hint_id} {error_id}");
        view! {
            <div class="field" data-wide=wide>
                <label for=id.clone()>{label.t()}</label>
                <input class="input" id=id name=name value=value(field) placeholder=hint.map(Text::t) maxlength="300" autocomplete="off"
                    aria-describedby=described aria-invalid=move || fault.with(Option::is_some).to_string()
                    on:input=move |event| {
                        prescribing.draft.update(|draft| draft.change(key, |line| field.set(line, event_target_value(&event))));
                        prescribing.changed();
                    }/>
                {error_line(error_id, fault)}
            </div>
        }
        .into_any()
    };
    view! {
        <li class="rx-line" id=format!("line-{key}") data-refused=move || refused().is_some()>
            <fieldset>
                <legend class="visually-hidden">{move || Msg::LineTitle.with(&[&number()])}</legend>
                <div class="row" data-spread=true>
                    <strong aria-hidden="true">{move || Msg::LineTitle.with(&[&number()])}</strong>
                    <div class="row rx-acts">
                        <button type="button" class="button" data-kind="plain" data-icon-only=true data-size="small" data-move="up"
                            aria-label=move || named(Msg::MoveUp) disabled=move || place.get() == Some(0) on:click=move |_| shift(false)>{Icon::Up.draw()}</button>
                        <button type="button" class="button" data-kind="plain" data-icon-only=true data-size="small" data-move="down"
                            aria-label=move || named(Msg::MoveDown) disabled=move || last.get() on:click=move |_| shift(true)>{Icon::Down.draw()}</button>
                        <button type="button" class="button" data-kind="plain" data-icon-only=true data-size="small"
                            aria-label=move || named(Msg::RemoveLine) disabled=move || alone.get() on:click=remove>{Icon::Bin.draw()}</button>
                    </div>
                </div>
                {move || refused().map(|text| note(Tone::Danger, text))}
                <div class="rx-fields">
                    {text(LineField::Name, Msg::Name, Some(Msg::NameHint), false)}
                    {text(LineField::Strength, Msg::Strength, Some(Msg::StrengthHint), false)}
                    {text(LineField::Dosage, Msg::Dosage, Some(Msg::DosageHint), true)}
                    {text(LineField::Duration, Msg::Duration, Some(Msg::DurationHint), false)}
                    {text(LineField::Units, Msg::Units, Some(Msg::UnitsHint), false)}
                    {refills(prescribing, key)}
                    {substitution(prescribing, key)}
                </div>
            </fieldset>
        </li>
    }
    .into_any()
}

fn refills(prescribing: Prescribing, key: u32) -> AnyView {
    let id = unique("rx");
    let now = prescribing.draft.with_untracked(|draft| draft.place(key).map_or(0, |at| draft.lines[at].line.refills));
    let options = (0..=MAX_REFILLS)
        .map(|count| {
            let words =
                if count == 0 { Msg::NoRefill.t().to_owned() } else { Msg::RefillCount.with(&[&count.to_string()]) };
            view! { <option value=count.to_string() selected=count == now>{words}</option> }
        })
        .collect_view();
    let change = move |event: leptos::ev::Event| {
        let count = event_target_value(&event).parse().unwrap_or(0);
        prescribing.draft.update(|draft| draft.change(key, |line| line.refills = count));
        prescribing.changed();
    };
    view! {
        <div class="field"><label for=id.clone()>{Msg::Refills.t()}</label><select class="input" id=id on:change=change>{options}</select></div>
    }
    .into_any()
}

fn substitution(prescribing: Prescribing, key: u32) -> AnyView {
    let id = unique("rx");
    let now = prescribing
        .draft
        .with_untracked(|draft| draft.place(key).and_then(|at| draft.lines[at].line.not_substitutable.clone()));
    let options = SUBSTITUTION
        .map(|(code, words)| view! { <option value=code selected=now.as_deref() == Some(code)>{words.t()}</option> })
        .collect_view();
    let change = move |event: leptos::ev::Event| {
        let code = Some(event_target_value(&event)).filter(|code| !code.is_empty());
        prescribing.draft.update(|draft| draft.change(key, |line| line.not_substitutable = code));
        prescribing.changed();
    };
    view! {
        <div class="field"><label for=id.clone()>{Msg::Substitution.t()}</label>
            <select class="input" id=id on:change=change><option value="">{Msg::SubstitutionAllowed.t()}</option>{options}</select>
        </div>
    }
    .into_any()
}

/// What concerns all lines.
#[component]
fn Rest() -> impl IntoView {
    let prescribing = expect_context::<Prescribing>();
    let text =
        move |name: &'static str,
              label: Msg,
              get: fn(&mut colloque_protocol::http::prescription::PrescriptionForm) -> &mut Option<String>| {
            let id = unique("rx");
            let error_id = format!("{id}-error");
            let described = error_id.clone();
            let fault = Signal::derive(move || prescribing.fault(name));
            let shown =
                move || prescribing.draft.with(|draft| get(&mut draft.rest.clone()).clone().unwrap_or_default());
            view! {
            <div class="field">
                <label for=id.clone()>{label.t()}</label>
                <input class="input" id=id name=name prop:value=shown maxlength="500" autocomplete="off" aria-describedby=described
                    aria-invalid=move || fault.with(Option::is_some).to_string()
                    on:input=move |event| {
                        let text = Some(event_target_value(&event)).filter(|text| !text.is_empty());
                        prescribing.draft.update(|draft| *get(&mut draft.rest) = text);
                        prescribing.changed();
                    }/>
                {error_line(error_id, fault)}
            </div>
        }
        .into_any()
        };
    view! {
        <details class="rx-rest">
            <summary>{Msg::Details.t()}</summary>
            <div class="rx-fields">
                {text("weight_kg", Msg::Weight, |form| &mut form.weight_kg)}
                {text("height_cm", Msg::Height, |form| &mut form.height_cm)}
            </div>
            {text("mentions", Msg::Mentions, |form| &mut form.mentions)}
        </details>
    }
    .into_any()
}
