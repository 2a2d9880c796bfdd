//! The platform in one binary: configuration, private database, certificate, HTTPS, pages, and the three services.

mod arguments;
mod certificate;
mod configuration;
mod data_folder;
mod database;
mod demonstration;
mod listener;
mod log;
mod metrics;
mod network;
mod practice;
mod serve;
mod services;
mod turn;
mod web;
mod welcome;

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;

use arguments::{Arguments, Command, PracticeCommand};

/// Keeps what calls need in huge pages: see `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    let failure = match Arguments::parse().command {
        Command::Serve(arguments) => {
            serve::serve(&arguments).err().map(|error| format!("Colloque ne démarre pas : {}", log::chain(&error)))
        }
        Command::Practice(PracticeCommand::Create(arguments)) => {
            practice::create(arguments).err().map(|error| format!("Le cabinet n'est pas créé : {}", log::chain(&error)))
        }
    };
    match failure {
        None => ExitCode::SUCCESS,
        Some(sentence) => {
            eprintln!("{sentence}");
            ExitCode::FAILURE
        }
    }
}
