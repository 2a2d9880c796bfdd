//! The pages without an application: help, accessibility, privacy, legal notice, mailbox of the demonstration.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bundles::{LoadBundlesError, Shell, Shells};

/// Who stands behind an installation, shown in the legal notice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LegalNotice {
    /// The practice or company that runs it.
    pub operator: String,
    /// Its postal address.
    pub operator_address: String,
    /// Person answerable for what is published.
    pub publication_director: String,
    /// Who hosts the health data, with the certificate.
    pub host: String,
    /// The host's postal address.
    pub host_address: String,
    /// Where to write about personal data.
    pub privacy_contact: String,
}

/// The plain pages, filled once at start.
#[derive(Debug)]
pub struct Pages {
    /// `/aide`
    pub help: Shell,
    /// `/accessibilite`
    pub accessibility: Shell,
    /// `/confidentialite`
    pub privacy: Shell,
    /// `/chiffrement`
    pub encryption: Shell,
    /// `/mentions-legales`
    pub legal: Shell,
    /// Whatever is not found.
    pub not_found: Shell,
    /// A link that cannot be looked up now.
    pub busy: Shell,
    /// `/mailbox`, in demonstrations only.
    pub mailbox: Option<Shell>,
}

impl Pages {
    /// Loads the pages from the folder of the bundles and fills in who runs the installation.
    ///
    /// # Errors
    ///
    /// [`LoadBundlesError`] names what is missing.
    pub fn load(folder: &Path, notice: &LegalNotice, demonstration: bool) -> Result<Self, LoadBundlesError> {
        let shells = Shells::open(folder)?;
        let frame = shells.load("frame")?;
        let page = |name| shells.load(name).map(|content| fill(framed(&frame, &content.html), notice, demonstration));
        Ok(Self {
            help: page("aide")?,
            accessibility: page("accessibilite")?,
            privacy: page("confidentialite")?,
            encryption: page("chiffrement")?,
            legal: page("mentions-legales")?,
            not_found: page("introuvable")?,
            busy: page("occupe")?,
            mailbox: if demonstration { Some(page("mailbox")?) } else { None },
        })
    }
}

/// Puts a page's content into the frame that all plain pages share; its heading is its title.
fn framed(frame: &Shell, content: &str) -> Shell {
    let heading = content.split_once("<h1>").and_then(|(_, after)| after.split_once("</h1>"));
    let title = heading.map_or("Colloque", |(heading, _)| heading);
    let html = frame.html.replace("{{title}}", title).replace("{{content}}", content);
    Shell::new(html, frame.styles.clone())
}

/// Said once by a demonstration, instead of who runs it.
const DEMONSTRATION: &str = "<p class=\"note\">Cette installation est une démonstration. Les personnes et les cabinets sont inventés. Aucun éditeur ni hébergeur n'y est nommé.</p>";

/// Fills in who runs the installation. A demonstration leaves out the lines for which it has nobody to name.
fn fill(mut shell: Shell, notice: &LegalNotice, demonstration: bool) -> Shell {
    let is_nobodys = demonstration && *notice == LegalNotice::default();
    shell.html = shell
        .html
        .replace("{{demonstration}}\n", &if is_nobodys { format!("{DEMONSTRATION}\n") } else { String::new() });
    for (name, value) in [
        ("operator", &notice.operator),
        ("operator_address", &notice.operator_address),
        ("publication_director", &notice.publication_director),
        ("host", &notice.host),
        ("host_address", &notice.host_address),
        ("privacy_contact", &notice.privacy_contact),
    ] {
        let place = format!("{{{{{name}}}}}");
        if is_nobodys {
            shell.html = shell.html.split_inclusive('\n').filter(|line| !line.contains(&place)).collect();
        }
        let value = if value.is_empty() { "Non renseigné par l'exploitant" } else { value };
        shell.html = shell.html.replace(&place, &super::patient::escape(value));
    }
    shell.html = shell.html.replace("<dl>\n</dl>\n", "");
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pages").join(name)).unwrap()
    }

    #[test]
    fn every_page_is_its_content_in_the_shared_frame() {
        let frame = Shell::new(source("frame.html"), vec!["sha256-x".to_owned()]);
        let notice = LegalNotice { operator: "Cabinet <A>".to_owned(), ..LegalNotice::default() };
        for (file, title) in [
            ("aide.html", "Aide"),
            ("accessibilite.html", "Accessibilité"),
            ("confidentialite.html", "Votre vie privée"),
            ("chiffrement.html", "Qui peut voir la consultation&nbsp;?"),
            ("introuvable.html", "Cette page n'existe pas"),
            ("occupe.html", "Un instant"),
            ("mailbox.html", "Boîte aux lettres de démonstration"),
            ("mentions-legales.html", "Mentions légales"),
        ] {
            let content = source(file);
            let page = fill(framed(&frame, &content), &notice, false);
            assert!(page.html.contains(&format!("<title>{title} – Colloque</title>")), "{file}");
            let (_, body) = page.html.split_once("<main>").unwrap();
            assert!(body.starts_with(&format!("\n<h1>{title}</h1>")), "{file}");
            let last = content.lines().next_back().unwrap();
            assert!(body.contains(&format!("{last}\n</main>")), "{file}");
            for once in ["<!doctype html>", "<main>", "<h1>", "<footer>"] {
                assert_eq!(page.html.matches(once).count(), 1, "{once} in {file}");
            }
            assert_eq!(page.styles, frame.styles);
            let left = page.html.replace("{{inline-css:", "").replace("{{asset:", "").replace("{{sri:", "");
            assert!(!left.contains("{{"), "{file} is not filled");
        }
        let legal = fill(framed(&frame, &source("mentions-legales.html")), &notice, false).html;
        assert!(legal.contains("<dd>Cabinet &lt;A&gt;</dd>"));
    }

    #[test]
    fn a_demonstration_says_once_that_nobody_runs_it_and_an_installation_shows_what_is_missing() {
        let frame = Shell::new(source("frame.html"), vec![]);
        for (file, missing) in [("mentions-legales.html", 6), ("confidentialite.html", 3)] {
            let of = |notice, demonstration| fill(framed(&frame, &source(file)), notice, demonstration).html;
            let nobody = LegalNotice::default();
            let shown = of(&nobody, true);
            assert_eq!(shown.matches("est une démonstration").count(), 1, "{file}");
            assert!(!shown.contains("Non renseigné") && !shown.contains("<dl>\n</dl>"), "{file}");
            assert_eq!(of(&nobody, false).matches("Non renseigné par l&#39;exploitant").count(), missing, "{file}");
            let named = LegalNotice { operator: "Cabinet Nommé".to_owned(), ..LegalNotice::default() };
            assert!(of(&named, true).contains("Cabinet Nommé") && !of(&named, true).contains("est une démonstration"));
        }
    }
}
