use colloque_call::Action;
use colloque_kit::Text;
use colloque_kit::dialog::Dialog;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note};
use colloque_kit::talk::talk_button;
use leptos::prelude::*;

use super::RoomDesk;
use super::call::is_under_way;
use super::text::Msg;

/// The bar of the call: always there, every drawing with its word.
#[component]
pub fn Bar() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let local = Memo::new(move |_| call.view.with(|view| view.local));
    let in_call = Memo::new(move |_| call.view.with(is_under_way));
    let title = Signal::derive(|| Msg::ShareScreenTitle.t().to_owned());
    // A screen that was not confirmed is let go however the dialog closes.
    Effect::new(move |was_open: Option<bool>| {
        let open = call.confirm_screen.get();
        if was_open == Some(true) && !open {
            call.discard_screen();
        }
        open
    });
    view! {
        {move || local.get().screen.then(|| view! { <p class="sharing">{Icon::Screen.draw()}{Msg::Sharing.t()}</p> })}
        <div class="bar" role="toolbar" aria-label=Msg::Bar.t()>
            <button type="button" class="bar-button" data-off=move || !local.get().microphone on:click=move |_| call.toggle_microphone()>
                {move || if local.get().microphone { Icon::Microphone.draw() } else { Icon::MicrophoneOff.draw() }}
                <span>{Msg::Microphone.t()}<span class="bar-state">{move || if local.get().microphone { Msg::On.t() } else { Msg::Off.t() }}</span></span>
            </button>
            <button type="button" class="bar-button" data-off=move || !local.get().camera on:click=move |_| call.toggle_camera()>
                {move || if local.get().camera { Icon::Camera.draw() } else { Icon::CameraOff.draw() }}
                <span>{Msg::Camera.t()}<span class="bar-state">{move || if local.get().camera { Msg::OnCamera.t() } else { Msg::OffCamera.t() }}</span></span>
            </button>
            {move || in_call.get().then(|| view! {
                <button type="button" class="bar-button" data-off=move || local.get().screen
                    on:click=move |_| if local.get_untracked().screen { call.act(Action::Screen(false)) } else { call.share() }>
                    {Icon::Screen.draw()}
                    <span>{move || if local.get().screen { Msg::StopShare.t() } else { Msg::Share.t() }}</span>
                </button>
            })}
            {talk_button(call.talk, move |page| call.open_talk(page))}
            {move || in_call.get().then(|| view! {
                <button type="button" class="bar-button" on:click=move |_| desk.inviting.set(true)>
                    {Icon::People.draw()}<span>{Msg::GuestInvite.t()}</span>
                </button>
            })}
            {move || in_call.get().then(|| view! {
                <button type="button" class="bar-button" data-end=true on:click=move |_| desk.ending.set(true)>
                    {Icon::HangUp.draw()}<span>{Msg::End.t()}</span>
                </button>
            })}
        </div>
        <Dialog open=call.confirm_screen title=title>
            {note(Tone::Warn, Msg::ShareScreenLead.t())}
            <footer>
                <button type="button" class="button" on:click=move |_| { call.discard_screen(); call.share(); }>{Msg::ShareOther.t()}</button>
                <button type="button" class="button" data-kind="danger" on:click=move |_| call.confirm()>{Msg::ShareAnyway.t()}</button>
            </footer>
        </Dialog>
    }
    .into_any()
}
