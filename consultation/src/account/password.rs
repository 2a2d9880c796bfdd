//! What a password must be.

use zxcvbn::Score;

/// Shortest password of four kinds of characters.
///
/// # Source
///
/// CNIL, délibération 2022-100 of 21 July 2022 on passwords, examples that reach 80 bits: 12 characters of four kinds, 14 of
/// three, a sentence of seven words.
const FOUR_KINDS_CHARS: usize = 12;

/// Shortest password of three kinds of characters. Source: as above.
const THREE_KINDS_CHARS: usize = 14;

/// Fewest words of a sentence. Source: as above.
const SENTENCE_WORDS: usize = 7;

/// Longest password, in characters: hashing takes any length, guessing its strength does not.
pub(crate) const MAX_CHARS: usize = 200;

/// Characters that the guess of strength looks at.
const GUESSED_CHARS: usize = 100;

/// Why a password is not taken, in French, for the person who chooses it. None when it is.
pub(crate) fn weakness(password: &str, known_words: &[&str]) -> Option<&'static str> {
    let chars = password.chars().count();
    if chars > MAX_CHARS {
        return Some("Ce mot de passe est trop long : 200 caractères au plus.");
    }
    let long_enough = match kinds(password) {
        4 => chars >= FOUR_KINDS_CHARS,
        3 => chars >= THREE_KINDS_CHARS,
        _ => false,
    };
    if !long_enough && words(password) < SENTENCE_WORDS {
        return Some(
            "Choisissez au moins 12 caractères avec majuscules, minuscules, chiffres et signes, \
             ou 14 caractères de trois de ces sortes, ou une phrase de sept mots.",
        );
    }
    let guessed: String = password.chars().take(GUESSED_CHARS).collect();
    if zxcvbn::zxcvbn(&guessed, known_words).score() < Score::Four {
        return Some("Ce mot de passe est trop facile à deviner. Évitez les noms, les dates et les suites connues.");
    }
    None
}

fn kinds(password: &str) -> usize {
    let is_sign = |character: char| !character.is_alphanumeric();
    [char::is_lowercase, char::is_uppercase, char::is_numeric, is_sign]
        .iter()
        .filter(|is_kind| password.chars().any(**is_kind))
        .count()
}

/// Different words of two letters or more.
fn words(password: &str) -> usize {
    let mut words: Vec<&str> = password
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.chars().count() >= 2)
        .collect();
    words.sort_unstable();
    words.dedup();
    words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_examples_of_the_cnil_are_taken() {
        for password in ["kR7!vq2#Lm9z", "kR7vq2Lm9zTp4w", "un merle chante sous le vieux tilleul jaune"] {
            assert_eq!(weakness(password, &[]), None, "{password}");
        }
    }

    #[test]
    fn shorter_ones_are_not() {
        for password in
            ["", "kR7!vq2#Lm9", "kR7vq2Lm9zTp4", "krqvqplmzztpfwkrqvqp", "un merle chante", "le le le le le le le le"]
        {
            assert!(weakness(password, &[]).is_some(), "{password}");
        }
    }

    #[test]
    fn long_ones_that_anybody_guesses_are_not() {
        for password in ["Password1234!", "Azertyuiop123!", "ClaireMartin1!", "Aaaaaaaaaaa1!"] {
            assert!(weakness(password, &["claire", "martin"]).is_some(), "{password}");
        }
    }

    #[test]
    fn endless_ones_are_refused_at_once() {
        assert!(weakness(&"kR7!vq2#Lm9z".repeat(100), &[]).is_some());
    }
}
