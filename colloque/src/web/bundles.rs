//! The files that `cargo xtask web` built.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use thiserror::Error;

use super::patient;

/// The pages' files, in memory: a few megabytes that never change while the platform runs.
#[derive(Debug)]
pub struct Bundles {
    /// The patient's page, to be filled for each invitation.
    pub patient: Shell,
    /// The patient's page for a link that nobody was given.
    pub unknown_link: Shell,
    /// The page of practitioners and secretaries.
    pub pro: Shell,
    /// The administrator's page.
    pub admin: Shell,
    /// The page of a third person who is asked into a consultation.
    pub guest: Shell,
    assets: HashMap<String, Asset>,
}

/// A page's HTML and the sources of its inline styles, for its Content-Security-Policy.
#[derive(Debug)]
pub struct Shell {
    /// HTML.
    pub html: String,
    /// `sha256-…`
    pub styles: Vec<String>,
    /// The same HTML, brotli-compressed the first time it is asked for.
    packed: OnceLock<Bytes>,
}

impl Shell {
    /// Makes a page.
    pub const fn new(html: String, styles: Vec<String>) -> Self {
        Self { html, styles, packed: OnceLock::new() }
    }

    /// Gives the HTML compressed by `pack`, which is called once.
    pub fn packed(&self, pack: impl FnOnce(&[u8]) -> Bytes) -> Bytes {
        self.packed.get_or_init(|| pack(self.html.as_bytes())).clone()
    }
}

/// One immutable file.
#[derive(Debug)]
pub struct Asset {
    /// As built.
    pub plain: Bytes,
    /// The same, brotli-compressed.
    pub brotli: Bytes,
    /// `Content-Type`.
    pub content_type: &'static str,
}

/// Why the pages cannot be served. The texts are for the person who starts the platform.
#[derive(Debug, Error)]
pub enum LoadBundlesError {
    /// A file is missing or unreadable.
    #[error(
        "impossible de lire {path} : construisez les pages avec `cargo xtask web`, ou nommez leur dossier avec --web"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The manifest is not one.
    #[error("{path} n'est pas lisible : reconstruisez les pages avec `cargo xtask web`")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A bundle is not in the manifest.
    #[error("les pages « {0} » manquent : construisez-les avec `cargo xtask web`")]
    Missing(&'static str),
}

#[derive(Deserialize)]
struct ManifestEntry {
    shell: String,
    styles: Vec<String>,
}

/// What a page names only where there is a relay begins so.
const RELAYED: &str = "\"{{relayed}}";

/// Leaves what a page names for a relay in it, or takes it out.
fn relayed(html: &str, has_relay: bool) -> String {
    let Some((before, after)) = html.split_once(RELAYED) else { return html.to_owned() };
    let named = after.split_once('"').map_or("", |(named, _)| named);
    let kept = if has_relay { named } else { "" };
    [before, "\"", kept, &after[named.len()..]].concat()
}

impl Bundles {
    /// Loads a folder made by `cargo xtask web`. Pages of a room carry the key with which they check whose an end-to-end key is, and
    /// where there is a relay the program of the direct way from browser to browser.
    ///
    /// # Errors
    ///
    /// [`LoadBundlesError`] names what is missing.
    pub fn load(folder: &Path, identity_key: &[u8; 32], has_relay: bool) -> Result<Self, LoadBundlesError> {
        let shells = Shells::open(folder)?;
        let identity = URL_SAFE_NO_PAD.encode(identity_key);
        let of_a_room = |name| -> Result<Shell, LoadBundlesError> {
            let shell = shells.load(name)?;
            let html = relayed(&shell.html.replace("{{identity}}", &identity), has_relay);
            Ok(Shell::new(html, shell.styles))
        };
        let patient = of_a_room("patient")?;
        Ok(Self {
            unknown_link: Shell::new(patient::fill_unknown(&patient.html), patient.styles.clone()),
            patient,
            pro: of_a_room("pro")?,
            admin: shells.load("admin")?,
            guest: of_a_room("guest")?,
            assets: assets(&folder.join("assets"))?,
        })
    }

    /// Gives a file below `/assets/`.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.get(name)
    }
}

/// The shells of a folder, by name.
pub struct Shells<'a> {
    folder: &'a Path,
    manifest: BTreeMap<String, ManifestEntry>,
}

impl<'a> Shells<'a> {
    /// Reads the manifest.
    pub fn open(folder: &'a Path) -> Result<Self, LoadBundlesError> {
        let path = folder.join("manifest.json");
        let manifest =
            serde_json::from_slice(&read(&path)?).map_err(|source| LoadBundlesError::Manifest { path, source })?;
        Ok(Self { folder, manifest })
    }

    /// Reads one shell.
    pub fn load(&self, name: &'static str) -> Result<Shell, LoadBundlesError> {
        let entry = self.manifest.get(name).ok_or(LoadBundlesError::Missing(name))?;
        let html = String::from_utf8_lossy(&read(&self.folder.join(&entry.shell))?).into_owned();
        Ok(Shell::new(html, entry.styles.clone()))
    }
}

/// Reads every file of the folder, those of earlier builds included: open tabs may still ask for them.
fn assets(folder: &Path) -> Result<HashMap<String, Asset>, LoadBundlesError> {
    let list = fs::read_dir(folder).map_err(|source| LoadBundlesError::Read { path: folder.to_owned(), source })?;
    let names = list.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| !name.ends_with(".br"))
        .map(|name| {
            let path = folder.join(&name);
            let brotli = folder.join(format!("{name}.br"));
            let content_type = content_type(&name);
            Ok((name, Asset { plain: read(&path)?.into(), brotli: read(&brotli)?.into(), content_type }))
        })
        .collect()
}

fn read(path: &Path) -> Result<Vec<u8>, LoadBundlesError> {
    fs::read(path).map_err(|source| LoadBundlesError::Read { path: path.to_owned(), source })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("ogg") => "audio/ogg",
        Some("mp3") => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direct_way_is_named_only_where_there_is_a_relay() {
        let html = "<html data-way=\"{{relayed}}/assets/direct-1.js\" lang=\"fr\">";
        assert_eq!(relayed(html, true), "<html data-way=\"/assets/direct-1.js\" lang=\"fr\">");
        assert_eq!(relayed(html, false), "<html data-way=\"\" lang=\"fr\">");
        assert_eq!(relayed("<html>", true), "<html>");
    }
}
