//! The state of the workstation: only what was truly tried is said to work.

use std::time::Duration;

use colloque_kit::Text;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip};
use colloque_web::capture::{Capture, Wish};
use colloque_web::dom::spawn;
use colloque_web::level::{LevelMeter, SilenceWatch};
use colloque_web::notify::{self, NotificationChoice};
use colloque_web::timer::pause;
use leptos::prelude::*;

use crate::arrival::Arrivals;
use crate::text::Msg;

/// Pause between two measures of the microphone.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Measures before the microphone counts as silent: six seconds.
const MEASURES: u32 = 60;

/// What a test found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    NotTested,
    Works,
    Silent,
    Fails,
}

/// The line of the workstation and its test.
#[component]
pub fn Workstation() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let camera = RwSignal::new(Found::NotTested);
    let microphone = RwSignal::new(Found::NotTested);
    let notifications = RwSignal::new(notify::choice());
    // What the person is told while the test runs.
    let testing = RwSignal::new(None);
    let test = move |_| {
        if testing.get_untracked().is_some() {
            return;
        }
        testing.set(Some(Msg::Testing));
        arrivals.test();
        spawn(async move {
            test_capture(camera, microphone, testing).await;
            testing.try_set(None);
        });
        // Beside the devices, not before them: nobody has to answer the browser's question.
        spawn(async move {
            notifications.try_set(notify::ask().await);
        });
    };
    view! {
        <section class="workstation" aria-labelledby="workstation-title">
            <h2 id="workstation-title" class="small">{Msg::Workstation.t()}</h2>
            <ul class="row">
                <li>{move || device(Msg::Camera, camera.get())}</li>
                <li>{move || device(Msg::Microphone, microphone.get())}</li>
                <li>{move || sound(arrivals.audible().get())}</li>
                <li>{move || notification(notifications.get())}</li>
            </ul>
            <button type="button" class="button" data-size="small" data-kind="plain" on:click=test aria-disabled=move || testing.get().is_some().to_string()>
                {move || testing.get().unwrap_or(Msg::TestWorkstation).t()}
            </button>
        </section>
    }
    .into_any()
}

async fn test_capture(camera: RwSignal<Found>, microphone: RwSignal<Found>, testing: RwSignal<Option<Msg>>) {
    let capture = match Capture::open(&Wish::both(), |_| {}).await {
        Ok(capture) => capture,
        Err(_) => match Capture::open(&Wish::microphone(), |_| {}).await {
            Ok(capture) => capture,
            Err(_) => {
                camera.try_set(Found::Fails);
                microphone.try_set(Found::Fails);
                return;
            }
        },
    };
    camera.try_set(if capture.camera().is_some() { Found::Works } else { Found::Fails });
    let Some(meter) = capture.microphone().and_then(|track| LevelMeter::new(&track)) else {
        microphone.try_set(Found::Fails);
        return;
    };
    testing.try_set(Some(Msg::SayWord));
    let mut watch = SilenceWatch::new(MEASURES);
    for _ in 0..MEASURES {
        if let Some(level) = meter.level_dbfs() {
            watch.measure(level);
        }
        if watch.has_heard() {
            break;
        }
        pause(MEASURE_EVERY).await;
    }
    microphone.try_set(if watch.has_heard() { Found::Works } else { Found::Silent });
}

fn device(name: Msg, found: Found) -> AnyView {
    let (tone, state) = match found {
        Found::NotTested => (Tone::Plain, Msg::NotTested),
        Found::Works => (Tone::Ok, Msg::Works),
        Found::Silent => (Tone::Warn, Msg::MicrophoneSilent),
        Found::Fails => (Tone::Danger, Msg::Fails),
    };
    line(tone, name, state)
}

fn sound(audible: bool) -> AnyView {
    if audible { line(Tone::Ok, Msg::Sound, Msg::Works) } else { line(Tone::Warn, Msg::Sound, Msg::SoundLocked) }
}

fn notification(choice: NotificationChoice) -> AnyView {
    let (tone, state) = match choice {
        NotificationChoice::Allowed => (Tone::Ok, Msg::Works),
        NotificationChoice::Refused => (Tone::Danger, Msg::NotifyRefused),
        NotificationChoice::NotAsked => (Tone::Plain, Msg::NotifyNotAsked),
        NotificationChoice::Unsupported => (Tone::Warn, Msg::Fails),
    };
    line(tone, Msg::Notifications, state)
}

fn line(tone: Tone, name: Msg, state: Msg) -> AnyView {
    let icon = if tone == Tone::Plain { Icon::Clock } else { tone.icon() };
    marked_chip(tone, icon, format!("{} {}", name.t(), state.t()))
}
