//! Developer commands: `cargo xtask web`, `layers`, `lint`, `fuzz`, `test`.

mod command;
mod fuzz;
mod layers;
mod lint;
mod test;
mod web;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for the people who develop Colloque.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the pages' bundles and checks their size.
    Web {
        /// Skips the slow optimisations; sizes are shown and not enforced.
        #[arg(long)]
        quick: bool,
        /// Folder that receives the files.
        #[arg(long, default_value = "dist")]
        out: PathBuf,
        /// Builds one bundle only: worker, patient, pro, admin or guest. May be repeated.
        #[arg(long)]
        only: Vec<web::Bundle>,
    },
    /// Checks that no crate depends on one above it.
    Layers,
    /// Checks format, warnings, layers, file lengths and forbidden text.
    Lint {
        /// Leaves the compiler's warnings out.
        #[arg(long)]
        quick: bool,
    },
    /// Feeds random bytes to the parsers.
    Fuzz {
        /// Seconds for each parser.
        #[arg(long, default_value_t = 20)]
        seconds: u32,
    },
    /// Runs every test, or the stages named, and prints the sum.
    Test {
        /// The stages.
        stages: Vec<test::Stage>,
    },
}

fn main() -> ExitCode {
    let outcome: Result<(), Box<dyn std::error::Error>> = match Arguments::parse().task {
        Task::Web { quick, out, only } => web::build(&web::Request { quick, out, only }).map_err(Into::into),
        Task::Layers => layers::check().map_err(Into::into),
        Task::Lint { quick } => lint::check(quick).map_err(Into::into),
        Task::Fuzz { seconds } => fuzz::fuzz(seconds).map_err(Into::into),
        // Its last line is the sum, so no error follows it.
        Task::Test { stages } => return if test::run(&stages) { ExitCode::SUCCESS } else { ExitCode::FAILURE },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", command::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
