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
            // A combining accent belongs to the letter before it, and what cannot be seen separates nothing.
            None if ('\u{300}'..='\u{36f}').contains(&character) || is_hidden(character) => {}
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

/// The text as people see it, without white space around it: what is copied from a page brings the page's points of hyphenation, and
/// names brought joiners of accents before they were refused.
pub fn visible(text: &str) -> String {
    text.replace(['\u{ad}', '\u{34f}'], "").trim().to_owned()
}

/// Says whether a text is free of control characters and of characters that change the direction or hide.
pub fn is_printable(text: &str, line_breaks: bool) -> bool {
    text.chars().all(|character| match character {
        '\n' => line_breaks,
        '\u{e000}'..='\u{f8ff}' => false,
        _ => !character.is_control() && !is_hidden(character),
    })
}

/// Says whether a character is one that no reader sees: it breaks a word for a program and not for a person.
///
/// # Source
///
/// Unicode 16, property `Default_Ignorable_Code_Point` and general category `Cf`.
const fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_case_and_punctuation_do_not_count() {
        assert_eq!(plain_words("  CODÉINE,-Cœur®  "), "codeine coeur");
        assert_eq!(plain_words("Code\u{301}ine"), "codeine");
        assert_eq!(plain_words("mor\u{ad}phi\u{200b}ne"), "morphine");
    }

    #[test]
    fn what_nobody_sees_is_not_printable() {
        for hidden in ['\u{ad}', '\u{34f}', '\u{200b}', '\u{2060}', '\u{fe0f}', '\u{feff}', '\u{e0041}'] {
            assert!(!is_printable(&format!("mor{hidden}phine"), true), "{hidden:?}");
        }
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
