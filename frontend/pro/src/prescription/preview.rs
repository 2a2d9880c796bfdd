use colloque_kit::Text;
use colloque_kit::clock::{Style, write};
use colloque_kit::session::Session;
use colloque_protocol::http::prescription::PrescriptionLineForm;
use colloque_web::dom::now;
use leptos::prelude::*;

use super::Prescribing;
use super::text::Msg;
use crate::day::{born, full_name};
use crate::room::RoomDesk;

/// What the document will say, read again before it is issued.
#[component]
pub fn Preview(busy: RwSignal<bool>, problem: RwSignal<Option<String>>) -> impl IntoView {
    let prescribing = expect_context::<Prescribing>();
    let desk = expect_context::<RoomDesk>();
    let form = prescribing.draft.with_untracked(super::draft::DraftPrescription::form);
    let me = untrack(|| Session::here().me());
    let prescriber = me.as_ref().map(|me| me.display_name.clone()).unwrap_or_default();
    let details = me.and_then(|me| me.practitioner.map(|details| (details, me.practice_name)));
    let (patient, birth) = desk.file.with_untracked(|file| (full_name(&file.traits), born(&file.traits)));
    let count = Msg::Count.with(&[&form.lines.len().to_string()]);
    let lines = form.lines.iter().map(line).collect_view();
    view! {
        <section class="stack" data-fill=true aria-labelledby="preview-title">
            <h2 id="preview-title" tabindex="-1">{Msg::PreviewTitle.t()}</h2>
            <article class="sheet">
                <div>
                    <p><strong>{prescriber}</strong></p>
                    {details.map(|(details, practice)| view! {
                        <p class="small">{format!("{} – {}", details.profession, details.specialty)}</p>
                        <p class="small">{Msg::Rpps.with(&[&details.rpps])}" · "{practice}</p>
                    })}
                </div>
                <p class="sheet-date">{Msg::On.with(&[&write(now(), Style::LongDay)])}</p>
                <p>{Msg::For.t()}" "<strong>{patient}</strong>", "{birth}</p>
                {form.weight_kg.map(|weight| view! { <p class="small">{Msg::WeightIs.with(&[&weight])}</p> })}
                {form.height_cm.map(|height| view! { <p class="small">{Msg::HeightIs.with(&[&height])}</p> })}
                <ol class="sheet-lines">{lines}</ol>
                {form.mentions.map(|mentions| view! { <p>{mentions}</p> })}
                <p class="small sheet-end">{count}</p>
            </article>
            <div class="actions" data-start=true>
                <button type="button" class="button" data-kind="primary" aria-disabled=move || busy.get().to_string()
                    on:click=move |_| prescribing.issue(desk, busy, problem)>
                    {move || busy.get().then(|| view! { <span class="wait" aria-hidden="true"></span> })}{Msg::Issue.t()}
                </button>
                <button type="button" class="button" on:click=move |_| prescribing.previewing.set(false)>{Msg::BackToForm.t()}</button>
            </div>
        </section>
    }
    .into_any()
}

fn line(line: &PrescriptionLineForm) -> AnyView {
    let mut directions = line.dosage.clone();
    if let Some(duration) = &line.duration {
        directions = format!("{directions}, {}", Msg::During.with(&[duration]));
    }
    let mut more = Vec::new();
    if let Some(units) = &line.units {
        more.push(Msg::Packs.with(&[units]));
    }
    if line.refills > 0 {
        more.push(Msg::Renew.with(&[&line.refills.to_string()]));
    }
    if let Some(reason) = &line.not_substitutable {
        more.push(match reason.as_str() {
            "MTE" => Msg::SubstitutionMte.t().to_owned(),
            "EFG" => Msg::SubstitutionEfg.t().to_owned(),
            "CIF" => Msg::SubstitutionCif.t().to_owned(),
            other => other.to_owned(),
        });
    }
    let title = format!("{} {}", line.name, line.strength);
    let more = (!more.is_empty()).then(|| view! { <p class="small">{more.join(" · ")}</p> });
    view! { <li><p><strong>{title}</strong></p><p>{directions}</p>{more}</li> }.into_any()
}
