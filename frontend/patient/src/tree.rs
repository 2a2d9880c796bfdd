//! What a screen of this page is made of.

use crate::intent::Intent;

/// One piece of a screen.
pub type Node = colloque_web::tree::Node<Intent>;

/// An element of the page.
pub type Element = colloque_web::tree::Element<Intent>;

/// Starts an element.
#[must_use]
pub const fn el(tag: &'static str) -> Element {
    colloque_web::tree::el(tag)
}
