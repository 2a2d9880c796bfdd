//! Comparing words as people write them.

/// Writes `text` in lower case without accents, every run of other characters as one space.
///
/// `« Tramadol-LP® 100 »` becomes `tramadol lp 100`. Ligatures are taken apart: `œ` is `oe`.
pub fn plain_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match unaccented(character) {
            Some(letters) => plain.push_str(letters),
            None if character.is_alphanumeric() => plain.push(character),
            // A combining accent belongs to the letter before it and separates nothing.
            None if ('\u{300}'..='\u{36f}').contains(&character) => {}
            None if !plain.ends_with(' ') => plain.push(' '),
            None => {}
        }
    }
    plain.trim().to_owned()
}

const fn unaccented(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => "a",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' => "o",
        'ù' | 'ú' | 'û' | 'ü' => "u",
        'ý' | 'ÿ' => "y",
        'œ' => "oe",
        'æ' => "ae",
        _ => return None,
    })
}

/// Says whether a text is free of control characters and of characters that change the direction or hide.
pub fn is_printable(text: &str, line_breaks: bool) -> bool {
    text.chars().all(|character| match character {
        '\n' => line_breaks,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}' => false,
        _ => !character.is_control(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_case_and_punctuation_do_not_count() {
        assert_eq!(plain_words("  CODÉINE,-Cœur®  "), "codeine coeur");
        assert_eq!(plain_words("Code\u{301}ine"), "codeine");
    }

    #[test]
    fn hidden_direction_marks_are_not_printable() {
        assert!(!is_printable("abc\u{202e}fed", true));
        assert!(!is_printable("a\nb", false));
        assert!(is_printable("Éloïse d’Œuf — µg", false));
    }

    proptest! {
        #[test]
        fn plain_words_are_a_fixed_point(text in ".{0,80}") {
            let once = plain_words(&text);
            prop_assert_eq!(plain_words(&once), once);
        }
    }
}
