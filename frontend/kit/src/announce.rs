//! What is said to people who listen to the page instead of looking at it.

use std::cell::RefCell;

use colloque_web::announcer::{Announcer as Sentences, SPACING, Said};
use colloque_web::timer::Timeout;
use leptos::prelude::*;

#[derive(Default)]
struct Speaker {
    sentences: Sentences,
    pause: Option<Timeout>,
    regions: Option<[RwSignal<String>; 2]>,
}

thread_local! {
    static SPEAKER: RefCell<Speaker> = RefCell::default();
}

/// Says a sentence when its turn comes.
pub fn say(sentence: impl Into<String>) {
    enqueue(Said { words: sentence.into(), urgent: false });
}

/// Says a sentence before those that wait.
pub fn say_now(sentence: impl Into<String>) {
    enqueue(Said { words: sentence.into(), urgent: true });
}

fn enqueue(said: Said) {
    let idle = SPEAKER.with_borrow_mut(|speaker| {
        speaker.sentences.push(said);
        speaker.pause.is_none()
    });
    if idle {
        speak();
    }
}

fn speak() {
    let said = SPEAKER.with_borrow_mut(|speaker| {
        let next = speaker.sentences.next_said();
        // The timer that runs now may not be dropped inside its own closure, so the next one is put in its place later.
        let done = speaker.pause.take();
        if next.is_some() {
            speaker.pause = Some(Timeout::after(SPACING, speak));
        }
        if let Some(done) = done {
            wasm_bindgen_futures::spawn_local(async move { drop(done) });
        }
        next.zip(speaker.regions)
    });
    if let Some((Said { words, urgent: is_urgent }, [polite, urgent])) = said {
        let region = if is_urgent { urgent } else { polite };
        // The same words twice are a change only if something stands between them.
        let again = region.try_get_untracked().is_some_and(|shown| shown == words);
        region.try_set(if again { format!("{words}\u{a0}") } else { words });
    }
}

/// The two live regions; once a page.
#[component]
pub fn Announcer() -> impl IntoView {
    let polite = RwSignal::new(String::new());
    let urgent = RwSignal::new(String::new());
    SPEAKER.with_borrow_mut(|speaker| speaker.regions = Some([polite, urgent]));
    view! {
        <div class="visually-hidden" role="status" aria-live="polite" translate="no" prop:textContent=move || polite.get()></div>
        <div class="visually-hidden" role="alert" aria-live="assertive" translate="no" prop:textContent=move || urgent.get()></div>
    }
}
