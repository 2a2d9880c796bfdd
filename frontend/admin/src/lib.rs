//! The bundle of administrators: connection journal, people of the practice.

mod app;
mod journal;
mod page;
mod staff;
mod text;

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
