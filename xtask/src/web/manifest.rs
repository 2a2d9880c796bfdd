//! `manifest.json`: what was built, for the server and for the budgets.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::asset::Asset;
use super::{BuildWebError, read, write};

/// All bundles and plain pages, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest(pub BTreeMap<String, BuiltBundle>);

/// One bundle.
#[derive(Debug, Serialize, Deserialize)]
pub struct BuiltBundle {
    /// The shell's path inside the folder.
    pub shell: String,
    /// Size of the shell sent to browsers, in bytes.
    pub shell_br_bytes: usize,
    /// Content-Security-Policy sources of the shell's inline styles.
    pub styles: Vec<String>,
    /// The files, by the name that the sources give them.
    pub files: BTreeMap<String, Asset>,
}

impl Manifest {
    /// Reads the manifest of an earlier build, so that one bundle can be built again alone.
    pub fn read(out: &Path) -> Result<Self, BuildWebError> {
        let path = out.join("manifest.json");
        if !path.exists() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&read(&path)?).map_err(|source| BuildWebError::OldManifest { path, source })
    }

    /// Writes the manifest.
    pub fn write(&self, out: &Path) -> Result<(), BuildWebError> {
        let text = serde_json::to_string_pretty(self).expect("keys are texts");
        write(&out.join("manifest.json"), text.as_bytes())
    }

    /// Adds or replaces a bundle.
    pub fn insert(&mut self, name: &str, built: BuiltBundle) {
        self.0.insert(name.to_owned(), built);
    }

    /// Gives a file that an earlier build made for a bundle.
    pub fn file(&self, bundle: &str, file: &str) -> Option<&Asset> {
        self.0.get(bundle)?.files.get(file)
    }

    /// Says whether a file under `assets/` belongs to this build.
    pub fn names(&self, file_name: &str) -> bool {
        self.0.values().flat_map(|bundle| bundle.files.values()).any(|asset| asset.path.ends_with(file_name))
    }
}
