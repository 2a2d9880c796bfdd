use colloque_kit::announce::say;
use colloque_kit::dialog::Dialog;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note, trouble};
use colloque_kit::sign_in::svg_address;
use colloque_kit::{Text, explain};
use colloque_protocol::http::appointment::{AppointmentEntry, InvitationSent};
use colloque_web::dom::spawn;
use colloque_web::link_secret;
use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

use super::codes::PatientCodes;
use super::{DayDesk, own_staff};
use crate::text::Msg;
use colloque_kit::copy::CopyField;

/// Invites the patient of the appointment in hand.
#[component]
pub fn InviteDialog() -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let title = Signal::derive(|| Msg::InviteTitle.t().to_owned());
    view! {
        <Dialog open=day_desk.inviting title=title>
            {day_desk.subject.get().map(|entry| view! { <Inviting entry=entry/> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Inviting(entry: AppointmentEntry) -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let sent = RwSignal::new(None::<InvitationSent>);
    let proves = RwSignal::new(false);
    let (appointment, consultation) = (entry.appointment, entry.consultation);
    // The secretary's browser is not the one that will be in the call.
    let is_own = own_staff() == Some(entry.practitioner);
    let again = entry.invited_at.is_some();
    let send = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = day_desk.api.invite(appointment).await;
            busy.try_set(false);
            match outcome {
                Ok(mut invitation) => {
                    // The secret goes behind a fragment of ours, and into no address that a server could read.
                    let is_ours = link_secret::takes(&invitation.link, invitation.invitation);
                    let secret = (is_own && is_ours).then(|| link_secret::make(consultation)).flatten();
                    if let Some(secret) = &secret {
                        invitation.link.extend([".", secret]);
                    }
                    proves.try_set(secret.is_some());
                    say(&state_of(&invitation).1);
                    sent.try_set(Some(invitation));
                    day_desk.read();
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    };
    view! {
        <p>{Msg::InviteLead.with(&[&entry.patient_name])}</p>
        {trouble(problem)}
        {move || match sent.get() {
            Some(invitation) => invitation_sent(&invitation, proves.get_untracked()),
            None => view! {
                {again.then(|| view! { <p class="quiet">{Msg::InviteReplaces.t()}</p> })}
                <footer>
                    <button type="button" class="button" data-kind="primary" on:click=send aria-disabled=move || busy.get().to_string()>
                        {move || if busy.get() { view! { <span class="wait" aria-hidden="true"></span> }.into_any() } else { Icon::Mail.draw() }}
                        {if again { Msg::InviteAgain.t() } else { Msg::Invite.t() }}
                    </button>
                </footer>
            }.into_any(),
        }}
        <PatientCodes patient=entry.patient/>
    }
    .into_any()
}

fn state_of(invitation: &InvitationSent) -> (Tone, String) {
    let (tone, words) = if invitation.sent { (Tone::Ok, Msg::InviteSent) } else { (Tone::Warn, Msg::InviteQueued) };
    (tone, words.with(&[&invitation.to]))
}

fn invitation_sent(invitation: &InvitationSent, proves: bool) -> AnyView {
    let (tone, words) = state_of(invitation);
    view! {
        {note(tone, words)}
        <CopyField label=Msg::InviteLink.t() text=invitation.link.clone()/>
        <p class="quiet small">{Msg::InviteOnce.t()}</p>
        {proves.then(|| view! { <p class="quiet small">{Msg::InviteProves.t()}</p> })}
        {qr(&invitation.link).map(|svg| view! { <img class="qr" alt=Msg::InviteQr.t() src=svg_address(&svg)/> })}
    }
    .into_any()
}

/// Modules of white around a QR code that readers need (ISO/IEC 18004).
const QUIET_ZONE: i32 = 4;

/// Draws a link so that a telephone can read it; none for one that is too long to be drawn, as none of ours is.
fn qr(link: &str) -> Option<String> {
    let code = QrCode::encode_text(link, QrCodeEcc::Medium).ok()?;
    let mut dark = String::new();
    for (y, x) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (y, x))) {
        if code.get_module(x, y) {
            dark.extend(["M", &(x + QUIET_ZONE).to_string(), " ", &(y + QUIET_ZONE).to_string(), "h1v1h-1z"]);
        }
    }
    let side = (code.size() + 2 * QUIET_ZONE).to_string();
    let head = ["<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", &side, " ", &side, "\">"].concat();
    Some([&head, "<path fill=\"#fff\" d=\"M0 0h", &side, "v", &side, "H0z\"/><path d=\"", &dark, "\"/></svg>"].concat())
}
