//! Texts for people, in French and English.
//!
//! [`texts!`](crate::texts) declares an enum whose variants carry both languages: a missing translation does not compile.

use std::cell::Cell;

use crate::dom::window;

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// French, the first language of the product.
    French,
    /// English.
    English,
}

impl Locale {
    /// The language tag, for `lang` and for dates.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::French => "fr-FR",
            Self::English => "en-GB",
        }
    }
}

const CHOICE: &str = "colloque-language";

thread_local! {
    static LOCALE: Cell<Locale> = const { Cell::new(Locale::French) };
}

/// The language of this page.
#[must_use]
pub fn locale() -> Locale {
    LOCALE.get()
}

/// Takes the language that this person chose earlier in this browser; French otherwise.
pub fn load_locale() {
    let chosen = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(CHOICE).ok().flatten());
    if chosen.as_deref() == Some("en") {
        LOCALE.set(Locale::English);
        if let Some(root) = crate::dom::document().document_element() {
            root.set_attribute("lang", "en").ok();
        }
    }
}

/// Keeps a language and loads the page again in it.
pub fn choose_locale(locale: Locale) {
    let tag = match locale {
        Locale::French => "fr",
        Locale::English => "en",
    };
    if let Ok(Some(storage)) = window().local_storage() {
        storage.set_item(CHOICE, tag).ok();
    }
    window().location().reload().ok();
}

/// A text in every language.
pub trait Text: Copy {
    /// The text in `locale`.
    fn in_locale(self, locale: Locale) -> &'static str;

    /// The text in the page's language.
    fn t(self) -> &'static str {
        self.in_locale(locale())
    }

    /// The text in the page's language, `{0}`, `{1}`… replaced by `values`.
    fn with(self, values: &[&str]) -> String {
        fill(self.t(), values)
    }
}

/// Replaces `{0}`, `{1}`… in one pass: a value that looks like a place is left alone.
fn fill(template: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, place)) = rest.split_once('{') {
        filled.push_str(before);
        let value =
            place.split_once('}').and_then(|(index, after)| Some((*values.get(index.parse::<usize>().ok()?)?, after)));
        let (text, after) = value.unwrap_or(("{", place));
        filled.push_str(text);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Declares an enum of texts: `Variant: "français", "English";`.
#[macro_export]
macro_rules! texts {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($variant:ident: $french:literal, $english:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name { $(#[doc = $french] $variant,)* }

        impl $crate::text::Text for $name {
            fn in_locale(self, locale: $crate::text::Locale) -> &'static str {
                match locale {
                    $crate::text::Locale::French => match self { $(Self::$variant => $french,)* },
                    $crate::text::Locale::English => match self { $(Self::$variant => $english,)* },
                }
            }
        }

        #[cfg(test)]
        impl $name {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

/// Checks that both languages of a text have the same places.
#[must_use]
pub fn places_agree(text: impl Text) -> bool {
    let places = |locale| (0..5).filter(|n| text.in_locale(locale).contains(&format!("{{{n}}}"))).collect::<Vec<_>>();
    places(Locale::French) == places(Locale::English)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_value_that_looks_like_a_place_is_left_alone() {
        assert_eq!(fill("{0} et {1}", &["{1}", "b"]), "{1} et b");
    }

    #[test]
    fn missing_values_and_lone_braces_are_kept() {
        assert_eq!(fill("{ {7} {x}", &["a"]), "{ {7} {x}");
    }
}
