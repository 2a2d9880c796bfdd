//! The prescription, written beside the video: form, what is missing, preview, issue.

mod draft;
mod form;
mod preview;
mod text;

use std::time::Duration;

use colloque_ids::{ConsultationId, PrescriptionId};
use colloque_kit::announce::say;
use colloque_kit::clock::{Style, write};
use colloque_kit::form::focus_later;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note, note_with, trouble};
use colloque_kit::{Text, explain};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::prescription::{PrescriptionForm, PrescriptionIssued, RefusedLine};
use colloque_web::dom::spawn;
use colloque_web::json;
use colloque_web::timer::Timeout;
use leptos::prelude::*;

use crate::api::{Api, document_address};
use crate::room::RoomDesk;
use crate::room::drafts::{self, Draft};

use draft::DraftPrescription;
use form::PrescriptionForm as FormView;
use preview::Preview;
use text::Msg;

/// Pause after the last letter before the service judges the form and this computer keeps it.
const JUDGE_AFTER: Duration = Duration::from_millis(600);

/// The prescription being written in the consultation shown.
#[derive(Clone, Copy)]
pub struct Prescribing {
    consultation: ConsultationId,
    draft: RwSignal<DraftPrescription>,
    /// Faults that the service named, by wire name.
    faults: RwSignal<Vec<(String, String)>>,
    refused: RwSignal<Vec<RefusedLine>>,
    /// Whether the person asked for the preview: from then on every fault is shown.
    tried: RwSignal<bool>,
    previewing: RwSignal<bool>,
    issued: RwSignal<Option<PrescriptionIssued>>,
    recovered: RwSignal<bool>,
    /// What was issued while this page was open, to be written again.
    written: StoredValue<Vec<(PrescriptionId, PrescriptionForm)>>,
    judging: StoredValue<Option<Timeout>, LocalStorage>,
    api: Api,
}

impl Prescribing {
    /// Starts a prescription for the components of a consultation; one in progress on this computer comes back.
    pub fn provide(consultation: ConsultationId) {
        let prescribing = Self {
            consultation,
            draft: RwSignal::new(DraftPrescription::default()),
            faults: RwSignal::new(Vec::new()),
            refused: RwSignal::new(Vec::new()),
            tried: RwSignal::new(false),
            previewing: RwSignal::new(false),
            issued: RwSignal::new(None),
            recovered: RwSignal::new(false),
            written: StoredValue::new(Vec::new()),
            judging: StoredValue::new_local(None),
            api: Api::here(),
        };
        spawn(async move {
            let kept = drafts::kept(&prescribing.slot()).await.and_then(|draft| json::from_str(&draft.text).ok());
            let Some(kept) = kept else { return };
            if prescribing.draft.try_with_untracked(DraftPrescription::is_blank) == Some(true) {
                prescribing.draft.try_set(kept);
                prescribing.recovered.try_set(true);
                prescribing.judge();
            }
        });
        provide_context(prescribing);
    }

    /// Writes a prescription that replaces another: with its words when it was issued from this page.
    pub fn replace(self, prescription: PrescriptionId) {
        let before = self.written.with_value(|written| {
            written.iter().find(|(known, _)| *known == prescription).map(|(_, form)| form.clone())
        });
        self.draft.update(|draft| {
            draft.take(PrescriptionForm { replaces: Some(prescription), ..before.unwrap_or_default() });
        });
        self.issued.set(None);
        self.tried.set(false);
        self.changed();
    }

    /// The form changed: judged and kept once the person pauses.
    fn changed(self) {
        self.judging.set_value(Some(Timeout::after(JUDGE_AFTER, move || {
            self.judge();
            spawn(self.keep());
        })));
    }

    fn judge(self) {
        let Some(form) = self.draft.try_with_untracked(DraftPrescription::form) else { return };
        if form.lines.iter().all(|line| line.name.trim().is_empty()) {
            self.refused.try_set(Vec::new());
            return;
        }
        spawn(async move {
            let Ok(check) = self.api.check(self.consultation, &form).await else { return };
            // The form may have changed while the service looked at it.
            if self.draft.try_with_untracked(DraftPrescription::form) == Some(form) {
                self.refused.try_set(check.refused);
                self.faults.try_set(check.fields.into_iter().map(|fault| (fault.field, fault.message)).collect());
            }
        });
    }

    async fn keep(self) {
        let Some(draft) = self.draft.try_get_untracked() else { return };
        if draft.is_blank() {
            drafts::erase(&self.slot()).await;
        } else if let Ok(text) = json::to_string(&draft) {
            // Without it the form lives as long as the page.
            drafts::keep(&self.slot(), &Draft { text, base_revision: 0 }).await.ok();
        }
    }

    fn slot(self) -> String {
        format!("prescription {}", self.consultation.full())
    }

    /// All that is wrong now: what is missing first, then what the service named.
    fn all_faults(self) -> Vec<(String, String)> {
        let mut faults = self.draft.with(DraftPrescription::missing);
        self.faults.with(|named| {
            for fault in named {
                if !faults.iter().any(|(name, _)| *name == fault.0) {
                    faults.push(fault.clone());
                }
            }
        });
        faults
    }

    /// What is wrong with a field, once it is to be shown.
    fn fault(self, field: &str) -> Option<String> {
        let shown = self.tried.get();
        shown
            .then(|| self.all_faults().into_iter().find(|(name, _)| name == field).map(|(_, message)| message))
            .flatten()
    }

    /// Asks the service, then shows the preview or the first fault.
    fn preview(self, busy: RwSignal<bool>, problem: RwSignal<Option<String>>) {
        self.tried.set(true);
        let missing = self.draft.with_untracked(DraftPrescription::missing);
        if let Some((field, _)) = missing.first() {
            say(Msg::MissingCount.with(&[&missing.len().to_string()]));
            colloque_kit::form::focus_field(field);
            return;
        }
        busy.set(true);
        problem.set(None);
        let form = self.draft.with_untracked(DraftPrescription::form);
        spawn(async move {
            let outcome = self.api.check(self.consultation, &form).await;
            busy.try_set(false);
            match outcome {
                Ok(check) => {
                    let good = check.fields.is_empty() && check.refused.is_empty();
                    let count = check.fields.len() + check.refused.len();
                    let first = check.fields.first().map(|fault| fault.field.clone());
                    self.refused.try_set(check.refused);
                    self.faults.try_set(check.fields.into_iter().map(|fault| (fault.field, fault.message)).collect());
                    if good {
                        self.previewing.try_set(true);
                        focus_later("#preview-title");
                    } else {
                        say(Msg::MissingCount.with(&[&count.to_string()]));
                        if let Some(first) = first {
                            colloque_kit::form::focus_field(&first);
                        }
                    }
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    }

    /// Issues what was read again.
    fn issue(self, desk: RoomDesk, busy: RwSignal<bool>, problem: RwSignal<Option<String>>) {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let form = self.draft.with_untracked(DraftPrescription::form);
        spawn(async move {
            let outcome = self.api.issue(self.consultation, &form).await;
            busy.try_set(false);
            match outcome {
                Ok(issued) => {
                    say(Msg::Issued.t());
                    self.written.try_update_value(|written| written.push((issued.prescription, form)));
                    self.draft.try_set(DraftPrescription::default());
                    self.tried.try_set(false);
                    self.recovered.try_set(false);
                    self.previewing.try_set(false);
                    self.issued.try_set(Some(issued));
                    desk.changed();
                    drafts::erase(&self.slot()).await;
                }
                Err(error) => {
                    if let colloque_web::http::SendRequestError::Refused { body } = &error
                        && !body.fields.is_empty()
                    {
                        let named = body.fields.iter().map(|fault| (fault.field.clone(), fault.message.clone()));
                        self.faults.try_set(named.collect());
                        self.previewing.try_set(false);
                    }
                    problem.try_set(Some(match error.code() {
                        Some(ErrorCode::WrongState) => Msg::NeedsAdmission.t().to_owned(),
                        Some(_) | None => explain(&error),
                    }));
                }
            }
        });
    }
}

/// The panel of the prescription.
#[component]
pub fn PrescriptionPanel() -> impl IntoView {
    let prescribing = expect_context::<Prescribing>();
    let problem = RwSignal::new(None);
    let busy = RwSignal::new(false);
    view! {
        <div class="prescription">
            {move || prescribing.issued.get().map(|issued| issued_note(prescribing, issued))}
            {move || prescribing.recovered.get().then(|| note(Tone::Accent, Msg::Recovered.t()))}
            {trouble(problem)}
            <div hidden=move || prescribing.previewing.get() || prescribing.issued.with(Option::is_some)>
                <FormView busy=busy problem=problem/>
            </div>
            {move || prescribing.previewing.get().then(|| view! { <Preview busy=busy problem=problem/> })}
        </div>
    }
    .into_any()
}

fn issued_note(prescribing: Prescribing, issued: PrescriptionIssued) -> AnyView {
    let saved = Msg::IssuedAt.with(&[&issued.version.to_string(), &write(issued.issued_at, Style::Second)]);
    let acts = view! {
        <p class="small">{saved}</p>
        <div class="row">
            <a class="button" data-size="small" href=document_address(issued.document) target="_blank" rel="noopener">
                {Icon::Download.draw()}{Msg::OpenPdf.t()}<span class="visually-hidden">" ("{Msg::NewTab.t()}")"</span>
            </a>
            <button type="button" class="button" data-size="small" on:click=move |_| {
                prescribing.replace(issued.prescription);
                focus_later("#panel-prescription input");
            }>{Icon::Pencil.draw()}{Msg::Correct.t()}</button>
            <button type="button" class="button" data-size="small" on:click=move |_| {
                prescribing.issued.set(None);
                focus_later("#panel-prescription input");
            }>{Icon::Plus.draw()}{Msg::IssueAnother.t()}</button>
        </div>
    };
    note_with(Tone::Ok, Msg::Issued.t(), acts.into_any())
}
