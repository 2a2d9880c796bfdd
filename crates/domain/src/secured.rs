//! Substances that French law lets nobody prescribe on plain paper or in a plain PDF.

use crate::text::plain_words;

/// Why a substance needs a secured support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecuredReason {
    /// Narcotic.
    Narcotic,
    /// Treated as a narcotic, in whole or in part.
    TreatedAsNarcotic,
    /// Opioid that joined the secured support on 1 March 2025.
    OpioidSince2025,
    /// Pregabalin, since 24 May 2021.
    PregabalinSince2021,
}

/// A line that may not be prescribed on this support. No prescription, and so no PDF, can be built from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecuredSupportRequired {
    /// The substance recognised, in French.
    pub substance: &'static str,
    /// Why.
    pub reason: SecuredReason,
}

impl SecuredSupportRequired {
    /// Says in French why the line is refused and what to do instead.
    #[must_use]
    pub fn sentence(self) -> String {
        let why = match self.reason {
            SecuredReason::Narcotic => "est un stupéfiant",
            SecuredReason::TreatedAsNarcotic => "suit les règles des stupéfiants",
            SecuredReason::OpioidSince2025 => "se prescrit sur ordonnance sécurisée depuis le 1er mars 2025",
            SecuredReason::PregabalinSince2021 => "se prescrit sur ordonnance sécurisée depuis le 24 mai 2021",
        };
        format!(
            "{} : ce médicament {why}. Prescrivez-le sur une ordonnance sécurisée en papier, en toutes lettres, ou par \
             l’ordonnance numérique de l’Assurance Maladie. Cette ordonnance en PDF ne convient pas.",
            self.substance
        )
    }
}

/// One substance: how it is written, in plain words; several words must follow each other.
struct Secured {
    substance: &'static str,
    reason: SecuredReason,
    /// Names of the substance and of its products. A word of the text matches when it *begins* with the last word of the
    /// name, because people write `tramadol50` and `codéiné`.
    names: &'static [&'static str],
    /// Only this strength is secured, when the law says so.
    only_with: Option<&'static str>,
}

/// Finds the first secured substance named in a text.
///
/// Accents, case and punctuation do not count. Unknown spellings are not guessed: the table helps the prescriber and does not
/// replace the prescriber's own knowledge of the rules.
///
/// # Source
///
/// CSP art. R. 5132-5 and R. 5132-29 (secured support, narcotics in full letters); arrêté of 22 February 1990 (list of
/// narcotics); arrêtés extending part of their rules (buprénorphine, clonazépam, clorazépate 20 mg, midazolam, tianeptine,
/// zolpidem, prégabaline); arrêtés of February 2025 on tramadol, codeine and dihydrocodeine.
#[must_use]
pub fn secured_substance(text: &str) -> Option<SecuredSupportRequired> {
    let plain = plain_words(text);
    let words: Vec<&str> = plain.split(' ').collect();
    TABLE
        .iter()
        .find(|secured| {
            secured.names.iter().any(|name| names(&words, name))
                && secured
                    .only_with
                    .is_none_or(|strength| names(&words, strength) || names(&words, &strength.replace(' ', "")))
        })
        .map(|secured| SecuredSupportRequired { substance: secured.substance, reason: secured.reason })
}

/// Says whether `words` holds the words of `name` in a row, the last one perhaps continued.
fn names(words: &[&str], name: &str) -> bool {
    let wanted: Vec<&str> = name.split(' ').collect();
    words.windows(wanted.len()).any(|window| {
        window.iter().zip(&wanted).enumerate().all(|(place, (word, wanted_word))| {
            if place + 1 == wanted.len() { begins(word, wanted_word) } else { word == wanted_word }
        })
    })
}

/// A short name must be the whole word: `actiq` must not find `actiquelque`.
fn begins(word: &str, wanted: &str) -> bool {
    word.strip_prefix(wanted).is_some_and(|rest| {
        rest.is_empty() || wanted.len() >= 7 || rest.starts_with(|character: char| character.is_ascii_digit())
    })
}

macro_rules! secured {
    ($($reason:ident: $($substance:literal = [$($name:literal),+] $(only $strength:literal)?;)+)+) => {
        &[$($(Secured {
            substance: $substance,
            reason: SecuredReason::$reason,
            names: &[$($name),+],
            only_with: secured!(@strength $($strength)?),
        },)+)+]
    };
    (@strength) => { None };
    (@strength $strength:literal) => { Some($strength) };
}

static TABLE: &[Secured] = secured! {
    OpioidSince2025:
    "Tramadol" = ["tramadol", "topalgic", "contramal", "ixprim", "zaldiar", "zamudol", "monoalgic", "monocrixo", "orozamudol",
        "biodalgic", "skudexum", "takadol", "trasedal", "zumalgic"];
    "Codéine" = ["codeine", "codeini", "codoliprane", "klipal", "prontalgine", "migralgine", "algisedal", "lindilane",
        "claradol codeine", "neo codion", "neocodion", "padery", "tussipax", "polery", "pulmoserum", "euphon", "antarene codeine",
        "compralgyl", "algicalm", "sedaspir", "novacetol", "cetoprane codeine"];
    "Dihydrocodéine" = ["dihydrocodeine", "dicodin"];

    PregabalinSince2021:
    "Prégabaline" = ["pregabalin", "lyrica"];

    TreatedAsNarcotic:
    "Buprénorphine" = ["buprenorphin", "subutex", "suboxone", "orobupre", "temgesic", "buvidal", "sixmo", "zubsolv"];
    "Clonazépam" = ["clonazepam", "rivotril"];
    "Clorazépate dipotassique 20 mg" = ["clorazepat", "tranxene"] only "20 mg";
    "Midazolam" = ["midazolam", "buccolam", "hypnovel", "ozalin"];
    "Pentazocine" = ["pentazocin"];
    "Tianeptine" = ["tianeptin", "stablon"];
    "Zolpidem" = ["zolpidem", "stilnox", "edluar"];

    Narcotic:
    "Morphine" = ["morphin", "actiskenan", "skenan", "sevredol", "oramorph", "moscontin", "kapanol"];
    "Oxycodone" = ["oxycodon", "oxycontin", "oxynorm", "oxynormoro", "oxsynia"];
    "Hydromorphone" = ["hydromorphon", "sophidone"];
    "Fentanyl" = ["fentanyl", "durogesic", "abstral", "actiq", "effentora", "instanyl", "pecfent", "recivit", "breakyl",
        "matrifen"];
    "Alfentanil" = ["alfentanil", "rapifen"];
    "Rémifentanil" = ["remifentanil", "ultiva"];
    "Sufentanil" = ["sufentanil", "sufenta", "dzuveo", "zalviso"];
    "Péthidine" = ["pethidin"];
    "Tapentadol" = ["tapentadol", "palexia"];
    "Méthadone" = ["methadon", "zoryon"];
    "Opium (teinture)" = ["teinture d opium", "teinture opium", "dropizol"];
    "Héroïne" = ["heroine", "diamorphin", "diacetylmorphin"];
    "Cocaïne" = ["cocain"];
    "Méthylphénidate" = ["methylphenidat", "ritalin", "concerta", "quasym", "medikinet"];
    "Dexamfétamine" = ["dexamfetamin", "dexamphetamin", "attentin"];
    "Lisdexamfétamine" = ["lisdexamfetamin", "xurta", "elvanse"];
    "Amfétamine" = ["amfetamin", "amphetamin", "metamfetamin", "methamphetamin"];
    "Kétamine" = ["ketamin", "ketalar"];
    "Eskétamine" = ["esketamin", "spravato"];
    "Oxybate de sodium" = ["oxybate de sodium", "sodium oxybate", "xyrem", "gamma ol"];
    "Flunitrazépam" = ["flunitrazepam", "rohypnol", "narcozep"];
    "Dronabinol, THC" = ["dronabinol", "marinol", "tetrahydrocannabinol", "nabiximols", "sativex", "thc"];
    "Nabilone" = ["nabilon", "cesamet"];
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_brands_and_spellings_are_recognised() {
        let cases = [
            ("TRAMADOL LP 100 mg", "Tramadol"),
            ("tramadol50", "Tramadol"),
            ("Paracétamol/codéine 500/30", "Codéine"),
            ("paracétamol codéiné", "Codéine"),
            ("Ixprim®", "Tramadol"),
            ("Néo-Codion sirop", "Codéine"),
            ("Dihydrocodéine 60", "Dihydrocodéine"),
            ("Chlorhydrate de morphine", "Morphine"),
            ("SKÉNAN L.P. 30", "Morphine"),
            ("Actiq 200", "Fentanyl"),
            ("Lyrica 75 mg", "Prégabaline"),
            ("zolpidem", "Zolpidem"),
            ("Teinture d’opium", "Opium (teinture)"),
            ("Ritaline LP", "Méthylphénidate"),
            ("oxybate de sodium", "Oxybate de sodium"),
            ("Clorazépate 20 mg", "Clorazépate dipotassique 20 mg"),
            ("Tranxène 20mg gélule", "Clorazépate dipotassique 20 mg"),
        ];
        for (text, substance) in cases {
            assert_eq!(secured_substance(text).map(|found| found.substance), Some(substance), "{text}");
        }
    }

    #[test]
    fn other_medicines_stay_free() {
        let free = [
            "Amoxicilline 500 mg",
            "Paracétamol",
            "Apomorphine",
            "Naloxone",
            "Naltrexone",
            "Noscapine",
            "Dextrométhorphane",
            "Tranxène 5 mg",
            "Épidyolex cannabidiol",
            "Gabapentine",
            "Zopiclone",
            "Lidocaïne",
            "Actiquelque",
            "Amétycine",
            "Ibuprofène",
            "Lamaline",
            "",
            " ",
            "20 mg",
        ];
        for text in free {
            assert_eq!(secured_substance(text), None, "{text}");
        }
    }

    #[test]
    fn every_refusal_says_why_and_what_to_do() {
        for secured in TABLE {
            let text = SecuredSupportRequired { substance: secured.substance, reason: secured.reason }.sentence();
            assert!(text.contains(secured.substance) && text.contains("ordonnance sécurisée"), "{text}");
        }
    }

    #[test]
    fn the_table_is_written_in_plain_words() {
        for name in TABLE.iter().flat_map(|secured| secured.names) {
            assert_eq!(&plain_words(name), name);
        }
    }

    proptest! {
        #[test]
        fn a_secured_name_is_found_whatever_stands_around_it(
            before in "[a-z ,]{0,20}", after in "[ ,;(].{0,20}", index in 0_usize..1_000, upper in any::<bool>()
        ) {
            let secured = &TABLE[index % TABLE.len()];
            let name = secured.names[index % secured.names.len()];
            let name = if upper { name.to_uppercase() } else { name.to_owned() };
            let text = format!("{before} {name} {}{after}", secured.only_with.unwrap_or_default());
            prop_assert!(secured_substance(&text).is_some(), "{}", text);
        }

        #[test]
        fn any_text_is_judged(text in ".{0,200}") {
            let _ = secured_substance(&text);
        }
    }
}
