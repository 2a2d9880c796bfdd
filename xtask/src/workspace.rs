//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;
use thiserror::Error;

use crate::command::{RunProgramError, output};

/// Gives the folder of the checkout that the program is called in, or of the one it was built in.
///
/// Checkouts that share a target folder share this program, so where it was built says little.
#[must_use]
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = std::env::current_dir().unwrap_or_default();
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace");
        here.ancestors().find(|folder| folder.join("xtask/Cargo.toml").exists()).unwrap_or(built_in).to_owned()
    });
    &ROOT
}

/// Gives cargo.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// What cargo says of the workspace.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// The members.
    pub packages: Vec<Package>,
    /// Where native builds go.
    pub target_directory: PathBuf,
}

/// A member of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// A dependency.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// Name of the package.
    pub name: String,
    /// `dev`, `build`, or nothing for the usual kind.
    pub kind: Option<String>,
    /// Folder, for members of the workspace.
    pub path: Option<PathBuf>,
}

/// Why the workspace could not be read.
#[derive(Debug, Error)]
pub enum ReadWorkspaceError {
    /// Cargo failed.
    #[error("cannot read the workspace")]
    Cargo(#[from] RunProgramError),
    /// Cargo's answer is not what was expected.
    #[error("cannot understand cargo's description of the workspace")]
    Format(#[from] serde_json::Error),
}

/// Asks cargo about the members of the workspace.
///
/// # Errors
///
/// [`ReadWorkspaceError`] when cargo fails or its answer is not understood.
pub fn metadata() -> Result<Metadata, ReadWorkspaceError> {
    let answer = output(cargo().args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    Ok(serde_json::from_slice(&answer)?)
}
