//! The bundle of a third person who is asked into one consultation: a practitioner, somebody beside the patient, or an interpreter.

mod app;
mod bar;
mod call;
mod door;
mod link;
mod notes;
mod obstacle;
mod over;
mod room;
mod text;
mod tile;
mod visit;

use wasm_bindgen::prelude::wasm_bindgen;

/// Mounts the bundle. Called once by the shell's boot script.
#[wasm_bindgen(start)]
pub fn start() {
    colloque_kit::text::load_locale();
    let root =
        colloque_web::dom::element::<web_sys::HtmlElement>("app").expect("the shell has an element for the pages");
    root.set_text_content(None);
    leptos::mount::mount_to(root, app::App).forget();
}
