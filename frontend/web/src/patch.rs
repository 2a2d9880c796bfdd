//! Puts a drawn screen into the page, changing only what differs from the one before.
//!
//! Piece by piece, by position: an element stays as long as its tag and its `id` do, and keeps focus, selection and playback.
//! A framework would do the same; with Leptos the patient's page was twice the size that a phone is allowed to load.

use web_sys::{Document, Element as DomElement, Node as DomNode};

use crate::tree::{Element, Node};

/// Attribute that names what a tap means.
pub const TAP: &str = "data-tap";

/// Namespace of drawings.
const SVG: &str = "http://www.w3.org/2000/svg";

/// What is in the page.
pub struct Mounted<I> {
    pieces: Vec<Piece>,
    taps: Vec<I>,
}

impl<I> Default for Mounted<I> {
    fn default() -> Self {
        Self { pieces: Vec::new(), taps: Vec::new() }
    }
}

struct Piece {
    node: DomNode,
    drawn: Drawn,
    children: Vec<Piece>,
}

enum Drawn {
    Text(String),
    Element { tag: &'static str, attributes: Vec<(&'static str, String)> },
    Nothing,
}

impl<I: Copy> Mounted<I> {
    /// Makes the inside of `place` look like `drawn`.
    pub fn patch(&mut self, document: &Document, place: &DomElement, drawn: Vec<Node<I>>) {
        let mut taps = Vec::new();
        patch_all(document, place, &mut self.pieces, drawn, &mut taps);
        self.taps = taps;
    }

    /// What a tap on `element` means, or on whatever it is inside.
    #[must_use]
    pub fn tapped(&self, element: &DomElement) -> Option<I> {
        let named = element.closest("[data-tap]").ok()??;
        let index: usize = named.get_attribute(TAP)?.parse().ok()?;
        self.taps.get(index).copied()
    }
}

fn patch_all<I: Copy>(
    document: &Document,
    place: &DomNode,
    old: &mut Vec<Piece>,
    new: Vec<Node<I>>,
    taps: &mut Vec<I>,
) {
    for piece in old.drain(new.len().min(old.len())..) {
        detach(place, &piece.node);
    }
    for (at, drawn) in new.into_iter().enumerate() {
        match old.get_mut(at) {
            Some(piece) if fits(piece, &drawn) => update(document, piece, drawn, taps),
            Some(piece) => {
                let Some(made) = make(document, drawn, taps) else { continue };
                // The piece before is in the page, so that it can be replaced.
                place.replace_child(&made.node, &piece.node).ok();
                *piece = made;
            }
            None => {
                let Some(made) = make(document, drawn, taps) else { continue };
                place.append_child(&made.node).ok();
                old.push(made);
            }
        }
    }
}

fn fits<I>(piece: &Piece, drawn: &Node<I>) -> bool {
    match (&piece.drawn, drawn) {
        (Drawn::Text(_), Node::Text(_)) | (Drawn::Nothing, Node::Nothing) => true,
        (Drawn::Element { tag, attributes }, Node::Element(element)) => {
            *tag == element.tag && id_of(attributes) == id_of(&element.attributes)
        }
        (Drawn::Text(_) | Drawn::Element { .. } | Drawn::Nothing, _) => false,
    }
}

fn id_of<'a>(attributes: &'a [(&'static str, String)]) -> Option<&'a str> {
    attributes.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.as_str())
}

/// None only for a tag that no browser takes, which is none of ours.
fn make<I: Copy>(document: &Document, drawn: Node<I>, taps: &mut Vec<I>) -> Option<Piece> {
    match drawn {
        Node::Text(words) => {
            let node = document.create_text_node(&words).into();
            Some(Piece { node, drawn: Drawn::Text(words), children: Vec::new() })
        }
        // An empty text keeps the place.
        Node::Nothing => {
            let node = document.create_text_node("").into();
            Some(Piece { node, drawn: Drawn::Nothing, children: Vec::new() })
        }
        Node::Element(element) => {
            let made = match element.tag {
                "svg" | "use" | "path" => document.create_element_ns(Some(SVG), element.tag),
                tag => document.create_element(tag),
            }
            .ok()?;
            let mut piece = Piece {
                node: made.into(),
                drawn: Drawn::Element { tag: element.tag, attributes: Vec::new() },
                children: Vec::new(),
            };
            update_element(document, &mut piece, element, taps);
            Some(piece)
        }
    }
}

fn update<I: Copy>(document: &Document, piece: &mut Piece, drawn: Node<I>, taps: &mut Vec<I>) {
    match drawn {
        Node::Nothing => {}
        Node::Text(words) => {
            if !matches!(&piece.drawn, Drawn::Text(shown) if *shown == words) {
                piece.node.set_text_content(Some(&words));
                piece.drawn = Drawn::Text(words);
            }
        }
        Node::Element(element) => update_element(document, piece, element, taps),
    }
}

fn update_element<I: Copy>(document: &Document, piece: &mut Piece, element: Element<I>, taps: &mut Vec<I>) {
    let Element { tag, mut attributes, tap, children } = element;
    if let Some(intent) = tap {
        attributes.push((TAP, taps.len().to_string()));
        taps.push(intent);
    }
    if let Drawn::Element { attributes: shown, .. } = &mut piece.drawn {
        let dom: &DomElement = wasm_bindgen::JsCast::unchecked_ref(&piece.node);
        for (name, value) in &attributes {
            if !shown.iter().any(|(known, before)| known == name && before == value) {
                // Names and values are ours, so they are never refused.
                dom.set_attribute(name, value).ok();
            }
        }
        for (name, _) in shown.iter() {
            if !attributes.iter().any(|(kept, _)| kept == name) {
                dom.remove_attribute(name).ok();
            }
        }
    }
    piece.drawn = Drawn::Element { tag, attributes };
    let node = piece.node.clone();
    patch_all(document, &node, &mut piece.children, children, taps);
}

fn detach(place: &DomNode, node: &DomNode) {
    place.remove_child(node).ok();
}
