//! The bar between video and file: pulled with a pointer, moved with the arrow keys, remembered.

use colloque_kit::Text;
use colloque_web::dom::window;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html;
use leptos::prelude::*;

use super::text::Msg;

/// Narrowest and widest video, in hundredths of the width.
const RANGE: std::ops::RangeInclusive<i32> = 30..=75;

/// Width of the video before anybody moved the bar, in hundredths.
const USUAL: i32 = 55;

/// Movement of one key press, in hundredths.
const STEP: i32 = 2;

const CHOICE: &str = "colloque-split";

/// The width that this person chose in this browser, in hundredths.
pub fn load_split() -> i32 {
    window()
        .local_storage()
        .ok()
        .flatten()
        .and_then(|storage| storage.get_item(CHOICE).ok().flatten())
        .and_then(|kept| kept.parse().ok())
        .filter(|kept| RANGE.contains(kept))
        .unwrap_or(USUAL)
}

fn keep_split(split: i32) {
    if let Ok(Some(storage)) = window().local_storage() {
        storage.set_item(CHOICE, &split.to_string()).ok();
    }
}

/// The bar. `panes` is the element whose width it divides.
#[component]
pub fn Splitter(split: RwSignal<i32>, panes: NodeRef<html::Div>) -> impl IntoView {
    let pulled = RwSignal::new(false);
    let set = move |wanted: i32| {
        let wanted = wanted.clamp(*RANGE.start(), *RANGE.end());
        if wanted != split.get_untracked() {
            split.set(wanted);
            keep_split(wanted);
        }
    };
    let key = move |event: KeyboardEvent| {
        let wanted = match event.key().as_str() {
            "ArrowLeft" => split.get_untracked() - STEP,
            "ArrowRight" => split.get_untracked() + STEP,
            "Home" => *RANGE.start(),
            "End" => *RANGE.end(),
            _ => return,
        };
        event.prevent_default();
        set(wanted);
    };
    let down = move |event: PointerEvent| {
        event.prevent_default();
        pulled.set(true);
        if let Some(bar) =
            event.current_target().and_then(|bar| wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(bar).ok())
        {
            // Without capture the bar is only lost when the pointer leaves it.
            bar.set_pointer_capture(event.pointer_id()).ok();
        }
    };
    let moved = move |event: PointerEvent| {
        if !pulled.get_untracked() {
            return;
        }
        if let Some(panes) = panes.get_untracked() {
            let frame = panes.get_bounding_client_rect();
            let share = 100.0 * (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
            #[expect(clippy::cast_possible_truncation, reason = "the cast saturates and the range is clamped")]
            set(share.round() as i32);
        }
    };
    view! {
        <div class="splitter" role="separator" tabindex="0" aria-orientation="vertical" aria-label=Msg::Resize.t()
            aria-valuemin=RANGE.start().to_string() aria-valuemax=RANGE.end().to_string() aria-valuenow=move || split.get().to_string()
            on:keydown=key on:pointerdown=down on:pointermove=moved
            on:pointerup=move |_| pulled.set(false) on:pointercancel=move |_| pulled.set(false)></div>
    }
    .into_any()
}
