//! The patient's page: from the link to the end of the consultation, in one bundle.
//!
//! The shell paints and answers the first tap before this program is there; [`start`] takes over what the boot script began.
//! Screens are plain values drawn from one [`model::Model`] and put into the page by [`colloque_web::patch`], without Leptos: see
//! `docs/decisions/0006-patient-page-without-leptos.md`.

mod calendar;
mod fault;
mod handoff;
mod intent;
mod journey;
mod model;
mod page;
mod say;
mod stage;
mod tree;
mod view;
mod words;

use colloque_web::text::load_locale;
use wasm_bindgen::prelude::wasm_bindgen;

use handoff::Handoff;
use page::Page;

/// Smaller than the standard library's on the way to a telephone.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Takes the page over. Called by the boot script, once.
#[wasm_bindgen]
pub fn start() {
    load_locale();
    let handoff = Handoff::take();
    if let Some(page) = Page::new(&handoff) {
        page.begin(handoff);
    }
}
