//! Builds the pages: WebAssembly, glue, style, shells, sizes.
//!
//! Every file gets a name that carries its hash, so that a browser may keep it for ever, and a brotli twin beside it.

mod asset;
mod budget;
mod bundle;
mod manifest;
mod names;
mod template;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::command::RunProgramError;
use crate::workspace::{self, ReadWorkspaceError};
use asset::Assets;
use manifest::Manifest;
pub use toolchain::lint;

/// How long files of older builds stay: a doctor's tab lives all day and may still ask for them.
const OLD_FILES_KEPT_FOR: Duration = Duration::from_secs(48 * 3600);

/// A set of files that makes one kind of page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Bundle {
    /// The patient's page.
    Patient,
    /// The practitioner's and secretary's pages.
    Pro,
    /// The administrator's pages.
    Admin,
    /// The page of a third person who is asked into a consultation.
    Guest,
    /// What holds the end-to-end keys, beside the pages of a consultation.
    Worker,
    /// The panel of messages, in the pages of a consultation.
    Panel,
    /// The direct way from browser to browser, beside the pages of a consultation.
    Way,
    /// What writes a document anew, in a worker of its own.
    Cleaner,
}

impl Bundle {
    /// Those without a page first: shells name them.
    const ALL: [Self; 8] =
        [Self::Worker, Self::Cleaner, Self::Panel, Self::Way, Self::Patient, Self::Pro, Self::Admin, Self::Guest];

    /// Gives the name of the folder, of the files and, after `colloque-`, of the package.
    const fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Pro => "pro",
            Self::Admin => "admin",
            Self::Guest => "guest",
            Self::Worker => "worker",
            Self::Panel => "panel",
            Self::Way => "way",
            Self::Cleaner => "cleaner",
        }
    }

    /// Gives the script that starts a bundle without a page.
    const fn script(self) -> Option<&'static str> {
        match self {
            Self::Worker => Some("seal.js"),
            Self::Panel => Some("talk.js"),
            Self::Way => Some("direct.js"),
            Self::Cleaner => Some("clean.js"),
            Self::Patient | Self::Pro | Self::Admin | Self::Guest => None,
        }
    }
}

/// What is to be built.
pub struct Request {
    /// Whether slow optimisations are left out and sizes only shown.
    pub quick: bool,
    /// Folder that receives the files.
    pub out: PathBuf,
    /// The bundles; all of them when empty.
    pub only: Vec<Bundle>,
}

/// Why the pages could not be built.
#[derive(Debug, Error)]
pub enum BuildWebError {
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] ReadWorkspaceError),
    /// A program failed.
    #[error(transparent)]
    Program(#[from] RunProgramError),
    /// No way to compile for browsers.
    #[error(
        "no standard library for wasm32-unknown-unknown: rustup cannot fetch it, and the packages rustc-web, rust-web-src and lld are not installed"
    )]
    NoWasmToolchain,
    /// No linter for what Debian's compiler has built.
    #[error("pages cannot be linted with Debian's compiler: the package rust-web-clippy is not installed")]
    NoBrowserLinter,
    /// The glue could not be made.
    #[error("cannot make the glue of {bundle}: {reason}")]
    Glue {
        /// The bundle.
        bundle: String,
        /// What wasm-bindgen says.
        reason: String,
    },
    /// The optimiser is missing.
    #[error("wasm-opt is missing: run `npm ci` in xtask/npm, or build with --quick")]
    NoOptimiser,
    /// A module names a folder of this machine.
    #[error("{path} names a folder of this machine")]
    MachinePath {
        /// The module.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A template names a file that does not exist.
    #[error("{template} names {file}, which is neither in the bundle's folder nor in frontend/kit")]
    UnknownFile {
        /// The template.
        template: String,
        /// What it names.
        file: String,
    },
    /// A template has a placeholder that nobody fills.
    #[error("{template} has the placeholder {placeholder}, which nothing fills")]
    UnknownPlaceholder {
        /// The template.
        template: String,
        /// The placeholder.
        placeholder: String,
    },
    /// Files name each other in a circle.
    #[error("{file} names itself through other files")]
    Circle {
        /// One file of the circle.
        file: String,
    },
    /// A bundle is larger than its budget.
    #[error("{}", .0.join("; "))]
    TooLarge(Vec<String>),
    /// The manifest of an earlier build is unreadable.
    #[error("cannot understand {path}: delete it and build again")]
    OldManifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// Builds the bundles asked for and checks their sizes.
///
/// # Errors
///
/// [`BuildWebError`] names what failed; [`BuildWebError::TooLarge`] comes after everything was written.
pub fn build(request: &Request) -> Result<(), BuildWebError> {
    let bundles = if request.only.is_empty() { Bundle::ALL.to_vec() } else { request.only.clone() };
    let out = workspace::root().join(&request.out);
    let binaries = toolchain::compile(&bundles)?;

    let mut manifest = Manifest::read(&out)?;
    let mut assets = Assets::new(&out, request.quick)?;
    for bundle in Bundle::ALL {
        if let Some(file) = bundle.script()
            && let Some(script) = manifest.file(bundle.name(), file)
        {
            assets.set_script(file, script.clone());
        }
    }
    for bundle in bundles {
        let built = bundle::build(bundle, &binaries, request.quick, &mut assets)?;
        manifest.insert(bundle.name(), built);
    }
    for (name, built) in bundle::build_plain_pages(&mut assets)? {
        manifest.insert(&name, built);
    }
    manifest.write(&out)?;
    remove_old_files(&out, &manifest)?;

    let excess = budget::check(&manifest);
    if excess.is_empty() || request.quick { Ok(()) } else { Err(BuildWebError::TooLarge(excess)) }
}

fn remove_old_files(out: &Path, manifest: &Manifest) -> Result<(), BuildWebError> {
    let folder = out.join("assets");
    let oldest = SystemTime::now() - OLD_FILES_KEPT_FOR;
    for entry in fs::read_dir(&folder).map_err(|source| BuildWebError::Read { path: folder.clone(), source })?.flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_old = entry.metadata().and_then(|file| file.modified()).is_ok_and(|written_at| written_at < oldest);
        if is_old && !manifest.names(name.trim_end_matches(".br")) {
            fs::remove_file(entry.path()).map_err(|source| BuildWebError::Write { path: entry.path(), source })?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, BuildWebError> {
    fs::read(path).map_err(|source| BuildWebError::Read { path: path.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), BuildWebError> {
    fs::write(path, content).map_err(|source| BuildWebError::Write { path: path.to_owned(), source })
}
