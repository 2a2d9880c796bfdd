//! What a screen is made of: plain values, so that every screen can be drawn and checked without a browser.

use crate::intent::Intent;

/// One piece of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Words.
    Text(String),
    /// An element.
    Element(Element),
    /// Holds a place, so that what stands after it is not mistaken for another piece when something comes and goes.
    Nothing,
}

/// An element of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its tag.
    pub tag: &'static str,
    /// Its attributes, in order.
    pub attributes: Vec<(&'static str, String)>,
    /// What a tap on it means.
    pub tap: Option<Intent>,
    /// What it holds.
    pub children: Vec<Node>,
}

/// Starts an element.
#[must_use]
pub const fn el(tag: &'static str) -> Element {
    Element { tag, attributes: Vec::new(), tap: None, children: Vec::new() }
}

impl Element {
    /// Adds an attribute.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with_attribute(name, value.into())
    }

    /// Adds a class.
    #[must_use]
    pub fn class(self, names: &str) -> Self {
        self.with("class", names)
    }

    /// Adds an attribute without a value, or not.
    #[must_use]
    pub fn flag(self, name: &'static str, on: bool) -> Self {
        if on { self.with(name, "") } else { self }
    }

    /// Says what a tap means.
    #[must_use]
    pub const fn on_tap(mut self, intent: Intent) -> Self {
        self.tap = Some(intent);
        self
    }

    /// Adds words.
    #[must_use]
    pub fn text(self, words: impl Into<String>) -> Self {
        self.with_child(Node::Text(words.into()))
    }

    /// Adds a piece.
    #[must_use]
    pub fn child(self, child: impl Into<Node>) -> Self {
        self.with_child(child.into())
    }

    /// Adds pieces.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    // One copy of each in the program instead of one at every use.
    #[inline(never)]
    fn with_attribute(mut self, name: &'static str, value: String) -> Self {
        self.attributes.push((name, value));
        self
    }

    #[inline(never)]
    fn with_child(mut self, child: Node) -> Self {
        self.children.push(child);
        self
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

impl<T: Into<Self>> From<Option<T>> for Node {
    fn from(piece: Option<T>) -> Self {
        piece.map_or(Self::Nothing, Into::into)
    }
}
