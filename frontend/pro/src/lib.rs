//! The bundle of practitioners and secretaries: the day, the waiting queue, the consultation.

mod api;
mod app;
mod arrival;
mod chime;
mod day;
mod desk;
mod page;
mod prescription;
mod room;
mod text;
mod workstation;

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
