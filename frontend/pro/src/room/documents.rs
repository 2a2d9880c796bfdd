//! The patient's documents: open, replace, cancel with a reason.

use colloque_kit::announce::say;
use colloque_kit::clock::{Style, write};
use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Field, Submit, Values};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, chip, empty, loading, marked_chip, note_with, trouble};
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::consultation::DocumentEntry;
use colloque_protocol::http::patient::DocumentKind;
use colloque_protocol::http::prescription::CancelPrescription;
use colloque_web::dom::spawn;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::text::Msg;
use super::{RoomDesk, RoomTab};
use crate::api::document_address;
use crate::prescription::Prescribing;

/// Shortest reason of a cancellation, in characters.
const MIN_REASON_CHARS: usize = 3;

/// The panel of the documents.
#[component]
pub fn Documents() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let list = RwSignal::new(None);
    let patient = desk.file.with_untracked(|file| file.patient);
    let read = move || {
        spawn(async move {
            let outcome = desk.api.documents(patient).await;
            list.try_set(Some(outcome));
        });
    };
    Effect::new(move |_| {
        // Read when the tab is opened and when something was issued: reading is journaled, so not more often.
        desk.issued.track();
        if desk.tab.get() == RoomTab::Documents {
            read();
        }
    });
    let subject = RwSignal::new(None::<DocumentEntry>);
    let cancelling = RwSignal::new(false);
    let title = Signal::derive(|| Msg::CancelDocument.t().to_owned());
    let ask = move |entry: DocumentEntry| {
        subject.set(Some(entry));
        cancelling.set(true);
    };
    view! {
        {move || match list.get() {
            None => loading(),
            Some(Err(error)) => {
                let retry = view! { <button type="button" class="button" on:click=move |_| read()>{Kit::Retry.t()}</button> };
                note_with(Tone::Warn, explain(&error), retry.into_any())
            }
            Some(Ok(entries)) if entries.is_empty() => empty(Icon::Document, Msg::DocumentsEmpty.t(), None),
            Some(Ok(entries)) => {
                let entries: Vec<DocumentEntry> = entries;
                view! { <ul class="lines">{entries.into_iter().map(|entry| document_line(desk, entry, ask)).collect_view()}</ul> }.into_any()
            }
        }}
        <Dialog open=cancelling title=title>
            {subject.get().map(|entry| view! { <Cancelling entry=entry open=cancelling/> })}
        </Dialog>
    }
    .into_any()
}

fn document_line(desk: RoomDesk, entry: DocumentEntry, ask: impl Fn(DocumentEntry) + 'static) -> AnyView {
    let prescribing = expect_context::<Prescribing>();
    let name = match entry.kind {
        DocumentKind::Prescription => Msg::DocumentPrescription.t(),
    };
    let version = Msg::DocumentVersion.with(&[&entry.version.to_string()]);
    let here = entry.consultation == desk.consultation;
    let issued = Msg::DocumentIssued.with(&[&write(entry.issued_at, Style::Moment)]);
    let read = match entry.read_by_patient_at {
        Some(at) => marked_chip(Tone::Ok, Icon::Check, Msg::DocumentRead.with(&[&write(at, Style::Moment)])),
        None => chip(Tone::Plain, Msg::DocumentUnread.t()),
    };
    let cancelled = entry.cancelled_at.map(|at| {
        let at = write(at, Style::Moment);
        match &entry.cancel_reason {
            Some(reason) => Msg::DocumentCancelled.with(&[&at, reason]),
            None => Msg::DocumentReplaced.with(&[&at]),
        }
    });
    let valid = cancelled.is_none();
    let (prescription, document) = (entry.prescription, entry.document);
    view! {
        <li class="stack" data-gap="small">
            <div class="row">{Icon::Document.draw()}<strong>{name}</strong><span class="quiet small">{version}</span>{here.then(|| chip(Tone::Accent, Msg::DocumentHere.t()))}</div>
            <p class="quiet small">{issued}</p>
            {match cancelled {
                Some(text) => view! { <p class="small cancelled">{text}</p> }.into_any(),
                None => read,
            }}
            <div class="row">
                <a class="button" data-size="small" href=document_address(document) target="_blank" rel="noopener">
                    {Icon::Download.draw()}{Msg::OpenPdf.t()}<span class="visually-hidden">" ("{Msg::NewTab.t()}")"</span>
                </a>
                {(valid && here).then(|| view! {
                    <button type="button" class="button" data-size="small" on:click=move |_| {
                        prescribing.replace(prescription);
                        desk.show(RoomTab::Prescription, "#panel-prescription input");
                    }>{Icon::Pencil.draw()}{Msg::ReplaceShort.t()}</button>
                })}
                {valid.then(|| view! {
                    <button type="button" class="button" data-size="small" on:click=move |_| ask(entry.clone())>{Icon::Cross.draw()}{Msg::CancelShort.t()}</button>
                })}
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn Cancelling(entry: DocumentEntry, open: RwSignal<bool>) -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let prescription = entry.prescription;
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let reason = values.text("reason");
        if reason.chars().count() < MIN_REASON_CHARS {
            faults.show(vec![("reason".to_owned(), Msg::CancelReasonMissing.t().to_owned())]);
            return;
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn(async move {
            let outcome = desk.api.cancel_prescription(prescription, &CancelPrescription { reason }).await;
            busy.try_set(false);
            match outcome {
                Ok(()) => {
                    say(Msg::DocumentCancelDone.t());
                    open.try_set(false);
                    desk.changed();
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
            <p>{Msg::CancelDocumentLead.t()}</p>
            {trouble(problem)}
            <Field name="reason" label=Msg::CancelReason.t() hint=Msg::CancelReasonHint.t() faults=faults maxlength=500 focus=true/>
            <footer>
                <button type="button" class="button" on:click=move |_| open.set(false)>{Msg::KeepDocument.t()}</button>
                <Submit label=Msg::CancelDocument.t() busy=busy danger=true/>
            </footer>
        </form>
    }
    .into_any()
}
