//! Every test of the project, in the order that finds a mistake soonest, and their sum.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::command::{RunProgramError, chain, run as run_program};
use crate::lint::native_packages;
use crate::workspace::{self, ReadWorkspaceError};

/// Browser packages whose logic is tested natively.
const BROWSER_PACKAGES_WITH_TESTS: &[&str] =
    &["colloque-kit", "colloque-web", "colloque-patient", "colloque-pro", "colloque-admin", "colloque-guest"];

/// A group of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    /// Format, warnings, layers, forbidden text.
    Lint,
    /// Unit and integration tests, against real PostgreSQL, and the second implementation of the end-to-end protocol.
    Native,
    /// The bundles and their budgets.
    Web,
    /// Whole stories in real browsers.
    Browsers,
    /// Parsers of bytes from the network, against random bytes.
    Fuzz,
    /// The media plane under load, in short.
    Load,
}

impl Stage {
    const ALL: [Self; 6] = [Self::Lint, Self::Web, Self::Native, Self::Browsers, Self::Fuzz, Self::Load];

    const fn title(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Native => "unit and integration tests",
            Self::Web => "bundles and budgets",
            Self::Browsers => "stories in browsers",
            Self::Fuzz => "fuzzing",
            Self::Load => "short load",
        }
    }
}

/// Why no test could be run.
#[derive(Debug, Error)]
pub enum RunTestsError {
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] ReadWorkspaceError),
    /// The programs could not be built.
    #[error("programs under test cannot be built")]
    Build(#[from] RunProgramError),
}

/// How many tests ran, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Whether something was proved and nothing disproved: a run without a test proves nothing.
    const fn is_good(self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Runs the stages, all of them when none is named. The last line printed is the sum, whatever happens.
///
/// Gives whether a test ran and none failed or was skipped.
pub fn run(stages: &[Stage]) -> bool {
    let sum = run_stages(stages).unwrap_or_else(|error| {
        println!("error: {}", chain(&error));
        // What could not even be started is one failure.
        Tally { passed: 0, failed: 1 }
    });
    println!("{sum}");
    sum.is_good()
}

fn run_stages(stages: &[Stage]) -> Result<Tally, RunTestsError> {
    let stages = if stages.is_empty() { &Stage::ALL } else { stages };
    let packages = &native_packages()?;
    if stages.contains(&Stage::Browsers) || stages.contains(&Stage::Load) {
        // With the tests, so that both share one choice of features and nothing is compiled twice.
        let mut build = workspace::cargo();
        run_program(build.args(["build", "--release", "--quiet", "--bins", "--tests"]).args(packages))?;
    }
    let mut sum = Tally::default();
    let mut report = Vec::new();
    for stage in stages {
        println!("\n== {} ==", stage.title());
        let started_at = Instant::now();
        let tally = commands(*stage, packages).into_iter().fold(Tally::default(), |mut tally, command| {
            tally.add(count(command));
            tally
        });
        report.push((stage.title(), tally, started_at.elapsed()));
        sum.add(tally);
    }
    println!();
    for (title, tally, elapsed) in report {
        println!("{title:<28} {:>6} passed {:>4} failed {:>6}", tally.passed, tally.failed, minutes(elapsed));
    }
    Ok(sum)
}

fn minutes(elapsed: Duration) -> String {
    format!("{}:{:02}", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}

fn commands(stage: Stage, packages: &[String]) -> Vec<Command> {
    match stage {
        Stage::Lint => vec![this(&["lint"])],
        Stage::Web => vec![this(&["web"])],
        Stage::Native => {
            let mut browser = cargo_tests();
            for package in BROWSER_PACKAGES_WITH_TESTS {
                browser.args(["--package", package]);
            }
            let mut tools = cargo_tests();
            tools.args(["--package", "xtask"]);
            let mut server = cargo_tests();
            server.args(packages);
            vec![server, browser, tools, npm_tests("tests/second-implementation")]
        }
        Stage::Browsers => {
            let mut npm = npm_tests("tests/e2e");
            // Without it a build folder outside the checkout would not be found.
            if let Ok(metadata) = workspace::metadata() {
                npm.env("CARGO_TARGET_DIR", metadata.target_directory);
            }
            vec![npm]
        }
        Stage::Fuzz => vec![this(&["fuzz"])],
        Stage::Load => {
            let program = workspace::metadata().map(|metadata| metadata.target_directory.join("release/colloque-load"));
            let program = program.unwrap_or_else(|_| "colloque-load".into());
            let mut load = Command::new(&program);
            load.args(["run", "--clear", "--loopback-if-needed", "--rounds", "1", "--tries", "3", "--patience", "0"]);
            load.args(["--servers", "floor,colloque,str0m,janus-loop", "--warm", "0.4", "--measure", "0.8"]);
            load.args(["--loads", "40000,80000,100000,120000,160000,200000", "--janus-loads", "20000,40000,60000"]);
            load.args(["--str0m-loads", "40000,60000,80000,100000"]);
            load.args(["--at-least-of-floor", "0.4", "--at-least-of-janus", "2", "--at-least-of-str0m", "1"]);
            // What servers carry is measured with clients that do little; that all of it opens, with clients that seal.
            let mut sealed = Command::new(&program);
            sealed.args(["run", "--loopback-if-needed", "--rounds", "1", "--tries", "3", "--patience", "0"]);
            sealed.args(["--servers", "floor,colloque", "--warm", "0.4", "--measure", "0.8"]);
            sealed.args(["--loads", "20000,40000", "--at-least-of-floor", "0.5"]);
            let mut flood = Command::new(program);
            flood.args(["flood", "--loopback-if-needed", "--load", "8000", "--factors", "5", "--rounds", "2"]);
            flood.args(["--warm", "0.2", "--measure", "0.6", "--listen", "4"]);
            flood.args(["--at-most-lost", "0.01", "--at-most-amplified", "1"]);
            vec![load, sealed, flood]
        }
    }
}

fn npm_tests(folder: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(workspace::root().join(folder));
    npm
}

fn cargo_tests() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--release", "--no-fail-fast"]);
    cargo
}

/// Gives this program with other arguments.
fn this(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Runs a program, shows what it writes, and counts its tests. A program that counts none is one test itself.
fn count(mut command: Command) -> Tally {
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("cannot start {}: {error}", command.get_program().display());
            return Tally { passed: 0, failed: 1 };
        }
    };
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            tally.add(tests_in(&line));
        }
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    match (succeeded, tally) {
        (true, Tally { passed: 0, failed: 0 }) => Tally { passed: 1, failed: 0 },
        // A program that fails without a failed test stopped before its end, which is a failure of its own.
        (false, Tally { failed: 0, .. }) => Tally { failed: 1, ..tally },
        (true | false, tally) => tally,
    }
}

/// Reads the sums that test programs print: cargo's line for each binary, Node's lines at the end.
fn tests_in(line: &str) -> Tally {
    let mut tally = Tally::default();
    let line = line.trim();
    if let Some(result) = line.strip_prefix("test result: ") {
        let number = |word: &str| {
            let counts = result.split([';', '.']).map(str::trim);
            counts.filter_map(|count| count.strip_suffix(word)?.trim().parse::<u64>().ok()).sum::<u64>()
        };
        tally = Tally { passed: number("passed"), failed: number("failed") + number("ignored") };
    } else if let Some((word, number)) =
        line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")).and_then(|count| count.split_once(' '))
    {
        let number = number.parse().unwrap_or(0);
        match word {
            "pass" => tally.passed = number,
            "fail" | "cancelled" | "skipped" | "todo" => tally.failed = number,
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_sums_are_read() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(tests_in(line), Tally { passed: 12, failed: 3 });
    }

    #[test]
    fn nodes_sums_are_read_and_a_skipped_test_is_a_failure() {
        assert_eq!(tests_in("# pass 7"), Tally { passed: 7, failed: 0 });
        assert_eq!(tests_in("ℹ skipped 1"), Tally { passed: 0, failed: 1 });
        assert_eq!(tests_in("# tests 8"), Tally::default());
    }

    #[test]
    fn a_sum_is_good_only_when_something_passed_and_nothing_failed() {
        let tally = |passed, failed| Tally { passed, failed };
        assert_eq!(tally(7, 2).to_string(), "7 passed, 2 failed");
        assert!(tally(7, 0).is_good());
        assert!(!tally(7, 1).is_good());
        assert!(!tally(0, 0).is_good(), "no test ran");
    }

    #[test]
    fn a_program_that_fails_in_silence_counts_as_a_failure() {
        assert_eq!(count(Command::new("false")), Tally { passed: 0, failed: 1 });
        assert_eq!(count(Command::new("true")), Tally { passed: 1, failed: 0 });
        assert_eq!(count(Command::new("/nonexistent")), Tally { passed: 0, failed: 1 });
    }
}
