use colloque_kit::icon::Icon;
use colloque_kit::{Text, clock};
use colloque_protocol::http::appointment::PatientEntry;
use leptos::prelude::*;

use super::DayDesk;
use super::book::BookDialog;
use super::invite::InviteDialog;
use crate::text::Msg;

/// Books the next appointment of a patient who was just seen, and proposes the invitation.
#[component]
pub fn NextAppointment(
    /// The patient.
    patient: PatientEntry,
    /// What follows a booking.
    on_booked: impl Fn() + 'static,
) -> impl IntoView {
    let day_desk = DayDesk::new(Signal::derive(clock::today), true);
    provide_context(day_desk);
    Effect::new(move |_| {
        if day_desk.subject.with(Option::is_some) {
            on_booked();
        }
    });
    view! {
        <button type="button" class="button" on:click=move |_| day_desk.booking.set(true)>
            {Icon::Plus.draw()}{Msg::NextAppointment.t()}
        </button>
        <BookDialog patient=patient/>
        <InviteDialog/>
    }
    .into_any()
}
