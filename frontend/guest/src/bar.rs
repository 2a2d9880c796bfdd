//! The bar of the call: always there, every drawing with its word.

use colloque_call::{Action, Phase};
use colloque_kit::Text;
use colloque_kit::dialog::Dialog;
use colloque_kit::icon::Icon;
use colloque_kit::talk::talk_button;
use leptos::prelude::*;

use crate::call::GuestCall;
use crate::text::Msg;

/// Microphone, camera, leave.
#[component]
pub fn Bar(
    /// The call.
    call: GuestCall,
) -> impl IntoView {
    let local = Memo::new(move |_| call.view.with(|view| view.local));
    // Whoever waits is in no group yet: nobody would read what they write.
    let is_in =
        Memo::new(move |_| call.view.with(|view| matches!(view.phase, Phase::InCall | Phase::Reconnecting { .. })));
    let leaving = RwSignal::new(false);
    let title = Signal::derive(|| Msg::LeaveTitle.t().to_owned());
    // Whoever was let in would have to be let in anew; whoever waits goes as they came.
    let leave = move |_| {
        if call.view.with_untracked(|view| matches!(view.phase, Phase::InCall | Phase::Reconnecting { .. })) {
            leaving.set(true);
        } else {
            call.act(Action::Leave);
        }
    };
    let act = move || {
        leaving.set(false);
        call.act(Action::Leave);
    };
    view! {
        <div class="bar" role="toolbar" aria-label=Msg::Bar.t()>
            <button type="button" class="bar-button" data-off=move || !local.get().microphone on:click=move |_| call.toggle_microphone()>
                {move || if local.get().microphone { Icon::Microphone.draw() } else { Icon::MicrophoneOff.draw() }}
                <span>{Msg::Microphone.t()}<span class="bar-state">{move || if local.get().microphone { Msg::MicrophoneOn.t() } else { Msg::MicrophoneOff.t() }}</span></span>
            </button>
            <button type="button" class="bar-button" data-off=move || !local.get().camera on:click=move |_| call.toggle_camera()>
                {move || if local.get().camera { Icon::Camera.draw() } else { Icon::CameraOff.draw() }}
                <span>{Msg::Camera.t()}<span class="bar-state">{move || if local.get().camera { Msg::CameraOn.t() } else { Msg::CameraOff.t() }}</span></span>
            </button>
            {move || is_in.get().then(|| talk_button(call.talk, move |page| call.open_talk(page)))}
            <button type="button" class="bar-button" data-end=true on:click=leave>
                {Icon::HangUp.draw()}<span>{Msg::Leave.t()}</span>
            </button>
        </div>
        <Dialog open=leaving title=title>
            <p>{Msg::LeaveLead.t()}</p>
            <footer>
                <button type="button" class="button" on:click=move |_| leaving.set(false)>{Msg::Stay.t()}</button>
                <button type="button" class="button" data-kind="danger" on:click=move |_| act()>{Msg::Leave.t()}</button>
            </footer>
        </Dialog>
    }
    .into_any()
}
