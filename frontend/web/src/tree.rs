//! What a screen is made of: plain values, so that every screen can be drawn and checked without a browser.

/// One piece of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node<I> {
    /// Words.
    Text(String),
    /// An element.
    Element(Element<I>),
    /// Holds a place, so that what stands after it is not mistaken for another piece when something comes and goes.
    Nothing,
}

/// An element of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element<I> {
    /// Its tag.
    pub tag: &'static str,
    /// Its attributes, in order.
    pub attributes: Vec<(&'static str, String)>,
    /// What a tap on it means.
    pub tap: Option<I>,
    /// What it holds.
    pub children: Vec<Node<I>>,
}

/// Starts an element.
#[must_use]
pub const fn el<I>(tag: &'static str) -> Element<I> {
    Element { tag, attributes: Vec::new(), tap: None, children: Vec::new() }
}

impl<I> Element<I> {
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
    pub fn on_tap(mut self, intent: I) -> Self {
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
    pub fn child(self, child: impl Into<Node<I>>) -> Self {
        self.with_child(child.into())
    }

    /// Adds pieces.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Node<I>>) -> Self {
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
    fn with_child(mut self, child: Node<I>) -> Self {
        self.children.push(child);
        self
    }
}

impl<I> From<Element<I>> for Node<I> {
    fn from(element: Element<I>) -> Self {
        Self::Element(element)
    }
}

impl<I, T: Into<Self>> From<Option<T>> for Node<I> {
    fn from(piece: Option<T>) -> Self {
        piece.map_or(Self::Nothing, Into::into)
    }
}
