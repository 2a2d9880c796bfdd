//! Feeds random bytes to the parsers of bytes from the network, with the stable compiler.
//!
//! The instrumentation that libFuzzer needs is in every compiler; only the address sanitizer asks for a nightly one, and
//! the parsers are safe Rust, where it finds nothing that a panic does not show.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use crate::command::{RunProgramError, output, run};
use crate::workspace::{self, ReadWorkspaceError};

/// What `cargo fuzz --sanitizer none` gives the compiler.
const COMPILER_FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks";

/// Longest input tried, in bytes.
const LONGEST_INPUT: u32 = 4_096;

/// Why fuzzing found something or did not run.
#[derive(Debug, Error)]
pub enum FuzzError {
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] ReadWorkspaceError),
    /// A program failed.
    #[error(transparent)]
    Program(#[from] RunProgramError),
    /// A folder could not be read or made.
    #[error("cannot use {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Some inputs break a parser.
    #[error("inputs that break {} are in tests/fuzz/artifacts", .0.join(", "))]
    Found(Vec<String>),
}

/// Builds every target and runs each for `seconds`.
///
/// # Errors
///
/// [`FuzzError::Found`] names the targets that some input breaks.
pub fn fuzz(seconds: u32) -> Result<(), FuzzError> {
    let folder = workspace::root().join("tests/fuzz");
    let built = build(&folder)?;
    let targets = targets(&folder.join("fuzz_targets"))?;
    let mut broken = Vec::new();
    for target in &targets {
        println!("fuzzing {target} for {seconds} s");
        let artifacts = make(folder.join("artifacts").join(target))?;
        let found = make(built.join("corpus").join(target))?;
        let seeds = make(folder.join("corpus").join(target))?;
        let mut command = Command::new(built.join(target));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={LONGEST_INPUT}"))
            .args(["-timeout=5", "-verbosity=0", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg(found)
            .arg(seeds)
            .current_dir(&folder);
        if run(&mut command).is_err() {
            broken.push(target.clone());
        }
    }
    println!("test result: {} passed; {} failed", targets.len() - broken.len(), broken.len());
    if broken.is_empty() { Ok(()) } else { Err(FuzzError::Found(broken)) }
}

/// Builds the targets and gives the folder of the programs.
fn build(folder: &Path) -> Result<PathBuf, FuzzError> {
    let host = host()?;
    let target_folder = workspace::metadata()?.target_directory.join("fuzz");
    let mut cargo = workspace::cargo();
    // A target named, even the usual one, keeps the flags away from build scripts and macros.
    cargo
        .args(["build", "--release", "--bins", "--target", &host])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target_folder)
        .env("RUSTFLAGS", COMPILER_FLAGS);
    run(&mut cargo)?;
    Ok(target_folder.join(host).join("release"))
}

fn host() -> Result<String, FuzzError> {
    let answer = output(Command::new("rustc").arg("-vV").current_dir(workspace::root()))?;
    let answer = String::from_utf8_lossy(&answer);
    let host = answer.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("x86_64-unknown-linux-gnu");
    Ok(host.to_owned())
}

fn targets(folder: &Path) -> Result<Vec<String>, FuzzError> {
    let list = fs::read_dir(folder).map_err(|source| FuzzError::Folder { path: folder.to_owned(), source })?;
    let mut targets: Vec<String> =
        list.flatten().filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    targets.sort();
    Ok(targets)
}

fn make(path: PathBuf) -> Result<PathBuf, FuzzError> {
    match fs::create_dir_all(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(FuzzError::Folder { path, source }),
    }
}
