//! Files under `assets/`: hashed name, integrity, brotli twin.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha384};

use super::{BuildWebError, write};

/// Brotli's best quality, for files that are compressed once and sent for ever.
const BEST_QUALITY: i32 = 11;

/// A quality that takes no time, for a developer's build.
const QUICK_QUALITY: i32 = 5;

/// Base-two logarithm of brotli's window: 4 MiB, what every browser accepts.
const WINDOW_LOG: i32 = 22;

/// One file as the pages name it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asset {
    /// Path on the server.
    pub path: String,
    /// Integrity, for the `integrity` attribute.
    pub sri: String,
    /// Size sent to browsers, in bytes.
    pub br_bytes: usize,
    /// Size once unpacked, in bytes.
    pub bytes: usize,
}

/// The folder that receives the files.
pub struct Assets {
    folder: PathBuf,
    quality: i32,
    scripts: BTreeMap<&'static str, Asset>,
}

impl Assets {
    /// Makes the folder.
    pub fn new(out: &Path, quick: bool) -> Result<Self, BuildWebError> {
        let folder = out.join("assets");
        fs::create_dir_all(&folder).map_err(|source| BuildWebError::Write { path: folder.clone(), source })?;
        Ok(Self { folder, quality: if quick { QUICK_QUALITY } else { BEST_QUALITY }, scripts: BTreeMap::new() })
    }

    /// Names the script that starts a bundle without a page, for the shells that follow.
    pub fn set_script(&mut self, file: &'static str, script: Asset) {
        self.scripts.insert(file, script);
    }

    /// Gives the script that starts a bundle without a page, once it was built.
    pub fn script(&self, file: &str) -> Option<&Asset> {
        self.scripts.get(file)
    }

    /// Gives the folder of the whole build.
    pub fn out(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Stores a file under a name that carries its hash.
    pub fn store(&mut self, logical_name: &str, content: &[u8]) -> Result<Asset, BuildWebError> {
        let packed = self.pack(content);
        let name = hashed_name(logical_name, content);
        write(&self.folder.join(&name), content)?;
        write(&self.folder.join(format!("{name}.br")), &packed)?;
        Ok(Asset {
            path: format!("/assets/{name}"),
            sri: format!("sha384-{}", STANDARD.encode(Sha384::digest(content))),
            br_bytes: packed.len(),
            bytes: content.len(),
        })
    }

    /// Compresses as a stored file would be.
    pub fn pack(&self, content: &[u8]) -> Vec<u8> {
        let parameters =
            brotli::enc::BrotliEncoderParams { quality: self.quality, lgwin: WINDOW_LOG, ..Default::default() };
        let mut packed = Vec::with_capacity(content.len() / 3);
        brotli::BrotliCompress(&mut &content[..], &mut packed, &parameters)
            .expect("memory neither reads nor writes badly");
        packed
    }
}

/// Gives the value of a Content-Security-Policy source for an inline style.
pub fn style_source(style: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(style.as_bytes())))
}

fn hashed_name(logical_name: &str, content: &[u8]) -> String {
    let hash = Sha256::digest(content)[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match logical_name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{logical_name}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_content_gives_another_name() {
        assert_ne!(hashed_name("patient.wasm", b"a"), hashed_name("patient.wasm", b"b"));
        assert!(hashed_name("patient.wasm", b"a").starts_with("patient-"));
        assert!(hashed_name("patient.wasm", b"a").ends_with(".wasm"));
    }

    #[test]
    fn an_inline_style_has_the_source_that_browsers_compute() {
        assert_eq!(style_source(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
