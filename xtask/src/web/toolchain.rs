//! Compiles for browsers, with the standard library that rustup or Debian has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{BuildWebError, Bundle};
use crate::command::run;
use crate::workspace;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm-release";

/// Debian's compiler, the only one whose version is that of the sources in `rust-web-src`.
const DEBIAN_COMPILER: &str = "/usr/bin/rustc";

/// Debian's linter, the only one that reads what that compiler has built.
const DEBIAN_LINTER: &str = "/usr/bin/cargo-clippy";

/// Lets the page framework erase the types of its views, which makes the pages a fifth smaller, and leaves out where in the
/// sources each failure would be: nobody could read it on a patient's phone, and it is two kilobytes.
const BROWSER_COMPILER_FLAGS: [&str; 3] = ["--cfg", "erase_components", "-Zlocation-detail=none"];

/// What cargo takes between two flags that may hold blanks.
const FLAG_SEPARATOR: &str = "\u{1f}";

/// Chooses a standard library instead of the first that works: `rustup` or `debian`.
const CHOICE: &str = "COLLOQUE_WASM_STD";

/// Where the standard library for browsers comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StandardLibrary {
    /// Installed by rustup beside the compiler.
    Rustup,
    /// Compiled from Debian's package `rust-web-src`, for networks that cannot reach rustup's server.
    Debian,
}

/// Compiles the bundles and gives the folder of the `.wasm` files.
pub fn compile(bundles: &[Bundle]) -> Result<PathBuf, BuildWebError> {
    let library = standard_library()?;
    let target_folder = target_folder(library)?;
    let mut cargo = workspace::cargo();
    cargo.arg("build");
    aim_at_browsers(&mut cargo, library, &target_folder)?;
    for bundle in bundles {
        cargo.args(["--package", &format!("colloque-{}", bundle.name())]);
    }
    run(&mut cargo)?;
    let folder = target_folder.join(TARGET).join(PROFILE);
    let machine_folders = machine_folders();
    for bundle in bundles {
        let path = folder.join(format!("colloque_{}.wasm", bundle.name()));
        let module = std::fs::read(&path).map_err(|source| BuildWebError::Read { path: path.clone(), source })?;
        if machine_folders.iter().any(|machine| contains(&module, &machine.folder)) {
            return Err(BuildWebError::MachinePath { path });
        }
    }
    Ok(folder)
}

/// A folder of this machine, and what stands for it in what is shipped.
struct MachineFolder {
    folder: PathBuf,
    replacement: &'static str,
}

/// The folders that the compiler would write into messages of the modules: where a checkout lies is nobody's business, and the
/// same sources give the same bytes everywhere.
fn machine_folders() -> Vec<MachineFolder> {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let registries = cargo_home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let registries = registries.into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<_> = registries.map(|folder| MachineFolder { folder, replacement: "crate" }).collect();
    folders.push(MachineFolder { folder: workspace::root().to_owned(), replacement: "colloque" });
    folders
}

fn contains(module: &[u8], folder: &Path) -> bool {
    let folder = folder.as_os_str().as_encoded_bytes();
    module.windows(folder.len()).any(|window| window == folder)
}

/// Runs the linter over packages that are compiled for browsers only.
pub fn lint(packages: &[&str]) -> Result<(), BuildWebError> {
    let library = standard_library()?;
    let mut clippy = match library {
        StandardLibrary::Rustup => workspace::cargo(),
        StandardLibrary::Debian if Path::new(DEBIAN_LINTER).exists() => {
            let cargo = workspace::cargo();
            let mut linter = Command::new(DEBIAN_LINTER);
            linter.current_dir(workspace::root()).env("CARGO", cargo.get_program());
            linter
        }
        StandardLibrary::Debian => return Err(BuildWebError::NoBrowserLinter),
    };
    clippy.arg("clippy");
    aim_at_browsers(&mut clippy, library, &target_folder(library)?)?;
    clippy.arg("--quiet");
    for package in packages {
        clippy.args(["--package", package]);
    }
    run(clippy.args(["--", "-D", "warnings"]))?;
    Ok(())
}

fn aim_at_browsers(cargo: &mut Command, library: StandardLibrary, target_folder: &Path) -> Result<(), BuildWebError> {
    cargo.args(["--target", TARGET, "--profile", PROFILE]).env("CARGO_TARGET_DIR", target_folder);
    let mut flags: Vec<_> = BROWSER_COMPILER_FLAGS.map(std::ffi::OsString::from).into();
    for MachineFolder { folder, replacement } in machine_folders() {
        let mut flag = std::ffi::OsString::from("--remap-path-prefix=");
        flag.push(folder);
        flag.push("=");
        flag.push(replacement);
        flags.push(flag);
    }
    let separator = std::ffi::OsStr::new(FLAG_SEPARATOR);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join(separator)).env_remove("RUSTFLAGS").env("RUSTC_BOOTSTRAP", "1");
    if library == StandardLibrary::Debian {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC", DEBIAN_COMPILER);
        cargo.env("PATH", path_with_linker()?);
    }
    Ok(())
}

fn standard_library() -> Result<StandardLibrary, BuildWebError> {
    match std::env::var(CHOICE).as_deref() {
        Ok("debian") => return Ok(StandardLibrary::Debian),
        Ok("rustup") => return Ok(StandardLibrary::Rustup),
        _ => {}
    }
    if is_installed_by_rustup() {
        return Ok(StandardLibrary::Rustup);
    }
    println!("adding the standard library for browsers: rustup target add {TARGET}");
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(workspace::root())
        .status()
        .is_ok_and(|status| status.success());
    if added && is_installed_by_rustup() {
        return Ok(StandardLibrary::Rustup);
    }
    if Path::new("/usr/lib/rustlib/src/rust/library/std").exists() && Path::new(DEBIAN_COMPILER).exists() {
        println!("rustup cannot fetch it: building it from Debian's rust-web-src");
        return Ok(StandardLibrary::Debian);
    }
    Err(BuildWebError::NoWasmToolchain)
}

fn is_installed_by_rustup() -> bool {
    sysroot().is_some_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").exists())
}

/// Gives the folder of rustup's compiler.
fn sysroot() -> Option<PathBuf> {
    let answer = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(workspace::root())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    answer.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()))
}

/// Gives a search path on which `rust-lld` is found: rustup's comes with the compiler, Debian's with a package.
fn path_with_linker() -> Result<std::ffi::OsString, BuildWebError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside_compiler = sysroot()
        .and_then(|sysroot| std::fs::read_dir(sysroot.join("lib/rustlib")).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("rust-lld").exists());
    std::env::join_paths(beside_compiler.chain(std::env::split_paths(&path)))
        .map_err(|_| BuildWebError::NoWasmToolchain)
}

/// Gives a target folder apart: native and browser builds would otherwise throw each other's files away.
fn target_folder(library: StandardLibrary) -> Result<PathBuf, BuildWebError> {
    let native = workspace::metadata()?.target_directory;
    let name = match library {
        StandardLibrary::Rustup => "wasm",
        StandardLibrary::Debian => "wasm-debian",
    };
    // A target folder inside the checkout stays inside the checkout.
    let is_inside = native.starts_with(workspace::root());
    Ok(if is_inside { native.join(name) } else { native.with_file_name(name) })
}
