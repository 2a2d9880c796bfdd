//! Which page of a bundle is shown: the address says it, links are plain links, Back and Forward work.

use std::rc::Rc;

use colloque_web::dom::{Listener, document, window};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, MouseEvent};

use crate::form::focus_later;

/// A page of a bundle.
pub trait Page: Clone + PartialEq + Send + Sync + 'static {
    /// Start of every address of the bundle: `/pro`.
    const BASE: &'static str;

    /// Reads the path below the base, without slashes around it, and the query without its question mark.
    fn read(path: &str, query: &str) -> Self;

    /// Writes the whole address.
    fn address(&self) -> String;
}

/// Told of the page wanted, says whether the page shown stays.
type Hold<P> = Rc<dyn Fn(&P) -> bool>;

/// The page shown, and how to go to another.
pub struct Navigator<P: Page> {
    page: RwSignal<P>,
    hold: StoredValue<Option<Hold<P>>, LocalStorage>,
}

impl<P: Page> Clone for Navigator<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Page> Copy for Navigator<P> {}

impl<P: Page> Navigator<P> {
    /// Reads the address and follows it from now on. Once a page load.
    #[must_use]
    pub fn start() -> Self {
        let navigator = Self { page: RwSignal::new(current()), hold: StoredValue::new_local(None) };
        Listener::new(&window(), "popstate", move |_| navigator.follow()).for_the_page();
        Listener::new(&document(), "click", move |event| navigator.click(&event)).for_the_page();
        navigator
    }

    /// The page shown.
    #[must_use]
    pub fn page(self) -> Signal<P> {
        self.page.into()
    }

    /// Shows another page and puts the focus on its title.
    pub fn go(self, page: &P) {
        push(&page.address());
        self.follow();
        focus_later("h1");
    }

    /// Shows the same page with other choices: nothing is added to the history, the focus stays.
    pub fn replace(self, page: &P) {
        if let Ok(history) = window().history() {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&page.address())).ok();
        }
        self.follow();
    }

    /// Asks `stays` before another page is shown, whatever leads there; `true` keeps this one. Until [`Navigator::release`].
    pub fn hold(self, stays: impl Fn(&P) -> bool + 'static) {
        self.hold.set_value(Some(Rc::new(stays)));
    }

    /// Lets the page shown be left without asking.
    pub fn release(self) {
        self.hold.try_set_value(None);
    }

    fn follow(self) {
        let page = current::<P>();
        let Some(shown) = self.page.try_get_untracked().filter(|shown| *shown != page) else { return };
        if self.hold.try_get_value().flatten().is_some_and(|stays| stays(&page)) {
            // The browser has gone there already: the address says again what is shown.
            push(&shown.address());
        } else {
            self.page.try_set(page);
        }
    }

    /// Takes over plain clicks on links into the bundle.
    fn click(self, event: &Event) {
        let Some(click) = event.dyn_ref::<MouseEvent>() else { return };
        if click.default_prevented()
            || click.button() != 0
            || click.meta_key()
            || click.ctrl_key()
            || click.shift_key()
            || click.alt_key()
        {
            return;
        }
        let link = click
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .and_then(|target| target.closest("a[href]").ok().flatten());
        let Some(link) = link else { return };
        let Some(address) = link.get_attribute("href") else { return };
        if !is_under(&address, P::BASE) || link.has_attribute("download") || link.has_attribute("target") {
            return;
        }
        click.prevent_default();
        push(&address);
        self.follow();
        focus_later("h1");
    }
}

fn push(address: &str) {
    if let Ok(history) = window().history() {
        history.push_state_with_url(&JsValue::NULL, "", Some(address)).ok();
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

fn current<P: Page>() -> P {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let query = location.search().unwrap_or_default();
    let below = path.strip_prefix(P::BASE).unwrap_or(&path);
    P::read(below.trim_matches('/'), query.strip_prefix('?').unwrap_or(&query))
}

fn is_under(address: &str, base: &str) -> bool {
    address.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Reads a query into decoded pairs.
#[must_use]
pub fn read_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Writes a query from pairs; empty when there are none.
#[must_use]
pub fn write_query(pairs: &[(&str, String)]) -> String {
    let parts: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// Writes bytes outside the unreserved set as `%XX`.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    encoded
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let coded = (first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()));
        if let Some(byte) = coded {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_survives_both_ways() {
        let written = write_query(&[("person", "é & = %".to_owned()), ("kind", "a_b".to_owned())]);
        assert_eq!(
            read_query(&written[1..]),
            [("person".to_owned(), "é & = %".to_owned()), ("kind".to_owned(), "a_b".to_owned())]
        );
    }

    #[test]
    fn hostile_queries_are_read_without_panic() {
        for query in ["%", "%z=%1", "a=%ff%", "=", "&&&", "a=%é"] {
            let _ = read_query(query);
        }
    }

    #[test]
    fn only_links_below_the_base_are_ours() {
        assert!(is_under("/pro", "/pro"));
        assert!(is_under("/pro/salle/1", "/pro"));
        assert!(is_under("/pro?date=1", "/pro"));
        assert!(!is_under("/prometheus", "/pro"));
        assert!(!is_under("/admin", "/pro"));
    }
}
