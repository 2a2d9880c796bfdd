//! Format, compiler warnings, layers, file lengths, text that must not be committed.

use std::fs;
use std::path::Path;
use std::process::Command;

use thiserror::Error;

use crate::command::{RunProgramError, output, run};
use crate::layers::{self, CheckLayersError};
use crate::web::{self, BuildWebError};
use crate::workspace::{self, ReadWorkspaceError};

/// Longest source file, in lines: a longer one holds two concepts.
const LONGEST_FILE_LINES: usize = 500;

/// Endings of the files whose length counts.
const SOURCES: &[&str] = &[".rs", ".js", ".mjs", ".ts", ".css", ".html", ".sql", ".sh"];

/// Packages compiled for browsers only.
pub const BROWSER_PACKAGES: &[&str] = &[
    "colloque-worker",
    "colloque-kit",
    "colloque-web",
    "colloque-signals",
    "colloque-patient",
    "colloque-pro",
    "colloque-admin",
    "colloque-guest",
];

/// Texts that must not be committed, cut in two so that this file does not hold them.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("#[ign", "ore]", "a test that is not run proves nothing"),
    ("test.sk", "ip(", "a test that is not run proves nothing"),
    ("describe.on", "ly(", "it hides the other tests"),
    ("test.on", "ly(", "it hides the other tests"),
    ("TO", "DO", "finish it or write an issue"),
    ("FIX", "ME", "finish it or write an issue"),
    ("/ro", "ot/", "it names one machine"),
    ("/ho", "me/", "it names one machine"),
    ("BEGIN PRIV", "ATE KEY", "a secret is made at first start, never shipped"),
];

/// Why the sources are not clean.
#[derive(Debug, Error)]
pub enum LintError {
    /// A program found faults or failed.
    #[error(transparent)]
    Program(#[from] RunProgramError),
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] ReadWorkspaceError),
    /// The pages cannot be linted.
    #[error(transparent)]
    Web(#[from] BuildWebError),
    /// The layers are broken.
    #[error(transparent)]
    Layers(#[from] CheckLayersError),
    /// One sentence for each fault.
    #[error("{}", .0.join("\n       "))]
    Text(Vec<String>),
}

/// Runs every check; `quick` leaves the compiler out.
///
/// # Errors
///
/// [`LintError`] says what is not clean.
pub fn check(quick: bool) -> Result<(), LintError> {
    layers::check()?;
    check_text()?;
    run(workspace::cargo().args(["fmt", "--all", "--", "--check"]))?;
    if !quick {
        let mut native = workspace::cargo();
        native.args(["clippy", "--release", "--all-targets", "--quiet"]).args(native_packages()?);
        run(native.args(["--", "-D", "warnings"]))?;
        web::lint(BROWSER_PACKAGES)?;
    }
    Ok(())
}

/// Names, for cargo, the packages of the server and its tests.
///
/// The workspace as a whole would be built with other features of the shared dependencies: everything twice.
pub fn native_packages() -> Result<Vec<String>, ReadWorkspaceError> {
    let packages = workspace::metadata()?.packages.into_iter().map(|package| package.name);
    let native = packages.filter(|name| name != "xtask" && !BROWSER_PACKAGES.contains(&name.as_str()));
    Ok(native.flat_map(|name| ["--package".to_owned(), name]).collect())
}

fn check_text() -> Result<(), LintError> {
    let listing = output(Command::new("git").args(["ls-files", "-z"]).current_dir(workspace::root()))?;
    let listing = String::from_utf8_lossy(&listing);
    let mut faults = Vec::new();
    for name in listing.split('\0').filter(|name| !name.is_empty()) {
        // Binary files and files deleted in the work tree have no text to check.
        if let Ok(text) = fs::read_to_string(workspace::root().join(name)) {
            faults.extend(text_faults(Path::new(name), &text));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(LintError::Text(faults)) }
}

fn text_faults(name: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let shown = name.display();
    let lines = text.lines().count();
    let is_source = SOURCES.iter().any(|ending| name.to_string_lossy().ends_with(ending));
    if is_source && lines > LONGEST_FILE_LINES {
        faults.push(format!("{shown} has {lines} lines, at most {LONGEST_FILE_LINES}: split it by concept"));
    }
    for (start, end, why) in FORBIDDEN {
        let forbidden = format!("{start}{end}");
        if let Some(at) = text.lines().position(|line| line.contains(&forbidden)) {
            faults.push(format!("{shown}:{} holds {forbidden:?}: {why}", at + 1));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_source_is_named_and_a_long_lock_file_is_not() {
        let text = "x\n".repeat(LONGEST_FILE_LINES + 1);
        assert_eq!(text_faults(Path::new("a.rs"), &text).len(), 1);
        assert_eq!(text_faults(Path::new("Cargo.lock"), &text).len(), 0);
    }

    #[test]
    fn forbidden_text_is_named_with_its_line() {
        let text = format!("fine\n{}\n", ["#[ign", "ore]"].concat());
        let faults = text_faults(Path::new("a.rs"), &text);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("a.rs:2"));
    }
}
