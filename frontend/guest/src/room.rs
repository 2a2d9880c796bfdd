//! The waiting room and the call: one page whose parts change their places, so that no picture is made anew.

use colloque_call::{Action, CallView, Phase};
use colloque_kit::Text;
use colloque_kit::form::focus_later;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip};
use colloque_kit::seal::chip;
use colloque_protocol::http::guest::GuestFace;
use colloque_web::dom::document;
use leptos::prelude::*;

use crate::bar::Bar;
use crate::call::{GuestCall, is_here};
use crate::notes::notes;
use crate::over::{Way, over, wording};
use crate::text::Msg;
use crate::tile::{Tile, place};
use crate::visit::Visit;

/// What the room shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// On the way into the waiting room.
    Connecting,
    /// In it.
    Waiting,
    /// Let in, about to be seen.
    Called,
    /// In the call.
    Call,
    /// Not in it, or not any more.
    Over,
}

impl Scene {
    /// Tells what is shown; whoever is cut off goes on seeing what they saw.
    pub fn of(phase: Phase, before: Option<Self>) -> Self {
        match phase {
            Phase::Idle | Phase::Connecting => Self::Connecting,
            Phase::Waiting => Self::Waiting,
            Phase::Called { .. } => Self::Called,
            Phase::InCall => Self::Call,
            Phase::Reconnecting { .. } => before.unwrap_or(Self::Connecting),
            Phase::Ended { .. } | Phase::Refused { .. } | Phase::SignedOut | Phase::CannotSign => Self::Over,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Call => "call",
            Self::Over => "over",
        }
    }

    const fn title(self) -> Msg {
        match self {
            Self::Connecting | Self::Waiting => Msg::PageWaiting,
            Self::Called => Msg::PageCalled,
            Self::Call => Msg::PageCall,
            Self::Over => Msg::PageOver,
        }
    }
}

/// The room of a guest who went in.
#[component]
pub fn Room(
    /// The visit.
    visit: Visit,
    /// Its call.
    call: GuestCall,
    /// What the link shows.
    face: GuestFace,
    /// Whether the call takes the whole window.
    in_call: RwSignal<bool>,
) -> impl IntoView {
    let phase = Memo::new(move |_| call.view.with(|view| view.phase));
    let scene = Memo::new(move |before: Option<&Scene>| Scene::of(phase.get(), before.copied()));
    Effect::new(move |before: Option<Scene>| {
        let scene = scene.get();
        document().set_title(scene.title().t());
        in_call.set(scene == Scene::Call);
        if before.is_some_and(|before| before != scene) {
            focus_later("#content h1");
        }
        scene
    });
    Effect::new(move |_| {
        let phase = phase.get();
        if matches!(phase, Phase::Ended { .. }) {
            visit.remember(false);
        }
        if Scene::of(phase, None) == Scene::Over && wording(phase).2 == Way::Door {
            visit.back_to_the_door();
        }
    });
    let elements = call.elements();
    let shares_screen =
        Memo::new(move |_| call.view.with(|view| view.other.as_ref().is_some_and(|other| other.media.screen)));
    let is_seen = Memo::new(move |_| call.view.with(|view| view.local.camera));
    let practitioner = face.practitioner.display_name;
    let name = practitioner.clone();
    let [voice, third_voice] = elements.voices;
    view! {
        <main class="room" id="content" data-scene=move || scene.get().name()>
            {move || match scene.get() {
                Scene::Connecting => view! {
                    <div class="words"><h1 class="visually-hidden" tabindex="-1">{Msg::PageWaiting.t()}</h1>
                    <p class="row" role="status"><span class="wait" aria-hidden="true"></span>{Msg::Connecting.t()}</p></div>
                }.into_any(),
                Scene::Waiting => waiting(call, practitioner.clone()),
                Scene::Called => called(call),
                Scene::Call => view! {
                    <div class="row top">
                        <h1 class="visually-hidden" tabindex="-1">{Msg::CallTitle.t()}</h1>
                        {move || chip(&call.sealed.get())}
                    </div>
                }.into_any(),
                Scene::Over => over(visit, call, phase.get()),
            }}
            <section class="tiles" aria-label=Msg::Pictures.t() hidden=move || scene.get() != Scene::Call data-screen=move || shares_screen.get()>
                <figure class="tile" data-what="screen" hidden=move || !shares_screen.get()>
                    {place(vec![elements.screen.into()])}
                    <figcaption class="row">{Icon::Screen.draw()}<span>{Msg::SharedScreen.t()}</span></figcaption>
                </figure>
                <Tile view=call.view who=|view: &CallView| view.other.as_ref() name=name role=Msg::RolePractitioner
                    elements=vec![elements.practitioner.into(), voice.into()]/>
                <Tile view=call.view who=|view: &CallView| view.third.as_ref() name=Msg::Patient.t() role=Msg::RolePatient
                    elements=vec![elements.patient.into(), third_voice.into()]/>
            </section>
            <div class="own" hidden=move || !matches!(scene.get(), Scene::Waiting | Scene::Call) data-dark=move || !is_seen.get()
                role="img" aria-label=Msg::OwnPicture.t()>
                {place(vec![elements.own.into()])}
                {move || (!is_seen.get()).then(|| Icon::CameraOff.draw_at("2rem"))}
            </div>
            <div class="notes" role="status">
                {move || matches!(scene.get(), Scene::Waiting | Scene::Call).then(|| notes(call))}
            </div>
            {move || matches!(scene.get(), Scene::Waiting | Scene::Call).then(|| view! { <Bar call=call/> })}
        </main>
    }
    .into_any()
}

/// The guest waits for the patient's word and for the practitioner.
fn waiting(call: GuestCall, name: String) -> AnyView {
    let is_there = Memo::new(move |_| call.view.with(|view| view.other.as_ref().is_some_and(is_here)));
    let state = move || {
        if is_there.get() {
            marked_chip(Tone::Ok, Icon::Check, Msg::PractitionerHere.with(&[&name]))
        } else {
            marked_chip(Tone::Plain, Icon::Clock, Msg::PractitionerAway.with(&[&name]))
        }
    };
    view! {
        <div class="words stack">
            <h1 tabindex="-1">{Msg::WaitingTitle.t()}</h1>
            <p>{move || if is_there.get() { Msg::WaitingLead.t() } else { Msg::WaitingAlone.t() }}</p>
            <p role="status">{state}</p>
            <p class="quiet">{Msg::KeepOpen.t()}</p>
        </div>
    }
    .into_any()
}

/// The guest was let in: in a moment they are seen and heard.
fn called(call: GuestCall) -> AnyView {
    let is_held = move || call.view.with(|view| matches!(view.phase, Phase::Called { answers_at: None }));
    let enter = move |_| {
        call.unlock();
        call.act(Action::Answer);
    };
    view! {
        <div class="words stack">
            <h1 tabindex="-1">{Msg::CalledTitle.t()}</h1>
            <p>{move || if is_held() { Msg::CalledHeld.t() } else { Msg::CalledLead.t() }}</p>
            <button type="button" class="button" data-kind="primary" data-size="large" on:click=enter>{Icon::Door.draw()}{Msg::Enter.t()}</button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use colloque_protocol::signaling::EndReason;

    use super::*;

    #[test]
    fn whoever_is_cut_off_goes_on_seeing_what_they_saw() {
        let cut = Phase::Reconnecting { since: Timestamp::from_millis(1), can_retry: false, is_long: false };
        assert_eq!(Scene::of(cut, Some(Scene::Call)), Scene::Call);
        assert_eq!(Scene::of(cut, Some(Scene::Waiting)), Scene::Waiting);
        assert_eq!(Scene::of(cut, None), Scene::Connecting);
    }

    #[test]
    fn each_phase_has_its_scene() {
        assert_eq!(Scene::of(Phase::Waiting, None), Scene::Waiting);
        assert_eq!(Scene::of(Phase::Called { answers_at: None }, Some(Scene::Waiting)), Scene::Called);
        assert_eq!(Scene::of(Phase::InCall, Some(Scene::Called)), Scene::Call);
        assert_eq!(Scene::of(Phase::Ended { reason: EndReason::YouLeft }, Some(Scene::Call)), Scene::Over);
    }
}
