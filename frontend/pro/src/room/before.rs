use colloque_call::{Action, Decision};
use colloque_kit::Text;
use colloque_kit::clock::{Style, write};
use colloque_kit::dialog::Dialog;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip, note};
use colloque_kit::text::Msg as Kit;
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::appointment::{PatientForm, Sex};
use colloque_protocol::signaling::{OtherParty, Presence};
use leptos::prelude::*;

use super::RoomDesk;
use super::stage::{Resend, clock_face, phone_link};
use super::text::Msg;
use crate::day::{DELAYS, checks};
use crate::text::Msg as Day;

/// Before the patient is admitted: who waits, how they were verified, what they agreed to.
#[component]
pub fn Before() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let other = Memo::new(move |_| call.view.with(|view| view.other.clone()));
    // The consent is recorded shortly before the patient appears; whoever goes may have withdrawn it.
    Effect::new(move |before: Option<bool>| {
        let is_there = other.with(Option::is_some);
        let has_consent = desk.file.with_untracked(|file| file.consent_given_at.is_some());
        if is_there != has_consent && before.is_none_or(|before| before != is_there) && (is_there || before.is_some()) {
            desk.read();
        }
        if is_there {
            call.patient_refused.set(false);
        }
        is_there
    });
    view! {
        <div class="before stack" data-fill=true>
            <h2>{Msg::BeforeTitle.t()}</h2>
            {identity(desk)}
            {move || match other.get() {
                Some(other) => waiting(desk, &other),
                None => view! {
                    {move || if call.patient_refused.get() {
                        note(Tone::Warn, Msg::NotReceived.t())
                    } else {
                        note(Tone::Plain, format!("{} {}", Msg::NotArrived.t(), Msg::NotArrivedLead.t()))
                    }}
                    <div class="row">{phone_link(desk)}<Resend/></div>
                }.into_any(),
            }}
        </div>
    }
    .into_any()
}

fn identity(desk: RoomDesk) -> AnyView {
    let rows = move || {
        desk.file.with(|file| {
            let PatientForm { birth_name, used_name, first_names, birth_date, sex, .. } = file.traits.clone();
            let born = colloque_kit::clock::instant(&birth_date, "12:00").map(|noon| write(noon, Style::ShortDay));
            let sex = match sex {
                Sex::Female => Day::Female,
                Sex::Male => Day::Male,
                Sex::Undetermined => Day::Undetermined,
            };
            let consent = match file.consent_given_at {
                Some(at) => marked_chip(Tone::Ok, Icon::Check, Msg::ConsentGiven.with(&[&write(at, Style::Moment)])),
                None => marked_chip(Tone::Warn, Icon::Warning, Msg::ConsentMissing.t()),
            };
            view! {
                <dt>{Msg::BirthName.t()}</dt><dd><strong>{birth_name.to_uppercase()}</strong></dd>
                {used_name.map(|name| view! { <dt>{Msg::UsedName.t()}</dt><dd>{name.to_uppercase()}</dd> })}
                <dt>{Msg::FirstNames.t()}</dt><dd><strong>{first_names}</strong></dd>
                <dt>{Msg::Born.t()}</dt><dd>{born.unwrap_or(birth_date)}</dd>
                <dt>{Msg::Sex.t()}</dt><dd>{sex.t()}</dd>
                {file.reason.clone().map(|reason| view! { <dt>{Day::Reason.t()}</dt><dd>{reason}</dd> })}
                <dt>{Msg::Consent.t()}</dt><dd>{consent}</dd>
            }
        })
    };
    let card = move || {
        desk.call.view.with(|view| view.other.as_ref().map(|other| other.card.clone())).map(|card| {
            let proofs: Vec<&str> = card.verified_by.into_iter().map(proof).collect();
            view! {
                <dt>{Msg::SeenAs.t()}</dt><dd>{card.display_name}</dd>
                <dt>{Msg::VerifiedBy.t()}</dt><dd>{marked_chip(Tone::Ok, Icon::Shield, proofs.join(", "))}</dd>
            }
        })
    };
    view! { <dl class="facts" aria-label=Msg::Identity.t()>{rows}{card}</dl> }.into_any()
}

fn waiting(desk: RoomDesk, other: &OtherParty) -> AnyView {
    let call = desk.call;
    let gone = match other.presence {
        Presence::Here { .. } => None,
        Presence::Lost { since } => Some(since),
    };
    let deciding = Memo::new(move |_| call.view.with(|view| view.deciding));
    let delay = Memo::new(move |_| call.view.with(|view| view.delay_minutes));
    let refusing = RwSignal::new(false);
    let refuse_title = Signal::derive(|| Msg::RefuseTitle.t().to_owned());
    let admit = move |_| {
        if deciding.get_untracked().is_none() && gone.is_none() {
            call.act(Action::Admit);
        }
    };
    let delays = DELAYS
        .map(|minutes| {
            view! {
                <button type="button" class="button" data-size="small" aria-pressed=move || (delay.get() == minutes).to_string()
                    on:click=move |_| call.act(Action::AnnounceDelay { minutes })>{Day::DelayMinutes.with(&[&minutes.to_string()])}</button>
            }
        })
        .collect_view();
    view! {
        <div class="row" role="group" aria-label=Msg::Devices.t()>{checks(other.device_check)}</div>
        {other.media.rear_camera.then(|| note(Tone::Plain, Msg::RearCamera.t()))}
        {gone.map(|since| move || note(Tone::Warn, Msg::PatientGone.with(&[&clock_face(call.clock.get(), since)])))}
        <div class="row">
            <button type="button" class="button" data-kind="primary" data-size="large" id="admit" on:click=admit
                aria-disabled=move || (gone.is_some() || deciding.get().is_some()).to_string()>
                {Icon::Door.draw()}
                {move || if deciding.get() == Some(Decision::Admit) { Msg::Admitting.t() } else { Msg::Admit.t() }}
            </button>
            <button type="button" class="button" on:click=move |_| refusing.set(true)>{Msg::Refuse.t()}</button>
        </div>
        <div class="row" role="group" aria-label=Day::AnnounceDelay.t()>
            <span class="quiet small">{Day::AnnounceDelay.t()}</span>
            {delays}
            {move || (delay.get() > 0).then(|| view! {
                <button type="button" class="button" data-size="small" data-kind="plain"
                    on:click=move |_| call.act(Action::AnnounceDelay { minutes: 0 })>{Day::DelayNone.t()}</button>
            })}
        </div>
        <Dialog open=refusing title=refuse_title>
            <p>{Msg::RefuseLead.t()}</p>
            <footer>
                <button type="button" class="button" on:click=move |_| refusing.set(false)>{Kit::Cancel.t()}</button>
                <button type="button" class="button" data-kind="danger" on:click=move |_| { refusing.set(false); call.patient_refused.set(true); call.act(Action::Refuse); }>{Msg::Refuse.t()}</button>
            </footer>
        </Dialog>
    }
    .into_any()
}

/// One proof of identity in words.
fn proof(method: AuthenticationMethod) -> &'static str {
    match method {
        AuthenticationMethod::Password => Kit::ProofPassword,
        AuthenticationMethod::Totp => Kit::ProofTotp,
        AuthenticationMethod::Passkey => Kit::ProofPasskey,
        AuthenticationMethod::InvitationLink => Kit::ProofLink,
        AuthenticationMethod::EmailCode => Kit::ProofEmail,
        AuthenticationMethod::SmsCode => Kit::ProofSms,
    }
    .t()
}
