//! The consultation: the patient's video on the left, notes, prescription and documents on the right.

mod bar;
mod before;
mod call;
mod documents;
pub mod drafts;
mod end;
mod guest;
mod notes;
mod notes_sync;
mod over;
mod quality;
mod seal;
pub mod shortcuts;
mod splitter;
mod stage;
mod technical;
mod text;

use colloque_call::Action;
use colloque_ids::ConsultationId;
use colloque_kit::form::focus_later;
use colloque_kit::notice::{Tone, loading, note_with};
use colloque_kit::route::Navigator;
use colloque_kit::tabs::{Tab, panel_id, tab_id, tab_row};
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, explain};
use colloque_protocol::http::appointment::PatientForm;
use colloque_protocol::http::consultation::{ConsultationStage, ConsultationView};
use colloque_web::dom::{Listener, document, spawn, window};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::api::Api;
use crate::desk::{DeskLink, waits};
use crate::page::ProPage;
use crate::prescription::{Prescribing, PrescriptionPanel};

use call::RoomCall;
use documents::Documents;
use notes::{NotesPanel, NotesPen};
use over::cancelled;
use shortcuts::{Shortcut, ShortcutDialog, TalkKey};
use splitter::{Splitter, load_split};
use stage::Stage;
use text::Msg;

/// A part of the file beside the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomTab {
    /// The notes.
    Notes,
    /// The prescription being written.
    Prescription,
    /// The patient's documents.
    Documents,
}

/// What the components of a consultation share.
#[derive(Clone, Copy)]
pub struct RoomDesk {
    /// The consultation.
    pub consultation: ConsultationId,
    /// What the service knows of it.
    pub file: RwSignal<ConsultationView>,
    /// The requests.
    pub api: Api,
    /// The tab shown.
    pub tab: RwSignal<RoomTab>,
    /// Counts what was issued or cancelled here, so that lists are read again.
    pub issued: RwSignal<u32>,
    /// Whether the dialog of the end is open.
    ending: RwSignal<bool>,
    /// Whether the dialog that asks a third person in is open.
    inviting: RwSignal<bool>,
    /// The page that the person wanted to go to when that dialog opened.
    bound_for: StoredValue<Option<ProPage>>,
    call: RoomCall,
    notes: NotesPen,
}

impl RoomDesk {
    /// The patient's name as the consultation shows it.
    pub fn patient_name(self) -> String {
        self.file.with(|file| everyday_name(&file.traits))
    }

    /// Reads the file again.
    pub fn read(self) {
        spawn(async move {
            if let Ok(file) = self.api.consultation(self.consultation).await {
                self.file.try_set(file);
            }
        });
    }

    /// Shows a tab and puts the focus on what it is for.
    pub fn show(self, tab: RoomTab, selector: &'static str) {
        self.tab.set(tab);
        focus_later(selector);
    }

    /// A document was issued or cancelled here.
    pub fn changed(self) {
        self.issued.try_update(|count| *count += 1);
        self.read();
    }
}

/// The name used every day, as people say it.
fn everyday_name(traits: &PatientForm) -> String {
    let family = traits.used_name.as_ref().unwrap_or(&traits.birth_name);
    let first = traits.first_names.split([' ', ',']).next().unwrap_or_default();
    format!("{first} {family}")
}

/// The page of one consultation.
#[component]
pub fn RoomPage(
    /// The consultation.
    consultation: ConsultationId,
) -> impl IntoView {
    let api = Api::here();
    let file = RwSignal::new(None);
    let read = move || {
        file.set(None);
        spawn(async move {
            let outcome = api.consultation(consultation).await;
            file.try_set(Some(outcome));
        });
    };
    read();
    let retry = move || {
        view! { <button type="button" class="button" on:click=move |_| read()>{Kit::Retry.t()}</button> }.into_any()
    };
    move || {
        match file.get() {
        None => view! { <main class="page" id="content"><h1 tabindex="-1" class="visually-hidden">{Msg::Title.t()}</h1>{loading()}</main> }.into_any(),
        Some(Err(error)) => view! {
            <main class="page stack" id="content"><h1 tabindex="-1">{Msg::Title.t()}</h1>{note_with(Tone::Warn, explain(&error), retry())}</main>
        }
        .into_any(),
        Some(Ok(view)) if view.stage == ConsultationStage::Cancelled => cancelled(),
        Some(Ok(view)) => view! { <Consultation view=view/> }.into_any(),
    }
    }
}

#[component]
fn Consultation(view: ConsultationView) -> impl IntoView {
    let consultation = view.consultation;
    let joins = view.stage != ConsultationStage::Ended;
    let notes = NotesPen::take(consultation, view.notes.clone());
    let desk = RoomDesk {
        consultation,
        file: RwSignal::new(view),
        api: Api::here(),
        tab: RwSignal::new(RoomTab::Notes),
        issued: RwSignal::new(0),
        ending: RwSignal::new(false),
        inviting: RwSignal::new(false),
        bound_for: StoredValue::new(None),
        call: RoomCall::open(consultation, joins),
        notes,
    };
    provide_context(desk);
    Prescribing::provide(consultation);
    desk.call.announce(desk);
    let shortcuts_open = RwSignal::new(false);
    listen_to_keys(desk, shortcuts_open);
    ask_before_leaving(desk);

    let split = RwSignal::new(load_split());
    let panes = NodeRef::<html::Div>::new();
    let label = |text: Msg| Signal::derive(move || text.t().to_owned());
    let tabs = vec![
        Tab { key: RoomTab::Notes, name: "notes", label: label(Msg::Notes) },
        Tab { key: RoomTab::Prescription, name: "prescription", label: label(Msg::Prescription) },
        Tab { key: RoomTab::Documents, name: "documents", label: label(Msg::Documents) },
    ];
    let panel = |key: RoomTab, name: &'static str, inside: AnyView| {
        view! {
            <div role="tabpanel" id=panel_id(name) aria-labelledby=tab_id(name) class="panel" hidden=move || desk.tab.get() != key>{inside}</div>
        }
    };
    view! {
        <main class="room" id="content">
            <h1 class="visually-hidden" tabindex="-1">{move || Msg::With.with(&[&desk.patient_name()])}</h1>
            <div class="panes" node_ref=panes style:--split=move || format!("{}%", split.get())>
                <Stage/>
                <Splitter split=split panes=panes/>
                <section class="side" aria-label=Msg::SideTabs.t()>
                    {tab_row(Msg::SideTabs.t(), tabs, desk.tab)}
                    {panel(RoomTab::Notes, "notes", view! { <NotesPanel/> }.into_any())}
                    {panel(RoomTab::Prescription, "prescription", view! { <PrescriptionPanel/> }.into_any())}
                    {panel(RoomTab::Documents, "documents", view! { <Documents/> }.into_any())}
                </section>
            </div>
            <ShortcutDialog open=shortcuts_open/>
        </main>
    }
    .into_any()
}

fn listen_to_keys(desk: RoomDesk, list: RwSignal<bool>) {
    let navigator = expect_context::<Navigator<ProPage>>();
    let queue = DeskLink::here();
    let talk = StoredValue::new(TalkKey::default());
    let pressed = Listener::new(&document(), "keydown", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
        let Some(shortcut) = shortcuts::read(event) else { return };
        event.prevent_default();
        match shortcut {
            Shortcut::Microphone => desk.call.toggle_microphone(),
            Shortcut::Camera => desk.call.toggle_camera(),
            Shortcut::Talk => {
                let is_muted = desk.call.view.with_untracked(|view| !view.local.microphone);
                if talk.try_update_value(|talk| talk.press(is_muted)) == Some(true) {
                    desk.call.act(Action::Microphone(true));
                }
            }
            Shortcut::Toolbar => focus_later(".bar .bar-button"),
            Shortcut::Notes => desk.show(RoomTab::Notes, "#notes-text"),
            Shortcut::Prescription => desk.show(RoomTab::Prescription, "#panel-prescription input"),
            Shortcut::Next => {
                if desk.call.is_over()
                    && let Some(next) = next_waiting(queue, desk.consultation)
                {
                    navigator.go(&ProPage::Room(next));
                }
            }
            Shortcut::List => list.set(true),
        }
    });
    let mute_again = move || {
        if talk.try_update_value(TalkKey::release) == Some(true) {
            desk.call.act(Action::Microphone(false));
        }
    };
    let released = Listener::new(&document(), "keyup", move |event| {
        if event.dyn_ref::<web_sys::KeyboardEvent>().is_some_and(shortcuts::ends_talk) {
            mute_again();
        }
    });
    // A key that is let go elsewhere is not seen here.
    let blurred = Listener::new(&window(), "blur", move |_| mute_again());
    let listeners = StoredValue::new_local(Some([pressed, released, blurred]));
    on_cleanup(move || {
        mute_again();
        listeners.try_set_value(None);
    });
}

/// While the consultation goes on, going to another page asks first, and so does the browser before it closes this one.
fn ask_before_leaving(desk: RoomDesk) {
    let navigator = expect_context::<Navigator<ProPage>>();
    let is_under_way = move || desk.call.view.try_with_untracked(call::is_under_way).unwrap_or(false);
    navigator.hold(move |page: &ProPage| {
        let holds = is_under_way();
        if holds {
            desk.bound_for.set_value(Some(page.clone()));
            desk.ending.set(true);
        }
        holds
    });
    let listener = Listener::new(&window(), "beforeunload", move |event| {
        if is_under_way() {
            event.prevent_default();
        }
    });
    let listener = StoredValue::new_local(Some(listener));
    on_cleanup(move || {
        navigator.release();
        listener.try_set_value(None);
    });
}

/// The consultation of whoever waits longest, this one apart.
fn next_waiting(queue: DeskLink, this: ConsultationId) -> Option<ConsultationId> {
    queue
        .queue()
        .iter()
        .filter(|entry| waits(entry) && entry.consultation != this)
        .min_by_key(|entry| entry.arrived_at)
        .map(|entry| entry.consultation)
}
