use colloque_call::{Action, CallView, MediaPath, PausedBy, Phase, Sending};
use colloque_ids::Timestamp;
use colloque_kit::announce::say;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip, note, note_with};
use colloque_kit::{Text, explain};
use colloque_protocol::signaling::{ActionRefusal, LinkLevel, Presence};
use colloque_web::capture::CaptureError;
use colloque_web::dom::spawn;
use leptos::html;
use leptos::prelude::*;

use super::RoomDesk;
use super::bar::Bar;
use super::before::Before;
use super::call::{DeviceTrouble, is_here};
use super::end::EndDialog;
use super::guest::{self, InviteDialog, ThirdPicture};
use super::over::Over;
use super::quality::connection;
use super::seal;
use super::technical;
use super::text::Msg;

/// What the left side shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Connecting,
    Before,
    Call,
    Over,
}

/// Why the patient is neither seen nor heard in the consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    Lost { since: Timestamp },
    Gone,
}

impl Absence {
    fn of(view: &CallView) -> Option<Self> {
        if view.phase != Phase::InCall {
            return None;
        }
        match view.other.as_ref().map(|other| other.presence) {
            Some(Presence::Here { .. }) => None,
            Some(Presence::Lost { since }) => Some(Self::Lost { since }),
            None => Some(Self::Gone),
        }
    }
}

/// The left side: before, during and after the call.
#[component]
pub fn Stage() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let scene = Memo::new(move |before: Option<&Scene>| {
        call.view.with(|view| match view.phase {
            Phase::Connecting => Scene::Connecting,
            Phase::Waiting => Scene::Before,
            Phase::InCall | Phase::Called { .. } => Scene::Call,
            // Whoever is cut off goes on seeing what they saw.
            Phase::Reconnecting { .. } => before.copied().unwrap_or(Scene::Connecting),
            Phase::Idle | Phase::Ended { .. } | Phase::Refused { .. } | Phase::SignedOut | Phase::CannotSign => {
                Scene::Over
            }
        })
    });
    let picture = NodeRef::<html::Div>::new();
    let own = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if let Some(place) = picture.get() {
            let elements = call.elements();
            place.append_child(&elements.picture).ok();
            place.append_child(&elements.voice).ok();
        }
    });
    Effect::new(move |_| {
        if let Some(place) = own.get() {
            place.append_child(&call.elements().own).ok();
        }
    });
    let fill = RwSignal::new(false);
    let darkness = Memo::new(move |_| {
        call.view.with(|view| {
            let other = view.other.as_ref().filter(|other| is_here(other))?;
            if other.media.camera {
                return view.paused.map(|_| Msg::PausedPicture);
            }
            Some(if other.media.microphone { Msg::PatientCameraOff } else { Msg::PatientBothOff })
        })
    });
    let is_seen = Memo::new(move |_| {
        call.view.with(|view| {
            view.paused.is_none() && view.other.as_ref().is_some_and(|other| is_here(other) && other.media.camera)
        })
    });
    let is_paused = Memo::new(move |_| call.view.with(|view| view.paused.is_some()));
    let absence = Memo::new(move |_| call.view.with(Absence::of));
    view! {
        <section class="stage" aria-label=Msg::Stage.t() data-paused=move || is_paused.get() data-scene=move || match scene.get() {
            Scene::Connecting => "connecting",
            Scene::Before => "before",
            Scene::Call => "call",
            Scene::Over => "over",
        }>
            <div class="stage-picture" node_ref=picture data-fill=move || fill.get() data-dark=move || !is_seen.get() hidden=move || scene.get() != Scene::Call></div>
            {move || match scene.get() {
                Scene::Connecting => view! { <p class="row stage-wait" role="status"><span class="wait" aria-hidden="true"></span>{Msg::Connecting.t()}</p> }.into_any(),
                Scene::Before => view! { <Before/> }.into_any(),
                Scene::Over => view! { <Over/> }.into_any(),
                Scene::Call => view! {
                    {move || darkness.get().map(|words| view! { <p class="stage-dark">{Icon::CameraOff.draw_at("2.5rem")}{words.t()}</p> })}
                    <div class="stage-top">
                        <CallLine/>
                        <button type="button" class="button" data-size="small" on:click=move |_| fill.update(|fill| *fill = !*fill)>
                            {move || if fill.get() { Icon::Fit.draw() } else { Icon::Fill.draw() }}
                            {move || if fill.get() { Msg::Fit.t() } else { Msg::Fill.t() }}
                        </button>
                    </div>
                }.into_any(),
            }}
            <ThirdPicture/>
            <div class="stage-own" hidden=move || !matches!(scene.get(), Scene::Call | Scene::Before)>
                <div class="stage-own-picture" node_ref=own role="img" aria-label=Msg::OwnView.t()></div>
            </div>
            <div class="stage-notes" role="status">
                {move || absence.get().map(|absence| patient_absent(desk, absence))}
                {move || guest::notes(desk)}
                {move || seal::notes(desk)}
                {move || troubles(desk)}
            </div>
            {move || (scene.get() != Scene::Over).then(|| view! { <Bar/> })}
            <EndDialog/>
            <InviteDialog/>
        </section>
    }
    .into_any()
}

/// One line over the picture: who, how long, how well.
#[component]
fn CallLine() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    // How a connection was says nothing of one that is interrupted. The practitioner's own is worth a word only when it is not good.
    let links = Memo::new(move |_| {
        call.view.with(|view| {
            let is_up = view.media == MediaPath::Up && view.phase == Phase::InCall;
            let patient = view.other.as_ref().filter(|other| is_up && is_here(other));
            let patient = patient.and_then(|other| other.media.link).filter(|_| !view.local.frozen);
            (patient, view.local.link.filter(|link| is_up && link.level != LinkLevel::Good))
        })
    });
    let is_frozen = move || {
        call.view
            .with(|view| view.local.frozen && view.media == MediaPath::Up && view.other.as_ref().is_some_and(is_here))
    };
    let muted = move || {
        call.view.with(|view| view.other.as_ref().is_some_and(|other| is_here(other) && !other.media.microphone))
    };
    let elapsed = move || {
        let since = call.view.with(|view| view.admitted_at)?;
        Some(Msg::Elapsed.with(&[&clock_face(call.clock.get(), since)]))
    };
    view! {
        <div class="row stage-line">
            <strong>{move || desk.patient_name()}</strong>
            <span class="figures">{elapsed}</span>
            {move || links.get().0.map(|link| connection(Msg::PatientLink, link))}
            {move || is_frozen().then(|| marked_chip(Tone::Warn, Icon::Warning, Msg::PatientFrozen.t()))}
            {move || links.get().1.map(|link| connection(Msg::OwnLink, link))}
            {move || seal::chip(&call.sealed.get())}
            {move || muted().then(|| marked_chip(Tone::Warn, Icon::MicrophoneOff, Msg::PatientMicrophoneOff.t()))}
        </div>
    }
    .into_any()
}

/// What a weak connection leaves of the pictures, who decided so, and the way to decide otherwise.
fn pictures(desk: RoomDesk, view: &CallView) -> Option<AnyView> {
    let act = |label: Msg, shown: bool| {
        let act = move |_| desk.call.act(Action::Pictures(shown));
        view! { <button type="button" class="button" data-size="small" on:click=act>{label.t()}</button> }
    };
    let back = || act(Msg::BringPictures, true);
    Some(match view.paused {
        Some(PausedBy::Link { returns }) => {
            let more = if returns { Msg::PausedReturns } else { Msg::PausedStays };
            let text = format!("{} {}", Msg::PausedByLink.t(), more.t());
            note_with(Tone::Warn, text, (technical::line(technical::WEAK), back()).into_any())
        }
        Some(PausedBy::You) => note_with(Tone::Plain, Msg::PausedByYou.t(), back().into_any()),
        Some(PausedBy::OtherLink) => note(Tone::Warn, Msg::PausedByPatientLink.t()),
        Some(PausedBy::Other) => note(Tone::Plain, Msg::PausedByPatient.t()),
        None => {
            view.local.link.filter(|link| link.level == LinkLevel::Weak)?;
            let act = (technical::line(technical::WEAK), act(Msg::PausePictures, false));
            note_with(Tone::Warn, Msg::WeakLink.t(), act.into_any())
        }
    })
}

/// All that stands in the way, each with what can be done.
fn troubles(desk: RoomDesk) -> AnyView {
    let call = desk.call;
    let view = call.view.get();
    let button = |label: Msg, act: fn(RoomDesk)| {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| act(desk)>{label.t()}</button> }.into_any()
    };
    let mut notes = Vec::new();
    let is_paused = view.sending == Sending::PausedForSafety;
    if let Phase::Reconnecting { can_retry, .. } = view.phase {
        let paused = is_paused.then_some(Msg::PausedForSafety);
        let words = [Some(Msg::Reconnecting), paused, Some(Msg::ReconnectingLead)];
        let text = words.into_iter().flatten().map(Msg::t).collect::<Vec<_>>().join(" ");
        let code = technical::of_phase(view.phase).map(technical::line);
        let retry = can_retry.then(|| button(Msg::Retry, |desk| desk.call.act(Action::Retry)));
        notes.push(note_with(Tone::Danger, text, (code, retry).into_any()));
    } else if is_paused {
        notes.push(note_with(Tone::Warn, Msg::PausedForSafety.t(), technical::line(technical::PAUSED)));
    }
    if view.media == MediaPath::Blocked && matches!(view.phase, Phase::Waiting | Phase::InCall) {
        let act = (technical::line(technical::BLOCKED), phone_link(desk)).into_any();
        notes.push(note_with(Tone::Danger, Msg::MediaBlocked.t(), act));
    }
    if view.phase == Phase::InCall {
        let awaits_patient = !view.other.as_ref().is_some_and(is_here);
        match view.media {
            MediaPath::Connecting if awaits_patient => {}
            MediaPath::Connecting => notes.push(note(Tone::Plain, Msg::MediaConnecting.t())),
            MediaPath::Lost { .. } => {
                notes.push(note_with(Tone::Warn, Msg::MediaInterrupted.t(), technical::line(technical::INTERRUPTED)));
            }
            MediaPath::Idle | MediaPath::Up | MediaPath::Blocked => {}
        }
        notes.extend(pictures(desk, &view));
        if !view.local.microphone {
            notes.push(note(Tone::Warn, Msg::OwnMicrophoneOff.t()));
        }
        if !view.local.camera && call.trouble.get().is_none() {
            notes.push(note(Tone::Plain, Msg::OwnCameraOff.t()));
        }
    }
    if call.needs_tap.get() {
        let act = view! { <button type="button" class="button" data-kind="primary" on:click=move |_| call.unlock()>{Icon::Speaker.draw()}{Msg::TapToHearAct.t()}</button> };
        let act = (technical::line(technical::HELD_BACK), act).into_any();
        notes.push(note_with(Tone::Accent, Msg::TapToHear.t(), act));
    }
    if !call.is_over()
        && let Some(trouble) = call.trouble.get()
    {
        let act = (technical::line(technical::of_devices(trouble)), button(Msg::Retry, |desk| desk.call.capture()));
        notes.push(note_with(Tone::Warn, trouble_text(trouble).t(), act.into_any()));
    }
    if call.share_failed.get() {
        notes.push(note(Tone::Warn, Msg::ShareFailed.t()));
    }
    if let Some(refusal) = view.not_done {
        let (text, code) = match refusal {
            ActionRefusal::NotRecorded => (Msg::EndNotDone, Some(technical::NOT_RECORDED)),
            ActionRefusal::NobodyThere => (Msg::NotDoneNobody, None),
            ActionRefusal::NotYours | ActionRefusal::TooMany => (Msg::NotDoneOther, None),
            ActionRefusal::AlreadyDone => return notes.into_any(),
        };
        notes.push(note_with(Tone::Warn, text.t(), code.map(technical::line).into_any()));
    }
    notes.into_any()
}

/// The patient is not there: what the practitioner can do meanwhile.
fn patient_absent(desk: RoomDesk, absence: Absence) -> AnyView {
    let text = move || {
        let name = desk.patient_name();
        match absence {
            Absence::Lost { since } => Msg::PatientLost.with(&[&name, &clock_face(desk.call.clock.get(), since)]),
            Absence::Gone if desk.call.patient_left.get() => Msg::PatientLeft.with(&[&name]),
            Absence::Gone => Msg::PatientNotHere.with(&[&name]),
        }
    };
    // Said once when it happens; a clock that runs is not read out.
    let spoken = matches!(absence, Absence::Lost { .. }).then_some("off");
    view! {
        <div class="note" data-tone="warn">
            {Icon::Warning.draw()}
            <div>
                <p aria-live=spoken>{text}</p>
                <div class="row">
                    {phone_link(desk)}
                    <Resend/>
                    <button type="button" class="button" data-size="small" on:click=move |_| desk.ending.set(true)>{Msg::End.t()}</button>
                </div>
            </div>
        </div>
    }
    .into_any()
}

/// A link that calls the patient by telephone; nothing when no number is known.
pub fn phone_link(desk: RoomDesk) -> AnyView {
    let phone = desk.file.with(|file| file.traits.phone.clone());
    phone
        .map(|phone| {
            let address = format!("tel:{}", phone.replace([' ', '.'], ""));
            let number = in_pairs(&phone);
            view! { <a class="button" data-size="small" href=address>{Icon::Phone.draw()}{Msg::CallByPhone.t()}" "{number}</a> }
        })
        .into_any()
}

/// A French number as people read it, any other as it is: `+33612345678` is `06 12 34 56 78`.
fn in_pairs(phone: &str) -> String {
    let Some(digits) = phone.strip_prefix("+33").filter(|digits| digits.len() == 9) else { return phone.to_owned() };
    let national = format!("0{digits}");
    let pairs: Vec<&str> = (0..national.len()).step_by(2).filter_map(|at| national.get(at..at + 2)).collect();
    pairs.join("\u{a0}")
}

/// Sends the patient a fresh link.
#[component]
pub fn Resend() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let busy = RwSignal::new(false);
    let said = RwSignal::new(None::<String>);
    let send = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let appointment = desk.file.with_untracked(|file| file.appointment);
        spawn(async move {
            let text = match desk.api.invite_again(appointment).await {
                Ok(invitation) if invitation.sent => Msg::LinkResent.t().to_owned(),
                Ok(_) => Msg::LinkQueued.t().to_owned(),
                Err(error) => explain(&error),
            };
            say(text.clone());
            said.try_set(Some(text));
            busy.try_set(false);
        });
    };
    view! {
        <button type="button" class="button" data-size="small" on:click=send aria-disabled=move || busy.get().to_string()>
            {Icon::Mail.draw()}{Msg::ResendLink.t()}
        </button>
        {move || said.get().map(|said| view! { <span class="small">{said}</span> })}
    }
    .into_any()
}

fn trouble_text(trouble: DeviceTrouble) -> Msg {
    match trouble {
        DeviceTrouble::Refused(CaptureError::NotAllowed) => Msg::CaptureNotAllowed,
        DeviceTrouble::Refused(CaptureError::ForbiddenBySystem) => Msg::CaptureForbidden,
        DeviceTrouble::Refused(CaptureError::NotFound) => Msg::CaptureNotFound,
        DeviceTrouble::Refused(CaptureError::InUse) => Msg::CaptureInUse,
        DeviceTrouble::Refused(CaptureError::Unsupported) => Msg::CaptureUnsupported,
        DeviceTrouble::NoCamera(_) => Msg::MicrophoneAlone,
        DeviceTrouble::MicrophoneUnplugged => Msg::MicrophoneUnplugged,
        DeviceTrouble::CameraUnplugged => Msg::CameraUnplugged,
    }
}

/// Minutes and seconds since an instant: `4:07`.
pub fn clock_face(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.since(since).as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
