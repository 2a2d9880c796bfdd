//! The state of the workstation: only what was truly tried today is said to work.
//!
//! Each morning the devices are tried anew without a word, where that asks nobody anything.

use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_kit::clock::{Style, wall, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip};
use colloque_kit::{Text, clock};
use colloque_web::capture::{Capture, Wish};
use colloque_web::dom::{is_visible, now, spawn, window};
use colloque_web::json;
use colloque_web::level::{LevelMeter, SILENCE_DBFS, SilenceWatch};
use colloque_web::notify::{self, NotificationChoice};
use colloque_web::timer::{Interval, pause};
use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::arrival::Arrivals;
use crate::chime::{ChimeChoice, Loudness};
use crate::text::Msg;

/// Pause between two measures of the microphone.
const MEASURE_EVERY: Duration = Duration::from_millis(100);

/// Measures before the microphone counts as silent: six seconds.
const MEASURES: u32 = 60;

/// Measures of a test that nobody is asked to speak in: two seconds.
const SILENT_MEASURES: u32 = 20;

/// Pause between two looks at whether another day began: pages stay open overnight.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

const LAST_TEST: &str = "colloque-workstation";

/// What a test found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Works,
    /// The microphone gives sound; nobody was asked to speak.
    Opens,
    Silent,
    Fails,
}

/// What the last test on this computer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct LastTest {
    at: Timestamp,
    camera: Found,
    microphone: Found,
}

impl LastTest {
    fn kept() -> Option<Self> {
        let kept = window().local_storage().ok().flatten()?.get_item(LAST_TEST).ok().flatten()?;
        json::from_str(&kept).ok()
    }

    fn keep(&self) {
        if let (Ok(Some(storage)), Ok(text)) = (window().local_storage(), json::to_string(self)) {
            // Without it the test is of this page only.
            storage.set_item(LAST_TEST, &text).ok();
        }
    }

    fn day(&self) -> String {
        wall(self.at).0
    }

    const fn found_all(&self) -> bool {
        matches!(self.camera, Found::Works) && matches!(self.microphone, Found::Works | Found::Opens)
    }

    /// Whether another test is due that asks nobody anything: the last was good and of another day, and the browser asks no more.
    fn is_due_again(&self, its_day: &str, today: &str, is_granted: bool) -> bool {
        self.found_all() && its_day != today && is_granted
    }
}

/// The line of the workstation and its test.
#[component]
pub fn Workstation() -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let last = RwSignal::new(LastTest::kept().filter(|last| last.day() == clock::today()));
    let notifications = RwSignal::new(notify::choice());
    let loudness = RwSignal::new(Loudness::chosen());
    // What the person is told while the test runs.
    let testing = RwSignal::new(None);
    let test = move |_| {
        if testing.get_untracked().is_some() {
            return;
        }
        testing.set(Some(Msg::Testing));
        arrivals.test();
        spawn(run(last, testing, MEASURES));
        // Beside the devices, not before them: nobody has to answer the browser's question.
        spawn(async move {
            notifications.try_set(notify::ask().await);
        });
    };
    test_silently(last, testing);
    let looks = StoredValue::new_local(Some(Interval::every(LOOK_EVERY, move || {
        // What was found yesterday says nothing of today.
        if last.try_get_untracked().flatten().is_some_and(|last| last.day() != clock::today()) {
            last.try_set(None);
        }
        test_silently(last, testing);
    })));
    on_cleanup(move || {
        looks.try_set_value(None);
    });
    view! {
        <section class="workstation" aria-labelledby="workstation-title">
            <h2 id="workstation-title" class="small">{Msg::Workstation.t()}</h2>
            <ul class="row">
                <li>{move || device(Msg::Camera, last.get().map(|last| last.camera))}</li>
                <li>{move || device(Msg::Microphone, last.get().map(|last| last.microphone))}</li>
                <li>{move || sound(arrivals.audible().get(), loudness.get())}</li>
                <li>{move || notification(notifications.get())}</li>
            </ul>
            {move || last.get().map(|last| view! { <p class="quiet small figures">{Msg::TestedAt.with(&[&write(last.at, Style::Hour)])}</p> })}
            <button type="button" class="button" data-size="small" data-kind="plain" on:click=test aria-disabled=move || testing.get().is_some().to_string()>
                {move || testing.get().unwrap_or(Msg::TestWorkstation).t()}
            </button>
            <ChimeChoice loudness=loudness/>
        </section>
    }
    .into_any()
}

/// Tries the devices anew on another day than the last time, where the browser gives them without a question.
fn test_silently(last: RwSignal<Option<LastTest>>, testing: RwSignal<Option<Msg>>) {
    let Some(kept) = LastTest::kept() else { return };
    let (its_day, today) = (kept.day(), clock::today());
    if !kept.is_due_again(&its_day, &today, true) || !is_visible() {
        return;
    }
    spawn(async move {
        let is_granted = is_granted("camera").await && is_granted("microphone").await;
        if kept.is_due_again(&its_day, &today, is_granted) && testing.try_get_untracked() == Some(None) {
            testing.try_set(Some(Msg::Testing));
            run(last, testing, SILENT_MEASURES).await;
        }
    });
}

/// Tries camera and microphone, and keeps what was found. With fewer than [`MEASURES`] nobody is asked to speak.
async fn run(last: RwSignal<Option<LastTest>>, testing: RwSignal<Option<Msg>>, measures: u32) {
    let (camera, microphone) = test_capture(testing, measures).await;
    let found = LastTest { at: now(), camera, microphone };
    found.keep();
    last.try_set(Some(found));
    testing.try_set(None);
}

async fn test_capture(testing: RwSignal<Option<Msg>>, measures: u32) -> (Found, Found) {
    let capture = match Capture::open(&Wish::both(), |_| {}).await {
        Ok(capture) => capture,
        Err(_) => match Capture::open(&Wish::microphone(), |_| {}).await {
            Ok(capture) => capture,
            Err(_) => return (Found::Fails, Found::Fails),
        },
    };
    let camera = if capture.camera().is_some() { Found::Works } else { Found::Fails };
    let Some(meter) = capture.microphone().and_then(|track| LevelMeter::new(&track)) else {
        return (camera, Found::Fails);
    };
    let asks = measures >= MEASURES;
    if asks {
        testing.try_set(Some(Msg::SayWord));
    }
    let mut watch = SilenceWatch::new(measures);
    let mut loudest = None::<f32>;
    for _ in 0..measures {
        if let Some(level) = meter.level_dbfs() {
            watch.measure(level);
            loudest = Some(loudest.map_or(level, |loudest| loudest.max(level)));
        }
        if watch.has_heard() {
            break;
        }
        pause(MEASURE_EVERY).await;
    }
    (camera, judge(watch.has_heard(), loudest, asks))
}

/// What a microphone is worth. One that is cut gives nothing at all, one in a quiet room still its own noise; before the first
/// click some browsers measure nothing.
fn judge(has_heard: bool, loudest_dbfs: Option<f32>, asks: bool) -> Found {
    let is_cut = loudest_dbfs.is_some_and(|loudest| loudest <= SILENCE_DBFS);
    if has_heard {
        Found::Works
    } else if !asks && !is_cut {
        Found::Opens
    } else {
        Found::Silent
    }
}

/// Whether the browser says that it gives a device without a question; where it says nothing, no.
async fn is_granted(device: &str) -> bool {
    permission(device).await.is_ok_and(|state| state.as_string().as_deref() == Some("granted"))
}

// The names of these permissions are not among those of web-sys.
async fn permission(device: &str) -> Result<JsValue, JsValue> {
    let permissions = Reflect::get(&window().navigator(), &"permissions".into())?;
    let query: Function = Reflect::get(&permissions, &"query".into())?.dyn_into()?;
    let wanted = Object::new();
    Reflect::set(&wanted, &"name".into(), &device.into())?;
    let asked: Promise = query.call1(&permissions, &wanted)?.dyn_into()?;
    Reflect::get(&JsFuture::from(asked).await?, &"state".into())
}

fn device(name: Msg, found: Option<Found>) -> AnyView {
    let (tone, state) = match found {
        None => (Tone::Plain, Msg::NotTested),
        Some(Found::Works) => (Tone::Ok, Msg::Works),
        Some(Found::Opens) => (Tone::Ok, Msg::MicrophoneOpens),
        Some(Found::Silent) => (Tone::Warn, Msg::MicrophoneSilent),
        Some(Found::Fails) => (Tone::Danger, Msg::Fails),
    };
    line(tone, name, state)
}

fn sound(audible: bool, loudness: Loudness) -> AnyView {
    match loudness {
        Loudness::Silent => line(Tone::Plain, Msg::Sound, Msg::SoundOff),
        Loudness::Soft | Loudness::Loud if audible => line(Tone::Ok, Msg::Sound, Msg::Works),
        Loudness::Soft | Loudness::Loud => line(Tone::Warn, Msg::Sound, Msg::SoundLocked),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn last(camera: Found, microphone: Found) -> LastTest {
        LastTest { at: Timestamp::from_millis(1), camera, microphone }
    }

    #[test]
    fn a_good_test_of_another_day_is_due_again_where_the_browser_asks_nothing() {
        let good = last(Found::Works, Found::Works);
        assert!(good.is_due_again("2026-11-22", "2026-11-23", true));
        assert!(!good.is_due_again("2026-11-23", "2026-11-23", true), "once a day");
        assert!(!good.is_due_again("2026-11-22", "2026-11-23", false), "the browser would ask");
        assert!(last(Found::Works, Found::Opens).is_due_again("2026-11-22", "2026-11-23", true));
    }

    #[test]
    fn a_test_that_found_something_missing_is_not_repeated_by_itself() {
        for (camera, microphone) in
            [(Found::Fails, Found::Works), (Found::Works, Found::Silent), (Found::Fails, Found::Fails)]
        {
            assert!(!last(camera, microphone).is_due_again("2026-11-22", "2026-11-23", true));
        }
    }

    #[test]
    fn a_quiet_room_is_no_broken_microphone_when_nobody_was_asked_to_speak() {
        assert_eq!(judge(true, Some(-20.0), false), Found::Works);
        assert_eq!(judge(false, Some(-70.0), false), Found::Opens);
        assert_eq!(judge(false, None, false), Found::Opens);
        assert_eq!(judge(false, Some(-70.0), true), Found::Silent);
        assert_eq!(judge(false, Some(SILENCE_DBFS), false), Found::Silent);
    }
}
