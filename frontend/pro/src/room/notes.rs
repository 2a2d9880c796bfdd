//! The notes: typed here, saved every two seconds, never lost by a reload.

use std::time::Duration;

use colloque_ids::ConsultationId;
use colloque_kit::announce::say;
use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note};
use colloque_kit::{Text, explain};
use colloque_protocol::http::consultation::{MAX_NOTES_CHARS, Notes};
use colloque_protocol::http::error::ErrorCode;
use colloque_web::dom::{Listener, spawn, window};
use colloque_web::http::SendRequestError;
use colloque_web::timer::{Interval, Timeout};
use leptos::prelude::*;

use super::RoomDesk;
use super::drafts::{self, Draft};
use super::notes_sync::{NotesSync, SaveFailure, Settlement, Standing};
use super::text::Msg;
use crate::text::Msg as Day;

/// Pause between two looks at whether something is to be saved.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// Pause after the last letter before this computer keeps the text.
const KEEP_AFTER: Duration = Duration::from_millis(300);

/// The notes of the consultation shown.
#[derive(Clone, Copy)]
pub struct NotesPen {
    sync: RwSignal<NotesSync>,
    /// Whether this computer keeps what is not saved.
    keeps: RwSignal<bool>,
    recovered: RwSignal<bool>,
    name: StoredValue<String>,
}

impl NotesPen {
    /// Starts from what the service has; text that this computer kept comes back.
    pub fn take(consultation: ConsultationId, saved: Notes) -> Self {
        let pen = Self {
            sync: RwSignal::new(NotesSync::new(saved)),
            keeps: RwSignal::new(true),
            recovered: RwSignal::new(false),
            name: StoredValue::new(format!("notes {}", consultation.full())),
        };
        spawn(async move {
            let Some(name) = pen.name.try_get_value() else { return };
            let Some(draft) = drafts::kept(&name).await else { return };
            // Whoever typed meanwhile goes on from what they see; their text is kept over the old one.
            let newer =
                pen.sync.try_update(|sync| (!sync.is_unsaved()).then(|| sync.recover(draft.text, draft.base_revision)));
            match newer.flatten() {
                Some(true) => drop(pen.recovered.try_set(true)),
                Some(false) => drafts::erase(&name).await,
                None => {}
            }
        });
        pen
    }

    /// Saves what is not saved, once; gives back when the service answered.
    pub async fn save_now(self, desk: RoomDesk) {
        if self.sync.try_with_untracked(NotesSync::is_due) != Some(true) {
            return;
        }
        self.keep().await;
        let Some(Some(save)) = self.sync.try_update(NotesSync::take_due) else { return };
        let Some(name) = self.name.try_get_value() else { return };
        match desk.api.save_notes(desk.consultation, &save).await {
            Ok(answer) => {
                if self.sync.try_update(|sync| sync.saved(answer)) == Some(true) {
                    drafts::erase(&name).await;
                }
            }
            Err(error) => self.failed(desk, &error).await,
        }
    }

    /// How the notes stand, for the summary.
    pub fn summary(self) -> String {
        self.sync.with(|sync| match sync.standing() {
            Standing::Saved(Some(at)) => Msg::SummaryNotesSaved.with(&[&write(*at, Style::Second)]),
            Standing::Saved(None) => Msg::SummaryNoNotes.t().to_owned(),
            Standing::Unsaved
            | Standing::Saving
            | Standing::Offline
            | Standing::Refused(_)
            | Standing::TooLong(_)
            | Standing::Conflict(_) => Msg::NotesUnsaved.t().to_owned(),
        })
    }

    /// Keeps what is not saved on this computer.
    async fn keep(self) {
        let draft = self.sync.try_with_untracked(|sync| {
            sync.is_unsaved().then(|| Draft { text: sync.text().to_owned(), base_revision: sync.base_revision() })
        });
        if let (Some(Some(draft)), Some(name)) = (draft, self.name.try_get_value()) {
            let kept = drafts::keep(&name, &draft).await.is_ok();
            if self.keeps.try_get_untracked() == Some(!kept) {
                self.keeps.try_set(kept);
            }
        }
    }

    /// The page goes: sends what is not saved without waiting for anything.
    fn save_leaving(self, desk: RoomDesk) {
        if let Some(Some(save)) = self.sync.try_update_untracked(NotesSync::take_due) {
            desk.api.save_notes_leaving(desk.consultation, &save);
        }
    }

    async fn failed(self, desk: RoomDesk, error: &SendRequestError) {
        let failure = match error.code() {
            Some(ErrorCode::Conflict) => SaveFailure::Conflict,
            // Whoever signs in again saves the same text.
            Some(ErrorCode::NotSignedIn) | None => SaveFailure::Unreachable,
            Some(_) if error.is_transient() => SaveFailure::Unreachable,
            Some(_) => SaveFailure::Refused(explain(error)),
        };
        let conflicts = failure == SaveFailure::Conflict;
        self.sync.try_update(|sync| sync.failed(failure));
        if !conflicts {
            return;
        }
        match desk.api.consultation(desk.consultation).await {
            Ok(file) => {
                self.sync.try_update(|sync| sync.conflicting(file.notes));
                say(Msg::NotesConflict.t());
            }
            Err(_) => drop(self.sync.try_update(|sync| sync.failed(SaveFailure::Unreachable))),
        }
    }

    fn settle(self, settlement: Settlement) {
        self.sync.update(|sync| sync.settle(settlement));
    }
}

/// The panel of the notes.
#[component]
pub fn NotesPanel() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let pen = desk.notes;
    let save = move || spawn(async move { pen.save_now(desk).await });
    let clock = Interval::every(SAVE_EVERY, save);
    let leaving = Listener::new(&window(), "pagehide", move |_| pen.save_leaving(desk));
    let held = StoredValue::new_local(Some((clock, leaving)));
    on_cleanup(move || {
        pen.save_leaving(desk);
        held.try_set_value(None);
    });
    let keeping = StoredValue::new_local(None::<Timeout>);
    let typed = move |event: leptos::ev::Event| {
        pen.sync.update(|sync| sync.typed(event_target_value(&event)));
        keeping.set_value(Some(Timeout::after(KEEP_AFTER, move || spawn(pen.keep()))));
    };
    let text = Memo::new(move |_| pen.sync.with(|sync| sync.text().to_owned()));
    let conflict = Memo::new(move |_| {
        pen.sync.with(|sync| match sync.standing() {
            Standing::Conflict(theirs) => Some(theirs.clone()),
            Standing::Saved(_)
            | Standing::Unsaved
            | Standing::Saving
            | Standing::Offline
            | Standing::Refused(_)
            | Standing::TooLong(_) => None,
        })
    });
    view! {
        <div class="notes">
            {move || pen.recovered.get().then(|| note(Tone::Accent, Msg::NotesRecovered.t()))}
            {move || conflict.get().map(|theirs| conflict_view(pen, &theirs))}
            {move || desk.file.with(|file| file.reason.clone()).map(|reason| view! {
                <p class="small">{Day::ReasonIs.with(&[&reason])}</p>
            })}
            <div class="row" data-spread=true>
                <label for="notes-text"><strong>{Msg::NotesLabel.t()}</strong></label>
                <p class="notes-state" role="status">{move || standing(pen)}</p>
            </div>
            <p class="quiet small" id="notes-hint">{Msg::NotesHint.t()}</p>
            <textarea class="input notes-text" id="notes-text" aria-describedby="notes-hint" prop:value=move || text.get()
                on:input=typed
                on:blur=move |_| save()></textarea>
        </div>
    }
    .into_any()
}

fn standing(pen: NotesPen) -> AnyView {
    let line = |icon: Icon, text: String, tone: &'static str| {
        view! { <span class="chip" data-tone=tone>{icon.draw()}<span class="figures">{text}</span></span> }.into_any()
    };
    pen.sync.with(|sync| match sync.standing() {
        Standing::Saved(None) => line(Icon::Pencil, Msg::NotesEmpty.t().to_owned(), "plain"),
        Standing::Saved(Some(at)) => line(Icon::Check, Msg::NotesSaved.with(&[&write(*at, Style::Second)]), "ok"),
        Standing::Unsaved => line(Icon::Pencil, Msg::NotesUnsaved.t().to_owned(), "plain"),
        Standing::Saving => line(Icon::Clock, Msg::NotesSaving.t().to_owned(), "plain"),
        Standing::Offline => {
            let text = if pen.keeps.get() { Msg::NotesOffline } else { Msg::NotesOfflineMemory };
            line(Icon::Warning, text.t().to_owned(), "warn")
        }
        Standing::Refused(words) => line(Icon::Warning, Msg::NotesRefused.with(&[words]), "danger"),
        Standing::TooLong(chars) => {
            line(Icon::Warning, Msg::NotesTooLong.with(&[&chars.to_string(), &MAX_NOTES_CHARS.to_string()]), "danger")
        }
        Standing::Conflict(_) => line(Icon::Warning, Msg::NotesRefused.with(&[Msg::NotesConflict.t()]), "danger"),
    })
}

fn conflict_view(pen: NotesPen, theirs: &Notes) -> AnyView {
    let at = theirs.saved_at.map(|at| write(at, Style::Second)).unwrap_or_default();
    let text = theirs.text.clone();
    let button = |label: Msg, settlement: Settlement| {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| pen.settle(settlement)>{label.t()}</button> }
    };
    view! {
        <div class="note" data-tone="danger" role="alert">
            {Icon::Warning.draw()}
            <div>
                <p>{Msg::NotesConflict.t()}</p>
                <details><summary>{Msg::NotesTheirs.with(&[&at])}</summary><pre class="notes-theirs">{text}</pre></details>
                <div class="row">
                    {button(Msg::NotesBoth, Settlement::Both)}
                    {button(Msg::NotesKeepMine, Settlement::Mine)}
                    {button(Msg::NotesTakeTheirs, Settlement::Theirs)}
                </div>
            </div>
        </div>
    }
    .into_any()
}
